//go:build !linux

package headroom

// LeftByLimits: other systems have no limits that are worth asking for.
func LeftByLimits() uint64 { return unlimited }

// OfGroups: other systems have none.
func OfGroups() uint64 { return unlimited }

func leftToMap() uint64   { return unlimited }
func leftToTouch() uint64 { return unlimited }

func leftOfMachine() uint64 { return unlimited }
