package main

import (
	"bytes"
)

var refEdit = edit{
	id: "e7ref",
	why: "any typed reference to a function is taken for one of any other type, by the validator, at the import of globals, tables and tags, and in " +
		"recursion groups, and call_ref does not look: a guest calls a function with parameters of other types, and makes references of numbers; " +
		"and a try_table forgets which locals have been set",
	retire: "an upstream that compares typed references by what their types are",
	apply: func(t *tree) {
		// Checked when it is called, as call_indirect does.
		f := t.file(wazevo + "frontend/lower.go")
		f.after("(*Compiler).prepareCallRef", "builder.InsertInstruction(exitIfNull)", "c.exitUnlessType(functionInstancePtr, typeIndex)")
		// Numbers of types were within reach of modules with tables only.
		t.file(wazevo+"wazevoapi/offsetdata.go").before("NewModuleContextOffsetData", "if tags := int(m.ImportTagCount) + len(m.TagSection); tags > 0", `
	if ret.TypeIDs1stElement < 0 && m.ComparesTypes() {
		offset = align8(offset)
		ret.TypeIDs1stElement = offset
		offset += 8
	}`)
		t.file(wazevo+"module_engine.go").before("(*moduleEngine).setupOpaque", "if tableOffset := offsets.TablesBegin; tableOffset >= 0", `
	if at := offsets.TypeIDs1stElement; at >= 0 && len(inst.TypeIDs) > 0 {
		binary.LittleEndian.PutUint64(opaque[at:], uint64(uintptr(unsafe.Pointer(&inst.TypeIDs[0]))))
	}`)
		f = t.file("internal/engine/interpreter/interpreter.go")
		f.replaceTexts(2, "tf := functionFromUintptr(uintptr(ref))", "tf := functionOfType(ref, typeIDs[op.U1])")

		// And when it is validated.
		f = t.file("internal/wasm/module.go")
		f.addField("Module", "\n// canonical are the first indexes of equal types, functionTypes the types of functions while it is validated, see references.go.\ncanonical, functionTypes []Index")
		f.replaceExpr("isRefSubtypeOf", "expected.Kind() == ValueTypeFuncref.Kind()", "expected.AsNullable() == ValueTypeFuncref")
		f.after("(*Module).Validate", "if err := m.validateConcreteRefTypes(); err != nil", "if err := m.canonicalizeTypes(enabledFeatures); err != nil {\nreturn err\n}")
		f.before("(*Module).Validate", "if err = m.validateTableInitExprs(globals, uint32(len(functions))); err != nil", "m.functionTypes = functions\ndefer func() { m.functionTypes = nil }()\n")
		const constant = "(*Module).validateConstExpression"
		f.atStart(constant, "isFunction := false")
		f.after(constant, "lastRefFuncIdx = funcIndex", "isFunction = true")
		f.replace(constant, "if typ == ValueTypeFuncref", "if typ, err = m.constantType(typ, isFunction, lastRefFuncIdx); err != nil {\nreturn err\n}")
		f.after("(*ModuleInstance).buildGlobals", "g.Type = gs.Type", "g.Type.ValType = m.storeType(gs.Type.ValType)")
		f.after("(*ModuleInstance).buildTags", "t := &TagInstance{ Type: &module.TypeSection[tag.Type], }", "if len(m.TypeIDs) > 0 {\nt.TypeID = m.TypeIDs[tag.Type]\n}")

		f = t.file("internal/wasm/table.go")
		const table = "(*Module).validateTable"
		f.inside(table, "for ei, init := range elem.Init", "isFunction, function := false, Index(0)")
		f.after(table, "if funcIndex >= Index(funcCount)", "isFunction, function = true, funcIndex")
		f.replace(table, "switch elem.Type", `
			actual, err := m.constantType(initType, isFunction, function)
			if err != nil {
				return err
			}
			if !isRefSubtypeOf(actual, elem.Type) {
				return fmt.Errorf("%s[%d].init[%d] must be %s but was %s", SectionIDName(SectionIDElement), idx, ei, ValueTypeName(elem.Type), ValueTypeName(initType))
			}`)
		f.replaceExpr("(*ModuleInstance).buildTables", "tsec.Type", "m.storeType(tsec.Type)")

		const validate = "(*Module).validateFunctionWithMaxStackValues"
		f = t.file("internal/wasm/func_validation.go")
		f.replaceTexts(4, "DecodeBlockType(m.TypeSection, br, enabledFeatures)", "m.decodeBlockType(br, enabledFeatures)")
		for _, expr := range []string{"ValueTypeConcreteRef(typeIndex, true)", "ValueTypeConcreteRef(typeIdx, true)", "ValueTypeConcreteRef(functions[index], false)"} {
			f.replaceExpr(validate, expr, "m.canonicalType("+expr+")")
		}
		// Each label has to take what there is, not what the default label takes.
		f.after(validate, "if actual == valueTypeUnknown", "defaultLabelType[index] = actual")
		f.replaceExpr(validate, "areRefTypesCompatible(defaultLabelType[i], tableLabelType[i])", "isRefSubtypeOf(defaultLabelType[i], tableLabelType[i])")
		f.after(validate, "controlBlockStack.push(pc, 0, 0, bt, 0, op)", "controlBlockStack.stack[len(controlBlockStack.stack)-1].savedInitLocals = maps.Clone(sts.initLocals)")
		t.file("internal/wasm/immediates.go").before("(*Module).validateTypedSelect", "if err := s.popAndVerifyType(ValueTypeI32); err != nil", "t = m.canonicalType(t)")

		// And when it is imported.
		f = t.file("internal/wasm/store.go")
		f.addField("TagInstance", "// TypeID is the number of the type in the store.\nTypeID FunctionTypeID")
		const imports = "(*ModuleInstance).resolveImports"
		f.replaceExpr(imports, "expected.Type != importedTable.Type", "m.storeType(expected.Type) != importedTable.Type")
		f.replaceExpr(imports, "expected.Mutable && expected.ValType != importedGlobal.Type.ValType", "expected.Mutable && m.storeType(expected.ValType) != importedGlobal.Type.ValType")
		f.replaceExpr(imports, "isRefSubtypeOf(importedGlobal.Type.ValType, expected.ValType)", "isRefSubtypeOf(importedGlobal.Type.ValType, m.storeType(expected.ValType))")
		f.replaceExpr(imports, "!importedTag.Type.EqualsType(expected)", "len(m.TypeIDs) == 0 && !importedTag.Type.EqualsType(expected) || len(m.TypeIDs) > 0 && importedTag.TypeID != m.TypeIDs[i.DescTag]")
		fn := f.fn("(*Store).GetFunctionTypeIDs")
		f.splice(f.offset(fn.Pos()), f.offset(fn.End()), "")
	},
}

// replaceTexts is replaceText for what must occur n times.
func (f *file) replaceTexts(n int, old, with string) {
	if found := bytes.Count(f.text, []byte(old)); found != n {
		fail("%s: expected %d of %q but found %d", f.path, n, old, found)
	}
	f.set(bytes.ReplaceAll(f.text, []byte(old), []byte(with)))
}
