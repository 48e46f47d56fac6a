package e1syscall

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e1",
	Why: "native code never reaches a safe point of Go's scheduler, so one looping guest stops the collector and with it " +
		"every other guest and every call on the JS thread; between entersyscall and exitsyscall nobody waits for it",
	Retire: "wazero pull request 2524, or any that runs native code outside a running P",
	Apply: func(t *edit.Tree) {
		for _, arch := range []string{"amd64", "arm64"} {
			f := t.File(edit.Wazevo + "entrypoint_" + arch + ".go")
			f.ReplaceText("//go:linkname entrypoint ", "//go:linkname nativeEntrypoint ")
			f.ReplaceText("//go:linkname afterGoFunctionCallEntrypoint ", "//go:linkname nativeAfterGoFunctionCallEntrypoint ")
			f.Rename("entrypoint", "nativeEntrypoint")
			f.Rename("afterGoFunctionCallEntrypoint", "nativeAfterGoFunctionCallEntrypoint")
		}
		// The results are written through this pointer, of which native code holds a copy the collector does not see.
		// Collections now happen during native code, so it is kept alive to the end of the call, also for a caller
		// who drops his slice.
		f := t.File(edit.Wazevo + "call_engine.go")
		f.Before("(*callEngine).callWithStack", "r := recover()", "runtime.KeepAlive(paramResultPtr)")
	},
}
