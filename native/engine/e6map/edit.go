package e6map

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit: see _add/internal/engine/wazevo/source_map.go.
var Edit = edit.Edit{
	Added: added,
	ID:    "e6map",
	Why: "where the instructions of a module with DWARF come from is kept as two words for each, decoded whenever code is loaded: for CPython " +
		"as much memory as its code, read by nobody until there is a trace",
	Retire: "an upstream whose source map is compact",
	Apply: func(t *edit.Tree) {
		f := t.File(edit.Wazevo + "engine.go")
		f.ReplaceDecl("type sourceMap struct", "")
		const add = "(*engineRelocator).appendFunction"
		f.Replace(add, "cm.sourceMap.executableOffsets = append(cm.sourceMap.executableOffsets, uintptr(r.totalSize))",
			"cm.sourceMap.add(uint64(r.totalSize), module.CodeSection[fnum].BodyOffsetInCodeSection)")
		f.Replace(add, "cm.sourceMap.wasmBinaryOffsets = append(cm.sourceMap.wasmBinaryOffsets, module.CodeSection[fnum].BodyOffsetInCodeSection)", "")
		f.Replace(add, "cm.sourceMap.executableOffsets = append(cm.sourceMap.executableOffsets, uintptr(r.totalSize)+uintptr(info.ExecutableOffset))", "")
		f.Replace(add, "cm.sourceMap.wasmBinaryOffsets = append(cm.sourceMap.wasmBinaryOffsets, uint64(info.SourceOffset))",
			"cm.sourceMap.add(uint64(r.totalSize)+uint64(info.ExecutableOffset), uint64(info.SourceOffset))")
		f.Replace("(*engine).compileModule", "if needSourceInfo", "")
		f.ReplaceBody("(*compiledModule).getSourceOffset", `
	start := uintptr(unsafe.Pointer(unsafe.SliceData(cm.executable)))
	if pc < start {
		return 0
	}
	return cm.sourceMap.find(uint64(pc - start))`)

		f = t.File(edit.Wazevo + "engine_cache.go")
		f.RemoveImports("unsafe")
		f.Replace("serializeCompiledModule", "if sm := cm.sourceMap; len(sm.executableOffsets) > 0", `
	if len(cm.sourceMap.index) > 0 {
		buf.WriteByte(1) // indicates that source map is present.
		buf.Write(cm.sourceMap.appendTo(nil))
	} else {
		buf.WriteByte(0) // indicates that source map is not present.
	}`)
		f.Replace("deserializeCompiledModule", "if eightBytes[0] == 1", `
	if eightBytes[0] == 1 {
		for _, part := range []*[]byte{&cm.sourceMap.index, &cm.sourceMap.places} {
			size, err := readUint64(reader, &eightBytes)
			if err != nil {
				return nil, false, fmt.Errorf("compilationcache: error reading source map length: %v", err)
			}
			if *part, err = io.ReadAll(io.LimitReader(reader, int64(size))); err != nil || uint64(len(*part)) != size {
				return nil, false, fmt.Errorf("compilationcache: error reading source map: %v", err)
			}
		}
	}`)
	},
}
