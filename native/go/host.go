package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/assemblyscript"
	"github.com/tetratelabs/wazero/imports/emscripten"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"wazeronode/abi"
	"wazeronode/describe"
	"wazeronode/failure"
	"wazeronode/handles"
	"wazeronode/shown"
)

// hostModuleDescription is HostModuleDescription of src/native/binding.ts.
type hostModuleDescription struct {
	Name      string               `json:"name"`
	Functions []hostFunctionRecord `json:"functions"`
}

type hostFunctionRecord struct {
	Exporter     string         `json:"exporter"` // an ABI of wazero's own, with what is of it, instead of all below
	AbortMessage bool           `json:"abortMessage"`
	Trace        string         `json:"trace"`    // "stdout", "stderr"
	Compiled     handles.Handle `json:"compiled"` // emscripten: the guest whose imports it serves

	ID          uint64   `json:"id"` // its position
	Export      string   `json:"export"`
	Name        string   `json:"name"`
	Params      []string `json:"params"`
	Results     []string `json:"results"`
	ParamNames  []string `json:"paramNames"`
	ResultNames []string `json:"resultNames"`
}

// compileHost builds a host module; order of first export is the order of indices, a second export of a name replaces the first.
func (rt *runtimeState) compileHost(description []byte) (*compiledState, error) {
	var d hostModuleDescription
	if err := json.Unmarshal(description, &d); err != nil {
		return nil, failure.Invalid("Expected a host module description but received " + err.Error())
	}
	if rt.isClosed() {
		return nil, failure.Closed("the runtime is closed") // wazero would panic
	}
	var exports []hostExport
	for i := range d.Functions {
		export, err := rt.hostExport(&d.Functions[i])
		if err != nil {
			return nil, err
		}
		exports = append(exports, export)
	}
	c := &compiledState{rt: rt, host: true, name: d.Name, export: func(b wazero.HostModuleBuilder, base uint64) {
		for _, export := range exports {
			export(b, base)
		}
	}}
	inner, err := c.compileHost(0)
	if err != nil {
		return nil, err
	}
	c.inner, c.hostFunctions = inner, hostFunctionsOf(inner)
	return rt.addCompiled(c), nil
}

// compileHost compiles it with functions from that base on.
func (c *compiledState) compileHost(base uint64) (wazero.CompiledModule, error) {
	b := c.rt.inner.NewHostModuleBuilder(c.name)
	c.export(b, base)
	inner, err := b.Compile(context.Background())
	if err != nil {
		return nil, failure.Classify(err, failure.CodeLink)
	}
	return inner, nil
}

// hostExport puts a function, or those of an ABI, into a builder. What JavaScript knows a function by is its position and a base, which each
// instance has of its own.
type hostExport = func(b wazero.HostModuleBuilder, base uint64)

func exportAll(export func(wazero.HostModuleBuilder)) hostExport {
	return func(b wazero.HostModuleBuilder, _ uint64) { export(b) }
}

// functionsFrom gives an instance functions of its own, in the order of those that were compiled; what is not in JavaScript is everybody's.
func functionsFrom(compiled []any, base uint64) []any {
	own := make([]hostFunction, len(compiled))
	functions := make([]any, len(compiled))
	for i, fn := range compiled {
		if f, ok := fn.(*hostFunction); ok {
			own[i] = hostFunction{id: base + f.id, params: f.params, results: f.results, rt: f.rt}
			functions[i] = &own[i]
		} else {
			functions[i] = fn
		}
	}
	return functions
}

// hostExport makes what puts a function, or those of an ABI, into a builder.
func (rt *runtimeState) hostExport(r *hostFunctionRecord) (hostExport, error) {
	switch r.Exporter {
	case "":
		return rt.functionExport(r)
	case wasi_snapshot_preview1.ModuleName:
		return exportAll(wasi_snapshot_preview1.NewFunctionExporter().ExportFunctions), nil
	case "assemblyscript":
		exporter := assemblyscript.NewFunctionExporter()
		if !r.AbortMessage {
			exporter = exporter.WithAbortMessageDisabled()
		}
		switch r.Trace {
		case "stdout":
			exporter = exporter.WithTraceToStdout()
		case "stderr":
			exporter = exporter.WithTraceToStderr()
		}
		return exportAll(exporter.ExportFunctions), nil
	case "emscripten":
		guest, err := handles.Lookup[*compiledState](r.Compiled, handles.Compiled)
		if err != nil {
			return nil, err
		}
		if err := checkInvokes(guest.description); err != nil {
			return nil, err
		}
		exporter, err := emscripten.NewFunctionExporterForModule(guest.inner)
		if err != nil {
			return nil, failure.Classify(err, failure.CodeLink)
		}
		return exportAll(exporter.ExportFunctions), nil
	}
	return nil, failure.Invalid("Expected an exporter that exists but received " + r.Exporter)
}

// checkInvokes is for what wazero believes of a guest: an invoke_ is given the index of a function before all else, and panics where that is missing. The
// JS thread waits meanwhile. Lua imports 25 functions, Emscripten's largest programs some thousands.
func checkInvokes(d *describe.Description) error {
	const most = 10_000
	if d == nil || len(d.Imported()) > most {
		return &failure.Error{Code: failure.CodeLink, Message: fmt.Sprintf("Expected a guest that Emscripten has built, of at most %d imported functions", most)}
	}
	for _, f := range d.Imported() {
		module, name, _ := f.Import()
		if module != "env" || !strings.HasPrefix(name, "invoke_") {
			continue
		}
		if params := f.ParamTypes(); len(params) == 0 || params[0] != api.ValueTypeI32 {
			return &failure.Error{Code: failure.CodeLink, Message: "Expected the import env." + shown.Name(name) + " to begin with the i32 index of a function, as Emscripten's invoke_ functions do"}
		}
	}
	return nil
}

func (rt *runtimeState) functionExport(r *hostFunctionRecord) (hostExport, error) {
	params, err := describe.ParseTypes(r.Params)
	if err != nil {
		return nil, err
	}
	results, err := describe.ParseTypes(r.Results)
	if err != nil {
		return nil, err
	}
	rt.hasHostFunctions.Store(true)
	id, wordsIn, wordsOut := r.ID, uint32(describe.Words(params)), uint32(describe.Words(results))
	return func(b wazero.HostModuleBuilder, base uint64) {
		fn := &hostFunction{id: base + id, params: wordsIn, results: wordsOut, rt: rt}
		fb := b.NewFunctionBuilder().WithGoModuleFunction(fn, params, results)
		if r.Name != "" {
			fb = fb.WithName(r.Name)
		}
		if len(r.ParamNames) > 0 {
			fb = fb.WithParameterNames(r.ParamNames...)
		}
		if len(r.ResultNames) > 0 {
			fb = fb.WithResultNames(r.ResultNames...)
		}
		fb.Export(r.Export)
	}, nil
}

// hostFunction is a function in JavaScript. C++ reads the first three fields, which are wz_direct_host of wazero_node.h.
type hostFunction struct {
	id              uint64
	params, results uint32 // words
	rt              *runtimeState
}

// Call asks JavaScript: directly in the synchronous lane, by a message while the goroutine is parked in the other. C++ may have asked
// already, in a direct call that it left to Go.
func (h *hostFunction) Call(ctx context.Context, mod api.Module, stack []uint64) {
	f := frameOf(ctx)
	if f == nil {
		panic(fmt.Errorf("a host function was called outside of a call of this package"))
	}
	outer := f.hostContext // an invoke_ of emscripten, or nil
	f.hostContext = ctx
	if a := f.answered; a == &askedAlready {
		f.answered = nil
		close(f.question)
		status, _ := f.Receive(stack[:h.results], nil)
		f.Settle(status)
	} else if a != nil {
		f.answered = nil
		f.InHost()
		copy(stack[:h.results], a.Words)
		f.Settle(a.Status)
	} else {
		f.restore = nil
		f.CountHostCall()
		f.Upcall(abi.Message{Kind: abi.MsgHostCall, Target: h.id, Module: uint64(h.rt.caller(f, mod)), Words: stack[:h.params]}, stack[:h.results], nil)
	}
	f.hostContext = outer
	if r := f.restore; r != nil {
		f.restore = nil
		r.snapshot.Restore(r.results)
	}
}
