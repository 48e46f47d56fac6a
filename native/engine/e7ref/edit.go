package e7ref

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e7ref",
	Why: "any typed reference to a function is taken for one of any other type, by the validator, at the import of globals, tables and tags, and in " +
		"recursion groups, and call_ref does not look: a guest calls a function with parameters of other types, and makes references of numbers; " +
		"and a try_table forgets which locals have been set",
	Retire: "an upstream that compares typed references by what their types are",
	Apply: func(t *edit.Tree) {
		// Checked when it is called, as call_indirect does.
		f := t.File(edit.Wazevo + "frontend/lower.go")
		f.After("(*Compiler).prepareCallRef", "builder.InsertInstruction(exitIfNull)", "c.exitUnlessType(functionInstancePtr, typeIndex)")
		// Numbers of types were within reach of modules with tables only.
		t.File(edit.Wazevo+"wazevoapi/offsetdata.go").Before("NewModuleContextOffsetData", "if tags := int(m.ImportTagCount) + len(m.TagSection); tags > 0", `
	if ret.TypeIDs1stElement < 0 && m.ComparesTypes() {
		offset = align8(offset)
		ret.TypeIDs1stElement = offset
		offset += 8
	}`)
		t.File(edit.Wazevo+"module_engine.go").Before("(*moduleEngine).setupOpaque", "if tableOffset := offsets.TablesBegin; tableOffset >= 0", `
	if at := offsets.TypeIDs1stElement; at >= 0 && len(inst.TypeIDs) > 0 {
		binary.LittleEndian.PutUint64(opaque[at:], uint64(uintptr(unsafe.Pointer(&inst.TypeIDs[0]))))
	}`)
		f = t.File("internal/engine/interpreter/interpreter.go")
		f.ReplaceTexts(2, "tf := functionFromUintptr(uintptr(ref))", "tf := functionOfType(ref, typeIDs[op.U1])")

		// And when it is validated.
		f = t.File("internal/wasm/module.go")
		f.AddField("Module", "\n// canonical are the first indexes of equal types, functionTypes the types of functions while it is validated, see references.go.\ncanonical, functionTypes []Index")
		f.ReplaceExpr("isRefSubtypeOf", "expected.Kind() == ValueTypeFuncref.Kind()", "expected.AsNullable() == ValueTypeFuncref")
		f.After("(*Module).Validate", "if err := m.validateConcreteRefTypes(); err != nil", "if err := m.canonicalizeTypes(enabledFeatures); err != nil {\nreturn err\n}")
		f.Before("(*Module).Validate", "if err = m.validateTableInitExprs(globals, uint32(len(functions))); err != nil", "m.functionTypes = functions\ndefer func() { m.functionTypes = nil }()\n")
		const constant = "(*Module).validateConstExpression"
		f.AtStart(constant, "isFunction := false")
		f.After(constant, "lastRefFuncIdx = funcIndex", "isFunction = true")
		f.Replace(constant, "if typ == ValueTypeFuncref", "if typ, err = m.constantType(typ, isFunction, lastRefFuncIdx); err != nil {\nreturn err\n}")
		f.After("(*ModuleInstance).buildGlobals", "g.Type = gs.Type", "g.Type.ValType = m.storeType(gs.Type.ValType)")
		f.After("(*ModuleInstance).buildTags", "t := &TagInstance{ Type: &module.TypeSection[tag.Type], }", "if len(m.TypeIDs) > 0 {\nt.TypeID = m.TypeIDs[tag.Type]\n}")

		f = t.File("internal/wasm/table.go")
		const table = "(*Module).validateTable"
		f.Inside(table, "for ei, init := range elem.Init", "isFunction, function := false, Index(0)")
		f.After(table, "if funcIndex >= Index(funcCount)", "isFunction, function = true, funcIndex")
		f.Replace(table, "switch elem.Type", `
			actual, err := m.constantType(initType, isFunction, function)
			if err != nil {
				return err
			}
			if !isRefSubtypeOf(actual, elem.Type) {
				return fmt.Errorf("%s[%d].init[%d] must be %s but was %s", SectionIDName(SectionIDElement), idx, ei, ValueTypeName(elem.Type), ValueTypeName(initType))
			}`)
		f.ReplaceExpr("(*ModuleInstance).buildTables", "tsec.Type", "m.storeType(tsec.Type)")

		const validate = "(*Module).validateFunctionWithMaxStackValues"
		f = t.File("internal/wasm/func_validation.go")
		f.ReplaceTexts(4, "DecodeBlockType(m.TypeSection, br, enabledFeatures)", "m.decodeBlockType(br, enabledFeatures)")
		for _, expr := range []string{"ValueTypeConcreteRef(typeIndex, true)", "ValueTypeConcreteRef(typeIdx, true)", "ValueTypeConcreteRef(functions[index], false)"} {
			f.ReplaceExpr(validate, expr, "m.canonicalType("+expr+")")
		}
		// Each label has to take what there is, not what the default label takes.
		f.After(validate, "if actual == valueTypeUnknown", "defaultLabelType[index] = actual")
		f.ReplaceExpr(validate, "areRefTypesCompatible(defaultLabelType[i], tableLabelType[i])", "isRefSubtypeOf(defaultLabelType[i], tableLabelType[i])")
		f.After(validate, "controlBlockStack.push(pc, 0, 0, bt, 0, op)", "controlBlockStack.stack[len(controlBlockStack.stack)-1].savedInitLocals = maps.Clone(sts.initLocals)")
		t.File("internal/wasm/immediates.go").Before("(*Module).validateTypedSelect", "if err := s.popAndVerifyType(ValueTypeI32); err != nil", "t = m.canonicalType(t)")

		// And when it is imported.
		f = t.File("internal/wasm/store.go")
		f.AddField("TagInstance", "// TypeID is the number of the type in the store.\nTypeID FunctionTypeID")
		const imports = "(*ModuleInstance).resolveImports"
		f.ReplaceExpr(imports, "expected.Type != importedTable.Type", "m.storeType(expected.Type) != importedTable.Type")
		f.ReplaceExpr(imports, "expected.Mutable && expected.ValType != importedGlobal.Type.ValType", "expected.Mutable && m.storeType(expected.ValType) != importedGlobal.Type.ValType")
		f.ReplaceExpr(imports, "isRefSubtypeOf(importedGlobal.Type.ValType, expected.ValType)", "isRefSubtypeOf(importedGlobal.Type.ValType, m.storeType(expected.ValType))")
		f.ReplaceExpr(imports, "!importedTag.Type.EqualsType(expected)", "len(m.TypeIDs) == 0 && !importedTag.Type.EqualsType(expected) || len(m.TypeIDs) > 0 && importedTag.TypeID != m.TypeIDs[i.DescTag]")
		f.ReplaceDecl("func (s *Store) GetFunctionTypeIDs", "")
	},
}
