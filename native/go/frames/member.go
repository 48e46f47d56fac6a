// Package frames is who runs: a Frame is one entry into a guest, a Group the instances that are joined by imports, and a Member an instance's
// place in one. A group's frames are a stack, of which the top one runs; the slot that lets it run is package slots'.
//
// Locks: groupsMu, of the process, for who is in which group and what a group keeps, held for no wait and for no call into a guest; Frame.mu for
// what is made on first use; ahead.mu for what sinks have not taken. A frame's other fields are its own goroutine's, or atomic. A frame is made
// on the JS thread, runs there (synchronous lane) or on a goroutine, and is stopped from any thread.
//
// What is behind C is reached through package abi; what an instance is through Module.
package frames

import (
	"sync/atomic"

	"wazeronode/abi"
	"wazeronode/accounts"
	"wazeronode/slots"
)

// Module is an instance of package main.
type Module interface {
	Handle() uint64      // by which JavaScript knows it
	Share() *slots.Share // its tenant's or its runtime's, of the slots
	Account() *accounts.Account
	IsClosed() bool        // also where its guest has closed it, and nobody has looked since
	Close(exitCode uint32) // idempotent
	HasFiles() bool        // it has mounts
	CountsFuel() bool      // its code counts what it executes
	InterruptFiles()       // lets its guest return that is parked in a read or write of a pipe
}

// Member is an instance's part in its link group: the instance embeds it.
type Member struct {
	Self   Module
	Group  *Group      // when it was made: others have joined since
	Closed atomic.Bool // by us; its guest's doing is seen by IsClosed alone

	grouped bool // among the open modules of its group; groupsMu
	held    bool // JavaScript may have views of its memory; groupsMu
}

// Running is the frame whose guest asks: callbacks that wazero calls without a context find it so. There is one, or nothing of the
// group would run; nil where the instance is closed by its owner.
func (m *Member) Running() *Frame { return m.Group.top() }

// Ask puts a question of the guest that is answered by one number.
func (m *Member) Ask(kind uint32, target uint64, params ...uint64) uint64 {
	var result [1]uint64
	m.Running().Upcall(abi.Message{Kind: kind, Target: target, Module: m.Self.Handle(), Words: params}, result[:], nil)
	return result[0]
}

// NoteClosed marks it for TakeClosed; before it is in its group nothing is to be marked. Any thread, more than once.
func (m *Member) NoteClosed() {
	groupsMu.Lock()
	defer groupsMu.Unlock()
	if m.grouped {
		g := m.Group.find()
		g.closed = append(g.closed, m)
	}
}

// Hold keeps the memory of its group until LetGo. Before any code of it runs.
func (m *Member) Hold() {
	groupsMu.Lock()
	defer groupsMu.Unlock()
	m.held = true
	m.Group.find().held++
}

// LetGo: JavaScript reads and writes no memory of it any more. Idempotent.
func (m *Member) LetGo() {
	groupsMu.Lock()
	defer groupsMu.Unlock()
	if m.held {
		m.held = false
		g := m.Group.find()
		g.held--
		g.releaseLocked()
	}
}

// Link makes one group of both where joins, else has this one's keep what it shares with the other's. It is false where the other is closed,
// and its memory perhaps released.
func (m *Member) Link(from *Member, joins bool) bool {
	groupsMu.Lock()
	defer groupsMu.Unlock()
	// One that is not in its group yet runs its start functions, and this is instantiated inside of them.
	if from.Self.IsClosed() || !from.grouped && from.Group.top() == nil {
		return false
	}
	if joins {
		m.Group.join(from.Group)
	} else {
		m.Group.dependOn(from.Group)
	}
	return true
}
