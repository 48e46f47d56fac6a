// Package blocking bounds how many goroutines are in system calls that may take long. Each of them holds a thread, for which Go makes another
// one, and where it gets none it ends the process: so the threads that it may need are counted, and made when the package is loaded.
package blocking

import "runtime"

// Pool lets as many goroutines in as it has room for.
type Pool chan struct{}

var (
	// Cache is for files of caches: as many as can hash what they read.
	Cache = make(Pool, runtime.NumCPU()+1)
	// Files is for file systems that may not answer.
	Files = make(Pool, 6)
)

// Threads is the most that are held so.
func Threads() int { return cap(Cache) + cap(Files) }

// Enter waits for room; false where it was stopped first. Whoever is in leaves.
func (p Pool) Enter(stop <-chan struct{}) bool {
	select {
	case p <- struct{}{}:
		return true
	case <-stop:
		return false
	}
}

// TryEnter does not wait.
func (p Pool) TryEnter() bool {
	select {
	case p <- struct{}{}:
		return true
	default:
		return false
	}
}

func (p Pool) Leave() { <-p }
