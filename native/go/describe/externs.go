package describe

import (
	"cmp"
	"slices"

	"wazeronode/prescan"
)

// externs is globals, or tables.
type externs struct {
	list   []prescan.Extern // imported ones first
	names  []string         // that they are exported under, sorted
	lineOf []uint32         // of each of names: its place in list
}

func externsOf(list []prescan.Extern) externs {
	type named struct {
		name string
		at   uint32
	}
	var all []named
	for i, e := range list {
		for _, name := range e.Names {
			all = append(all, named{name, uint32(i)})
		}
	}
	slices.SortFunc(all, func(a, b named) int { return cmp.Compare(a.name, b.name) })
	e := externs{list: list, names: make([]string, len(all)), lineOf: make([]uint32, len(all))}
	for i, n := range all {
		e.names[i], e.lineOf[i] = n.name, n.at
	}
	return e
}

func (e *externs) head() externsRecord {
	r := externsRecord{Lines: len(e.list), Exports: len(e.names)}
	for r.Imported < len(e.list) && e.list[r.Imported].Imported {
		r.Imported++
	}
	return r
}

// named is nil where there are none, which is left out.
func (e *externs) named() *externNames {
	if len(e.names) == 0 {
		return nil
	}
	return &externNames{e.names, e.lineOf}
}

// find is a line plus 1, of lines that begin with first.
func (e *externs) find(name string, first int) uint64 {
	i, ok := slices.BinarySearch(e.names, name)
	if !ok {
		return 0
	}
	return uint64(first) + uint64(e.lineOf[i]) + 1
}

func (e *externs) record(i int) ExternRecord {
	x := &e.list[i]
	r := ExternRecord{Index: x.Index, Type: TypeName(x.Type), Mutable: x.Mutable, Min: x.Min, Max: x.Max}
	if NameBytes(x.Names) <= mostNames {
		r.ExportNames = copied(x.Names)
	}
	if x.Imported {
		r.Import = &importRecord{x.Module, x.Name}
	}
	return r
}
