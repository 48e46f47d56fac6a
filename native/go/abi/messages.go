// Package abi is native/abi/wazero_node.h for the packages that do not touch C: its messages, and its numbers, which test/native/drift.test.ts
// compares with the header. What calls C++ is in cbridge.go of package main.
package abi

// Message is wz_message: see there. Words and Bytes are read during the call only.
type Message struct {
	Kind, Status   uint32
	Frame          uint64
	Target, Module uint64
	Words          []uint64
	Bytes          []byte
	ResultCount    int
	ResultBytes    int
	Tenant         uintptr // whose turn it takes
}

// What C++ does for Go. Package main sets them before anything else happens.
var (
	// Post leaves a message for JavaScript; false where the environment has gone. Any thread.
	Post func(env uint64, m Message) bool
	// Upcall runs the callback on this very thread: only in a frame of the synchronous lane. The results land in words and bytes; n is how many bytes.
	Upcall func(env uint64, m Message, words []uint64, bytes []byte) (status uint32, n int)
	// Alive is whether JavaScript was not terminated. JS thread, in a frame of the synchronous lane.
	Alive func(env uint64) bool
)
