package main

/*
#include "wazero_node.h"
*/
import "C"

import (
	"github.com/tetratelabs/wazero/api"

	"wazeronode/abi"
	"wazeronode/describe"
	"wazeronode/failure"
	"wazeronode/frames"
	"wazeronode/handles"
)

//export wz_instantiate
func wz_instantiate(o *C.wz_frame_options, h, compiled C.wz_handle, config *C.wz_module_config, closeCompiled C.uint32_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		rt, err := handles.Lookup[*runtimeState](handles.Handle(h), handles.Runtime)
		if err != nil {
			return 0, nil, err
		}
		c, image, err := findSource(handles.Handle(compiled))
		if err != nil {
			return 0, nil, err
		}
		options := readFrameOptions(o)
		i, err := prepareInstantiation(options, rt, c, image, readModuleConfig(config), closeCompiled != 0)
		if err != nil {
			return 0, nil, err
		}
		module := i.module.handle
		if options.Lane == abi.LaneSync {
			outcome, err := i.run()
			return uint64(module), outcome, err
		}
		var outcome []byte
		failure.Go(func() {
			err = failure.Protect(func() (err error) { outcome, err = i.run(); return })
		}, func() { i.frame.done(module, nil, outcome, err) })
		return uint64(module), nil, nil
	})
}

// findSource is what is instantiated: a compiled module, or an image.
func findSource(h handles.Handle) (*compiledState, *imageState, error) {
	if image, _ := handles.Get(h, handles.Image).(*imageState); image != nil {
		return image.compiled, image, nil
	}
	c, err := handles.Lookup[*compiledState](h, handles.Compiled)
	return c, nil, err
}

//export wz_call
func wz_call(o *C.wz_frame_options, fn C.wz_handle, words *C.uint64_t, count C.uint32_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		f, err := handles.Lookup[*functionState](handles.Handle(fn), handles.Function)
		if err != nil {
			return 0, nil, err
		}
		if int(count) < f.size {
			return 0, nil, failure.Invalid("Expected as many words as parameters or results")
		}
		options, stack := readFrameOptions(o), goWords(words, count)
		if options.Lane == abi.LaneAsync {
			stack = append([]uint64(nil), stack...)
		}
		c, err := prepareCall(options, f, stack)
		if err != nil {
			return 0, nil, err
		}
		if options.Lane == abi.LaneSync {
			outcome, err := c.run()
			return 0, outcome, err
		}
		var outcome []byte
		failure.Go(func() {
			err = failure.Protect(func() (err error) { outcome, err = c.run(); return })
		}, func() { c.frame.done(0, c.words, outcome, err) })
		return 0, nil, nil
	})
}

//export wz_frame_stop
func wz_frame_stop(env, id C.uint64_t, reason, exitCode C.uint32_t) {
	_ = failure.Protect(func() error {
		if e, err := findEnv(uint64(env)); err == nil {
			if f := e.frame(uint64(id)); f != nil {
				f.StopAll(frames.StopWord(uint32(reason), uint32(exitCode)))
			}
		}
		return nil
	})
}

//export wz_frame_reply
func wz_frame_reply(env, id C.uint64_t, r *C.wz_reply) {
	e, err := findEnv(uint64(env))
	if err != nil {
		return
	}
	if f := e.frame(uint64(id)); f != nil {
		f.Answer(frames.Reply{Status: uint32(r.status), Words: append([]uint64(nil), goWords(r.words, r.word_count)...), Bytes: append([]byte(nil), goData(r.bytes, r.byte_count)...)})
	}
}

//export wz_frame_taken
func wz_frame_taken(env, id, target C.uint64_t, pieces C.uint32_t, bytes C.uint64_t, failed C.uint32_t, ahead C.uint64_t) {
	if e, err := findEnv(uint64(env)); err == nil {
		if f := e.frame(uint64(id)); f != nil {
			f.Taken(uint64(target), uint64(pieces), uint64(bytes), uint32(failed), uint64(ahead))
		}
	}
}

//export wz_frame_charge
func wz_frame_charge(env, id, amount C.uint64_t) C.uint32_t {
	if e, err := findEnv(uint64(env)); err == nil {
		if f := e.frame(uint64(id)); f != nil && !f.ChargeFuel(int64(amount)) {
			return 0
		}
	}
	return 1
}

//export wz_source_ready
func wz_source_ready(h C.wz_handle) {
	if m, _ := handles.Get(handles.Handle(h), handles.Module).(*moduleState); m != nil {
		if s := m.stdin.Load(); s != nil {
			s.Ready()
		}
	}
}

//export wz_module_describe
func wz_module_describe(h C.wz_handle, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		m, err := handles.Lookup[*moduleState](handles.Handle(h), handles.Module)
		if err != nil {
			return 0, nil, err
		}
		d, err := m.describe()
		if err != nil {
			return 0, nil, err
		}
		text, err := asJSON(d)
		return 0, text, err
	})
}

//export wz_module_function
func wz_module_function(h C.wz_handle, name C.wz_str, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		m, err := handles.Lookup[*moduleState](handles.Handle(h), handles.Module)
		if err != nil {
			return 0, nil, err
		}
		f, err := m.function(goString(name))
		if f == nil || err != nil {
			return 0, nil, err
		}
		return uint64(f.handle), nil, nil
	})
}

//export wz_module_memory
func wz_module_memory(h C.wz_handle, name C.wz_str, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		m, err := handles.Lookup[*moduleState](handles.Handle(h), handles.Module)
		if err != nil {
			return 0, nil, err
		}
		var exported *string
		if name.ptr != nil {
			s := goString(name)
			exported = &s
		}
		memory, err := m.memoryHandle(exported)
		return uint64(memory), nil, err
	})
}

//export wz_module_global
func wz_module_global(h C.wz_handle, name C.wz_str, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		m, err := handles.Lookup[*moduleState](handles.Handle(h), handles.Module)
		if err != nil {
			return 0, nil, err
		}
		g, err := m.global(goString(name))
		if g == nil || err != nil {
			return 0, nil, err
		}
		text, err := asJSON(map[string]any{"type": describe.TypeName(g.inner.Type()), "mutable": g.mutable()})
		return uint64(g.handle), text, err
	})
}

//export wz_module_close
func wz_module_close(h C.wz_handle, exitCode C.uint32_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		if m, _ := handles.Get(handles.Handle(h), handles.Module).(*moduleState); m != nil {
			m.Close(uint32(exitCode))
			m.LetGo()
		}
		return 0, nil, nil
	})
}

//export wz_module_release
func wz_module_release(h C.wz_handle) {
	if m, _ := handles.Get(handles.Handle(h), handles.Module).(*moduleState); m != nil {
		m.disown()
	}
}

//export wz_function_reference
func wz_function_reference(h C.wz_handle, reference C.uint64_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		m, err := handles.Lookup[*moduleState](handles.Handle(h), handles.Module)
		if err != nil {
			return 0, nil, err
		}
		if m.IsClosed() {
			return 0, nil, errClosedModule
		}
		var d api.FunctionDefinition
		d, ok := functionDefinitionOf(m.inner, uint64(reference))
		if !ok && engineEdited {
			return 0, nil, failure.Closed("the module that the function reference came from is closed")
		} else if !ok {
			return 0, nil, &failure.Error{Code: failure.CodeNotImplemented, Message: "definitions of function references need the edited engine"}
		}
		r := referenceRecord{FunctionRecord: describe.Function(d)}
		if owner, f := m.rt.functionOf(m.inner, uint64(reference)); f != nil {
			r.Module, r.Function = owner.handle, f.handle
		}
		text, err := asJSON(r)
		return 0, text, err
	})
}

//export wz_module_tag
func wz_module_tag(h C.wz_handle, name C.wz_str, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		m, err := handles.Lookup[*moduleState](handles.Handle(h), handles.Module)
		if err != nil {
			return 0, nil, err
		}
		t, err := m.exportedTag(goString(name))
		if err != nil || t == nil {
			return 0, nil, err
		}
		text, err := asJSON(map[string]any{"types": describe.TypeNames(t.types)})
		return uint64(t.handle), text, err
	})
}

//export wz_exception_throw
func wz_exception_throw(env, id C.uint64_t, tag C.wz_handle, words *C.uint64_t, count C.uint32_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		f, err := findFrame(env, id)
		if err != nil {
			return 0, nil, err
		}
		t, err := handles.Lookup[*tagState](handles.Handle(tag), handles.Tag)
		if err != nil {
			return 0, nil, err
		}
		number, err := f.throw(t, goWords(words, count))
		return number, nil, err
	})
}

//export wz_module_references
func wz_module_references(h C.wz_handle, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		m, err := handles.Lookup[*moduleState](handles.Handle(h), handles.Module)
		if err != nil {
			return 0, nil, err
		}
		words, all := m.heldReferences()
		if !all {
			return 0, nil, nil
		}
		return 1, words, nil
	})
}
