package failure

import (
	"fmt"
	"os"
)

// Violated is for what cannot be, and would let a guest reach what is not its own if it were: it ends a process that tests
// (invariant_strict.go); for everybody else it is the end of what was about to happen.
func Violated(what string) error {
	what += ": a bug of node-wazero"
	if strict {
		fmt.Fprintln(os.Stderr, what)
		os.Exit(2)
	}
	return &Error{Code: CodeLink, Message: what}
}
