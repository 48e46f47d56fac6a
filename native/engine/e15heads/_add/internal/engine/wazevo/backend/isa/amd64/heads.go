package amd64

// Heads are the blocks that begin at a multiple of headAlignment: loops, and what a table jumps to.

const headAlignment = 16 // as functions do

// markTargets is after jumps.Thread.
func (m *machine) markTargets() {
	for _, targets := range m.jmpTableTargets[:m.jmpTableTargetsNext] {
		for _, l := range targets {
			pos := m.labelPositionPool.Get(int(l))
			if pos.forward != nil {
				pos = pos.forward
			}
			pos.inTable = true
		}
	}
}

func (m *machine) isHead(pos *labelPosition) bool {
	return pos.forward == nil && (pos.inTable || m.JumpLoops(pos))
}

// nops has at [n-1] what does nothing in n bytes.
var nops = [...]string{
	"\x90", "\x66\x90", "\x0f\x1f\x00", "\x0f\x1f\x40\x00", "\x0f\x1f\x44\x00\x00", "\x66\x0f\x1f\x44\x00\x00",
	"\x0f\x1f\x80\x00\x00\x00\x00", "\x0f\x1f\x84\x00\x00\x00\x00\x00", "\x66\x0f\x1f\x84\x00\x00\x00\x00\x00",
}

func (m *machine) alignCode() {
	for missing := -len(*m.c.BufPtr()) & (headAlignment - 1); missing > 0; {
		nop := nops[min(missing, len(nops))-1]
		for i := range len(nop) {
			m.c.EmitByte(nop[i])
		}
		missing -= len(nop)
	}
}
