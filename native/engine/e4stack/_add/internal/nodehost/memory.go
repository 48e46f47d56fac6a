package nodehost

import "sync/atomic"

var mayAllocate atomic.Pointer[func(bytes uint64) bool]

// SetMayAllocate has the host asked before much memory is allocated for a guest.
func SetMayAllocate(may func(bytes uint64) bool) { mayAllocate.Store(&may) }

// MayAllocate is false when the host does not allow it. Little is always allowed, for asking costs more.
func MayAllocate(bytes uint64) bool {
	const little = 1 << 20
	if bytes <= little {
		return true
	}
	may := mayAllocate.Load()
	return may == nil || (*may)(bytes)
}
