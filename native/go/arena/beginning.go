package arena

import "sync"

// beginnings are images that nobody asked for, which is why they are bounded by themselves, and show nowhere.
var beginnings = sync.OnceValue(func() *Budget { return &Budget{max: littleOf(64 << 20), apart: true} })

// NewBeginning is an image of what a memory begins with that others will begin with, too; its first user is who calls. Nil where there are too many already, and
// where memories would have a copy each. It takes its whole size of what beginnings may have: a page of a file that was a hole is one when somebody has looked at it.
func NewBeginning(contents []byte) *Image {
	budget := beginnings()
	if size := uint64(len(contents)); size > budget.max-min(budget.max, budget.Used()) {
		return nil
	}
	i, err := NewImage(budget, contents, func() bool { return true })
	if err != nil {
		return nil
	}
	if !i.IsShared() || !budget.take(i.size-i.held) {
		i.Release()
		return nil
	}
	i.held = i.size
	return i
}
