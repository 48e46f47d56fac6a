package e13waiting

import (
	"fmt"
	"regexp"
	"strings"

	"wazeroengine/edit"
)

var argumentSlots = regexp.MustCompile(`(?s)^.*movq %r13, %rsp\n.*?sub \$(\d+), %rsp\n.*$`)

// editTests has upstream's tests of what an entry is expect the two words at the top of the stack.
func editTests(t *edit.Tree) {
	t.File(edit.Wazevo+"call_engine_test.go").ReplaceText("1000*16+32+16", "1000*16+32+16+entryContexts")

	f := t.File(edit.Wazevo + "backend/isa/amd64/abi_entry_preamble_test.go")
	const enter, call = "\tmovq %r13, %rsp\n", "\tcallq *%r14\n"
	pieces := strings.Split(f.Text(), call)
	if len(pieces) != 8 {
		edit.Fail("%s: expected 7 entries but found %d", f.Path(), len(pieces)-1)
	}
	var text strings.Builder
	for i, piece := range pieces {
		if i == len(pieces)-1 {
			text.WriteString(piece)
			break
		}
		at := strings.LastIndex(piece, enter)
		first, second := "(%rsp)", "8(%rsp)"
		if m := argumentSlots.FindStringSubmatch(piece[at:]); m != nil {
			var size int
			fmt.Sscan(m[1], &size)
			first, second = fmt.Sprintf("%d(%%rsp)", size), fmt.Sprintf("%d(%%rsp)", size+8)
		}
		text.WriteString(piece[:at] + enter + "\tsub $16, %rsp\n\tmov.q %rax, (%rsp)\n\tmov.q %r12, 8(%rsp)\n" + piece[at+len(enter):] + call +
			"\tmovq " + first + ", %rdx\n\tmovq " + second + ", %r12\n")
	}
	f.Set([]byte(text.String()))

	f = t.File(edit.Wazevo + "backend/isa/arm64/abi_entry_preamble_test.go")
	f.ReplaceTexts(8, "\tmov sp, x26\n", "\tmov sp, x26\n\tstp x20, x19, [sp, #-0x10]!\n")
	f.ReplaceTexts(8, "\tbl x24\n", "\tbl x24\n\tldr x20, [sp]\n\tldr x19, [sp, #0x8]\n")
}
