package wasi_snapshot_preview1

// What a guest may ask for at once. Beyond it the guest gets what POSIX has for that: EINVAL, ENAMETOOLONG, a short
// count. A host function is not interrupted, and what it copies of a path or a list is the host's memory.
const (
	maxBuffers       = 1024      // IOV_MAX
	maxTransfer      = 256 << 20 // of one call
	maxPath          = 4096      // PATH_MAX
	maxSubscriptions = 4096
)
