package interpreter

import (
	"unsafe"

	"github.com/tetratelabs/wazero/internal/wasm"
)

// piece is how much is moved at once: what moves memory cannot be preempted, and the collector, which every thread of
// Go may have to wait for, waits for it.
const piece = 1 << 20

// copyInPieces is copy for slices of one length, which may overlap. The call can be interrupted between two pieces.
func (ce *callEngine) copyInPieces(f *function, dst, src []byte) {
	n := len(dst)
	if n <= piece {
		copy(dst, src)
		return
	}
	to, from := uintptr(unsafe.Pointer(&dst[0])), uintptr(unsafe.Pointer(&src[0]))
	if to > from && to < from+uintptr(n) { // from the end
		for ; n > 0; n -= min(n, piece) {
			at := n - min(n, piece)
			copy(dst[at:n], src[at:n])
			ce.poll(f)
		}
		return
	}
	for at := 0; at < n; at += piece {
		end := min(n, at+piece)
		copy(dst[at:end], src[at:end])
		ce.poll(f)
	}
}

// copyReferences is copyInPieces for tables.
func (ce *callEngine) copyReferences(f *function, dst, src []wasm.Reference) {
	ce.copyInPieces(f, bytesOf(dst), bytesOf(src))
}

// bytesOf: references are numbers to the collector, so that their bytes may be moved.
func bytesOf(references []wasm.Reference) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(references))), len(references)*int(unsafe.Sizeof(wasm.Reference(0))))
}

// fillReferences sets all elements of a part of a table.
func (ce *callEngine) fillReferences(f *function, region []wasm.Reference, ref wasm.Reference) {
	const elements = piece / int(unsafe.Sizeof(ref))
	for len(region) > 0 {
		part := region[:min(len(region), elements)]
		for i := range part {
			part[i] = ref
		}
		if region = region[len(part):]; len(region) > 0 {
			ce.poll(f)
		}
	}
}

// fillInPieces sets all bytes of buf, which is not empty.
func (ce *callEngine) fillInPieces(f *function, buf []byte, value byte) {
	for len(buf) > 0 {
		part := buf[:min(len(buf), piece)]
		if value == 0 {
			clear(part)
		} else {
			part[0] = value
			for i := 1; i < len(part); {
				i += copy(part[i:], part[:min(i, 8192)])
			}
		}
		if buf = buf[len(part):]; len(buf) > 0 {
			ce.poll(f)
		}
	}
}
