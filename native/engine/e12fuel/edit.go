package e12fuel

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit. A module that does not count (wasm.Module.Fuel) has the code that it had without.
var Edit = edit.Edit{
	Added: added,
	ID:    "e12fuel",
	Why: "a budget of time ends a guest earlier or later, as the machine is busy; one of what it executes ends it at the same instruction, " +
		"whichever engine or machine runs it",
	Retire: "wazero issue 1423, or any counting of the compiler and the interpreter that agree",
	Apply: func(t *edit.Tree) {
		t.File("internal/wasm/module.go").AddField("Module", "// Fuel has the engines compile code that counts what it executes: see package fuel.\nFuel bool")
		f := t.File("runtime.go")
		f.Before("(*runtime).CompileModule", "internal.BuildMemoryDefinitions()", "internal.Fuel = nodehost.IsFuelCounted(ctx)")
		t.File("internal/nodehost/control.go").AddField("Control", "// Fuel of its calls; nil: nobody asks. Set before the first of them.\nFuel *Fuel")
		t.File("internal/nodehost/direct.go").AddField("DirectEntry", "\n// Fuel is where the function counts, nil where it does not.\nFuel *int64")

		compiler(t)
		onAmd64(t)
		onArm64(t)
		interpreter(t)
	},
}

func compiler(t *edit.Tree) {
	f := t.File(edit.Wazevo + "ssa/instructions.go")
	f.ConstBefore("opcodeEnd", "// OpcodeFuelCharge takes a constant from the fuel of the execution context, and exits if there was not as much: `FuelCharge ctx, cost`.\nOpcodeFuelCharge")
	f.AddElement("instructionSideEffects", "OpcodeFuelCharge: sideEffectStrict")
	f.AddElement("instructionReturnTypes", "OpcodeFuelCharge: returnTypesFnNoReturns")
	f.Before("(*Instruction).Format", "case OpcodeExitWithCode", "case OpcodeFuelCharge:\ninstSuffix = fmt.Sprintf(\" %s, %d\", i.v.Format(b), i.u1)")
	f.Before("Opcode.String", "case OpcodeExitWithCode", "case OpcodeFuelCharge:\nreturn \"FuelCharge\"")

	f = t.File(edit.Wazevo + "wazevoapi/exitcode.go")
	f.ConstBefore("exitCodeMax", "// ExitCodeOutOfFuel is an exit code for a guest that would execute more than it may.\nExitCodeOutOfFuel")
	f.Before("ExitCode.String", "case ExitCodeNullReference", "case ExitCodeOutOfFuel:\nreturn \"out_of_fuel\"")

	t.File(edit.Wazevo+"frontend/frontend.go").AddField("Compiler", "metered")
	f = t.File(edit.Wazevo + "frontend/lower.go")
	const body = "(*Compiler).lowerBody"
	f.Before(body, "for c.loweringState.pc < len(c.wasmFunctionBody)", "c.beginFuel()\ndefer c.endFuel()")
	f.Replace(body, "c.lowerCurrentOpcode()", "c.lowerCounted()")

	f = t.File(edit.Wazevo + "call_engine.go")
	f.AddField("executionContext", "// fuel is what the call may still execute.\nfuel int64")
	f.AddField("callEngine", "// counting is whose fuel that is, see fuel.go.\ncounting")
	f.Before("(*callEngine).callWithStack", "case wazevoapi.ExitCodeNullReference", "case wazevoapi.ExitCodeOutOfFuel:\npanic(wasmruntime.ErrRuntimeOutOfFuel)")
	f.After("(*callEngine).init", "c.execCtxPtr = uintptr(unsafe.Pointer(&c.execCtx))", "c.execCtx.fuel = math.MaxInt64")
	f.AddImport("math")
	f = t.File(edit.Wazevo + "interrupt.go")
	f.After("(*callEngine).beginCall", "if c.control = nodehost.ControlOf(ctx); c.control != nil", "c.beginFuel()")
	f.AtStart("(*callEngine).endCall", "c.endFuel()")
	t.File(edit.Wazevo+"direct.go").ReplaceText("FramePointer:     unsafe.Offsetof(ec.framePointerBeforeGoCall),",
		"FramePointer:     unsafe.Offsetof(ec.framePointerBeforeGoCall),\n\t\tFuel:             c.FuelWord(),")
}

func onAmd64(t *edit.Tree) {
	edit.Instruction{
		Name: "fuelCharge", Why: "takes a constant from the fuel, see fuel.go.",
		Uses:   "useKindOp1",
		Text:   `fmt.Sprintf("fuel_charge %d, %s", i.u1, i.op1.format(true))`,
		Encode: "encodeFuelCharge(c, i.op1.reg().RealReg(), i.u1)",
	}.AddToAmd64(t)
	t.File(edit.Amd64+"machine.go").Before("(*machine).LowerInstr", "case ssa.OpcodeExitWithCode", "case ssa.OpcodeFuelCharge:\nm.lowerFuelCharge(instr)")
}

func onArm64(t *edit.Tree) {
	edit.Instruction{
		Name: "fuelCharge", Why: "takes a constant from the fuel, see fuel.go.",
		Uses:   "useKindRN",
		Text:   `fmt.Sprintf("fuel_charge %d, %s", i.u1, formatVRegSized(i.rn.nr(), 64))`,
		Encode: "encodeFuelCharge(c, i.rn.reg().RealReg(), i.u1)",
		Size:   "fuelChargeSize(i.u1)",
	}.AddToArm64(t)
	t.File(edit.Arm64+"lower_instr.go").Before("(*machine).LowerInstr", "case ssa.OpcodeExitWithCode", "case ssa.OpcodeFuelCharge:\nm.lowerFuelCharge(instr)")
}

func interpreter(t *edit.Tree) {
	const dir = "internal/engine/interpreter/"
	f := t.File(dir + "operations.go")
	f.ConstBefore("operationKindEnd", "// operationKindFuelCharge takes U1 from the fuel; operationKindFuelLength the number on the stack, shifted right by U1.\noperationKindFuelCharge\noperationKindFuelLength\n")
	f.Before("operationKind.String", "case operationKindBuiltinFunctionCheckExitCode", "case operationKindFuelCharge:\nret = \"FuelCharge\"\ncase operationKindFuelLength:\nret = \"FuelLength\"")
	f.Before("unionOperation.String", "case operationKindLabel", "case operationKindFuelCharge, operationKindFuelLength:\nreturn fmt.Sprintf(\"%s %d\", o.Kind, o.U1)")

	f = t.File(dir + "compiler.go")
	f.AddField("compiler", "metered")
	const compile = "(*compiler).compile"
	f.Before(compile, "for !c.controlFrames.empty() && c.pc < uint64(len(c.body))", "c.beginFuel()\ndefer c.endFuel()")
	f.ReplaceText("if err := c.handleInstruction(); err != nil {", "if err := c.handleCounted(); err != nil {")

	f = t.File(dir + "interpreter.go")
	f.AddField("callEngine", "\n// counting is how it counts, see fuel.go.\ncounting")
	f.After("(*callEngine).call", "ce.beginPolling(ctx)", "ce.beginFuel()\ndefer ce.endFuel()")
	f.Before("(*callEngine).callNativeFunc", "case operationKindBuiltinFunctionCheckExitCode", `case operationKindFuelCharge:
		ce.charge(op.U1)
		frame.pc++
	case operationKindFuelLength:
		ce.charge(uint64(uint32(ce.stack[len(ce.stack)-1])) >> op.U1)
		frame.pc++`)
}
