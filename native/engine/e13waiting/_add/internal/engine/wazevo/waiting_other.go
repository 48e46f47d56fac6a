//go:build !amd64

package wazevo

// keepsContexts: nobody has given a frame words for its contexts here, so that no stack can be copied to another instance.
const (
	keepsContexts  = false
	entryContexts  = 0
	savedRegisters = 0
)
