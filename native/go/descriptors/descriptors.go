// Package descriptors counts the file descriptors of the process that guests have, all guests together: each module has its own limit
// (openFiles), and many modules have many times that. What the program has left is half of what the process may have.
package descriptors

import "sync/atomic"

var taken atomic.Int64

// Take is false where guests have half of what the process may have: EMFILE to the guest.
func Take() bool {
	if uint64(taken.Add(1)) > most() {
		taken.Add(-1)
		return false
	}
	return true
}

// Give gives n back that were taken.
func Give(n int) { taken.Add(int64(-n)) }

// Taken is how many guests have.
func Taken() int { return int(taken.Load()) }
