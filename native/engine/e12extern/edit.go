package e12extern

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added:  added,
	ID:     "e12extern",
	Why:    "nobody can ask which references to values of the host tables and globals still hold, so all of them are kept until the last module is closed",
	Retire: "an upstream that says which externrefs an instance holds",
}
