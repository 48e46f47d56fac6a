package wazevo

// keepsContexts: each frame has words for its contexts, see backend/isa/amd64/contexts.go; savedRegisters are those that the way out to the host saves.
const (
	keepsContexts  = true
	entryContexts  = 16
	savedRegisters = 13
)
