//go:build amd64 || arm64

package wazevo

import (
	"sync/atomic"
	"unsafe"
)

// What the tests in package wazevo_test see of stacks.

var lastStack atomic.Pointer[byte]

func StackHeadroom() int { return stackHeadroom }

// SetStackMemory changes how stacks are made until the function it returns is called.
func SetStackMemory(headroom int, memory func(size int) []byte) (restore func()) {
	oldHeadroom, oldMemory := stackHeadroom, newStackMemory
	dropIdleStacks()
	stackHeadroom = headroom
	newStackMemory = func(size int) []byte {
		stack := memory(size)
		lastStack.Store(&stack[0])
		return stack
	}
	return func() {
		stackHeadroom, newStackMemory = oldHeadroom, oldMemory
		dropIdleStacks()
	}
}

// RoomBelow is how far an address on the stack made last is from the limit.
func RoomBelow(addr *uint64) uintptr {
	return uintptr(unsafe.Pointer(addr)) - uintptr(unsafe.Pointer(lastStack.Load())) - uintptr(stackHeadroom)
}

func dropIdleStacks() {
	idleStacks.mux.Lock()
	defer idleStacks.mux.Unlock()
	clear(idleStacks.class[:])
	idleStacks.bytes = 0
}
