package main

/*
#include "wazero_node.h"
*/
import "C"

import (
	"wazeronode/arena"
	"wazeronode/failure"
	"wazeronode/handles"
)

// Memories and globals of instances.

//export wz_memory_info
func wz_memory_info(h C.wz_handle, out *C.uint64_t) {
	words := goWords(out, 4)
	clear(words)
	m, _ := handles.Get(handles.Handle(h), handles.Memory).(*memoryState)
	if m == nil || m.module.IsClosed() {
		words[3] = 4
		return
	}
	words[1] = m.bytes()
	if m.guest == nil {
		words[3] = 2
		return
	}
	words[0], words[2] = uint64(m.guest.Base()), m.guest.Generation()
	if m.guest.shared {
		words[3] = 1
	}
}

//export wz_memory_grow
func wz_memory_grow(h C.wz_handle, delta C.uint32_t) C.uint32_t {
	result := C.uint32_t(0xffffffff)
	_ = failure.Protect(func() error {
		if m, _ := handles.Get(handles.Handle(h), handles.Memory).(*memoryState); m != nil && !m.module.IsClosed() {
			if pages, ok := m.inner.Grow(uint32(delta)); ok {
				result = C.uint32_t(pages)
			}
		}
		return nil
	})
	return result
}

//export wz_memory_read
func wz_memory_read(h C.wz_handle, offset C.uint64_t, into *C.uint8_t, n C.size_t) C.uint32_t {
	return moved(h, offset, n, func(guest []byte) { copy(goData(into, n), guest) })
}

//export wz_memory_write
func wz_memory_write(h C.wz_handle, offset C.uint64_t, from *C.uint8_t, n C.size_t) C.uint32_t {
	return moved(h, offset, n, func(guest []byte) { copy(guest, goData(from, n)) })
}

func moved(h C.wz_handle, offset C.uint64_t, n C.size_t, move func(guest []byte)) C.uint32_t {
	m, _ := handles.Get(handles.Handle(h), handles.Memory).(*memoryState)
	if m == nil || m.module.IsClosed() {
		return 0
	}
	view := m.view(uint64(offset), int(n))
	if view == nil {
		return 0
	}
	move(view)
	return 1
}

//export wz_memory_pin
func wz_memory_pin(h C.wz_handle) C.uint64_t {
	m, _ := handles.Get(handles.Handle(h), handles.Memory).(*memoryState)
	if m == nil || m.guest == nil {
		return 0
	}
	pin := m.guest.Pin()
	if pin == nil {
		return 0
	}
	return C.uint64_t(handles.Add(handles.Pin, pin))
}

//export wz_memory_unpin
func wz_memory_unpin(token C.uint64_t) {
	if p, _ := handles.Remove(handles.Handle(token), handles.Pin).(*arena.Pin); p != nil {
		p.Unpin()
	}
}

//export wz_global_get
func wz_global_get(h C.wz_handle, words *C.uint64_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		g, err := handles.Lookup[*globalState](handles.Handle(h), handles.Global)
		if err != nil {
			return 0, nil, err
		}
		return 0, nil, g.get(goWords(words, 2))
	})
}

//export wz_global_set
func wz_global_set(h C.wz_handle, words *C.uint64_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		g, err := handles.Lookup[*globalState](handles.Handle(h), handles.Global)
		if err != nil {
			return 0, nil, err
		}
		return 0, nil, g.set(goWords(words, 2))
	})
}

//export wz_global_begin
func wz_global_begin(h C.wz_handle, words *C.uint64_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		g, err := handles.Lookup[*globalState](handles.Handle(h), handles.Global)
		if err != nil {
			return 0, nil, err
		}
		if g.module.IsClosed() {
			return 0, nil, errClosedModule
		}
		w := goWords(words, 2)
		beginGlobal(g.inner, w[0], w[1])
		return 0, nil, nil
	})
}
