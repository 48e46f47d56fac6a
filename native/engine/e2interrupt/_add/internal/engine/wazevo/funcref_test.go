package wazevo_test

import (
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental/nodehost"
	. "github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
)

func TestFunctionDefinitionOf(t *testing.T) {
	// f returns a reference to itself, last one to the import.
	wasm := Module(
		Section(Types, Type([]byte{I64}, []byte{I64}), Type(nil, []byte{FuncRef})),
		Section(Imports, Bytes("env", "h", byte(0), 0)),
		Section(Funcs, Bytes(1), Bytes(1), Bytes(1)),
		Section(Exports, Bytes("f", byte(0), 1), Bytes("last", byte(0), 2), Bytes("null", byte(0), 3)),
		Section(Elems, Bytes(byte(3), byte(0), 2, 0, 1)), // declarative
		Section(Code, Func(nil, asm("ref.func 1")), Func(nil, asm("ref.func 0")), Func(nil, []byte{0xd0, FuncRef})))
	for name, config := range map[string]wazero.RuntimeConfig{"compiler": compiler(true), "interpreter": wazero.NewRuntimeConfigInterpreter()} {
		t.Run(name, func(t *testing.T) {
			m := newWorld(t, config).guest(t, wasm)
			of := func(name string) (api.FunctionDefinition, bool) {
				results, err := m.ExportedFunction(name).Call(bg)
				require.NoError(t, err)
				return nodehost.FunctionDefinitionOf(m, results[0])
			}
			def, ok := of("f")
			require.True(t, ok)
			require.Equal(t, []string{"f"}, def.ExportNames())
			def, ok = of("last")
			require.True(t, ok)
			require.Equal(t, "env", def.ModuleName())
			_, ok = of("null")
			require.False(t, ok)
		})
	}
}
