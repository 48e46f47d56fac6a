package nodehost

import "errors"

// Guard is the host's: code of Exchange.Guarded exists only with it.
//
// An access of such code beyond its memory raises SIGSEGV. The host's handler, which finds the address in one of its ranges and the instruction in code
// that has entered, makes the exit that a comparison would have made: it finds the execution context (on amd64 it follows the frame pointers to the end
// of their chain, an odd word that is its address and one; on arm64 it is above the word that the stack pointer points to), writes exit code, return
// address (behind the beginning of the instruction), stack pointer and frame pointer there, and goes on as if the code had returned to whoever entered it.
type Guard struct {
	// Enter is called with code before any of it runs; false: there is no room for more.
	Enter func(code []byte) bool
	// Leave is called when none of it will run any more.
	Leave func(code []byte)
}

// ErrNoGuard: the host's handler cannot know of more code. Compile without Guarded.
var ErrNoGuard = errors.New("no more code can be guarded")

var guard Guard

// SetGuard is called before anything is compiled. Process-wide.
func SetGuard(g Guard) { guard = g }

// EnterGuard tells the handler of code.
func EnterGuard(code []byte) error {
	if guard.Enter == nil || !guard.Enter(code) {
		return ErrNoGuard
	}
	return nil
}

// LeaveGuard undoes EnterGuard.
func LeaveGuard(code []byte) { guard.Leave(code) }
