package main

import (
	"context"
	"sync/atomic"

	"wazeronode/arena"
)

// beginning is what every instance of a module begins with, kept where that is the same for all (see giveBeginning of the edit e11fork): its segments need not
// be applied again, nor its functions' references made one by one, and ranges of memory that instances have left go to the next ones (arena/warm.go). It is
// taken when a module is seen to be instantiated again and again. Guarded code only: a guarded memory takes two mappings anyway, any other would take more
// of the system's with an image than without.
//
// Unlike an image that somebody has frozen it is not seen from outside: limits, accounts and reset are as without. All copies of a compiledState share it.
type beginning struct {
	instances atomic.Int32
	taken     atomic.Pointer[begun]
}

type begun struct {
	state  *engineImage
	memory *arena.Image
}

const (
	// instancesBefore: who makes one or two gains nothing.
	instancesBefore = 2
	// mostBegunPages: what has a larger memory takes long to look through, on the JS thread.
	mostBegunPages = 256
)

// beginningOf is nil where there is none.
func beginningOf(c *compiledState) *beginning {
	if m := c.memory; !c.guarded || m.Imported || m.Shared || m.Min > mostBegunPages || c.salt != nil {
		return nil
	}
	return &beginning{}
}

// get is what an instance begins with, or nil. The module is held meanwhile, as long as there is the instance.
func (b *beginning) get() *begun {
	if b == nil {
		return nil
	}
	return b.taken.Load()
}

// offer has an instantiation that begins without give what it began with, if it is the one that is to.
func (b *beginning) offer(ctx context.Context) context.Context {
	if b == nil || b.instances.Load() > instancesBefore || b.instances.Add(1) != instancesBefore+1 {
		return ctx
	}
	return withBeginning(ctx, func(state *engineImage, contents []byte) {
		if memory := arena.NewBeginning(contents); memory != nil {
			b.taken.Store(&begun{state, memory})
		}
	})
}

// giveUp is called once, when nobody has the module any more.
func (b *beginning) giveUp() {
	if taken := b.get(); taken != nil {
		taken.memory.Finish()
		taken.memory.Release()
	}
}
