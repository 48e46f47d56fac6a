// Package hugepages is for long bytes of Go's heap that are written at once, from one end to the other: in pages of 4 KiB the system's work to find 6,000
// of them takes longer than to read and to write 26 MB.
package hugepages

import "runtime"

// least: less has no huge page to itself.
const least = 4 << 20

// Make is make([]byte, n), in huge pages where the system gives them to who asks. Where it gives them to all, or to nobody, there is nothing to ask for.
func Make(n uint64) []byte {
	b := make([]byte, n)
	if n >= least {
		if inner := advise(b); inner.bytes > 0 {
			// What has these addresses next is as the rest of the heap. That may be so already: it is advice, no more.
			runtime.AddCleanup(&b[0], withdraw, inner)
		}
	}
	return b
}

// part of the address space; no pointer.
type part struct{ at, bytes uintptr }
