package frontend

import (
	"bytes"
	"fmt"

	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
	"github.com/tetratelabs/wazero/internal/wasm"
)

// TryTables has a number for each try_table of a module, by where it is, whoever compiles it and when. The number is in the code.
type TryTables struct {
	first []int // of each function
	// Clauses are by number. Those that are never lowered have none.
	Clauses [][]wazevoapi.CatchClauseInstance
}

// maxTryTables: the number has 24 bits of an exit code.
const maxTryTables = 1 << 24

// NumberTryTables counts the try_tables of each function. The module has been validated.
func NumberTryTables(m *wasm.Module) (*TryTables, error) {
	t := &TryTables{first: make([]int, len(m.CodeSection))}
	n := 0
	for i := range m.CodeSection {
		t.first[i] = n
		n += countTryTables(m.CodeSection[i].Body)
	}
	if n > maxTryTables {
		return nil, fmt.Errorf("the module has %d try_tables, over the limit of %d", n, maxTryTables)
	}
	t.Clauses = make([][]wazevoapi.CatchClauseInstance, n)
	return t, nil
}

func countTryTables(body []byte) (n int) {
	if bytes.IndexByte(body, wasm.OpcodeTryTable) < 0 {
		return 0
	}
	for r := (&immediates{code: body}); r.pc < len(body); {
		switch op := r.byte(); op {
		case wasm.OpcodeLocalSet, wasm.OpcodeLocalTee:
			r.leb()
		case wasm.OpcodeBlock, wasm.OpcodeLoop, wasm.OpcodeIf:
			r.blockType()
		case wasm.OpcodeTryTable:
			r.blockType()
			r.catchClauses()
			n++
		default:
			r.skip(op)
		}
	}
	return n
}

// WithTryTables makes the compiler one of those that share the numbers.
func (c *Compiler) WithTryTables(t *TryTables) *Compiler {
	c.tryTables = t
	return c
}

// numberTryTable is called in the order of the body; no two compilers have the same function.
func (c *Compiler) numberTryTable(clauses []wazevoapi.CatchClauseInstance) (id int) {
	if c.tryTables == nil { // upstream's tests of one function
		return c.catchClauseTable.Append(clauses)
	}
	id = c.nextTryTable
	c.nextTryTable++
	c.tryTables.Clauses[id] = clauses
	return id
}
