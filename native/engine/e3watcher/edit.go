package e3watcher

import "wazeroengine/edit"

// Edit is this edit.
var Edit = edit.Edit{
	ID:     "e3",
	Why:    "with WithCloseOnContextDone every call starts and stops a goroutine, also for a context that cannot end: about 1 us a call",
	Retire: "an upstream CloseModuleOnCanceledOrTimeout that uses context.AfterFunc",
	Apply: func(t *edit.Tree) {
		f := t.File("internal/wasm/module_instance.go")
		f.AddImport("sync")
		f.ReplaceBody("(*ModuleInstance).CloseModuleOnCanceledOrTimeout", `
	if ctx.Done() == nil {
		return func() {} // cannot end
	}
	var mux sync.Mutex
	var ended bool
	stop := context.AfterFunc(ctx, func() {
		mux.Lock()
		defer mux.Unlock()
		if !ended {
			m.closeModuleOnCanceledOrTimeout(ctx, nil)
		}
	})
	return func() {
		if !stop() {
			// The context ended first or at the same time. Either the module is closed when the call looks at it
			// after this, or it stays open: never is it closed behind a call that succeeded.
			mux.Lock()
			ended = true
			mux.Unlock()
		}
	}`)
	},
}
