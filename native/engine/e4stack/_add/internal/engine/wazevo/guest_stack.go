//go:build amd64 || arm64

package wazevo

import (
	"context"
	"encoding/binary"
	"os"
	"sync"

	"github.com/tetratelabs/wazero/internal/nodehost"
	"github.com/tetratelabs/wazero/internal/wasmruntime"
)

// Every stack that guest code runs on is made here: the first of a call, the larger ones it grows into, and the copies
// that snapshots and try_table continue on.
//
// A signal handler that was set without SA_ONSTACK (libuv sets all of its own that way) runs on the stack of the code
// it interrupts, below its stack pointer. Guest code only promises to stay above the limit that it checks at each
// function entry, so the limit lies stackHeadroom above the first byte: the kernel's signal frame and the handler have
// that much, and never write outside of the allocation.
//
// A call has its stack lent to it: an idle api.Function owns none. What a lent stack contains does not matter, guest
// code writes before it reads.

const (
	smallestStack    = 16 << 10 // usable bytes of the first stack of a call
	largestIdleStack = 1 << 20  // larger ones are left to the collector
	maxIdleStacks    = 8 << 20  // bytes

	// defaultMaxStack is how far upstream lets a stack grow.
	defaultMaxStack = 10240 << 13
)

// stackHeadroom is a multiple of 16. Only tests change it.
var stackHeadroom = max(16<<10, minSignalStack()+8<<10) + 15&^15

// newStackMemory is what tests replace to see what lies around a stack.
var newStackMemory = func(size int) []byte { return make([]byte, size) }

// minSignalStack is what the kernel writes for a signal on this machine: the more registers, the more. 0 if unknown.
func minSignalStack() int {
	const atMinSigStkSz = 51
	auxv, err := os.ReadFile("/proc/self/auxv")
	if err != nil {
		return 0 // not Linux; the minimum covers the other systems
	}
	for ; len(auxv) >= 16; auxv = auxv[16:] {
		if binary.LittleEndian.Uint64(auxv) == atMinSigStkSz {
			return int(binary.LittleEndian.Uint64(auxv[8:]))
		}
	}
	return 0
}

// idleStacks holds the stacks that no call uses, by class: those of class k have smallestStack<<k usable bytes.
var idleStacks struct {
	mux   sync.Mutex
	bytes int
	class [7][][]byte // smallestStack<<6 is largestIdleStack
}

// classOf returns the smallest class with room for this many usable bytes, and how many it has.
func classOf(usable int) (class, size int) {
	for size = smallestStack; size < usable; size <<= 1 {
		class++
	}
	return class, size
}

// allocStack returns a stack with this many usable bytes.
func allocStack(usable int) []byte {
	class, size := classOf(usable)
	if size == usable && size <= largestIdleStack {
		p := &idleStacks
		p.mux.Lock()
		if idle := p.class[class]; len(idle) > 0 {
			last := len(idle) - 1
			stack := idle[last]
			idle[last] = nil
			p.class[class] = idle[:last]
			p.bytes -= len(stack)
			p.mux.Unlock()
			return stack
		}
		p.mux.Unlock()
	}
	return newStackMemory(stackHeadroom + usable)
}

// freeStack takes a stack back. Nothing may point into it any more.
func freeStack(stack []byte) {
	usable := len(stack) - stackHeadroom
	class, size := classOf(usable)
	if size != usable || size > largestIdleStack {
		return // left to the collector
	}
	p := &idleStacks
	p.mux.Lock()
	if p.bytes+len(stack) <= maxIdleStacks {
		p.class[class] = append(p.class[class], stack)
		p.bytes += len(stack)
	}
	p.mux.Unlock()
}

// stackBottom is the limit that guest code compares its stack pointer with.
func (c *callEngine) stackBottom() *byte { return &c.stack[stackHeadroom] }

func (c *callEngine) usableStack() int { return len(c.stack) - stackHeadroom }

// takeStack lends this call engine a stack, unless it has one already, and reports whether it did.
func (c *callEngine) takeStack(ctx context.Context) bool {
	if c.stack != nil {
		return false
	}
	_, size := classOf(c.requiredInitialStackSize())
	c.stack = allocStack(size)
	c.stackTop = alignedStackTop(c.stack)
	c.execCtx.stackBottomPtr = c.stackBottom()
	c.stackCtx = ctx
	return true
}

// giveStack ends the loan.
func (c *callEngine) giveStack() {
	if !c.stackOfSnapshot {
		freeStack(c.stack)
	}
	c.stack, c.stackTop, c.stackCtx, c.stackOfSnapshot = nil, 0, nil, false
	c.execCtx.stackBottomPtr = nil
	if cap(c.tryHandlers) > 16 {
		c.tryHandlers = nil
	}
}

// nextStack is the size that the stack of this call grows to.
func (c *callEngine) nextStack() (usable int, err error) {
	limit := nodehost.MaxStackBytesOf(c.stackCtx)
	if limit <= 0 {
		limit = defaultMaxStack
	}
	needed := c.usableStack() + int(c.execCtx.stackGrowRequiredSize) + 16 // 16 because the top is aligned
	if needed > limit {
		return 0, wasmruntime.ErrRuntimeStackOverflow
	}
	_, usable = classOf(needed + c.usableStack())
	if usable = min(usable, limit&^15); !nodehost.MayAllocate(2 * uint64(usable)) {
		return 0, wasmruntime.ErrRuntimeStackOverflow
	}
	return usable, nil
}
