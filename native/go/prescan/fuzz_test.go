package prescan_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"

	"wazeronode/prescan"
)

// FuzzCheck: Check neither panics nor takes long; what it lets through makes wazero allocate no more than a multiple of its bytes; and
// it refuses nothing that wazero accepts, but for what it says it does.
func FuzzCheck(f *testing.F) {
	for _, m := range [][]byte{
		module(), function(noLocals, 0x0b), mutableGlobal(), manyLocals(3),
		function(join([]byte{1}, u32(3), []byte{0x7f}), 0x02, 0x40, 0x41, 0, 0x0e, 2, 0, 0, 1, 0x0b, 0x0b),
		function(noLocals, 0x02, 0x69, 0x1f, 0x40, 1, 3, 0, 0x0b, 0x0f, 0x0b, 0x1a, 0x0b),
		module(section(0, name("name"), []byte{0, 2}, name("m"), []byte{1, 4, 1, 0}, name("f"), []byte{2, 6, 1, 0, 1, 0}, name("x"))),
		module(section(2, vector(join(name("m"), name("t"), []byte{1, 0x70, 0, 1})))),
		module(tableSection(3), section(9, vector([]byte{0, 0x41, 0, 0x0b, 0}, []byte{5, 0x70, 1, 0xd0, 0x70, 0x0b})), section(11, vector([]byte{1, 1, 'x'}))),
		module(section(1, huge)), module(section(2, huge)), module(section(4, huge)), module(section(7, huge)),
	} {
		f.Add(m)
	}
	// A folder of real modules, where there is one.
	files, _ := filepath.Glob(filepath.Join(os.Getenv("PRESCAN_CORPUS"), "*.wasm"))
	for _, file := range files {
		if m, err := os.ReadFile(file); err == nil && len(m) < 1<<16 {
			f.Add(m)
		}
	}
	ctx := context.Background()
	engine := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(features).WithCustomSections(true))
	f.Fuzz(func(t *testing.T, m []byte) {
		// The shortest of some: others may have the processor meanwhile, and Check is linear whatever they do.
		var err error
		took := time.Hour
		for try := 0; try < 5 && took > time.Second; try++ {
			begin := time.Now()
			err = prescan.Check(m, prescan.Limits{})
			_, _ = prescan.Imports(m)
			took = min(took, time.Since(begin))
		}
		if took > time.Second {
			t.Fatalf("%d bytes took %v", len(m), took)
		}
		if err != nil {
			var e *prescan.Error
			if !errors.As(err, &e) || e.Message == "" {
				t.Fatalf("got %#v", err)
			}
			if e.Limit != "" || !strings.Contains(e.Message, "malformed") { // wazero may not survive the others
				return
			}
			if strings.HasPrefix(e.Message, "section custom") {
				return // a name section may run on to the end of the file, and only there
			}
			// wazero reads a number over the end of its section, where nothing has been checked: it gets no more than that.
			end, _ := prescan.CheckEnd(m, prescan.Limits{})
			m = m[:end]
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		compiled, compileErr := engine.CompileModule(ctx, m)
		runtime.ReadMemStats(&after)
		if compileErr == nil {
			compiled.Close(ctx)
		}
		decoded := compileErr == nil || strings.Contains(compileErr.Error(), "inconsistent lengths")
		if err != nil && decoded {
			t.Fatalf("wazero decodes what was refused: %v", err)
		}
		const perByte, base = 256, 64 << 20
		if allocated := after.TotalAlloc - before.TotalAlloc; err == nil && allocated > base+perByte*uint64(len(m)) {
			t.Fatalf("%d bytes made wazero allocate %d", len(m), allocated)
		}
	})
}
