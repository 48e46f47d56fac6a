package flights

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"wazeronode/codecache"
)

// compiler makes numbers, when it is let.
type compiler struct {
	begun, given atomic.Int32
	let          chan struct{}
	stopped      chan struct{}
}

func (c *compiler) compile(ctx context.Context) (int32, error) {
	n := c.begun.Add(1)
	select {
	case <-c.let:
		return n, nil
	case <-ctx.Done():
		close(c.stopped)
		return 0, ctx.Err()
	}
}

func (c *compiler) giveUp(int32) { c.given.Add(1) }

func newCompiler() *compiler {
	return &compiler{let: make(chan struct{}), stopped: make(chan struct{})}
}

func TestTheSameBytesAreCompiledOnce(t *testing.T) {
	var g Group[int32]
	c := newCompiler()
	first, second := g.Join(codecache.Key{1}, c.compile, c.giveUp), g.Join(codecache.Key{1}, c.compile, c.giveUp)
	if first != second || g.Join(codecache.Key{2}, c.compile, c.giveUp) == first || g.Alone(c.compile, c.giveUp) == first {
		t.Fatal("who joined whom")
	}
	close(c.let)
	for range 2 {
		if _, err := first.Wait(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	begun := c.begun.Load()
	again := g.Join(codecache.Key{1}, c.compile, c.giveUp)
	if made, err := again.Wait(context.Background()); again != first || err != nil || made != first.made || c.begun.Load() != begun {
		t.Fatal("one that is used was not joined: ", err)
	}
	if g.AtOnce(codecache.Key{1}, c.compile, c.giveUp) != first {
		t.Fatal("one that is used was made once more")
	}
	for range 3 {
		first.Leave()
	}
	if c.given.Load() != 0 || !first.Board() {
		t.Fatal("given up while it is used")
	}
	first.Leave()
	first.Leave()
	if c.given.Load() != 1 || first.Board() {
		t.Fatal("not given up by the last of its users, once")
	}
	if g.Join(codecache.Key{1}, c.compile, c.giveUp) == first || g.bySum[codecache.Key{1}] == first {
		t.Fatal("one that was given up was joined")
	}
}

func TestWhatFailedIsNotJoined(t *testing.T) {
	var g Group[int32]
	no := errors.New("no")
	fails := func(context.Context) (int32, error) { return 0, no }
	first := g.Join(codecache.Key{1}, fails, nil)
	if _, err := first.Wait(context.Background()); err != no {
		t.Fatal(err)
	}
	if len(g.bySum) != 0 || g.Join(codecache.Key{1}, fails, nil) == first {
		t.Fatal("it can be joined")
	}
}

func TestWhatIsUsedIsNotJoinedInWhatIsClosed(t *testing.T) {
	var g Group[int32]
	c := newCompiler()
	close(c.let)
	f := g.Join(codecache.Key{1}, c.compile, c.giveUp)
	if _, err := f.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	_ = g.Close(func() error { return nil })
	if _, err := g.Join(codecache.Key{1}, c.compile, c.giveUp).Wait(context.Background()); err != errClosed {
		t.Fatal(err)
	}
	f.Leave()
	if c.given.Load() != 1 || len(g.bySum) != 0 {
		t.Fatal("not given up")
	}
}

func TestManyJoinAndLeave(t *testing.T) {
	var g Group[int32]
	var live, most atomic.Int32
	make := func(context.Context) (int32, error) { most.Store(max(most.Load(), live.Add(1))); return 1, nil }
	giveUp := func(int32) { live.Add(-1) }
	var done sync.WaitGroup
	for range 8 {
		done.Add(1)
		go func() {
			defer done.Done()
			for range 2000 {
				f := g.Join(codecache.Key{1}, make, giveUp)
				if made, err := f.Wait(context.Background()); made != 1 || err != nil {
					t.Error(made, err)
				}
				f.Leave()
			}
		}()
	}
	done.Wait()
	if live.Load() != 0 || len(g.bySum) != 0 {
		t.Fatal("left: ", live.Load(), len(g.bySum))
	}
}

func TestItIsStoppedWhenNobodyWaits(t *testing.T) {
	var g Group[int32]
	c := newCompiler()
	late := errors.New("late")
	ended, cancel := context.WithCancelCause(context.Background())
	cancel(late)
	f := g.Join(codecache.Key{1}, c.compile, c.giveUp)
	other := g.Join(codecache.Key{1}, c.compile, c.giveUp)
	if _, err := f.Wait(ended); err != late {
		t.Fatal(err)
	}
	select {
	case <-c.stopped:
		t.Fatal("stopped, although another waits")
	default:
	}
	if _, err := other.Wait(ended); err != late {
		t.Fatal(err)
	}
	<-c.stopped
	if g.Join(codecache.Key{1}, c.compile, c.giveUp) == f {
		t.Fatal("one that was stopped was joined")
	}
}

func TestAtOnce(t *testing.T) {
	var g Group[int32]
	c := newCompiler()
	fails := func(context.Context) (int32, error) { return 0, errors.New("no") }
	if g.AtOnce(codecache.Key{1}, fails, c.giveUp) != nil {
		t.Fatal("one that failed is there")
	}
	slow := g.Join(codecache.Key{1}, c.compile, c.giveUp)
	if g.AtOnce(codecache.Key{1}, fails, c.giveUp) != nil {
		t.Fatal("made beside one that is under way")
	}
	close(c.let)
	if _, err := slow.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	f := g.AtOnce(codecache.Key{2}, c.compile, c.giveUp)
	if g.Join(codecache.Key{2}, c.compile, c.giveUp) != f {
		t.Fatal("not joined by the next")
	}
	f.Leave()
	if made, err := f.Wait(context.Background()); made != 2 || err != nil || !f.Board() {
		t.Fatal(made, err)
	}
	f.Leave()
	if c.given.Load() != 0 {
		t.Fatal("given up while it is used")
	}
	f.Leave()
	if c.given.Load() != 1 || f.Board() {
		t.Fatal("not given up by the last of its users, once")
	}
}
