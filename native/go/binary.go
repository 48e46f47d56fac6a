package main

import (
	"fmt"

	"wazeronode/failure"
	"wazeronode/headroom"
	"wazeronode/prescan"
)

// The bytes of a module are copied on the JS thread, because they are the caller's to change. A MiB takes half a millisecond or more, most of it to
// fault in new pages: large ones come in pieces, a turn of the event loop for each, and are joined on the goroutine of their compilation.

// pieces are what has come of a binary whose compilation has not begun; the JS thread alone has them.
type pieces struct {
	list    [][]byte
	size    uint64 // of all in list
	total   uint64 // of what will have come
	release func() // of the reservation for both copies
}

// copyBinary is for bytes that come at once.
func (rt *runtimeState) copyBinary(data []byte) ([]byte, error) {
	release, err := rt.reserveForBinary(uint64(len(data)), 1)
	if err != nil {
		return nil, err
	}
	defer release()
	return append([]byte(nil), data...), nil
}

func (rt *runtimeState) reserveForBinary(size, copies uint64) (release func(), _ error) {
	if err := refusal(prescan.CheckSize(size, rt.prescanLimits())); err != nil {
		return nil, err
	}
	const little = 4 << 20 // is had, or the compilation itself is refused
	if size <= little {
		return func() {}, nil
	}
	release, left, ok := headroom.Reserve(size*copies, true)
	if !ok {
		return nil, failure.Limit("moduleBytes", fmt.Sprintf(
			"copying a module of %d bytes takes %d MiB, but the process has no more than %d MiB left", size, size*copies>>20, left>>20))
	}
	return release, nil
}

func (rt *runtimeState) addPiece(id, total uint64, piece []byte) error {
	r := rt.env.request(id)
	if r == nil {
		release, err := rt.reserveForBinary(total, 2)
		if err != nil {
			return err
		}
		p := &pieces{total: total, release: release}
		r = &request{pieces: p, cancel: func(string) { rt.env.removeRequest(id); release() }}
		if !rt.env.addRequest(id, r) {
			release()
			return failure.Closed("the environment has ended")
		}
	}
	p := r.pieces
	if p == nil || p.size+uint64(len(piece)) > p.total {
		return failure.Invalid("Expected no more bytes than were announced")
	}
	p.list = append(p.list, append([]byte(nil), piece...))
	p.size += uint64(len(piece))
	return nil
}

// takePieces is nil where none have come.
func (e *env) takePieces(id uint64) *pieces {
	r := e.request(id)
	if r == nil || r.pieces == nil {
		return nil
	}
	e.removeRequest(id)
	return r.pieces
}

// join is for another thread than JavaScript's: where Go has that much memory of before, it clears it first.
func (p *pieces) join() []byte {
	defer p.release()
	joined := make([]byte, 0, p.size)
	for i, piece := range p.list {
		joined = append(joined, piece...)
		p.list[i] = nil
	}
	return joined
}
