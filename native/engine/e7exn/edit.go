package e7exn

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e7exn",
	Why: "references to exceptions are addresses in the guest's values that nothing keeps alive but for the last one: a guest " +
		"that keeps two uses freed memory, and a host can pass any number as one (null stays allowed)",
	Retire: "an upstream whose references to exceptions are roots of the collector",
	Apply: func(t *edit.Tree) {
		f := t.File("internal/wasm/store.go")
		f.AddField("Store", "\n// exceptions are those that globals and tables may refer to.\nexceptions storedExceptions")
		f.AtStart("(*Store).instantiate", "s.exceptions.instantiating(module)")

		f = t.File(edit.Wazevo + "call_engine.go")
		f.AddField("callEngine", `
		// exceptions are those that the call may hold references to.
		exceptions wasm.ExceptionRoots
		// exceptionParams are the positions of parameters that must be null.
		exceptionParams []int`)
		t.File(edit.Wazevo+"closed.go").AtStart("(*callEngine).callUnlessClosed", "for _, i := range c.exceptionParams {\nif paramResultStack[i] != 0 {\nreturn wasm.ErrExceptionParam\n}\n}")
		f.After("(*callEngine).callWithStack", "r := recover()", "c.exceptions.End(m)")
		f.Before("(*callEngine).doHandleException", "return true", "c.rootException(exn, clause.Kind)")
		f.AtStart("(*callEngine).Snapshot", "c.exceptions.KeepAll = true")
		t.File(edit.Wazevo+"module_engine.go").After("(*moduleEngine).NewFunction", "ce.init()", "ce.exceptionParams = typ.ExceptionParams()")

		f = t.File("internal/engine/interpreter/interpreter.go")
		f.AddField("callEngine", `
	// exceptions are those that the call may hold references to, thrown is the last one until it is caught.
	exceptions wasm.ExceptionRoots
	thrown     *wasm.Exception`)
		f.After("(*callEngine).call", "m := ce.f.moduleInstance", "for _, i := range ce.f.funcType.ExceptionParams() {\nif params[i] != 0 {\nreturn nil, wasm.ErrExceptionParam\n}\n}")
		f.Before("(*callEngine).call", "ce.pushValues(params)", "defer ce.exceptions.End(m)")
		f.After("(*callEngine).callNativeFunc", "exn := &wasm.Exception{Tag: tag, Params: params}", "ce.thrown = exn")
		f.After("(*callEngine).callNativeFunc", "exn := *(**wasm.Exception)(unsafe.Pointer(&v))", "ce.thrown = exn")
		f.AtStart("(*thrownException).doRestore", "ce.thrown = t.exception")
		f.After("(*callEngine).applyExceptionHandler", "ce.stack = append(ce.stack, values...)", "ce.rootException(clause.kind)")
		f.AtStart("(*callEngine).Snapshot", "ce.exceptions.KeepAll = true")
	},
}
