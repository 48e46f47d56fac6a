package edit

// Amd64 and Arm64 are the back ends of the compiler.
const (
	Amd64 = Wazevo + "backend/isa/amd64/"
	Arm64 = Wazevo + "backend/isa/arm64/"
)

// Instruction is one that an edit adds to a back end. It defines no register; what it does stands where upstream has a case for exitSequence.
type Instruction struct {
	Name, Why string
	Uses      string // its useKind
	Text      string // an expression: how it is printed
	Encode    string // statements; none where the edit encodes it elsewhere
	Size      string // an expression; arm64 alone asks
}

// AddToAmd64 adds it there.
func (i Instruction) AddToAmd64(t *Tree) {
	f := i.add(t, Amd64, "instrMax")
	f.Before("(*instruction).String", "case exitSequence", i.when("return "+i.Text))
	f.Before("instructionKind.String", "case exitSequence", i.when(`return "`+i.Name+`"`))
}

// AddToArm64 adds it there.
func (i Instruction) AddToArm64(t *Tree) {
	f := i.add(t, Arm64, "numInstructionKinds")
	f.Before("(*instruction).String", "case exitSequence", i.when("str = "+i.Text))
	f.Before("(*instruction).size", "case exitSequence", i.when("return "+i.Size))
}

func (i Instruction) add(t *Tree, isa, before string) *File {
	f := t.File(isa + "instr.go")
	f.ConstBefore(before, "// "+i.Name+" "+i.Why+"\n"+i.Name+"\n")
	f.AddElement("defKinds", i.Name+": defKindNone")
	f.AddElement("useKinds", i.Name+": "+i.Uses)
	if i.Encode != "" {
		t.File(isa+"instr_encoding.go").Before("(*instruction).encode", "case exitSequence", i.when(i.Encode))
	}
	return f
}

func (i Instruction) when(does string) string { return "case " + i.Name + ":\n" + does }
