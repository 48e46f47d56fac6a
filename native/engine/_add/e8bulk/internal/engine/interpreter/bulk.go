package interpreter

import "unsafe"

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
