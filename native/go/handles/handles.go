// Package handles gives out the numbers by which JavaScript and C++ know what Go has. One table for the process, which owns nothing: who adds
// removes. Its one lock is held for a look-up only, so every thread may ask.
package handles

import (
	"sync"

	"wazeronode/failure"
)

// Handle is kind | generation | index, below 2^53 so that JavaScript holds it exactly. A handle that was removed, or of another
// kind, is not found: the caller answers with a typed error.
type Handle uint64

type Kind uint8

const (
	Runtime Kind = iota + 1
	Cache
	Compiled
	Module
	Function
	Memory
	Global
	OutputBuffer
	Pin
	Listener
	Direct
	Description
	Image
	Tenant
	Tag
	Table
)

var kindNames = [...]string{"", "runtime", "compilation cache", "compiled module", "module", "function", "memory", "global", "output buffer", "pin", "listener", "direct function", "description", "image", "tenant", "tag", "table"}

const (
	indexBits      = 24
	generationBits = 20
	kindShift      = indexBits + generationBits
	indexMask      = 1<<indexBits - 1
	generationMask = 1<<generationBits - 1
)

type slot struct {
	value      any
	generation uint32
	kind       Kind
}

// table has one lock, held for a look-up only.
type table struct {
	mu    sync.RWMutex
	slots []slot
	free  []uint32
	live  [len(kindNames)]int
}

var all = table{slots: make([]slot, 1)} // index 0 is never given out: handle 0 is none

// Add makes a handle for value.
func Add(k Kind, value any) Handle { return all.add(k, value) }

// Get is what the handle stands for; nil where it was removed, or is of another kind.
func Get(h Handle, k Kind) any { return all.get(h, k) }

// Remove returns what the handle stood for, nil if it had been removed before.
func Remove(h Handle, k Kind) any { return all.remove(h, k) }

// Count is how many of a kind there are.
func Count(k Kind) int { return all.count(k) }

// Kind of a handle, whether it still stands for something or not.
func (h Handle) Kind() Kind { return Kind(h >> kindShift) }

func (t *table) add(k Kind, value any) Handle {
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
		t.slots = append(t.slots, slot{})
	}
	s := &t.slots[index]
	s.value, s.kind = value, k
	t.live[k]++
	return Handle(k)<<kindShift | Handle(s.generation)<<indexBits | Handle(index)
}

func (t *table) slot(h Handle, k Kind) *slot {
	index := uint32(h & indexMask)
	if index == 0 || int(index) >= len(t.slots) || h.Kind() != k {
		return nil
	}
	s := &t.slots[index]
	if s.kind != k || s.generation != uint32(h>>indexBits)&generationMask {
		return nil
	}
	return s
}

func (t *table) get(h Handle, k Kind) any {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if s := t.slot(h, k); s != nil {
		return s.value
	}
	return nil
}

// remove returns what the handle stood for, nil if it had been removed before.
func (t *table) remove(h Handle, k Kind) any {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.slot(h, k)
	if s == nil {
		return nil
	}
	value := s.value
	*s = slot{generation: (s.generation + 1) & generationMask}
	t.free = append(t.free, uint32(h&indexMask))
	t.live[k]--
	return value
}

func (t *table) count(k Kind) int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.live[k]
}

// Lookup finds what a handle stands for; the error says what is wrong with it.
func Lookup[T any](h Handle, k Kind) (T, error) {
	if v, ok := all.get(h, k).(T); ok {
		return v, nil
	}
	var none T
	if h != 0 && h.Kind() != k {
		return none, failure.Invalid("Expected a handle of a " + kindNames[k])
	}
	return none, failure.Closed("the " + kindNames[k] + " is closed")
}
