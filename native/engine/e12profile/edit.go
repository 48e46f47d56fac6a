package e12profile

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e12profile",
	Why: "upstream shows the stack of a guest to listeners, which have to be compiled in, and hear each call; who only wants to know now and " +
		"then where a guest is asks at a poll of e2, which stops it there anyway",
	Retire: "an upstream StackIterator that can be had at any host call or interruption",
	Apply: func(t *edit.Tree) {
		t.File("internal/nodehost/control.go").AddField("Control", "// walkers are the calls made with it that are under way, the innermost last. Only their goroutine looks.\nwalkers []Walker")

		f := t.File(edit.Wazevo + "interrupt.go")
		f.Inside("(*callEngine).beginCall", "if c.control = nodehost.ControlOf(ctx); c.control != nil", "c.control.PushWalker(c)")
		f.Inside("(*callEngine).endCall", "if c.control != nil", "c.control.PopWalker()")

		f = t.File("internal/engine/interpreter/poll.go")
		f.After("(*callEngine).beginPolling", "ce.polling.control = nodehost.ControlOf(ctx)", "ce.polling.control.PushWalker(ce)")
		f.ReplaceBody("(*callEngine).endPolling", "ce.polling.control.PopWalker()\nce.polling = polling{}")
	},
}
