package main

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
)

// saltPool numbers the compilations with a listener of the same bytes that are alive: the lowest free number, so that what a
// cache directory holds is found again.
type saltPool struct {
	mu   sync.Mutex
	used map[[sha256.Size]byte]map[uint32]struct{}
}

var salts = saltPool{used: map[[sha256.Size]byte]map[uint32]struct{}{}}

type salt struct {
	sum    [sha256.Size]byte
	number uint32 // 0: the bytes as they are
}

func (p *saltPool) take(module []byte) *salt {
	s := &salt{sum: sha256.Sum256(module)}
	p.mu.Lock()
	defer p.mu.Unlock()
	used := p.used[s.sum]
	if used == nil {
		used = map[uint32]struct{}{}
		p.used[s.sum] = used
	}
	for ; ; s.number++ {
		if _, taken := used[s.number]; !taken {
			used[s.number] = struct{}{}
			return s
		}
	}
}

// release is called once, when wazero has let go of the code. nil does nothing.
func (s *salt) release() {
	if s == nil {
		return
	}
	salts.mu.Lock()
	defer salts.mu.Unlock()
	delete(salts.used[s.sum], s.number)
	if len(salts.used[s.sum]) == 0 {
		delete(salts.used, s.sum)
	}
}

const saltSection = "node-wazero.listener"

// apply appends the custom section. The bytes are ours to append to: nobody else reads past their end.
func (s *salt) apply(module []byte) []byte {
	if s.number == 0 {
		return module
	}
	module = append(module, 0, byte(1+len(saltSection)+4), byte(len(saltSection)))
	module = append(module, saltSection...)
	return binary.LittleEndian.AppendUint32(module, s.number)
}

func (s *salt) isApplied() bool { return s != nil && s.number != 0 }
