package main

/*
#include <stdlib.h>
#include "wazero_node.h"
*/
import "C"

import (
	"context"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"wazeronode/failure"
	"wazeronode/frames"
	"wazeronode/handles"
	"wazeronode/stdio"
)

// What each export does is said in wazero_node.h.

//export wz_start
func wz_start(c *C.wz_callbacks) C.uint32_t {
	if c.abi_version != C.WZ_ABI_VERSION || !started.CompareAndSwap(false, true) {
		return 0
	}
	setCallbacks(unsafe.Pointer(c))
	return C.WZ_ABI_VERSION
}

//export wz_free
func wz_free(p unsafe.Pointer) { C.free(p) }

//export wz_env_open
func wz_env_open(env C.uint64_t) { openEnv(uint64(env)) }

//export wz_env_close
func wz_env_close(env C.uint64_t) {
	_ = failure.Protect(func() error {
		if e, err := findEnv(uint64(env)); err == nil {
			e.close()
		}
		return nil
	})
}

//export wz_runtime_new
func wz_runtime_new(env C.uint64_t, config *C.wz_runtime_config, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		rt, engine, err := newRuntime(uint64(env), readRuntimeConfig(config))
		if err != nil {
			return 0, nil, err
		}
		return uint64(rt.handle), []byte(engine), nil
	})
}

//export wz_runtime_close
func wz_runtime_close(h C.wz_handle, exitCode C.uint32_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		rt, _ := handles.Get(handles.Handle(h), handles.Runtime).(*runtimeState)
		if rt == nil {
			return 0, nil, nil
		}
		return 0, nil, rt.close(uint32(exitCode))
	})
}

//export wz_cache_new
func wz_cache_new(env C.uint64_t, dir, name C.wz_str, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		h, err := newCache(uint64(env), goString(dir), goString(name))
		return uint64(h), nil, err
	})
}

//export wz_cache_close
func wz_cache_close(h C.wz_handle, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) { return 0, nil, closeCache(handles.Handle(h)) })
}

//export wz_compile
func wz_compile(env C.uint64_t, h C.wz_handle, data *C.uint8_t, size C.size_t, workers C.uint32_t, timeout C.int64_t, request C.uint64_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		rt, listener, err := compileTarget(handles.Handle(h))
		if err != nil {
			return 0, nil, err
		}
		var from moduleBytes // wazero keeps slices of it
		p := rt.env.takePieces(uint64(request))
		if p != nil {
			from = p.join
		} else if from, err = rt.copyBinary(goData(data, size)); err != nil {
			return 0, nil, err
		}
		if request == 0 {
			c, err := rt.compileSync(from, uint32(workers), listener, nanoseconds(timeout))
			if err != nil {
				return 0, nil, err
			}
			return uint64(c.handle), nil, nil
		}
		if p == nil && timeout < 0 && size <= mostAtOnce {
			if f := rt.joinAtOnce(from, listener); f != nil {
				c, err := rt.wait(context.Background(), f)
				if err != nil {
					return 0, nil, err
				}
				return uint64(c.handle), nil, nil
			}
		}
		err = rt.startCompile(from, uint32(workers), listener, nanoseconds(max(timeout, 0)), uint64(request), func(c *compiledState, err error) {
			var compiled handles.Handle
			if c != nil {
				compiled = c.handle
			}
			done(uint64(env), uint64(request), compiled, nil, err)
		})
		if err != nil && p != nil {
			p.release()
		}
		return 0, nil, err
	})
}

//export wz_validate
func wz_validate(h C.wz_handle, data *C.uint8_t, size C.size_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		rt, err := handles.Lookup[*runtimeState](handles.Handle(h), handles.Runtime)
		if err != nil {
			return 0, nil, err
		}
		return 0, nil, rt.validate(goData(data, size))
	})
}

//export wz_compile_piece
func wz_compile_piece(h C.wz_handle, request C.uint64_t, total C.uint64_t, data *C.uint8_t, size C.size_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		rt, err := handles.Lookup[*runtimeState](handles.Handle(h), handles.Runtime)
		if err != nil {
			return 0, nil, err
		}
		return 0, nil, rt.addPiece(uint64(request), uint64(total), goData(data, size))
	})
}

//export wz_compile_file
func wz_compile_file(h C.wz_handle, request C.uint64_t, path C.wz_str, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		rt, err := handles.Lookup[*runtimeState](handles.Handle(h), handles.Runtime)
		if err != nil {
			return 0, nil, err
		}
		return 0, nil, rt.addFile(uint64(request), goString(path))
	})
}

//export wz_compile_cancel
func wz_compile_cancel(env, request C.uint64_t, reason C.uint32_t) {
	if r := findRequest(env, request); r != nil {
		r.cancel(frames.StopReason(frames.StopWord(uint32(reason), 0)))
	}
}

//export wz_compile_progress
func wz_compile_progress(env, request C.uint64_t) C.uint64_t {
	if r := findRequest(env, request); r != nil {
		if f := r.flight.Load(); f != nil {
			done, functions := f.Progress()
			return C.uint64_t(done)<<32 | C.uint64_t(functions)
		}
	}
	return 0
}

func findRequest(env, id C.uint64_t) *request {
	if e, err := findEnv(uint64(env)); err == nil {
		return e.request(uint64(id))
	}
	return nil
}

//export wz_host_compile
func wz_host_compile(env C.uint64_t, h C.wz_handle, description C.wz_str, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		rt, err := handles.Lookup[*runtimeState](handles.Handle(h), handles.Runtime)
		if err != nil {
			return 0, nil, err
		}
		c, err := rt.compileHost(goBytes(description))
		if err != nil {
			return 0, nil, err
		}
		return uint64(c.handle), nil, nil
	})
}

//export wz_compiled_describe
func wz_compiled_describe(h C.wz_handle, heard C.uint32_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		c, err := handles.Lookup[*compiledState](handles.Handle(h), handles.Compiled)
		if err != nil {
			return 0, nil, err
		}
		d := c.description
		switch {
		case heard != 0:
			d = c.heard
		case d == nil && c.inner != nil: // of a host module
			d, err = c.describe(context.Background(), nil)
		}
		if err != nil {
			return 0, nil, err
		}
		if d == nil {
			return 0, nil, failure.Invalid("Expected a compiled module that has such a description")
		}
		text, large := d.Text()
		if !large {
			return 0, text, nil
		}
		return uint64(c.rt.addDescription(d)), text, nil
	})
}

//export wz_compiled_section
func wz_compiled_section(h C.wz_handle, index C.uint32_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		c, err := handles.Lookup[*compiledState](handles.Handle(h), handles.Compiled)
		if err != nil {
			return 0, nil, err
		}
		sections := c.customSections()
		if int(index) >= len(sections) {
			return 0, nil, failure.Invalid("Expected the index of a custom section")
		}
		return 0, sections[index].Data(), nil
	})
}

//export wz_compiled_close
func wz_compiled_close(h C.wz_handle, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		if c, _ := handles.Get(handles.Handle(h), handles.Compiled).(*compiledState); c != nil {
			c.disown()
		}
		return 0, nil, nil
	})
}

//export wz_output_buffer_new
func wz_output_buffer_new(env, most C.uint64_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		return uint64(handles.Add(handles.OutputBuffer, stdio.NewBuffer(uint64(most)))), nil, nil
	})
}

//export wz_output_buffer_size
func wz_output_buffer_size(h C.wz_handle) C.uint64_t {
	b, _ := handles.Get(handles.Handle(h), handles.OutputBuffer).(*stdio.Buffer)
	if b == nil {
		return 0
	}
	return C.uint64_t(b.Size())
}

//export wz_output_buffer_bytes
func wz_output_buffer_bytes(h C.wz_handle, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		b, err := handles.Lookup[*stdio.Buffer](handles.Handle(h), handles.OutputBuffer)
		if err != nil {
			return 0, nil, err
		}
		return 0, b.Bytes(), nil
	})
}

//export wz_output_buffer_reset
func wz_output_buffer_reset(h C.wz_handle) {
	if b, _ := handles.Get(handles.Handle(h), handles.OutputBuffer).(*stdio.Buffer); b != nil {
		b.Reset()
	}
}

//export wz_output_buffer_free
func wz_output_buffer_free(h C.wz_handle) { handles.Remove(handles.Handle(h), handles.OutputBuffer) }

//export wz_set_concurrency
func wz_set_concurrency(guests C.uint32_t) { frames.Pool.SetLimit(int(guests)) }

//export wz_threads
func wz_threads() C.uint32_t {
	startPoller()
	return C.uint32_t(frames.Pool.Threads())
}

// startPoller has Go take the two descriptors that its timers need while there are some: where its first timer gets none it ends the process.
// This is asked for when the package is loaded, which has looked whether there are any.
var startPoller = sync.OnceFunc(func() { time.AfterFunc(time.Hour, func() {}).Stop() })

//export wz_stats
func wz_stats(out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) { text, err := asJSON(stats()); return 0, text, err })
}

//export wz_collect
func wz_collect() { runtime.GC() }

//export wz_build_info
func wz_build_info(out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) { text, err := asJSON(buildInfo()); return 0, text, err })
}

func nanoseconds(n C.int64_t) time.Duration { return time.Duration(n) }
