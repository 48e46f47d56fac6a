// Package salts has compilations with a listener of the same bytes meet nobody else's code: each gets bytes that differ in a last custom section.
package salts

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
)

// pool numbers the compilations with a listener of the same bytes that are alive: the lowest free number, so that what a
// cache directory holds is found again.
type pool struct {
	mu   sync.Mutex
	used map[[sha256.Size]byte]map[uint32]struct{}
}

var all = pool{used: map[[sha256.Size]byte]map[uint32]struct{}{}}

// Salt is that of one compilation, until Release.
type Salt struct {
	sum    [sha256.Size]byte
	number uint32 // 0: the bytes as they are
}

// Take is that of one more compilation of the module.
func Take(module []byte) *Salt {
	p := &all
	s := &Salt{sum: sha256.Sum256(module)}
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

// Release is called once, when wazero has let go of the code. nil does nothing.
func (s *Salt) Release() {
	if s == nil {
		return
	}
	all.mu.Lock()
	defer all.mu.Unlock()
	delete(all.used[s.sum], s.number)
	if len(all.used[s.sum]) == 0 {
		delete(all.used, s.sum)
	}
}

const section = "node-wazero.listener"

// Apply appends the custom section. The bytes are ours to append to: nobody else reads past their end.
func (s *Salt) Apply(module []byte) []byte {
	if s.number == 0 {
		return module
	}
	module = append(module, 0, byte(1+len(section)+4), byte(len(section)))
	module = append(module, section...)
	return binary.LittleEndian.AppendUint32(module, s.number)
}

func (s *Salt) IsApplied() bool { return s != nil && s.number != 0 }
