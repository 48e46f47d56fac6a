package wasm

import (
	"container/list"
	"time"

	"github.com/tetratelabs/wazero/internal/nodehost"
	"github.com/tetratelabs/wazero/internal/wasmruntime"
)

// ControlledMemory is a memory for waits in a call that has a Control, which may be nil.
type ControlledMemory struct {
	*MemoryInstance
	control *nodehost.Control
}

func (m *MemoryInstance) Controlled(c *nodehost.Control) ControlledMemory {
	return ControlledMemory{m, c}
}

// Wait32 suspends the caller until the offset is notified by a different agent, or its Control ends the call.
func (m ControlledMemory) Wait32(offset uint32, exp uint32, timeout int64, reader func(mem *MemoryInstance, offset uint32) uint32) uint64 {
	return m.waitIf(offset, timeout, func() bool { return reader(m.MemoryInstance, offset) == exp })
}

// Wait64 is Wait32 for 64 bits.
func (m ControlledMemory) Wait64(offset uint32, exp uint64, timeout int64, reader func(mem *MemoryInstance, offset uint32) uint64) uint64 {
	return m.waitIf(offset, timeout, func() bool { return reader(m.MemoryInstance, offset) == exp })
}

func (m ControlledMemory) waitIf(offset uint32, timeout int64, expected func() bool) uint64 {
	w := m.getWaiters(offset)
	for w.mux.Lock(); w.gone; w.mux.Lock() {
		w.mux.Unlock()
		w = m.getWaiters(offset)
	}
	if !expected() {
		m.unlock(w, offset)
		return 1
	}
	return m.wait(w, offset, timeout)
}

// unlock forgets the waiters of an address when there are none: a guest could wait at every address there is.
func (m ControlledMemory) unlock(w *waiters, offset uint32) {
	if w.l == nil || w.l.Len() == 0 {
		w.gone = true
		m.waiters.CompareAndDelete(offset, w)
	}
	w.mux.Unlock()
}

// wait is called with w locked.
func (m ControlledMemory) wait(w *waiters, offset uint32, timeout int64) uint64 {
	if w.l == nil {
		w.l = list.New()
	}
	if uint64(w.l.Len()+1) == 1<<32 {
		w.mux.Unlock()
		panic(wasmruntime.ErrRuntimeTooManyWaiters)
	}
	ready := make(chan struct{})
	elem := w.l.PushBack(ready)
	w.mux.Unlock()

	// Also when the Control ends the call by a panic: who left is not counted by a notify.
	left := false
	leave := func() (wasThere bool) {
		if left {
			return false
		}
		left = true
		w.mux.Lock()
		before := w.l.Len()
		w.l.Remove(elem) // does nothing if a notify has removed it
		wasThere = w.l.Len() < before
		m.unlock(w, offset)
		return wasThere
	}
	defer leave()
	var expired <-chan time.Time
	if timeout >= 0 {
		timer := time.NewTimer(time.Duration(timeout))
		defer timer.Stop()
		expired = timer.C
	}
	for woken, timedOut := false, false; ; {
		m.control.Wait(func(stop <-chan struct{}) { // possibly on another goroutine
			select {
			case <-ready:
				woken = true
			case <-expired:
				timedOut = true
			case <-stop:
			}
		})
		if woken {
			return 0
		}
		if timedOut {
			if leave() {
				return 2
			}
			return 0 // notified at the same time
		}
		if err := m.control.Poll(); err != nil {
			panic(err)
		}
		// A stop that does not end the call: wait on.
	}
}
