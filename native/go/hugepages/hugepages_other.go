//go:build !linux

package hugepages

func forTheAsking() bool                               { return false }
func makeWhole(uint64) (b []byte, inner part, ok bool) { return nil, part{}, false }
func withdraw(part)                                    {}
