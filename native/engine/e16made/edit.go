package e16made

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e16made",
	Why: "a host has no memory, table, global or tag to give to guests but that of a guest: each costs a module that is written byte by byte, compiled and " +
		"registered; nobody but code of guests reads or writes a table; and a function has no reference before a guest has made one",
	Retire: "an upstream whose hosts make memories, tables, globals and tags, read and write tables, and refer to functions",
}
