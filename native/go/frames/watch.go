package frames

import (
	"sync"
	"time"
)

// SyncLook is how often a frame of the synchronous lane is looked at: a terminated Worker must not stay in its guest for ever.
const SyncLook = 50 * time.Millisecond

var syncWatch struct {
	mu      sync.Mutex
	frames  map[*Frame]struct{}
	running bool
}

func watchSync(f *Frame) {
	w := &syncWatch
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.frames == nil {
		w.frames = map[*Frame]struct{}{}
	}
	w.frames[f] = struct{}{}
	if w.running {
		return
	}
	w.running = true
	go func() {
		for {
			time.Sleep(SyncLook)
			w.mu.Lock()
			if len(w.frames) == 0 {
				w.running = false
				w.mu.Unlock()
				return
			}
			for f := range w.frames {
				if time.Since(f.start) > SyncLook {
					f.control.interrupt()
				}
			}
			w.mu.Unlock()
		}
	}()
}

func unwatchSync(f *Frame) {
	syncWatch.mu.Lock()
	delete(syncWatch.frames, f)
	syncWatch.mu.Unlock()
}
