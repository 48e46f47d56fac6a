package e6cache

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e6",
	Why: "a module whose code is there already, in memory or in a file that was checked, is decoded and validated again, which is most of " +
		"the time of loading it; and wazero's own files are checked in part only: one that was truncated is an error for ever",
	Retire: "an upstream file cache that checks the whole entry, heals itself, and takes it as proof of validity",
	Apply: func(t *edit.Tree) {
		t.File("internal/wasm/module.go").AddField("Module", "\n// CodeVerified: these very bytes have been validated before, and function bodies are not there.\nCodeVerified bool")
		t.File("internal/wasm/module.go").ReplaceExpr("(*Module).validateFunctions", "c.GoFunc != nil", "c.GoFunc != nil || m.CodeVerified")

		f := t.File("internal/wasm/binary/decoder.go")
		f.ReplaceText("dwarfEnabled, storeCustomSections bool,\n)", "dwarfEnabled, storeCustomSections bool,\ntrusted ...Trusted, // at most one\n)")
		f.Replace("DecodeModule", "m.CodeSection, err = decodeCodeSection(r)",
			"if m.CodeVerified {\nm.CodeSection, err = countCodeSection(r, sectionSize)\n} else {\nm.CodeSection, err = decodeCodeSection(r)\n}")
		f.Replace("DecodeModule", "m := &wasm.Module{}", "verified, kept := trustedOf(binary, trusted)\nm := &wasm.Module{CodeVerified: verified}")
		f.Replace("DecodeModule", "c, err = decodeCustomSection(r, name, uint64(limit))",
			"if kept != nil {\nc, err = keptCustomSection(r, name, uint64(limit), kept)\n} else {\nc, err = decodeCustomSection(r, name, uint64(limit))\n}")
		f.ReplaceExpr("DecodeModule", "decodeDataSection(r, enabledFeatures)", "decodeDataSection(r, enabledFeatures, kept)")

		// Upstream's tests call both without what is kept.
		f = t.File("internal/wasm/binary/section.go")
		f.ReplaceText("func decodeDataSection(r *bytes.Reader, enabledFeatures api.CoreFeatures)", "func decodeDataSection(r *bytes.Reader, enabledFeatures api.CoreFeatures, kept ...[]byte)")
		f.ReplaceExpr("decodeDataSection", "decodeDataSegment(r, enabledFeatures, &result[i])", "decodeDataSegment(r, enabledFeatures, &result[i], kept...)")
		f = t.File("internal/wasm/binary/data.go")
		f.ReplaceText("func decodeDataSegment(r *bytes.Reader, enabledFeatures api.CoreFeatures, ret *wasm.DataSegment)", "func decodeDataSegment(r *bytes.Reader, enabledFeatures api.CoreFeatures, ret *wasm.DataSegment, kept ...[]byte)")
		f.Before("decodeDataSegment", "ret.Init = make([]byte, vs)", "if len(kept) > 0 && kept[0] != nil {\nif ret.Init, err = keptBytes(r, uint64(vs), kept[0]); err != nil {\nerr = fmt.Errorf(\"read bytes for init: %v\", err)\n}\nreturn\n}")

		f = t.File("runtime.go")
		f.AddImport("github.com/tetratelabs/wazero/internal/nodehost")
		const compile = "(*runtime).CompileModule"
		f.Before(compile, `internal, err := binaryformat.DecodeModule(binary, r.enabledFeatures,
		r.memoryLimitPages, r.memoryCapacityFromMax, !r.dwarfDisabled, r.storeCustomSections)`, "exchange := nodehost.ExchangeOf(ctx)")
		f.ReplaceExpr(compile, `binaryformat.DecodeModule(binary, r.enabledFeatures,
		r.memoryLimitPages, r.memoryCapacityFromMax, !r.dwarfDisabled, r.storeCustomSections)`, `binaryformat.DecodeModule(binary, r.enabledFeatures,
		r.memoryLimitPages, r.memoryCapacityFromMax, !r.dwarfDisabled, r.storeCustomSections, binaryformat.Trusted{Verified: exchange.IsVerified(), Kept: exchange.IsKept()})`)
		f.Replace(compile, "internal.AssignModuleID(binary, listeners, r.ensureTermination)",
			"if exchange != nil {\ninternal.ID = exchange.ID\n} else {\ninternal.AssignModuleID(binary, listeners, r.ensureTermination)\n}")

		f = t.File(edit.Wazevo + "engine.go")
		f.After("(*engine).CompileModule", "if _, ok, err := e.getCompiledModule(module, listeners, ensureTermination); ok",
			"if ok, err := e.takeCode(ctx, module, listeners, ensureTermination); ok || err != nil {\nreturn err\n}")
		f.After("(*engine).CompileModule", "if cm, err = e.addCompiledModule(module, cm); err != nil", "giveCode(ctx, cm)")
	},
}
