package flights

import (
	"context"
	"errors"
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
	if again := g.Join(codecache.Key{1}, c.compile, c.giveUp); again == first {
		t.Fatal("one that has landed was joined")
	}
	first.Leave()
	if c.given.Load() != 0 || !first.Board() {
		t.Fatal("given up while it is used")
	}
	first.Leave()
	first.Leave()
	if c.given.Load() != 1 || first.Board() {
		t.Fatal("not given up by the last of its users, once")
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
	f := g.AtOnce(codecache.Key{1}, c.compile, c.giveUp)
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
