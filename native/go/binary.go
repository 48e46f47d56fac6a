package main

import (
	"fmt"
	"sync"

	"wazeronode/codecache"
	"wazeronode/failure"
	"wazeronode/headroom"
	"wazeronode/hugepages"
	"wazeronode/prescan"
	"wazeronode/shown"
)

// The bytes of a module are copied on the JS thread, because they are the caller's to change. A MiB takes half a millisecond or more, most of it to
// fault in new pages: large ones come in pieces, a turn of the event loop for each, each to its place as soon as another thread has found room for all, and are
// summed up by others meanwhile. Not in huge pages: where one is the first of the machine it takes milliseconds, and whoever finds them in advance has
// the JS thread wait for the lock of the mappings. A file is read by others, and JavaScript has nothing of it.

// moduleBytes are the bytes of a module and what they sum up to, for another thread than JavaScript's, unless they are few: it may have to wait for them.
type moduleBytes func() ([]byte, codecache.Key, error)

// pieces are what has come of a binary whose compilation has not begun; the JS thread alone has them.
type pieces struct {
	room    chan []byte // all of it, empty: where Go has that much memory of before, it clears it first
	joined  []byte      // it, as far as it is filled; nil: not there yet
	sums    *codecache.Sums
	list    [][]byte // what has come before it was there
	size    uint64   // of all that has come
	total   uint64   // of what will have come
	release func()   // of the reservation, for twice as much: none of it may have its place yet

	read moduleBytes // in the place of all that, where they are a file's
}

// copyBinary is for bytes that come at once.
func (rt *runtimeState) copyBinary(data []byte) (moduleBytes, error) {
	release, err := rt.reserveForBinary(uint64(len(data)), 1)
	if err != nil {
		return nil, err
	}
	defer release()
	copied := append([]byte(nil), data...)
	sum := sync.OnceValue(func() codecache.Key { return codecache.Sum(copied) })
	return func() ([]byte, codecache.Key, error) { return copied, sum(), nil }, nil
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
		p := &pieces{total: total, release: release, room: make(chan []byte, 1)}
		r = &request{pieces: p, cancel: func(string) { rt.env.removeRequest(id); release() }}
		if !rt.env.addRequest(id, r) {
			release()
			return failure.Closed("the environment has ended")
		}
		go func() { p.room <- make([]byte, 0, total) }()
	}
	p := r.pieces
	if p == nil || p.size+uint64(len(piece)) > p.total {
		return failure.Invalid("Expected no more bytes than were announced")
	}
	const atOnce = 8 << 20 // longer lists are for the other thread to copy
	if p.joined == nil && p.size <= atOnce {
		select {
		case room := <-p.room:
			p.fill(room)
		default:
		}
	}
	p.size += uint64(len(piece))
	if p.joined != nil {
		p.joined = append(p.joined, piece...)
		p.sums.Come(len(p.joined))
	} else if len(piece) > 0 {
		p.list = append(p.list, append([]byte(nil), piece...))
	}
	return nil
}

// addFile has the compilation of that request read a file.
func (rt *runtimeState) addFile(id uint64, path string) error {
	p := &pieces{release: func() {}, read: func() ([]byte, codecache.Key, error) { return rt.readBinary(path) }}
	if !rt.env.addRequest(id, &request{pieces: p, cancel: func(string) { rt.env.removeRequest(id) }}) {
		return failure.Closed("the environment has ended")
	}
	return nil
}

// readBinary reads it, on another thread than JavaScript's.
func (rt *runtimeState) readBinary(path string) ([]byte, codecache.Key, error) {
	var limit error
	release := func() {}
	defer func() { release() }()
	bytes, sum, err := codecache.ReadFile(path, func(size uint64) (_ []byte, err error) {
		if release, limit = rt.reserveForBinary(size, 1); limit != nil {
			release = func() {}
			return nil, limit
		}
		return hugepages.Make(size), nil
	})
	switch {
	case limit != nil:
		err = limit
	case err != nil:
		err = failure.Invalid(fmt.Sprintf("Expected a file that can be read for binary but received %s: %v", shown.Name(path), err))
	}
	return bytes, sum, err
}

func (p *pieces) fill(room []byte) {
	for _, piece := range p.list {
		room = append(room, piece...)
	}
	p.joined, p.list, p.sums = room, nil, codecache.NewSums(room[:cap(room)])
	p.sums.Come(len(room))
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

func (p *pieces) join() ([]byte, codecache.Key, error) {
	if p.read != nil {
		return p.read()
	}
	defer p.release()
	if p.joined == nil {
		p.fill(<-p.room)
	}
	return p.joined, p.sums.Sum(), nil
}
