package e2interrupt

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"wazeroengine/edit"
)

// pollTests changes upstream's tests that pin the text of what the edit changes.
func pollTests(t *edit.Tree) {
	// An InterruptPoll has taken the place of the call.
	f := t.File(edit.Wazevo + "frontend/frontend_test.go")
	for _, jump := range []string{"Jump blk1", "Jump fallthrough"} { // before and after the passes
		head, loop := "blk0: (exec_ctx:i64, module_ctx:i64)\n\t"+jump+"\n\n", "blk1: () <-- (blk0,blk1)\n\t"
		f.ReplaceText("signatures:\n\tsig2: i64_v\n\n"+head+loop+"v2:i64 = Load exec_ctx, 0x58\n\tCallIndirect v2:sig2, exec_ctx\n",
			head+loop+"InterruptPoll exec_ctx\n")
	}

	const isa = edit.Wazevo + "backend/isa/arm64/"
	f = t.File(isa + "machine_pro_epi_logue_test.go")
	f.Set([]byte(prologueCall(f.Text())))
	f.ReplaceDecl("func TestMachine_CompileStackGrowCallSequence", "") // another sequence; the tests of polls run it
	f = t.File(isa + "abi_go_call_test.go")
	f.Set([]byte(withoutX28(prologueCall(f.Text()))))
}

// prologueCall rewrites the text of the prologue's call of the trampoline on arm64.
func prologueCall(text string) string {
	text = strings.ReplaceAll(text, "b.ge #0x14\n", "b.ge #0x18\n")
	return strings.ReplaceAll(text, "\tldr x27, [x0, #0x50]\n\tbl x27\n", "\tldr x11, [x0, #0x50]\n\tmov x27, x0\n\tbl x11\n")
}

var savedVector = regexp.MustCompile(`\t(?:str|ldr) q(?:1[89]|2\d|3[01]), \[x0, #0x([0-9a-f]+)\]\n`)

// withoutX28 rewrites the text of what a trampoline to Go saves: what came after x28 moves up by a slot.
func withoutX28(text string) string {
	text = strings.NewReplacer("\tstr x28, [x0, #0xe0]\n", "", "\tldr x28, [x0, #0xe0]\n", "").Replace(text)
	return savedVector.ReplaceAllStringFunc(text, func(line string) string {
		old := savedVector.FindStringSubmatch(line)[1]
		offset, _ := strconv.ParseUint(old, 16, 32)
		return strings.Replace(line, "#0x"+old, fmt.Sprintf("#%#x", offset-16), 1)
	})
}
