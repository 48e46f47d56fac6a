package prescan_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"wazeronode/prescan"
)

const features = api.CoreFeaturesV2 | experimental.CoreFeaturesThreads | experimental.CoreFeaturesTailCall | experimental.CoreFeaturesExtendedConst |
	experimental.CoreFeaturesExceptionHandling | experimental.CoreFeaturesTypedFunctionReferences

var huge = u32(1<<32 - 1)

var selectOfReference = function(noLocals, 0xd0, 0x70, 0xd0, 0x70, 0x41, 0, 0x1c, 1, 0x63, 0xf0, 0xff, 0xff, 0xff, 0x7f, 0x1a, 0x0b)

func TestRefused(t *testing.T) {
	selectMessage := "section code: function[0] has br_tables of 4294967295 labels, over the limit of 65520"
	if prescan.EngineUpstream {
		selectMessage = "section code: function[0] has a select of a (ref ...) type, which this version of wazero does not compile rightly"
	}
	nest := func(depth int) []byte {
		return function(noLocals, join(repeat(depth, 0x02, 0x40), repeat(depth+1, 0x0b))...)
	}
	wide := section(1, vector(join([]byte{0x60, 0}, u32(1000), repeat(1000, 0x7f))))
	for _, c := range []struct {
		name    string
		module  []byte
		message string
	}{
		{"no bytes", nil, "invalid magic number: the module has 0 bytes"},
		{"truncated magic", []byte("\x00as"), "invalid magic number: expected 00 61 73 6d but got 00 61 73"},
		{"truncated version", []byte("\x00asm\x01"), "invalid version header: the module ends after 5 bytes"},
		{"text", []byte(" \n(module)"), "invalid magic number: this is the text format, which has to be converted to binary first"},
		{"text after a comment", []byte(";; x\n(module)"), "invalid magic number: this is the text format, which has to be converted to binary first"},
		{"component", []byte("\x00asm\x0d\x00\x01\x00"), "invalid version header: this is a component, not a core module; components are not supported"},
		{"version", []byte("\x00asm\x02\x00\x00\x00"), "invalid version header: expected 01 00 00 00 but got 02 00 00 00"},
		{"section over the end", module([]byte{1, 5, 0}), "section type: 5 bytes, but only 1 are left in the module"},
		{"section id", module([]byte{14, 0}), "section unknown: invalid section id: 14"},
		{"section order", module(section(3, vector()), section(1, vector())), "invalid section order: type after function"},
		{"types", module(section(1, huge)), "section type: 4294967295 types, over the limit of 1000000"},
		{"params", module(section(1, []byte{1, 0x60}, huge)), "section type: 4294967295 params, over the limit of 1000"},
		{"results", module(section(1, []byte{1, 0x60, 0}, huge)), "section type: 4294967295 results, over the limit of 1000"},
		{"recursion group", module(section(1, []byte{1, 0x4e}, huge)), "section type: 4294967295 types of a recursion group, over the limit of 1000000"},
		{"imports", module(section(2, huge)), "section import: 4294967295 imports, over the limit of 1000000"},
		{"imports without bytes", module(section(2, u32(1_000_000))), "section import: 1000000 imports in the 0 bytes that are left"},
		{"functions", module(section(3, huge)), "section function: 4294967295 functions, over the limit of 1000000"},
		{"functions without bytes", module(section(3, u32(70_000), repeat(60_000, 0))), "section function: 70000 functions in the 60000 bytes that are left"},
		{"tables", module(section(4, huge)), "section table: 4294967295 tables, over the limit of 100000"},
		{"globals", module(section(6, huge)), "section global: 4294967295 globals, over the limit of 1000000"},
		{"tags", module(section(13, huge)), "section tag: 4294967295 tags, over the limit of 1000000"},
		{"exports", module(section(7, huge)), "section export: 4294967295 exports, over the limit of 1000000"},
		{"elements", module(section(9, huge)), "section element: 4294967295 element segments, over the limit of 10000000"},
		{"element functions", module(section(9, []byte{1, 0, 0x41, 0, 0x0b}, huge)), "section element: 4294967295 elements, over the limit of 10000000"},
		{"element expressions", module(section(9, []byte{1, 5, 0x70}, u32(9))), "section element: 9 elements in the 0 bytes that are left"},
		{"code", module(section(10, huge)), "section code: 4294967295 function bodies, over the limit of 1000000"},
		{"data", module(section(11, huge)), "section data: 4294967295 data segments, over the limit of 100000"},
		{"data bytes", module(section(11, []byte{1, 1}, huge)), "section data: data segment[0] has 4294967295 bytes, but only 0 are left"},
		{"body over the limit", module(section(10, []byte{1}, u32(7_654_322))), ""},
		{"body", module(section(10, []byte{1}, u32(7_654_322), repeat(3, 0))), "section code: function[0] has a body of 7654322 bytes, over the limit of 7654321"},
		{"locals", function(join([]byte{1}, huge, []byte{0x7f}), 0x0b), "section code: function[0] has 4294967295 locals, over the limit of 50000"},
		{"local groups", function(huge, 0x0b), "section code: 4294967295 groups of locals, over the limit of 7654321"},
		{
			"locals in many groups", function(join([]byte{2}, u32(50_000), []byte{0x7f}, u32(1), []byte{0x7f}), 0x0b),
			"section code: function[0] has 50001 locals, over the limit of 50000",
		},
		{"locals in many functions", manyLocals(40), "section code: the functions up to [20] have 1050000 locals, over the limit of "},
		{
			"br_tables of a function", function(noLocals, join([]byte{0x41, 0, 0x0e}, u32(40_000), repeat(40_001, 0), []byte{0x41, 0, 0x0e}, u32(40_000), repeat(40_001, 0), []byte{0x0b})...),
			"section code: function[0] has br_tables of 80000 labels, over the limit of 65520",
		},
		{"br_table", function(noLocals, join([]byte{0x0e}, huge)...), "section code: function[0] has br_tables of 4294967295 labels, over the limit of 65520"},
		{"blocks", nest(5_000), "section code: function[0] nests over 5000 blocks"},
		{
			"calls with many results", module(wide, oneFunction, section(10, vector(body(noLocals, join(repeat(501, 0x10, 0), []byte{0, 0x0b})...)))),
			"section code: function[0] has over 500000 results of calls and blocks",
		},
		{
			"non-nullable locals under many blocks",
			function(join([]byte{1}, u32(1_000), []byte{0x64, 0}), join(repeat(1_000, 0x02, 0x40), repeat(1_001, 0x0b))...),
			"section code: function[0] has 1000 non-nullable locals under 1001 blocks, their product over the limit of 1000000",
		},
		{"function names", module(section(0, name("name"), []byte{1, 5}, huge)), "section custom: 4294967295 function names, over the limit of 2000000"},
		{"local names", module(section(0, name("name"), []byte{2, 5, 1, 0}, huge)), "section custom: 4294967295 local names, over the limit of 2000000"},
		{ // the subsection says fewer bytes than it has, which takes wazero's count below zero and its reader out of the section
			"name section that runs on", module(section(0, name("name"), []byte{0, 0, 1, 'x'}), section(1, vector())),
			"section custom: a subsection of the name section is malformed or ends too early",
		},
		{
			"br_table after a block type in five bytes", function(noLocals, join([]byte{0x02, 0xc0, 0xff, 0xff, 0xff, 0x7f, 0x0e}, huge)...),
			"section code: function[0] has br_tables of 4294967295 labels, over the limit of 65520",
		},
		{ // the type, in five bytes, is not taken for its end
			"br_table after a select of a (ref ...) type", function(noLocals, join([]byte{0x1c, 1, 0x63, 0xf0, 0xff, 0xff, 0xff, 0x7f, 0x0e}, huge)...),
			selectMessage,
		},
		{
			"vector opcode of two bytes whose second is not 1", function(noLocals, 0xfd, 0xe8, 0x00, 0x0b),
			"section code: function[0] has a vector instruction of unknown opcode fd e8 0",
		},
		{"table of numbers", module(section(4, vector([]byte{0x7e, 0, 1}))), "section table: invalid table type 0x7e"},
		{"table of numbers with an initializer", module(section(4, vector([]byte{0x40, 0, 0x7e, 0, 1, 0x42, 0, 0x0b}))), "section table: invalid table type 0x7e"},
		{"imported table of numbers", module(section(2, vector(join(name("m"), name("t"), []byte{1, 0x7e, 0, 1})))), "section import: invalid table type 0x7e"},
		{ // the first body calls the second function, to whose type wazero has not come yet
			"function of no type", module(typeSection, section(3, []byte{2, 0, 16}), section(10, vector(body(noLocals, 0x10, 1, 0x0b), body(noLocals, 0x0b)))),
			"section function: function[1] has type 16, but there are 1 types",
		},
		{"imported function of no type", module(typeSection, section(2, vector(join(name("m"), name("f"), []byte{0, 1})))), "section import: import[0] has type 1, but there are 1 types"},
		{"mutable global", mutableGlobal(), "section global: constant expression required: global.get of the mutable global 1"},
		{"import module name", module(typeSection, section(2, vector(imported(long(100_001), "f")))), "section import: the module name of import[0] has 100001 bytes, over the limit of 100000"},
		{"import name", module(typeSection, section(2, vector(imported("m", long(100_001))))), "section import: the name of an import has 100001 bytes, over the limit of 100000"},
		{"export name", module(section(7, vector(join(name(long(100_001)), []byte{0, 0})))), "section export: the name of an export has 100001 bytes, over the limit of 100000"},
		{"custom section name", module(section(0, name(long(100_001)))), "section custom: its name has 100001 bytes, over the limit of 100000"},
		{"module name", module(nameSection(0, name(long(100_001)))), "section custom: the module name has 100001 bytes, over the limit of 100000"},
		{"function name", module(nameSection(1, vector(join([]byte{0}, name(long(100_001)))))), "section custom: one of the function names has 100001 bytes, over the limit of 100000"},
		{"local name", module(nameSection(2, vector(join([]byte{0}, vector(join([]byte{0}, name(long(100_001)))))))), "section custom: one of the local names has 100001 bytes, over the limit of 100000"},
		{"import modules", importsFrom(10_001, 1), "section import: imports from over 10000 modules"},
		{"import modules by their names", importsFrom(3, 90_000), "section import: imports from over 10000 modules, or with over 262144 bytes"},
		{"two imported memories", module(section(2, vector(join(name("m"), name("a"), []byte{2, 0, 1}), join(name("m"), name("b"), []byte{2, 0, 1})))), "section import: at most one memory allowed in module, but read 2"},
		{"an imported memory and another", module(section(2, vector(join(name("m"), name("a"), []byte{2, 0, 1}))), section(5, []byte{1, 0, 1})), "section memory: at most one memory allowed in module, but read 2"},
		{"names of a memory", module(section(5, []byte{1, 0, 1}), section(7, u32(100_001), repeat(100_001, 0, 2, 0))), "section export: over 100000 names of one memory"},
		{"imported table with an initializer", module(section(2, vector(join(name("m"), name("t"), []byte{1, 0x40, 0, 0x70, 0, 0, 0xd0, 0x70, 0x0b})))), "section import: import[0]: a table with an initializer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := prescan.Check(c.module, prescan.Limits{})
			if err == nil || !strings.HasPrefix(err.Error(), c.message) {
				t.Fatalf("got %v, want %q", err, c.message)
			}
			var e *prescan.Error
			if !errors.As(err, &e) || e.Limit != "" {
				t.Errorf("Expected an *Error without a limit but received %#v", err)
			}
		})
	}
}

func long(bytes int) string { return strings.Repeat("a", bytes) }

func imported(module, field string) []byte { return join(name(module), name(field), []byte{0, 0}) }

func nameSection(id byte, content []byte) []byte {
	return section(0, name("name"), []byte{id}, u32(uint32(len(content))), content)
}

// importsFrom is a module that imports twice from each of so many modules.
func importsFrom(modules, nameBytes int) []byte {
	var imports [][]byte
	for range 2 {
		for i := range modules {
			imports = append(imports, imported(fmt.Sprintf("%05d", i)+long(nameBytes), "f"))
		}
	}
	return module(typeSection, section(2, vector(imports...)))
}

// exports is a module with exports of so many different names of 100,000 bytes.
func exports(n int) []byte {
	var exports [][]byte
	for i := range n {
		exports = append(exports, join(name(fmt.Sprintf("%05d", i)+long(99_995)), []byte{0, 0}))
	}
	return module(typeSection, oneFunction, section(7, vector(exports...)), section(10, vector(body(noLocals, 0x0b))))
}

// Globals 0 and 1 are imported, 1 is mutable; 2 begins as a copy of 1.
func mutableGlobal() []byte {
	imported := func(mutable byte) []byte { return join(name("m"), name("g"), []byte{3, 0x7f, mutable}) }
	return module(section(2, vector(imported(0), imported(1))), section(6, vector([]byte{0x7f, 0, 0x23, 1, 0x0b})))
}

func manyLocals(functions int) []byte {
	var bodies [][]byte
	for range functions {
		bodies = append(bodies, body(join([]byte{1}, u32(50_000), []byte{0x7f}), 0x0b))
	}
	return module(typeSection, section(3, vector(make([][]byte, 0)...)), section(10, vector(bodies...)))
}

func TestLimits(t *testing.T) {
	for _, c := range []struct {
		name, limit string
		module      []byte
		limits      prescan.Limits
		message     string
	}{
		{
			"module bytes", "moduleBytes", module(typeSection), prescan.Limits{ModuleBytes: 13},
			"module has 14 bytes, over the limit moduleBytes of 13",
		},
		{
			"table", "tableElements", module(tableSection(10_000_001)), prescan.Limits{},
			"section table: a minimum of 10000001 table elements, over the limit tableElements of 10000000",
		},
		{
			"tables", "tableElements", module(section(4, vector([]byte{0x70, 0, 60}, []byte{0x70, 0, 60}))), prescan.Limits{TableElements: 100},
			"section table: a minimum of 120 table elements, over the limit tableElements of 100",
		},
		{
			"names", "moduleBytes", exports(672), prescan.Limits{},
			"section export: the names of imports, exports and custom sections take over 67108864 bytes, the most that a module may have of them",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := prescan.Check(c.module, c.limits)
			var e *prescan.Error
			if !errors.As(err, &e) || e.Limit != c.limit || e.Message != c.message {
				t.Fatalf("got %#v", err)
			}
		})
	}
}

// What stays at the limits passes, and wazero takes it.
func TestAccepted(t *testing.T) {
	ctx := context.Background()
	runtime := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(features).WithCustomSections(true))
	defer runtime.Close(ctx)
	for _, c := range []struct {
		name   string
		module []byte
	}{
		{"empty", module()},
		{"custom section", module(section(0, name("x"), make([]byte, 100)))},
		{"params", module(section(1, vector(join([]byte{0x60}, u32(1000), repeat(1000, 0x7f), []byte{0}))))},
		{"recursion group", module(section(1, []byte{1, 0x4e, 2}, emptyType, emptyType))},
		{"locals", function(join([]byte{1}, u32(50_000), []byte{0x7f}), 0x0b)},
		{"blocks", function(noLocals, join(repeat(4_999, 0x02, 0x40), repeat(5_000, 0x0b))...)},
		{"br_table", function(noLocals, join([]byte{0x41, 0, 0x0e}, u32(65_520), repeat(65_521, 0), []byte{0x0b})...)},
		{"names", module(section(0, name("name"), []byte{0, 2}, name("m"), []byte{1, 4, 1, 0}, name("f"), []byte{9, 1, 0}))},
		// SIMD opcodes from 0x80 on: wazero reads one byte, and their second byte as a nop.
		{"vector", function(noLocals, join([]byte{0xfd, 0x0c}, make([]byte, 16), []byte{0xfd, 0x80, 0x01, 0x1a, 0x0b})...)},
		{"try_table", function(noLocals, 0x02, 0x69, 0x1f, 0x40, 1, 3, 0, 0x0b, 0x0f, 0x0b, 0x1a, 0x0b)},
		{"typed select", function(noLocals, 0xd0, 0x70, 0xd0, 0x70, 0x41, 0, 0x1c, 1, 0x70, 0x1a, 0x0b)},
		{"select of a (ref ...) type", selectOfReference},
		{"block types in more bytes than they need", function(noLocals, 0x02, 0xc0, 0xff, 0xff, 0xff, 0x7f, 0x0b, 0x02, 0x80, 0x80, 0x80, 0x80, 0x80, 0x0b, 0x0b)},
		{"block of a (ref ...) type", function(noLocals, 0x02, 0xe3, 0x7f, 0x70, 0xd0, 0x70, 0x0b, 0x1a, 0x0b)},
		{"table with an initializer", module(section(4, vector([]byte{0x40, 0, 0x70, 0, 1, 0xd0, 0x70, 0x0b})))},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := prescan.Check(c.module, prescan.Limits{}); err != nil {
				if prescan.EngineUpstream && c.name == "select of a (ref ...) type" {
					t.Skip(err)
				}
				t.Fatal(err)
			}
			if _, err := runtime.CompileModule(ctx, c.module); err != nil {
				t.Fatalf("this is not a valid module: %v", err)
			}
			if n := testing.AllocsPerRun(10, func() { prescan.Check(c.module, prescan.Limits{}) }); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

func TestAcceptedNames(t *testing.T) {
	ctx := context.Background()
	runtime := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(features).WithCustomSections(true))
	defer runtime.Close(ctx)
	for name, m := range map[string][]byte{
		"import modules": importsFrom(10_000, 1),
		"by their names": importsFrom(2, 99_995),
		"exports":        exports(671),
		"module name":    module(nameSection(0, name(long(100_000)))),
		"function name":  module(nameSection(1, vector(join([]byte{0}, name(long(100_000)))))),
		"not decoded":    module(nameSection(7, name(long(100_001)))),
		"data":           module(section(0, name("x"), []byte(long(1_000_000)))),
	} {
		if err := prescan.Check(m, prescan.Limits{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := runtime.CompileModule(ctx, m); err != nil {
			t.Errorf("%s is not a valid module: %v", name, err)
		}
	}
}

// Nothing that a module is cut off at makes Check pass what wazero would run on with.
func TestTruncations(t *testing.T) {
	whole := function(join([]byte{1}, u32(3), []byte{0x7f}), 0x02, 0x40, 0x41, 0, 0x0e, 2, 0, 0, 1, 0x0b, 0x0b)
	if err := prescan.Check(whole, prescan.Limits{}); err != nil {
		t.Fatal(err)
	}
	sectionEnds := map[int]bool{8: true, 8 + len(typeSection): true, 8 + len(typeSection) + len(oneFunction): true}
	for n := range whole {
		if err := prescan.Check(whole[:n], prescan.Limits{}); (err == nil) != sectionEnds[n] {
			t.Errorf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
}

func TestImports(t *testing.T) {
	imported := func(module string, description ...byte) []byte { return join(name(module), name("x"), description) }
	m := module(typeSection, section(2, vector(
		imported("shared", 2, 3, 1, 1),
		imported("f", 0, 0),
		imported("both", 2, 3, 1, 1),
		imported("memory", 2, 0, 1),
		imported("table", 1, 0x63, 0x70, 0, 1),
		imported("global", 3, 0x7f, 0),
		imported("both", 3, 0x7f, 1),
		imported("tag", 4, 0, 0),
		imported("shared", 2, 3, 1, 1),
	)))
	// Check refuses it, for its memories; Imports reads it all the same.
	want := []prescan.ImportModule{{"shared", false}, {"f", true}, {"both", true}, {"memory", true}, {"table", true}, {"global", true}, {"tag", true}}
	got, kinds := prescan.Imports(m)
	if kinds != "sfsmtgges" {
		t.Errorf("got kinds %q", kinds)
	}
	if len(got) != len(want) {
		t.Fatalf("got %v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%d: got %v, want %v", i, got[i], want[i])
		}
	}
	if got, _ := prescan.Imports(module(typeSection)); got != nil {
		t.Errorf("got %v for a module without imports", got)
	}
}

func TestWeight(t *testing.T) {
	m := module(typeSection, section(3, []byte{2, 0, 0}), section(10, vector(body(noLocals, 0x0b), body(noLocals, 0x01, 0x01, 0x0b))))
	if code, largest := prescan.Weight(m); code != 9 || largest != 4 {
		t.Errorf("got %d, %d", code, largest)
	}
	if code, largest := prescan.Weight(module(typeSection)); code != 0 || largest != 0 {
		t.Errorf("got %d, %d without code", code, largest)
	}
}

func TestInstanceBytes(t *testing.T) {
	small := prescan.InstanceBytes(module(typeSection))
	global := []byte{0x7f, 0, 0x41, 0, 0x0b}
	globals := make([][]byte, 1000)
	for i := range globals {
		globals[i] = global
	}
	if more := prescan.InstanceBytes(module(section(6, vector(globals...)))) - small; more < 50_000 || more > 200_000 {
		t.Errorf("1000 globals are %d bytes", more)
	}
}

func TestIsQuick(t *testing.T) {
	memory := func(pages uint32) []byte { return section(5, vector(join([]byte{0}, u32(pages)))) }
	tables := section(4, vector([]byte{0x70, 1, 1, 2}, []byte{0x6f, 0, 1}))
	for name, m := range map[string][]byte{
		"empty":    module(),
		"usual":    module(typeSection, oneFunction, tables, memory(256)),
		"maximum":  module(typeSection, section(5, vector(join([]byte{3}, u32(1), u32(65536))))),
		"imported": module(section(2, vector(join(name("a"), name("b"), []byte{2, 0, 1})))),
	} {
		if !prescan.IsQuick(m) {
			t.Error(name, "is not quick")
		}
	}
	for name, m := range map[string][]byte{
		"start":             module(typeSection, oneFunction, section(8, []byte{0})),
		"table":             module(tableSection(4097)),
		"second table":      module(section(4, vector([]byte{0x70, 0, 1}, join([]byte{0x70, 0}, u32(5000))))),
		"table of another":  module(section(4, vector([]byte{0x64, 0, 0, 1}))),
		"initialized table": module(section(4, vector([]byte{0x40, 0, 0x70, 0, 1, 0xd0, 0x70, 0x0b}))),
		"memory":            module(memory(257)),
		"large":             module(section(0, name("x"), repeat(16<<10, 0))),
		"cut":               module(typeSection, []byte{5, 3, 1}),
		"cut in limits":     module(section(5, []byte{1, 1, 1})),
	} {
		if prescan.IsQuick(m) {
			t.Error(name, "is quick")
		}
	}
}
