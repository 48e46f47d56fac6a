package wasm

import (
	"bytes"
	"fmt"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/internal/leb128"
)

// Parts of instructions, read in one place for whoever validates a function body and whoever compiles it: where the two do not
// agree on where an instruction ends, bytes are run that nothing has validated.

// validateTypedSelect validates a select with a type, whose immediates b begins with, and returns how many bytes they are.
func (m *Module) validateTypedSelect(s *valueTypeStack, enabledFeatures api.CoreFeatures, b []byte) (uint64, error) {
	if err := enabledFeatures.RequireEnabled(api.CoreFeatureReferenceTypes); err != nil {
		return 0, fmt.Errorf("%s is invalid as %w", OpcodeTypedSelectName, err)
	}
	t, size, err := decodeSelectType(b, uint32(len(m.TypeSection)))
	if err != nil {
		return 0, err
	}
	if err := s.popAndVerifyType(ValueTypeI32); err != nil {
		return 0, fmt.Errorf("type mismatch on 3rd select operand: %v", err)
	}
	for range 2 {
		if err := s.popAndVerifyType(t); err != nil {
			return 0, fmt.Errorf("type mismatch on 1st and 2nd select operands: %v", err)
		}
	}
	s.push(t)
	return uint64(size), nil
}

// SelectTypeSize is the size of the immediates of a select with a type that has been validated.
func SelectTypeSize(b []byte) int {
	_, size, err := decodeSelectType(b, ^uint32(0))
	if err != nil {
		panic(err)
	}
	return size
}

func decodeSelectType(b []byte, types uint32) (t ValueType, size int, err error) {
	if len(b) > 0 && b[0] != 1 {
		return 0, 0, fmt.Errorf("too many type immediates for %s", OpcodeTypedSelectName)
	}
	if len(b) < 2 {
		return 0, 0, fmt.Errorf("read type for %s: unexpected end", OpcodeTypedSelectName)
	}
	switch t = ValueType(b[1]); t {
	case ValueTypeI32, ValueTypeI64, ValueTypeF32, ValueTypeF64, ValueTypeV128, ValueTypeExternref, ValueTypeFuncref, ValueTypeExnref:
		return t, 2, nil
	case ValueType(RefPrefixNullable), ValueType(RefPrefixNonNullable):
	default:
		return 0, 0, fmt.Errorf("invalid type %s for %s", ValueTypeName(t), OpcodeTypedSelectName)
	}
	nullable := byte(t) == RefPrefixNullable
	ht, n, err := leb128.DecodeInt33AsInt64(bytes.NewReader(b[2:]))
	if err != nil {
		return 0, 0, fmt.Errorf("read heap type for %s: %v", OpcodeTypedSelectName, err)
	}
	switch ht {
	case HeapTypeFunc:
		t = ValueTypeFuncref
	case HeapTypeExtern:
		t = ValueTypeExternref
	case HeapTypeExn:
		t = ValueTypeExnref
	default:
		if ht < 0 {
			return 0, 0, fmt.Errorf("invalid heap type for %s: %d", OpcodeTypedSelectName, ht)
		}
		if ht >= int64(types) {
			return 0, 0, fmt.Errorf("unknown type for %s: type index %d out of range", OpcodeTypedSelectName, ht)
		}
		t = ValueTypeConcreteRef(uint32(ht), true)
	}
	if !nullable {
		t = t.AsNonNullable()
	}
	return t, 2 + int(n), nil
}

// MiscOpcode reads the number after the prefix of a misc instruction that has been validated.
func MiscOpcode(b []byte) OpcodeMisc {
	op, _, err := leb128.LoadUint32(b)
	if err != nil {
		panic(err)
	}
	return OpcodeMisc(op)
}

// BlockTypeSize is the size of a block type that has been validated, see DecodeBlockType.
func BlockTypeSize(b []byte) int {
	r := bytes.NewReader(b)
	t, n, err := leb128.DecodeInt33AsInt64(r)
	if err == nil && (t == int64(RefPrefixNullable)-0x80 || t == int64(RefPrefixNonNullable)-0x80) {
		var heapType uint64
		_, heapType, err = leb128.DecodeInt33AsInt64(r)
		n += heapType
	}
	if err != nil {
		panic(err)
	}
	return int(n)
}
