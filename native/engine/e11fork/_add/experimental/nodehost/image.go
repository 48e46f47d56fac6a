package nodehost

import (
	"context"
	"errors"

	"github.com/tetratelabs/wazero/api"
	internalsys "github.com/tetratelabs/wazero/internal/sys"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// Image is the state of an instance without what is in its memory; see there.
type Image = wasm.Image

// GlobalImage is a value in it.
type GlobalImage = wasm.GlobalImage

// Freeze takes the state of m, of which nothing runs; others are those that it is linked with. Where it cannot be taken: all that is in the way.
func Freeze(m api.Module, others []api.Module) (img *Image, obstacles []string) {
	instance, ok := m.(*wasm.ModuleInstance)
	if !ok {
		return nil, []string{"it is a host module"}
	}
	img, obstacles = instance.Freeze()
	for _, other := range others {
		if o, ok := other.(*wasm.ModuleInstance); ok && o != instance {
			obstacles = append(obstacles, instance.SharedWith(o)...)
		}
	}
	return img, obstacles
}

// OpenFiles names what m has open beside its standard streams, mounts and listeners.
func OpenFiles(m api.Module, mounts, listeners int) []string {
	if instance, ok := m.(*wasm.ModuleInstance); ok && instance.Sys != nil {
		return instance.Sys.FS().OpenFiles(mounts, listeners)
	}
	return nil
}

// WithImage has an instantiation with the returned context begin in the state of img, which must be of that module. Its memory, of which the
// allocator is asked, is as long as the image says; what is in it is the allocator's to see to.
func WithImage(ctx context.Context, img *Image) context.Context { return wasm.WithImage(ctx, img) }

// WithBeginning has an instantiation with the returned context give keep what every instance of the module begins with, where that is the same for all: for
// WithImage. The memory is its own, to be copied.
func WithBeginning(ctx context.Context, keep func(img *Image, memory []byte)) context.Context {
	return wasm.WithBeginning(ctx, keep)
}

// CheckImage tells whether an image that comes from elsewhere is one of the compiled module.
func CheckImage(compiled any, img *Image) error {
	checker, ok := compiled.(interface{ CheckImage(*wasm.Image) error })
	if !ok {
		return errors.New("not a compiled module")
	}
	return checker.CheckImage(img)
}

// Reset puts m, which was made of img and of which nothing runs, back. buffer is its memory as it is in the image. Its files are closed, and
// config, a wazero.ModuleConfig, made anew, is what streams, clocks and files it has from now on. On an error m is to be closed.
func Reset(ctx context.Context, m api.Module, img *Image, buffer []byte, config any) error {
	instance, ok := m.(*wasm.ModuleInstance)
	maker, knows := config.(interface {
		SysContext(context.Context) (*internalsys.Context, error)
	})
	if !ok || !knows {
		return errors.New("not an instance")
	}
	if old := instance.Sys; old != nil {
		_ = old.FS().Close()
	}
	made, err := maker.SysContext(ctx)
	if err != nil {
		return err
	}
	instance.Reset(img, buffer, made)
	return nil
}
