package main

import "sync"

// A handle is kind | generation | index, below 2^53 so that JavaScript holds it exactly. A handle that was removed, or of another
// kind, is not found: the caller answers with a typed error.
type handle uint64

type kind uint8

const (
	kindRuntime kind = iota + 1
	kindCache
	kindCompiled
	kindModule
	kindFunction
	kindMemory
	kindGlobal
	kindOutputBuffer
	kindPin
	kindListener
	kindDirect
	kindDescription
)

var kindNames = [...]string{"", "runtime", "compilation cache", "compiled module", "module", "function", "memory", "global", "output buffer", "pin", "listener", "direct function", "description"}

const (
	indexBits      = 24
	generationBits = 20
	kindShift      = indexBits + generationBits
	indexMask      = 1<<indexBits - 1
	generationMask = 1<<generationBits - 1
)

type handleSlot struct {
	value      any
	generation uint32
	kind       kind
}

// handleTable is process wide: one lock, held for a look-up only.
type handleTable struct {
	mu    sync.RWMutex
	slots []handleSlot
	free  []uint32
	live  [len(kindNames)]int
}

var handles = handleTable{slots: make([]handleSlot, 1)} // index 0 is never given out: handle 0 is none

func (t *handleTable) add(k kind, value any) handle {
	t.mu.Lock()
	defer t.mu.Unlock()
	var index uint32
	if n := len(t.free); n > 0 {
		index, t.free = t.free[n-1], t.free[:n-1]
	} else {
		if len(t.slots) > indexMask {
			panic("too many handles")
		}
		index = uint32(len(t.slots))
		t.slots = append(t.slots, handleSlot{})
	}
	s := &t.slots[index]
	s.value, s.kind = value, k
	t.live[k]++
	return handle(k)<<kindShift | handle(s.generation)<<indexBits | handle(index)
}

func (t *handleTable) slot(h handle, k kind) *handleSlot {
	index := uint32(h & indexMask)
	if index == 0 || int(index) >= len(t.slots) || kind(h>>kindShift) != k {
		return nil
	}
	s := &t.slots[index]
	if s.kind != k || s.generation != uint32(h>>indexBits)&generationMask {
		return nil
	}
	return s
}

func (t *handleTable) get(h handle, k kind) any {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if s := t.slot(h, k); s != nil {
		return s.value
	}
	return nil
}

// remove returns what the handle stood for, nil if it had been removed before.
func (t *handleTable) remove(h handle, k kind) any {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.slot(h, k)
	if s == nil {
		return nil
	}
	value := s.value
	*s = handleSlot{generation: (s.generation + 1) & generationMask}
	t.free = append(t.free, uint32(h&indexMask))
	t.live[k]--
	return value
}

func (t *handleTable) count(k kind) int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.live[k]
}

// lookup finds what a handle stands for; the error says what is wrong with it.
func lookup[T any](h handle, k kind) (T, error) {
	if v, ok := handles.get(h, k).(T); ok {
		return v, nil
	}
	var none T
	if h != 0 && kind(h>>kindShift) != k {
		return none, invalidArgument("Expected a handle of a " + kindNames[k])
	}
	return none, closedError("the " + kindNames[k] + " is closed")
}
