//go:build wazero_waiting

package wazevoapi

import "fmt"

// AddressKind is what an address in SSA is of; 0: it is none.
type AddressKind byte

const (
	AddressOfExecution AddressKind = 1 + iota // the execution context
	AddressOfModule                           // the module context
	AddressOfBuiltin
	AddressOfEngine // tables, functions, types, segments
	AddressOfMemory // or in it
	AddressOfGlobal // that is imported
	AddressMadeOfContext
)

// Addresses has the compiler look for addresses that live across a call; one compilation at a time.
var Addresses *AddressReport

// AddressReport counts. Layout is of the module that is compiled.
type AddressReport struct {
	Layout   ModuleContextOffsetData
	Imported int // globals
	Globals  int // all of them

	Functions, Values, Calls, BuiltinCalls, ContextsLive int
	Found, FoundInBuiltins                               map[AddressKind]int
	Where                                                []string
}

// Call notes one.
func (r *AddressReport) Call(builtin bool) {
	if builtin {
		r.BuiltinCalls++
	} else {
		r.Calls++
	}
}

// Live notes what lives across it.
func (r *AddressReport) Live(builtin bool, kind AddressKind, text string) {
	switch {
	case kind == AddressOfExecution || kind == AddressOfModule:
		r.ContextsLive++
	case builtin:
		r.FoundInBuiltins[kind]++
	default:
		r.Found[kind]++
		if len(r.Where) < 20 {
			r.Where = append(r.Where, fmt.Sprintf("function %d, kind %d: %s", r.Functions, kind, text))
		}
	}
}
