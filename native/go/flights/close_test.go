package flights

import (
	"context"
	"errors"
	"testing"

	"wazeronode/codecache"
)

func TestClosedWhenTheLastHasLanded(t *testing.T) {
	var g Group[int32]
	c := newCompiler()
	first, second := g.Join(codecache.Key{1}, c.compile, c.giveUp), g.Alone(c.compile, c.giveUp)
	closed := make(chan struct{})
	if err := g.Close(func() error { close(closed); return errors.New("nobody hears of it") }); err != nil {
		t.Fatal(err)
	}
	select {
	case <-closed:
		t.Fatal("closed under those that are under way")
	default:
	}
	close(c.let)
	for _, f := range []*Flight[int32]{first, second} {
		if _, err := f.Wait(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	<-closed
	if _, err := g.Alone(c.compile, c.giveUp).Wait(context.Background()); err != errClosed || c.begun.Load() != 2 {
		t.Fatal("begun in what is closed: ", err)
	}
}

func TestClosedAtOnceWhereNoneIsUnderWay(t *testing.T) {
	var g Group[int32]
	failed := errors.New("no")
	if err := g.Close(func() error { return failed }); err != failed {
		t.Fatal(err)
	}
}
