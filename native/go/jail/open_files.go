package jail

import "sync"

// OpenFiles bounds how many files a guest has open at once, in all of its mounts.
type OpenFiles struct {
	mu         sync.Mutex
	open, most int
}

// NewOpenFiles allows most files; 0: no limit but the system's.
func NewOpenFiles(most int) *OpenFiles { return &OpenFiles{most: most} }

// Take is false where there are too many.
func (o *OpenFiles) Take() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.most > 0 && o.open >= o.most {
		return false
	}
	o.open++
	return true
}

// Release gives back what was taken.
func (o *OpenFiles) Release() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.open--
}
