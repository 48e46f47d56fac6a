package main

const wazevo = "internal/engine/wazevo/"

var syscallEdit = edit{
	id: "e1",
	why: "native code never reaches a safe point of Go's scheduler, so one looping guest stops the collector and with it " +
		"every other guest and every call on the JS thread; between entersyscall and exitsyscall nobody waits for it",
	retire: "wazero pull request 2524, or any that runs native code outside a running P",
	apply: func(t *tree) {
		for _, arch := range []string{"amd64", "arm64"} {
			f := t.file(wazevo + "entrypoint_" + arch + ".go")
			f.replaceText("//go:linkname entrypoint ", "//go:linkname nativeEntrypoint ")
			f.replaceText("//go:linkname afterGoFunctionCallEntrypoint ", "//go:linkname nativeAfterGoFunctionCallEntrypoint ")
			f.rename("entrypoint", "nativeEntrypoint")
			f.rename("afterGoFunctionCallEntrypoint", "nativeAfterGoFunctionCallEntrypoint")
		}
		// The results are written through this pointer, of which native code holds a copy the collector does not see.
		// Collections now happen during native code, so it is kept alive to the end of the call, also for a caller
		// who drops his slice.
		f := t.file(wazevo + "call_engine.go")
		f.before("(*callEngine).callWithStack", "r := recover()", "runtime.KeepAlive(paramResultPtr)")
	},
}
