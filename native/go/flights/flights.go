// Package flights is compilations, each for everybody who asks for the same bytes while it is under way or somebody uses what it made.
//
// Locks: a group's, for which flights can be joined; a flight's, for who uses it. Neither is held while anything is compiled or waited for.
package flights

import (
	"context"
	"sync"

	"wazeronode/codecache"
	"wazeronode/failure"
)

// Flight is one compilation, for everybody who asks a runtime for the same bytes: each waits for it with a deadline of his own, and has a handle
// of his own to what it makes. It is stopped when nobody waits any more, and what it made is given up when nobody waits or has a handle.
type Flight[T any] struct {
	group    *Group[T]
	sum      codecache.Key // of the bytes, under which the group has it, or zeros
	cancel   context.CancelFunc
	progress progress
	done     chan struct{} // closed when made and err are there
	made     T
	err      error
	giveUp   func(T)

	mu    sync.Mutex
	users int // who waits, then who has a handle; none come after the last has gone
	ended bool
}

// Group is those that can be joined. Its zero value is ready.
type Group[T any] struct {
	mu       sync.Mutex
	bySum    map[codecache.Key]*Flight[T] // under way, or used
	underWay int
	closed   func() error // nil: open
}

var errClosed = failure.Closed("the runtime is closed")

// Close lets no more depart, and then closes what they compile in: at once, or, where some are under way, which may take long to notice that nobody
// waits for them any more, when the last of these has ended. The error is of what closed at once.
func (g *Group[T]) Close(closed func() error) error {
	g.mu.Lock()
	g.closed = closed
	now := g.underWay == 0
	g.mu.Unlock()
	if now {
		return closed()
	}
	return nil
}

func (g *Group[T]) landed() {
	g.mu.Lock()
	g.underWay--
	last, closed := g.underWay == 0, g.closed
	g.mu.Unlock()
	if last && closed != nil {
		_ = failure.Protect(closed) // nobody is left to tell
	}
}

// Join is the flight for the bytes of that sum: one that goes on or whose outcome somebody uses, or a new one of make. giveUp gets what was made and nobody uses any more. Who joins
// calls Wait, once; where that has given him what was made, he calls Leave later.
func (g *Group[T]) Join(sum codecache.Key, make func(context.Context) (T, error), giveUp func(T)) *Flight[T] {
	g.mu.Lock()
	defer g.mu.Unlock()
	if f := g.bySum[sum]; f != nil && g.closed == nil && f.Board() {
		return f
	}
	f := g.depart(sum, make, giveUp)
	if g.closed == nil {
		g.list(f)
	}
	return f
}

// list lets others join it. The lock is held.
func (g *Group[T]) list(f *Flight[T]) {
	if g.bySum == nil {
		g.bySum = map[codecache.Key]*Flight[T]{}
	}
	g.bySum[f.sum] = f
}

// unlist is for one that failed, or that nobody uses any more; whoever asks for its bytes has another.
func (g *Group[T]) unlist(f *Flight[T]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.bySum[f.sum] == f {
		delete(g.bySum, f.sum)
	}
}

// Alone is Join for what nobody else is to get.
func (g *Group[T]) Alone(make func(context.Context) (T, error), giveUp func(T)) *Flight[T] {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.depart(codecache.Key{}, make, giveUp)
}

// AtOnce is Join for what takes no time, and is made here; nil where somebody is at it, or it fails: it is to be joined.
func (g *Group[T]) AtOnce(sum codecache.Key, make func(context.Context) (T, error), giveUp func(T)) *Flight[T] {
	g.mu.Lock()
	there := g.bySum[sum]
	g.mu.Unlock()
	if there != nil {
		select {
		case <-there.done:
			if there.Board() {
				return there
			}
		default:
			return nil
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	f := &Flight[T]{group: g, sum: sum, cancel: cancel, done: closedChannel, giveUp: giveUp, users: 1, ended: true}
	f.err = failure.Protect(func() (err error) {
		f.made, err = make(f.progress.attach(ctx))
		return
	})
	if f.err != nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed == nil && g.bySum[sum] == nil {
		g.list(f)
	}
	return f
}

var closedChannel = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// depart is called with the group's lock held.
func (g *Group[T]) depart(sum codecache.Key, compile func(context.Context) (T, error), giveUp func(T)) *Flight[T] {
	if g.closed != nil {
		return &Flight[T]{group: g, done: closedChannel, err: errClosed, users: 1, ended: true}
	}
	g.underWay++
	f := &Flight[T]{group: g, sum: sum, done: make(chan struct{}), giveUp: giveUp, users: 1}
	ctx, cancel := context.WithCancel(context.Background())
	f.cancel = cancel
	failure.Go(func() {
		defer cancel()
		f.err = failure.Protect(func() (err error) {
			f.made, err = compile(f.progress.attach(ctx))
			return
		})
		f.land()
	}, func() {
		close(f.done)
		g.landed()
	})
	return f
}

// Board is one user more, who calls Leave; false where the last of them has gone.
func (f *Flight[T]) Board() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.users == 0 {
		return false
	}
	f.users++
	return true
}

func (f *Flight[T]) land() {
	if f.err != nil {
		f.group.unlist(f)
	}
	f.mu.Lock()
	f.ended = true
	unused := f.users == 0
	f.mu.Unlock()
	if unused {
		f.discard()
	}
}

// Leave is called once by each user: he waits no longer, or closes his handle.
func (f *Flight[T]) Leave() {
	f.mu.Lock()
	f.users--
	last, ended := f.users == 0, f.ended
	f.mu.Unlock()
	if last {
		f.group.unlist(f)
		f.cancel()
		if ended {
			f.discard()
		}
	}
}

func (f *Flight[T]) discard() {
	if f.err == nil {
		f.giveUp(f.made)
	}
}

// Wait is called once by each user. It ends with ctx, whatever the compiler does; then he has left.
func (f *Flight[T]) Wait(ctx context.Context) (made T, _ error) {
	select {
	case <-f.done:
	case <-ctx.Done():
		select {
		case <-f.done:
		default:
			f.Leave()
			return made, context.Cause(ctx)
		}
	}
	if f.err != nil {
		return made, f.err
	}
	return f.made, nil
}

// Progress is how many functions are compiled, of how many: 0, 0 where nobody knows.
func (f *Flight[T]) Progress() (done, functions uint32) { return f.progress.read() }
