//go:build !linux

package platform

// AdviseHugePages is for Linux.
func AdviseHugePages([]byte) {}
