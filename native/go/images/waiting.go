package images

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
)

func (w *Waiting) flag() uint64 {
	if w == nil {
		return 0
	}
	return 1
}

func (w *Waiting) encode(head []byte) []byte {
	put := func(n uint64) { head = binary.AppendUvarint(head, n) }
	words := func(list []uint64) {
		put(uint64(len(list)))
		for _, word := range list {
			head = binary.LittleEndian.AppendUint64(head, word)
		}
	}
	head = append(append(head, w.Code[:]...), w.ExitSum[:]...)
	flags := uint64(0)
	if w.Again {
		flags |= 1
	}
	if w.Guarded {
		flags |= 2
	}
	for _, n := range []uint64{flags, uint64(w.Function), uint64(w.Import), uint64(w.Entry), uint64(w.Exit)} {
		put(n)
	}
	words(w.Words)
	words(w.Registers)
	put(uint64(len(w.Frames)))
	for _, n := range w.Frames {
		put(uint64(n))
	}
	put(uint64(len(w.Returns)))
	for _, r := range w.Returns {
		put(uint64(r[0]))
		put(uint64(r[1]))
	}
	return head
}

func (d *decoder) waiting() *Waiting {
	number := func() uint32 { return uint32(d.number(math.MaxUint32)) }
	words := func() []uint64 {
		list := make([]uint64, d.count(8))
		for i := range list {
			list[i] = binary.LittleEndian.Uint64(d.take(8))
		}
		return list
	}
	w := &Waiting{}
	copy(w.Code[:], d.take(sha256.Size))
	copy(w.ExitSum[:], d.take(sha256.Size))
	flags := d.number(3)
	w.Again, w.Guarded = flags&1 != 0, flags&2 != 0
	w.Function, w.Import, w.Entry, w.Exit = number(), number(), number(), number()
	w.Words, w.Registers = words(), words()
	w.Frames = make([]uint32, d.count(1))
	for i := range w.Frames {
		w.Frames[i] = number()
	}
	w.Returns = make([][2]uint32, d.count(2))
	for i := range w.Returns {
		w.Returns[i] = [2]uint32{number(), number()}
	}
	return w
}
