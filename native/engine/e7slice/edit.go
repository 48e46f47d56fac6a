package e7slice

import (
	"embed"
	"regexp"
	"strings"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e7slice",
	Why: "a read that ends with the last byte of a 4 GiB memory panics: the end of the slice overflows to 0 (interpreter and api.Memory); and " +
		"to compiled code a module's own memory of 4 GiB has no bytes and no pages, for it reads 32 bits of the length",
	Retire: "wazero pull request 2506, and compiled code that reads all of LocalMemoryLen",
	Apply: func(t *edit.Tree) {
		wholeLength(t)
		f := t.File("internal/wasm/memory.go")
		f.ReplaceExpr("(*MemoryInstance).ReadUint16Le", "m.Buffer[offset : offset+2]", "m.Buffer[offset:]")
		f.ReplaceExpr("(*MemoryInstance).readUint32Le", "m.Buffer[offset : offset+4]", "m.Buffer[offset:]")
		f.ReplaceExpr("(*MemoryInstance).readUint64Le", "m.Buffer[offset : offset+8]", "m.Buffer[offset:]")
		f.Replace("(*MemoryInstance).Read", "return m.Buffer[offset : offset+byteCount : offset+byteCount], true",
			"end := uint64(offset) + uint64(byteCount)\nreturn m.Buffer[offset:end:end], true")
	},
}

// wholeLength: 64 bits of the length to check an access, and of those, for memory.size, the 32 that count pages.
func wholeLength(t *edit.Tree) {
	f := t.File(edit.Wazevo + "frontend/lower.go")
	f.ReplaceText("load.AsExtLoad(ssa.OpcodeUload32, c.moduleCtxPtrValue, c.offset.LocalMemoryLen().U32(), true)",
		"load.AsLoad(c.moduleCtxPtrValue, c.offset.LocalMemoryLen().U32(), ssa.TypeI64)")
	f.ReplaceText("AsLoad(memInstPtr, memoryInstanceBufSizeOffset, ssa.TypeI32)", "AsLoad(memInstPtr, memoryInstanceBufSizeOffset+2, ssa.TypeI32)")
	f.ReplaceText("AsLoad(c.moduleCtxPtrValue, c.offset.LocalMemoryLen().U32(), ssa.TypeI32)",
		"AsLoad(c.moduleCtxPtrValue, c.offset.LocalMemoryLen().U32()+2, ssa.TypeI32)")
	f.ReplaceText("amount.AsIconst32(uint32(wasm.MemoryPageSizeInBits))", "amount.AsIconst32(0)")

	wholeLengthTests(t.File(edit.Wazevo + "frontend/frontend_test.go"))
}

// wholeLengthTests changes upstream's tests that pin the text of these loads. The shift by nothing goes with the passes.
func wholeLengthTests(f *edit.File) {
	text := strings.ReplaceAll(f.Text(), "i64 = Uload32 module_ctx, 0x10", "i64 = Load module_ctx, 0x10")
	text = memorySize.ReplaceAllStringFunc(text, func(lines string) string {
		lines = strings.Replace(lines, "Iconst_32 0x10", "Iconst_32 0x0", 1)
		return strings.NewReplacer("module_ctx, 0x10\n", "module_ctx, 0x12\n", ", 0x8\n", ", 0xa\n").Replace(lines)
	})
	for _, test := range []string{"imported_memory_grow", "memory_size_grow", "if_then_end_nesting_unreachable_if_then_else_end"} {
		before, rest, ok := strings.Cut(text, `name: "`+test+`"`)
		expected, passes, okPasses := strings.Cut(rest, "expAfterPasses: `")
		passes, after, okEnd := strings.Cut(passes, "`")
		if !ok || !okPasses || !okEnd {
			edit.Fail("%s: no test %s", f.Path(), test)
		}
		for _, shift := range noShift.FindAllStringSubmatch(passes, -1) {
			passes = strings.Replace(passes, shift[0], "", 1)
			passes = regexp.MustCompile(shift[1]+`\b`).ReplaceAllString(passes, shift[2])
		}
		text = before + `name: "` + test + `"` + expected + "expAfterPasses: `" + passes + "`" + after
	}
	f.Set([]byte(text))
}

var (
	memorySize = regexp.MustCompile(`\tv\d+:i32 = Load \w+, 0x(?:10|8)\n\tv\d+:i32 = Iconst_32 0x10\n\tv\d+:i32 = Ushr `)
	noShift    = regexp.MustCompile(`\tv\d+:i32 = Iconst_32 0x0\n\t(v\d+):i32 = Ushr (v\d+), v\d+\n`)
)
