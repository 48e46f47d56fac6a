package main

var exceptionEdit = edit{
	id: "e7exn",
	why: "references to exceptions are addresses in the guest's values that nothing keeps alive but for the last one: a guest " +
		"that keeps two uses freed memory, and a host can pass any number as one (null stays allowed)",
	retire: "an upstream whose references to exceptions are roots of the collector",
	apply: func(t *tree) {
		f := t.file("internal/wasm/store.go")
		f.addField("Store", "\n// exceptions are those that globals and tables may refer to.\nexceptions storedExceptions")
		f.atStart("(*Store).instantiate", "s.exceptions.instantiating(module)")

		f = t.file(wazevo + "call_engine.go")
		f.addField("callEngine", `
		// exceptions are those that the call may hold references to.
		exceptions wasm.ExceptionRoots
		// exceptionParams are the positions of parameters that must be null.
		exceptionParams []int`)
		t.file(wazevo+"closed.go").atStart("(*callEngine).callUnlessClosed", "for _, i := range c.exceptionParams {\nif paramResultStack[i] != 0 {\nreturn wasm.ErrExceptionParam\n}\n}")
		f.after("(*callEngine).callWithStack", "r := recover()", "c.exceptions.End(m)")
		f.before("(*callEngine).doHandleException", "return true", "c.rootException(exn, clause.Kind)")
		f.atStart("(*callEngine).Snapshot", "c.exceptions.KeepAll = true")
		t.file(wazevo+"module_engine.go").after("(*moduleEngine).NewFunction", "ce.init()", "ce.exceptionParams = typ.ExceptionParams()")

		f = t.file("internal/engine/interpreter/interpreter.go")
		f.addField("callEngine", `
	// exceptions are those that the call may hold references to, thrown is the last one until it is caught.
	exceptions wasm.ExceptionRoots
	thrown     *wasm.Exception`)
		f.after("(*callEngine).call", "m := ce.f.moduleInstance", "for _, i := range ce.f.funcType.ExceptionParams() {\nif params[i] != 0 {\nreturn nil, wasm.ErrExceptionParam\n}\n}")
		f.before("(*callEngine).call", "ce.pushValues(params)", "defer ce.exceptions.End(m)")
		f.after("(*callEngine).callNativeFunc", "exn := &wasm.Exception{Tag: tag, Params: params}", "ce.thrown = exn")
		f.after("(*callEngine).callNativeFunc", "exn := *(**wasm.Exception)(unsafe.Pointer(&v))", "ce.thrown = exn")
		f.atStart("(*thrownException).doRestore", "ce.thrown = t.exception")
		f.after("(*callEngine).applyExceptionHandler", "ce.stack = append(ce.stack, values...)", "ce.rootException(clause.kind)")
		f.atStart("(*callEngine).Snapshot", "ce.exceptions.KeepAll = true")
	},
}
