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
}
