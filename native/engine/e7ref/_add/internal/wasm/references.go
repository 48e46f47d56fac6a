package wasm

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// Types of functions are equal if they are the same, wherever they stand in whichever module. While a module is validated, all
// (ref $t) name the first of its types that equal $t, so that two of them can be compared by their index. Those of instances of
// globals and tables name a type of the store.

// canonicalizeTypes is called when all indexes are known to be in range.
func (m *Module) canonicalizeTypes(enabledFeatures api.CoreFeatures) error {
	for i := range m.ImportSection {
		imp := &m.ImportSection[i]
		for _, t := range []ValueType{imp.DescGlobal.ValType, imp.DescTable.Type} {
			if t.IsConcreteRef() && int(t.TypeIndex()) >= len(m.TypeSection) {
				return fmt.Errorf("unknown type %d in import[%d]", t.TypeIndex(), i)
			}
		}
	}
	if !enabledFeatures.IsEnabled(experimental.CoreFeaturesTypedFunctionReferences) {
		return nil // nothing calls one
	}
	m.canonical = canonicalIndexes(m.TypeSection)
	for i := range m.TypeSection {
		m.canonicalize(m.TypeSection[i].Params)
		m.canonicalize(m.TypeSection[i].Results)
	}
	for i := range m.ImportSection {
		imp := &m.ImportSection[i]
		imp.DescGlobal.ValType, imp.DescTable.Type = m.canonicalType(imp.DescGlobal.ValType), m.canonicalType(imp.DescTable.Type)
	}
	for i := range m.GlobalSection {
		m.GlobalSection[i].Type.ValType = m.canonicalType(m.GlobalSection[i].Type.ValType)
	}
	for i := range m.TableSection {
		m.TableSection[i].Type = m.canonicalType(m.TableSection[i].Type)
	}
	for i := range m.ElementSection {
		m.ElementSection[i].Type = m.canonicalType(m.ElementSection[i].Type)
	}
	for i := range m.CodeSection {
		m.canonicalize(m.CodeSection[i].LocalTypes)
	}
	return nil
}

// ComparesTypes says whether code of the module may call by reference, which looks at the type.
func (m *Module) ComparesTypes() bool { return m.canonical != nil }

// canonicalIndexes are, for each type, the index of the first that equals it.
func canonicalIndexes(types []FunctionType) []Index {
	canonical := make([]Index, len(types))
	first := map[[sha256.Size]byte]Index{}
	forEachGroup(types, func(begin, end int) {
		sum := sumOfGroup(types, begin, end, func(i Index) uint32 { return canonical[i] })
		at, known := first[sum]
		if !known {
			at = Index(begin)
			first[sum] = at
		}
		for i := begin; i < end; i++ {
			canonical[i] = at + Index(i-begin)
		}
	})
	return canonical
}

// forEachGroup calls f for each recursion group; a type that is in none is one of its own.
func forEachGroup(types []FunctionType, f func(begin, end int)) {
	for begin := 0; begin < len(types); {
		end := min(begin+max(1, types[begin].RecGroupSize), len(types))
		f(begin, end)
		begin = end
	}
}

// sumOfGroup is the same for equal groups, given what names types that come before them.
func sumOfGroup(types []FunctionType, begin, end int, name func(Index) uint32) (sum [sha256.Size]byte) {
	h := sha256.New()
	var b []byte
	value := func(t ValueType) {
		b = binary.LittleEndian.AppendUint32(b, uint32(t)) // kind and flags
		if i := t.TypeIndex(); !t.IsConcreteRef() {
		} else if int(i) < begin {
			b = binary.LittleEndian.AppendUint32(append(b, 0), name(i))
		} else {
			b = binary.LittleEndian.AppendUint32(append(b, 1), i-uint32(begin))
		}
	}
	for i := begin; i < end; i++ {
		t := &types[i]
		b = binary.LittleEndian.AppendUint32(b[:0], uint32(len(t.Params)))
		for _, p := range t.Params {
			value(p)
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(len(t.Results)))
		for _, r := range t.Results {
			value(r)
		}
		h.Write(b)
	}
	h.Sum(sum[:0])
	return sum
}

func (m *Module) canonicalize(types []ValueType) {
	for i, t := range types {
		if t.IsConcreteRef() {
			types[i] = m.canonicalType(t)
		}
	}
}

func (m *Module) canonicalType(t ValueType) ValueType {
	if i := t.TypeIndex(); t.IsConcreteRef() && int(i) < len(m.canonical) {
		return withTypeIndex(t, m.canonical[i])
	}
	return t
}

func withTypeIndex(t ValueType, i Index) ValueType { return t&(1<<32-1) | ValueType(i)<<32 }

// decodeBlockType is DecodeBlockType with a canonical type.
func (m *Module) decodeBlockType(r *bytes.Reader, enabledFeatures api.CoreFeatures) (*FunctionType, uint64, error) {
	t, n, err := DecodeBlockType(m.TypeSection, r, enabledFeatures)
	if err == nil && len(t.Results) == 1 && t.Results[0] != m.canonicalType(t.Results[0]) { // so it is none of the types of the module
		t.Results[0] = m.canonicalType(t.Results[0])
	}
	return t, n, err
}

// constantType is the type of the value of a constant expression, whose instruction ref.func, if it has one, is of this function.
func (m *Module) constantType(t ValueType, isFunction bool, function Index) (ValueType, error) {
	if isFunction && t == ValueTypeFuncref {
		t = t.AsNonNullable()
		if typeIndex, ok := m.typeOfReference(function); ok {
			t = ValueTypeConcreteRef(typeIndex, false)
		}
	}
	if t.IsConcreteRef() && int(t.TypeIndex()) >= len(m.TypeSection) {
		return 0, fmt.Errorf("unknown type %d in constant expression", t.TypeIndex())
	}
	return m.canonicalType(t), nil
}

func (m *Module) typeOfReference(function Index) (typeIndex Index, ok bool) {
	if m.functionTypes == nil {
		return m.typeIndexOfFunction(function) // which searches through imports
	}
	if int(function) < len(m.functionTypes) {
		return m.functionTypes[function], true
	}
	return 0, false
}

// storeType is a type with the index of a type of the store in the place of one of this instance's module.
func (m *ModuleInstance) storeType(t ValueType) ValueType {
	if i := t.TypeIndex(); t.IsConcreteRef() && int(i) < len(m.TypeIDs) {
		return withTypeIndex(t, Index(m.TypeIDs[i]))
	}
	return t
}

// GetFunctionTypeIDs gives each type its number in this store: the same for equal types of whatever modules.
func (s *Store) GetFunctionTypeIDs(types []FunctionType) (ids []FunctionTypeID, err error) {
	ids = make([]FunctionTypeID, len(types))
	forEachGroup(types, func(begin, end int) {
		if end-begin == 1 && !refersTo(&types[begin], begin) {
			if err == nil {
				ids[begin], err = s.getFunctionTypeIDByKey(structuralTypeKey(&types[begin], ids[:begin]))
			}
			return
		}
		sum := sumOfGroup(types, begin, end, func(i Index) uint32 { return uint32(ids[i]) })
		for i := begin; i < end && err == nil; i++ {
			ids[i], err = s.getFunctionTypeIDByKey(fmt.Sprintf("rec%d/%d %x", i-begin, end-begin, sum))
		}
	})
	return ids, err
}

func refersTo(t *FunctionType, index int) bool {
	for _, types := range [][]ValueType{t.Params, t.Results} {
		for _, v := range types {
			if v.IsConcreteRef() && int(v.TypeIndex()) == index {
				return true
			}
		}
	}
	return false
}
