//go:build !linux && !darwin

package arena

// packed: where nothing is known of mappings, each range is of the Go heap and as large as it needs to be.
const packed = false

func mostAtOnce() uint64 { return 0 }

func mapBytes(size uint64) ([]byte, error) { return make([]byte, size), nil }

func discard(b []byte) { clear(b) }

func unmap([]byte) {}

func seal([]byte)   {}
func unseal([]byte) {}
