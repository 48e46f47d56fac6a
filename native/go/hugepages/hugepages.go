// Package hugepages is for long bytes of Go's heap that are written at once, from one end to the other: in pages of 4 KiB the system's work to find 6,000
// of them takes longer than to read and to write 26 MB.
package hugepages

import "runtime"

// least: what is shorter is not worth what is left of its last page.
const least = 4 << 20

// Make is make([]byte, n), in whole huge pages where the system gives them to who asks. Where it gives them to all, or to nobody, there is nothing to ask for.
func Make(n uint64) []byte {
	if n >= least && forTheAsking() {
		if b, inner, ok := makeWhole(n); ok {
			// What has these addresses next is as the rest of the heap. That may be so already: it is advice, no more.
			runtime.AddCleanup(&b[0], withdraw, inner)
			return b
		}
	}
	return make([]byte, n)
}

// part of the address space; no pointer.
type part struct{ at, bytes uintptr }
