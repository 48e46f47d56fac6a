package e11fork

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e11fork",
	Why: "a host cannot take the state of an instance and make others that begin there: tables and globals hold addresses, which only the " +
		"engine can turn into what they mean and back",
	Retire: "an upstream that makes an image of an instance, and instances of it",
	Apply: func(t *edit.Tree) {
		f := t.File("internal/wasm/store.go")
		f.AtStart("(*Store).instantiate", `if img := imageOf(ctx); img != nil {
		return s.instantiateImage(ctx, img, module, name, sysCtx, typeIDs)
	}`)

		f.Before("(*Store).instantiate", "if module.StartSection != nil", "m.giveBeginning(ctx)")

		// Functions that an image refers to are made at once, in one piece: see image.go there.
		f = t.File(edit.Wazevo + "module_engine.go")
		f.AddField("moduleEngine", "// frozen are the functions that its image refers to, see image.go.\nfrozen frozenFunctions")
		f = t.File(edit.Wazevo + "closed.go")
		f.AtStart("(*moduleEngine).functionReference", "if f := m.frozen.find(funcIndex); f != nil {\nreturn f\n}")
		f.After("(*moduleEngine).ModuleClosed", "m.gate.closed = true", "m.closeFrozen()")
	},
}
