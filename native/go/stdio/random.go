package stdio

import (
	"io"
	mathrand "math/rand"
	"sync"

	"wazeronode/frames"
)

// wazeroSeed is that of wazero's own default, which cannot be wrapped.
const wazeroSeed = 42

// Seeded is wazero's default, seeded when the first number is asked for: to seed takes 10 µs and 5 KB, more than all else of a small
// instance, and most guests ask for none.
type Seeded struct {
	once   sync.Once
	source *mathrand.Rand
}

func (r *Seeded) Read(p []byte) (int, error) {
	r.once.Do(func() { r.source = mathrand.New(mathrand.NewSource(wazeroSeed)) })
	return r.source.Read(p)
}

// steadyReader makes random numbers for a guest that may ask for all of its memory at once (2.7 s a GiB): a stop ends that.
type steadyReader struct {
	module *frames.Member
	source io.Reader
}

// NewSteady makes of the source one that a stop ends.
func NewSteady(m *frames.Member, source io.Reader) io.Reader { return &steadyReader{m, source} }

func (r *steadyReader) Read(p []byte) (int, error) {
	const piece = 1 << 20
	if len(p) > piece {
		p = p[:piece]
		if f := r.module.Running(); f != nil {
			f.ExitIfStopped()
		}
	}
	return r.source.Read(p)
}
