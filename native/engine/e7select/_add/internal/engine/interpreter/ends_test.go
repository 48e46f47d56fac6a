package interpreter

import (
	"slices"
	"testing"

	"github.com/tetratelabs/wazero/internal/testing/bodies"
	"github.com/tetratelabs/wazero/internal/testing/require"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// Validator and compiler agree on where each instruction begins.
func TestInstructionsEndWhereValidated(t *testing.T) {
	bodies.Each(t, func(m *wasm.Module, body []byte, validated []int) {
		c, err := newCompiler(bodies.Features, 0, m, false)
		require.NoError(t, err)

		// As (*compiler).compile, one instruction at a time.
		c.body, c.localTypes, c.sig = body, m.CodeSection[0].LocalTypes, &m.TypeSection[0]
		c.initializeStack()
		for _, t := range c.localTypes {
			c.emitDefaultValue(t)
		}
		c.controlFrames.push(controlFrame{frameID: c.nextFrameID(), blockType: c.sig, kind: controlFrameKindFunction})
		var compiled []int
		for !c.controlFrames.empty() && c.pc < uint64(len(body)) {
			compiled = append(compiled, int(c.pc))
			if err := c.handleInstruction(); err != nil {
				t.Fatalf("% x: %v", body, err)
			}
		}
		if !slices.Equal(validated, compiled) {
			t.Fatalf("% x\nvalidated: %v\ncompiled:  %v", body, validated, compiled)
		}
	})
}
