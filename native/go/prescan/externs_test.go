package prescan

import (
	"reflect"
	"testing"
)

func section(id byte, body ...byte) []byte { return append([]byte{id, byte(len(body))}, body...) }

func TestExterns(t *testing.T) {
	module := []byte("\x00asm\x01\x00\x00\x00")
	add := func(id byte, body ...byte) { module = append(module, section(id, body...)...) }
	add(sectionImport, 4,
		1, 'm', 1, 'g', importGlobal, 0x7e, 1,
		1, 'm', 1, 'f', importFunction, 0,
		1, 'n', 1, 't', importTable, externRef, 1, 2, 5,
		1, 'n', 1, 'r', importGlobal, nullableRef, externRef, 0)
	add(sectionTable, 3, funcRef, 0, 7, tableWithInitializer, 0, nonNullableRef, 0, 1, 1, 2, opRefFunc, 0, opEnd, funcRef, 0, 9)
	add(sectionGlobal, 3, 0x7f, 0, opI32Const, 1, opEnd, 0x7c, 1, opF64Const, 0, 0, 0, 0, 0, 0, 0, 0, opEnd, 0x7d, 0, opF32Const, 0, 0, 0, 0, opEnd)
	add(sectionExport, 6, 1, 'z', importGlobal, 3, 1, 'a', importGlobal, 3, 1, 'i', importGlobal, 0, 1, 't', importTable, 2, 1, 'u', importTable, 1, 1, 'f', importFunction, 0)
	globals, tables := Externs(module)
	two, five := uint32(2), uint32(5)
	wantGlobals := []Extern{
		{Index: 0, Imported: true, Module: "m", Name: "g", Names: []string{"i"}, Type: 0x7e, Mutable: true},
		{Index: 1, Imported: true, Module: "n", Name: "r", Type: externRef},
		{Index: 3, Names: []string{"a", "z"}, Type: 0x7c, Mutable: true},
	}
	wantTables := []Extern{
		{Index: 0, Imported: true, Module: "n", Name: "t", Type: externRef, Min: 2, Max: &five},
		{Index: 1, Names: []string{"u"}, Type: funcRef, Min: 7},
		{Index: 2, Names: []string{"t"}, Type: funcRef, Min: 1, Max: &two},
	}
	if !reflect.DeepEqual(globals, wantGlobals) {
		t.Fatalf("%+v", globals)
	}
	if !reflect.DeepEqual(tables, wantTables) {
		t.Fatalf("%+v", tables)
	}
	for n := range module { // what is cut is read as far as it goes
		Externs(module[:n])
	}
	for n := headerBytes; n < len(module); n++ { // nor does a byte that is wrong
		for _, b := range []byte{0, 1, 0x40, 0x7f, 0x80, 0xff} {
			wrong := append([]byte(nil), module...)
			wrong[n] = b
			Externs(wrong)
		}
	}
}
