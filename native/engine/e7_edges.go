package main

import (
	"regexp"
	"strings"
)

var sliceEdit = edit{
	id: "e7slice",
	why: "a read that ends with the last byte of a 4 GiB memory panics: the end of the slice overflows to 0 (interpreter and api.Memory); and " +
		"to compiled code a module's own memory of 4 GiB has no bytes and no pages, for it reads 32 bits of the length",
	retire: "wazero pull request 2506, and compiled code that reads all of LocalMemoryLen",
	apply: func(t *tree) {
		wholeLength(t)
		f := t.file("internal/wasm/memory.go")
		f.replaceExpr("(*MemoryInstance).ReadUint16Le", "m.Buffer[offset : offset+2]", "m.Buffer[offset:]")
		f.replaceExpr("(*MemoryInstance).readUint32Le", "m.Buffer[offset : offset+4]", "m.Buffer[offset:]")
		f.replaceExpr("(*MemoryInstance).readUint64Le", "m.Buffer[offset : offset+8]", "m.Buffer[offset:]")
		f.replace("(*MemoryInstance).Read", "return m.Buffer[offset : offset+byteCount : offset+byteCount], true",
			"end := uint64(offset) + uint64(byteCount)\nreturn m.Buffer[offset:end:end], true")
	},
}

// wholeLength: 64 bits of the length to check an access, and of those, for memory.size, the 32 that count pages.
func wholeLength(t *tree) {
	f := t.file(wazevo + "frontend/lower.go")
	f.replaceText("load.AsExtLoad(ssa.OpcodeUload32, c.moduleCtxPtrValue, c.offset.LocalMemoryLen().U32(), true)",
		"load.AsLoad(c.moduleCtxPtrValue, c.offset.LocalMemoryLen().U32(), ssa.TypeI64)")
	f.replaceText("AsLoad(memInstPtr, memoryInstanceBufSizeOffset, ssa.TypeI32)", "AsLoad(memInstPtr, memoryInstanceBufSizeOffset+2, ssa.TypeI32)")
	f.replaceText("AsLoad(c.moduleCtxPtrValue, c.offset.LocalMemoryLen().U32(), ssa.TypeI32)",
		"AsLoad(c.moduleCtxPtrValue, c.offset.LocalMemoryLen().U32()+2, ssa.TypeI32)")
	f.replaceText("amount.AsIconst32(uint32(wasm.MemoryPageSizeInBits))", "amount.AsIconst32(0)")

	wholeLengthTests(t.file(wazevo + "frontend/frontend_test.go"))
}

// wholeLengthTests changes upstream's tests that pin the text of these loads. The shift by nothing goes with the passes.
func wholeLengthTests(f *file) {
	text := strings.ReplaceAll(string(f.text), "i64 = Uload32 module_ctx, 0x10", "i64 = Load module_ctx, 0x10")
	text = memorySize.ReplaceAllStringFunc(text, func(lines string) string {
		lines = strings.Replace(lines, "Iconst_32 0x10", "Iconst_32 0x0", 1)
		return strings.NewReplacer("module_ctx, 0x10\n", "module_ctx, 0x12\n", ", 0x8\n", ", 0xa\n").Replace(lines)
	})
	for _, test := range []string{"imported_memory_grow", "memory_size_grow", "if_then_end_nesting_unreachable_if_then_else_end"} {
		before, rest, ok := strings.Cut(text, `name: "`+test+`"`)
		expected, passes, okPasses := strings.Cut(rest, "expAfterPasses: `")
		passes, after, okEnd := strings.Cut(passes, "`")
		if !ok || !okPasses || !okEnd {
			fail("%s: no test %s", f.path, test)
		}
		for _, shift := range noShift.FindAllStringSubmatch(passes, -1) {
			passes = strings.Replace(passes, shift[0], "", 1)
			passes = regexp.MustCompile(shift[1]+`\b`).ReplaceAllString(passes, shift[2])
		}
		text = before + `name: "` + test + `"` + expected + "expAfterPasses: `" + passes + "`" + after
	}
	f.set([]byte(text))
}

var (
	memorySize = regexp.MustCompile(`\tv\d+:i32 = Load \w+, 0x(?:10|8)\n\tv\d+:i32 = Iconst_32 0x10\n\tv\d+:i32 = Ushr `)
	noShift    = regexp.MustCompile(`\tv\d+:i32 = Iconst_32 0x0\n\t(v\d+):i32 = Ushr (v\d+), v\d+\n`)
)

var typesEdit = edit{
	id: "e7types",
	why: "a compiled module used in another runtime with the same compilation cache brings type ids of the runtime that " +
		"compiled it: imports are refused, or call_indirect checks the wrong types",
	retire: "wazero pull request 2511",
	apply: func(t *tree) {
		t.file("config.go").addField("compiledModule", "// typeIDsOf is the store that typeIDs are of.\ntypeIDsOf *wasm.Store")
		t.file("builder.go").after("(*hostModuleBuilder).Compile", "c.typeIDs = typeIDs", "c.typeIDsOf = b.r.store")
		f := t.file("runtime.go")
		f.after("(*runtime).CompileModule", "c.typeIDs = typeIDs", "c.typeIDsOf = r.store")
		f.replace("(*runtime).InstantiateModule", "mod, err = r.store.Instantiate(ctx, code.module, name, sysCtx, code.typeIDs)", `
	typeIDs := code.typeIDs
	if code.typeIDsOf != r.store {
		typeIDs, err = r.store.GetFunctionTypeIDs(code.module.TypeSection)
	}
	if err == nil {
		mod, err = r.store.Instantiate(ctx, code.module, name, sysCtx, typeIDs)
	}`)
	},
}

var customEdit = edit{
	id:     "e7custom",
	why:    "a module that ends with a custom section without content is refused: reading nothing at the end is an error",
	retire: "an upstream decodeCustomSection that reads in full",
	apply: func(t *tree) {
		t.file("internal/wasm/binary/custom.go").replace("decodeCustomSection", "_, err = r.Read(buf)", "if limit > 0 {\n_, err = r.Read(buf)\n}")
	},
}
