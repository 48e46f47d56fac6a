//go:build wazero_upstream

package main

import (
	"context"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"wazeronode/failure"
)

var errNotMade = &failure.Error{Code: failure.CodeNotImplemented, Message: "memories, tables, globals and tags of the host, tables in JavaScript and references to functions need the edited engine"}

// hostTable: there is none.
type hostTable struct{}

func (hostTable) Type() (of api.ValueType, plain bool)    { return 0, false }
func (hostTable) Limits() (least uint32, most *uint32)    { return 0, nil }
func (hostTable) Size() uint32                            { return 0 }
func (hostTable) Get(uint32) (word uint64, ok bool)       { return 0, false }
func (hostTable) Fill(at, count uint32, word uint64) bool { return false }
func (hostTable) Grow(uint32) (was uint32, ok bool)       { return 0, false }
func exportedTable(api.Module, string) (hostTable, bool)  { return hostTable{}, false }
func referenceTo(api.Module, uint32) (uint64, error)      { return 0, errNotMade }

func makeMemory(context.Context, wazero.Runtime, uint32, uint32, uint32, bool, bool) (api.Module, error) {
	return nil, errNotMade
}

func makeTable(context.Context, wazero.Runtime, api.ValueType, uint32, *uint32) (api.Module, error) {
	return nil, errNotMade
}

func makeGlobal(context.Context, wazero.Runtime, api.ValueType, bool, uint64, uint64) (api.Module, error) {
	return nil, errNotMade
}

func makeTag(context.Context, wazero.Runtime, []api.ValueType) (api.Module, error) {
	return nil, errNotMade
}
