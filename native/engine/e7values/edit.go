package e7values

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added:  added,
	ID:     "e7values",
	Why:    "api.Global reads and writes the low half of a v128 and zeroes the other",
	Retire: "an upstream api.Global with both halves",
}
