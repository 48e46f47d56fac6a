//go:build !linux || !(amd64 || arm64)

package arena

const guarded = -2 // the class that no range has here

// CanGuard, HasGuarded and Guard: there are none.
func CanGuard() bool            { return false }
func HasGuarded() bool          { return false }
func Guard(uint64) *Reservation { return nil }

func (s *span) open(uint64) bool { return true }
func (s *span) shut(uint64) bool { return true }
func reuseGuarded(*span)         {}
