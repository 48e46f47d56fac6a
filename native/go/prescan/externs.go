package prescan

import "slices"

// Extern is a global, or a table, that a module imports or exports.
type Extern struct {
	Index        uint32
	Imported     bool
	Module, Name string   // that it is imported by
	Names        []string // that it is exported under, sorted
	Type         byte     // of a global's value, of a table's elements
	Mutable      bool     // global
	Min          uint32   // table
	Max          *uint32  // likewise; nil: none
}

// Externs lists the globals, or tables, of a module that passed Check: those that it imports, in order, then those of its own that it exports. What it cannot
// read it leaves out: wazero does not accept such a module.
func Externs(module []byte) (globals, tables []Extern) {
	s := reader{bytes: module, pos: headerBytes, end: len(module)}
	imports, defined := s.find(sectionImport), [2]reader{s.find(sectionGlobal), s.find(sectionTable)}
	kinds := [2]externs{{kind: importGlobal}, {kind: importTable}}
	exports := s.find(sectionExport)
	for i := range kinds {
		kinds[i].nameAll(exports)
		kinds[i].imports(imports)
		kinds[i].defines(defined[i])
	}
	return kinds[0].list, kinds[1].list
}

type externs struct {
	kind  byte
	names map[uint32][]string // by index
	list  []Extern
	next  uint32 // index
}

// find is what there is of that section; nothing where there is none.
func (r reader) find(wanted byte) reader {
	for r.left() > 0 {
		id, _ := r.u8()
		size, ok := r.u32()
		if !ok || uint64(size) > uint64(r.left()) {
			break
		}
		if id == wanted {
			return reader{bytes: r.bytes, pos: r.pos, end: r.pos + int(size)}
		}
		r.pos += int(size)
	}
	return reader{}
}

func (e *externs) nameAll(r reader) {
	n, ok := r.u32()
	for ; ok && n > 0; n-- {
		name, okName := r.name()
		kind, okKind := r.u8()
		var index uint32
		if index, ok = r.u32(); !ok || !okName || !okKind {
			return
		}
		if kind != e.kind {
			continue
		}
		if e.names == nil {
			e.names = map[uint32][]string{}
		}
		e.names[index] = append(e.names[index], string(name))
	}
	for _, names := range e.names {
		slices.Sort(names)
	}
}

func (e *externs) imports(r reader) {
	n, ok := r.u32()
	for ; ok && n > 0; n-- {
		module, okModule := r.name()
		name, okName := r.name()
		if !okModule || !okName || r.left() == 0 {
			return
		}
		if r.bytes[r.pos] != e.kind {
			_, ok = r.importDescription()
			continue
		}
		r.pos++
		var x Extern
		if x, ok = e.read(&r); ok {
			x.Imported, x.Module, x.Name = true, string(module), string(name)
			e.list = append(e.list, x)
		}
	}
}

func (e *externs) defines(r reader) {
	s := scanner{reader: r}
	n, ok := s.u32()
	for ; ok && n > 0 && len(e.names) > 0; n-- {
		hasInitializer := e.kind == importGlobal
		if e.kind == importTable && s.left() > 1 && s.bytes[s.pos] == tableWithInitializer {
			s.pos += 2
			hasInitializer = true
		}
		var x Extern
		if x, ok = e.read(&s.reader); !ok {
			return
		}
		if hasInitializer && s.scanConstantExpression() != nil {
			return
		}
		if x.Names != nil {
			e.list = append(e.list, x)
		}
	}
}

// read takes the type of the next one, which has the next index.
func (e *externs) read(r *reader) (x Extern, ok bool) {
	x.Index, x.Names = e.next, e.names[e.next]
	e.next++
	if x.Type, ok = r.typeCode(); !ok {
		return x, false
	}
	if e.kind == importGlobal {
		b, ok := r.u8()
		x.Mutable = b == 1
		return x, ok
	}
	flag, okFlag := r.u8()
	x.Min, ok = r.u32()
	if ok && flag&1 != 0 {
		var max uint32
		max, ok = r.u32()
		x.Max = &max
	}
	return x, ok && okFlag
}

// typeCode reads a value type: of a typed reference what it is a reference to.
func (r *reader) typeCode() (code byte, ok bool) {
	b, ok := r.u8()
	if !ok || b != nullableRef && b != nonNullableRef {
		return b, ok
	}
	heap, ok := r.i33()
	switch heap {
	case externRef - 0x80:
		return externRef, ok
	case exnRef - 0x80:
		return exnRef, ok
	}
	return funcRef, ok
}
