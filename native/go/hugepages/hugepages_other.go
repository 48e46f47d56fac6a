//go:build !linux

package hugepages

func advise([]byte) part { return part{} }
func withdraw(part)      {}
