package wazero

import (
	"context"

	internalsock "github.com/tetratelabs/wazero/internal/sock"
	internalsys "github.com/tetratelabs/wazero/internal/sys"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// SysContext makes one as InstantiateModule does, for an instance that is reset.
func (c *moduleConfig) SysContext(ctx context.Context) (*internalsys.Context, error) {
	if sockConfig, ok := ctx.Value(internalsock.ConfigKey{}).(*internalsock.Config); ok {
		c.sockConfig = sockConfig
	}
	return c.toSysContext()
}

// CheckImage looks whether an image is one of this module.
func (c *compiledModule) CheckImage(img *wasm.Image) error { return img.Check(c.module) }
