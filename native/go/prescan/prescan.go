// Package prescan looks at the bytes of a module before wazero does.
//
// wazero's decoder allocates whatever a count in the file says, and running out of memory in Go ends the process: a module of 15
// bytes is enough. Check walks the bytes once, allocates nothing for a module that passes, and refuses what no real module holds:
// counts that the bytes left cannot back, and what is over the implementation limits of the WebAssembly JavaScript API. Whether the
// module is valid is not looked at: wazero does that, so an encoding that wazero would refuse anyway may pass here.
package prescan

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// MaxLabels is how many labels all br_tables of a function may have.
const MaxLabels = 65_520

// The implementation limits of the JavaScript API, which V8 has too (br_table, nesting and names are V8's or ours).
const (
	maxModuleBytes   = 1 << 30
	maxTypes         = 1_000_000
	maxFunctions     = 1_000_000
	maxImports       = 1_000_000
	maxExports       = 1_000_000
	maxGlobals       = 1_000_000
	maxTags          = 1_000_000
	maxDataSegments  = 100_000
	maxTables        = 100_000
	maxTableElements = 10_000_000
	maxElements      = 10_000_000
	maxParams        = 1_000
	maxResults       = 1_000
	maxBodyBytes     = 7_654_321
	maxLocals        = 50_000
	maxBrTable       = MaxLabels
	maxNesting       = 5_000
	// A module may have many functions of maxLocals locals each, and wazero spells every one out in 8 bytes: this many, and another
	// 8 for each byte of the module. Real modules have less than one local in 8 bytes.
	maxModuleLocals = 1_000_000
	// wazero copies the set of the initialized non-nullable locals at each block, and keeps as many copies as blocks are open.
	maxInitCopies = 1_000_000
	// Values that calls and blocks with many results push in one body, at some 270 bytes each while it is compiled.
	maxPushed = 500_000
)

// Limits are those that a user sets; zero is the limit of the JavaScript API.
type Limits struct {
	ModuleBytes   uint64 // 1 GiB
	TableElements uint32 // 10,000,000: the minimum of each table and of all tables of the module together
}

func (l Limits) orDefault() Limits {
	if l.ModuleBytes == 0 {
		l.ModuleBytes = maxModuleBytes
	}
	if l.TableElements == 0 {
		l.TableElements = maxTableElements
	}
	return l
}

// Error says why a module is refused. Limit is the name of the field of the public Limits that was reached ("moduleBytes",
// "tableElements"), or empty: then the module is malformed or over a limit of the implementation.
type Error struct {
	Limit   string
	Message string
}

func (e *Error) Error() string { return e.Message }

func malformed(format string, args ...any) error {
	return &Error{Message: fmt.Sprintf(format, args...)}
}

// Check returns nil or an *Error.
func Check(module []byte, limits Limits) error { return check(module, limits, false) }

// CheckDeclarations is Check for all but function bodies, which are most of a module: enough where nobody will decode them.
func CheckDeclarations(module []byte, limits Limits) error { return check(module, limits, true) }

// CheckSize is what can be said of a module before anybody has copied it.
func CheckSize(size uint64, limits Limits) error {
	if most := limits.orDefault().ModuleBytes; size > most {
		return &Error{"moduleBytes", fmt.Sprintf("module has %d bytes, over the limit moduleBytes of %d", size, most)}
	}
	return nil
}

func check(module []byte, limits Limits, skipBodies bool) error {
	if err := CheckSize(uint64(len(module)), limits); err != nil {
		return err
	}
	limits = limits.orDefault()
	if err := checkHeader(module); err != nil {
		return err
	}
	s := newScanner(module, limits)
	s.skipBodies = skipBodies
	return s.scan()
}

func newScanner(module []byte, limits Limits) scanner {
	return scanner{reader: reader{bytes: module, pos: headerBytes, end: len(module)}, limits: limits}
}

const headerBytes = 8

// checkHeader tells apart what people pass by mistake. Each message begins with wazero's own.
func checkHeader(module []byte) error {
	const magic = "\x00asm"
	switch {
	case len(module) == 0:
		return malformed("invalid magic number: the module has 0 bytes")
	case len(module) < len(magic) || string(module[:len(magic)]) != magic:
		if isText(module) {
			return malformed("invalid magic number: this is the text format, which has to be converted to binary first")
		}
		return malformed("invalid magic number: expected 00 61 73 6d but got % x", module[:min(len(module), len(magic))])
	case len(module) < headerBytes:
		return malformed("invalid version header: the module ends after %d bytes", len(module))
	}
	version := binary.LittleEndian.Uint32(module[len(magic):])
	if version>>16 == 1 {
		return malformed("invalid version header: this is a component, not a core module; components are not supported")
	}
	if version != 1 {
		return malformed("invalid version header: expected 01 00 00 00 but got % x", module[len(magic):headerBytes])
	}
	return nil
}

func isText(module []byte) bool {
	rest := bytes.TrimLeft(module[:min(len(module), 4096)], " \t\r\n\ufeff")
	for _, start := range []string{"(module", "(component", "(;", ";;"} {
		if bytes.HasPrefix(rest, []byte(start)) {
			return true
		}
	}
	return false
}
