package e14validate

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added:  added,
	ID:     "e14validate",
	Why:    "whether bytes are a module can only be asked by compiling them, which takes many times as long",
	Retire: "an upstream that decodes and validates a module without compiling it",
	Apply:  func(*edit.Tree) {},
}
