//go:build linux || darwin

package arena

import (
	"os"
	"syscall"
)

// For tests: a range that no memory uses is inaccessible, so that whoever still touches it does not go unnoticed.
var sealing = os.Getenv("WAZERO_NODE_SEAL_MEMORIES") == "1"

func seal(b []byte)   { protect(b, syscall.PROT_NONE) }
func unseal(b []byte) { protect(b, syscall.PROT_READ|syscall.PROT_WRITE) }

func protect(b []byte, access int) {
	if !sealing {
		return
	}
	if err := syscall.Mprotect(b, access); err != nil {
		panic(err)
	}
}
