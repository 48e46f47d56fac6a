package e10exits

import (
	"embed"
	"fmt"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit: exits behind the function. Upstream, each check (of a memory access, a table, a division) has the whole sequence
// that leaves for Go behind it, in the middle of the function: the normal case jumps over 45 to 60 bytes, and keeps a copy of the
// execution context for them. Wazero pull request 2515 shares a sequence as well, but writes below the stack pointer.
var Edit = edit.Edit{
	Added: added,
	ID:    "e10exits",
	Why: "each check is followed by its exit, which the normal case jumps over: two thirds of the code of CPython are exits, and the " +
		"jumps are a quarter of its time",
	Retire: "an upstream that has exits behind the function, and nothing below the stack pointer",
	Apply: func(t *edit.Tree) {
		exitsOnAmd64(t)
		exitsOnArm64(t)
	},
}

// exitsOnAmd64: see _add/internal/engine/wazevo/backend/isa/amd64/cold_exit.go.
func exitsOnAmd64(t *edit.Tree) {
	const isa = edit.Amd64
	edit.Instruction{
		Name: "coldExit", Why: "leaves for Go on a condition; all but a jump stands behind the function.",
		Uses:   "useKindOp1",
		Text:   "i.coldExitString()",
		Encode: "encodeColdExit(c, cond(i.u1))",
	}.AddToAmd64(t)

	f := t.File(isa + "machine.go")
	f.AddField("machine", "// coldExits are the exits of the function that is encoded, see cold_exit.go.\ncoldExits coldExits")
	f.ReplaceDecl("func (m *machine) lowerExitIfTrueWithCode", "")
	f.ReplaceDecl("func (m *machine) lowerExitWithCode", "")
	const encode = "(*machine).Encode"
	f.Before(encode, "var polls []coldPoll", "m.coldExits.reset()")
	f.Before(encode, "if cur.kind == interruptPoll", `
	if cur.kind == coldExit {
		m.coldExits.add(cur, len(*bufPtr), source)
	}`)
	f.Before(encode, "for i := range m.consts", "m.coldExits.encode(m.c)\n")

	// A division by zero, and the one that overflows. (What a truncation exits with stands where it rarely comes by.)
	const div = "(*machine).lowerIDivRemSequenceAfterRegAlloc"
	f.Replace(div, "jnz := m.allocateInstr()", "m.insert(m.allocateInstr().asColdExit(execCtx, condZ, wazevoapi.ExitCodeIntegerDivisionByZero))")
	f.Replace(div, "m.insert(jnz)", "")
	f.Replace(div, "nz := m.lowerExitWithCode(execCtx, wazevoapi.ExitCodeIntegerDivisionByZero)", "")
	f.Replace(div, "jnz.asJmpIf(condNZ, newOperandLabel(nz))", "")
	f.Replace(div, "ifNotMinInt := m.allocateInstr()", "m.insert(m.allocateInstr().asColdExit(execCtx, condZ, wazevoapi.ExitCodeIntegerOverflow))")
	f.Replace(div, "m.insert(ifNotMinInt)", "")
	f.Replace(div, "end := m.lowerExitWithCode(execCtx, wazevoapi.ExitCodeIntegerOverflow)", "nop, end := m.allocateBrTarget()\nm.insert(nop)")
	f.Replace(div, "ifNotMinInt.asJmpIf(condNZ, newOperandLabel(end))", "")

	// Not a test of the behaviour, but of the instructions.
	t.File(isa+"machine_test.go").ReplaceBody("TestMachine_lowerExitWithCode", `
	_, _, m := newSetupWithMockContext()
	m.nextLabel = 1
	m.lowerExitWithCode(r15VReg, wazevoapi.ExitCodeUnreachable)
	m.insert(m.allocateInstr().asUD2())
	m.FlushPendingInstructions()
	m.rootInstr = m.perBlockHead
	require.Equal(t, "\n\tcold_exit always, 3, %r15\nL1:\n\tud2\n", m.Format())`)
}

// exitsOnArm64 does the same: see _add/internal/engine/wazevo/backend/isa/arm64/cold_exit.go.
func exitsOnArm64(t *edit.Tree) {
	const isa = edit.Arm64
	edit.Instruction{
		Name: "coldExit", Why: "leaves for Go on a condition; all but a branch stands behind the function.",
		Uses:   "useKindRNRM",
		Text:   "i.coldExitString()",
		Encode: "m.encodeColdExit(i)",
		Size:   "i.coldExitSize()",
	}.AddToArm64(t)

	f := t.File(isa + "instr_encoding.go")
	f.Replace("(*instruction).encode", "case nop0, emitSourceOffsetInfo, loadConstBlockArg", "case nop0, loadConstBlockArg:\ncase emitSourceOffsetInfo:\nm.coldExits.source = i.sourceOffsetInfo()\n")
	const encode = "(*machine).Encode"
	f.Before(encode, "m.resolveRelativeAddresses(ctx)", "m.coldExits.reset()")
	f.After(encode, "m.encode(m.rootInstr)", "m.encodeColdExits()")

	f = t.File(isa + "machine.go")
	f.AddField("machine", "// coldExits are the exits of the function that is encoded, see cold_exit.go.\ncoldExits coldExits")
	f.Before("(*machine).resolveRelativeAddresses", "var needRerun bool", "if m.coldExitsBecomeFar(offset) {\ncontinue\n}")

	f = t.File(isa + "lower_instr.go")
	f.ReplaceDecl("func (m *machine) lowerExitIfTrueWithCode", "")
	f.ReplaceDecl("func (m *machine) lowerExitWithCode", "")
	f.ReplaceDecl("func (m *machine) exitIfNot", "")

	// Not tests of the behaviour, but of the instructions.
	f = t.File(isa + "lower_instr_test.go")
	f.ReplaceBody("TestMachine_exitWithCode", `
	_, _, m := newSetupWithMockContext()
	m.lowerExitWithCode(x1VReg, wazevoapi.ExitCodeGrowStack)
	m.FlushPendingInstructions()
	require.Equal(t, "\ncold_exit always, 1, x1\n", "\n"+formatEmittedInstructionsInCurrentBlock(m)+"\n")`)
	tail := func(n, r, ctx int) string {
		return fmt.Sprintf("movz x%d?, #0x%x, lsl 0\nstr w%d?, [x%d?]\nmov x%d?, sp\nstr x%d?, [x%d?, #0x38]\nadr x%d?, #0x0\nstr x%d?, [x%d?, #0x30]\nexit_sequence x%d?\n",
			n, r, n, ctx, n+1, n+1, ctx, n+2, n+2, ctx, ctx)
	}
	byZero := func(w string) string { return "mov x1?, x65535?\ncbnz " + w + "3?, L1\n" + tail(2, 10, 1) + "L1:\n" }
	overflow := "mov x5?, x65535?\nb.vc L2\n" + tail(6, 11, 5) + "L2:\n"
	const test = "TestMachine_lowerIDiv"
	for _, op := range []string{"udiv", "sdiv"} {
		for _, w := range []string{"w", "x"} {
			old := fmt.Sprintf("\n%s %s1?, %s2?, %s3?\n%s", op, w, w, w, byZero(w))
			with := fmt.Sprintf("\n%s %s1?, %s2?, %s3?\ncold_exit unless cbnz %s3?, 10, x65535?\n", op, w, w, w, w)
			if op == "sdiv" {
				zr := fmt.Sprintf("adds %szr, %s3?, #0x1\nccmp %s2?, #0x1, #0x0, eq\n", w, w, w)
				old, with = old+zr+overflow, with+zr+"cold_exit unless b.vc, 11, x65535?\n"
			}
			f.ReplaceExpr(test, "`"+old+"`", "`"+with+"`")
		}
	}
	f.ReplaceText("fcmp w3?, w3?\nmov x4?, x2?\nb.vc L1\n"+tail(5, 12, 4)+"L1:\n"+tail(8, 11, 2)+"L2:\n",
		"fcmp w3?, w3?\ncold_exit unless b.vc, 12, x2?\ncold_exit always, 11, x2?\nL1:\n")
	f.ReplaceText("b.ne L2\nfcmp w3?, w3?", "b.ne L1\nfcmp w3?, w3?")
}
