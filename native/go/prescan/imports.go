package prescan

// ImportModule is a module that another one imports from.
type ImportModule struct {
	Name string
	// Joins: something other than a shared memory is imported, so both instances belong to one link group.
	Joins bool
}

// Imports lists the modules that a module which passed Check imports from, in the order in which they first appear. What it cannot
// read it leaves out: wazero does not accept such a module.
func Imports(module []byte) []ImportModule {
	r := reader{bytes: module, pos: headerBytes, end: len(module)}
	for r.left() > 0 {
		id, _ := r.u8()
		size, ok := r.u32()
		if !ok || uint64(size) > uint64(r.left()) {
			return nil
		}
		if id == sectionImport {
			r.end = r.pos + int(size)
			return r.imports()
		}
		r.pos += int(size)
	}
	return nil
}

func (r *reader) imports() (modules []ImportModule) {
	byName := map[string]int{}
	n, ok := r.u32()
	for ; ok && n > 0; n-- {
		name, okName := r.name()
		if _, ok = r.name(); !ok || !okName {
			break
		}
		joins, ok := r.importDescription()
		if !ok {
			break
		}
		i, known := byName[string(name)]
		if !known {
			i = len(modules)
			byName[string(name)] = i
			modules = append(modules, ImportModule{Name: string(name)})
		}
		modules[i].Joins = modules[i].Joins || joins
	}
	return modules
}

func (r *reader) importDescription() (joins, ok bool) {
	kind, ok := r.u8()
	if !ok {
		return false, false
	}
	switch kind {
	case importFunction:
		_, ok = r.u32()
	case importTable:
		_, ok = r.valueType()
		if ok {
			_, ok = r.readLimits()
		}
	case importMemory:
		joins = r.left() > 0 && r.bytes[r.pos]&sharedFlag == 0
		_, ok = r.readLimits()
		return joins, ok
	case importGlobal:
		_, ok = r.globalType()
	case importTag:
		_, ok = r.u8()
		if ok {
			_, ok = r.u32()
		}
	default:
		ok = false
	}
	return true, ok
}
