package prescan

// ImportModule is a module that another one imports from.
type ImportModule struct {
	Name string
	// Joins: something other than a shared memory is imported, so both instances belong to one link group.
	Joins bool
}

// What an import is, one character each.
const (
	KindFunction     = 'f'
	KindTable        = 't'
	KindMemory       = 'm'
	KindSharedMemory = 's'
	KindGlobal       = 'g'
	KindTag          = 'e'
)

// Imports lists the modules that a module which passed Check imports from, in the order in which they first appear, and what each of its imports is. What it cannot
// read it leaves out: wazero does not accept such a module.
func Imports(module []byte) (modules []ImportModule, kinds string) {
	r := reader{bytes: module, pos: headerBytes, end: len(module)}
	for r.left() > 0 {
		id, _ := r.u8()
		size, ok := r.u32()
		if !ok || uint64(size) > uint64(r.left()) {
			return nil, ""
		}
		if id == sectionImport {
			r.end = r.pos + int(size)
			return r.imports()
		}
		r.pos += int(size)
	}
	return nil, ""
}

func (r *reader) imports() (modules []ImportModule, kinds string) {
	var all []byte
	byName := map[string]int{}
	n, ok := r.u32()
	for ; ok && n > 0; n-- {
		name, okName := r.name()
		if _, ok = r.name(); !ok || !okName {
			break
		}
		kind, ok := r.importDescription()
		if !ok {
			break
		}
		all = append(all, kind)
		i, known := byName[string(name)]
		if !known {
			i = len(modules)
			byName[string(name)] = i
			modules = append(modules, ImportModule{Name: string(name)})
		}
		modules[i].Joins = modules[i].Joins || kind != KindSharedMemory
	}
	return modules, string(all)
}

func (r *reader) importDescription() (kind byte, ok bool) {
	code, ok := r.u8()
	if !ok {
		return 0, false
	}
	switch code {
	case importFunction:
		kind = KindFunction
		_, ok = r.u32()
	case importTable:
		kind = KindTable
		_, ok = r.valueType()
		if ok {
			_, ok = r.readLimits()
		}
	case importMemory:
		kind = KindSharedMemory
		if r.left() > 0 && r.bytes[r.pos]&sharedFlag == 0 {
			kind = KindMemory
		}
		_, ok = r.readLimits()
	case importGlobal:
		kind = KindGlobal
		_, ok = r.globalType()
	case importTag:
		kind = KindTag
		_, ok = r.u8()
		if ok {
			_, ok = r.u32()
		}
	default:
		ok = false
	}
	return kind, ok
}
