package frontend

import (
	"slices"
	"testing"

	"github.com/tetratelabs/wazero/internal/engine/wazevo/ssa"
	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
	"github.com/tetratelabs/wazero/internal/testing/bodies"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// Validator, compiler, and what looks for local.set in try_tables agree on where each instruction begins.
func TestInstructionsEndWhereValidated(t *testing.T) {
	bodies.Each(t, func(m *wasm.Module, body []byte, validated []int) {
		if compiled := compile(m); !slices.Equal(validated, compiled) {
			t.Fatalf("% x\nvalidated: %v\ncompiled:  %v", body, validated, compiled)
		}

		var walked []int
		for r := (&immediates{code: body}); r.pc < len(body); {
			walked = append(walked, r.pc)
			switch op := r.byte(); op {
			case wasm.OpcodeLocalSet, wasm.OpcodeLocalTee:
				r.leb()
			case wasm.OpcodeBlock, wasm.OpcodeLoop, wasm.OpcodeIf:
				r.blockType()
			case wasm.OpcodeTryTable:
				r.blockType()
				r.catchClauses()
			default:
				r.skip(op)
			}
		}
		if !slices.Equal(validated, walked) {
			t.Fatalf("% x\nvalidated: %v\nwalked:    %v", body, validated, walked)
		}
	})
}

// compile is LowerToSSA, one instruction at a time: where each began.
func compile(m *wasm.Module) (begins []int) {
	offsets := wazevoapi.NewModuleContextOffsetData(m, false)
	c := NewFrontendCompiler(m, ssa.NewBuilder(), &offsets, false, false, false)
	c.Init(0, 0, &m.TypeSection[0], m.CodeSection[0].LocalTypes, nil, false, 0)
	c.LowerToSSA() // of no instruction
	c.wasmFunctionBody = m.CodeSection[0].Body
	for c.loweringState.pc < len(c.wasmFunctionBody) {
		begins = append(begins, c.loweringState.pc)
		before := c.ssaBuilder.CurrentBlock()
		c.lowerCurrentOpcode()
		if before != c.ssaBuilder.CurrentBlock() {
			c.finalizeKnownSafeBoundsAtTheEndOfBlock(before.ID())
			c.initializeCurrentBlockKnownBounds()
		}
	}
	return begins
}
