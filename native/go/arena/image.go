package arena

import (
	"os"
	"sync"
	"sync/atomic"
)

// Image is what a memory held at one moment. Memories that are made of it begin with these bytes, share the pages of it that they do not
// write, and keep it: it goes with the last of them.
type Image struct {
	budget *Budget
	held   uint64 // of the budget: pages that are not all zero
	size   uint64
	view   []byte // all of it; not to be written
	source imageSource
	users  atomic.Int64

	warm     []*span // that no memory has; guarded by warm.mu, as is finished
	finished bool
}

// piece is how much is looked at between two questions whether to go on, and written at once.
const piece = 1 << 20

// NewImage copies a memory, on which nothing runs. Its first user is who calls. goOn is asked now and then; nil, nil where it says no.
func NewImage(budget *Budget, contents []byte, goOn func() bool) (*Image, error) {
	b, err := NewBuilder(budget, uint64(len(contents)))
	if err != nil {
		return nil, err
	}
	defer b.Drop()
	for at := 0; at < len(contents); at += piece {
		if !goOn() {
			return nil, nil
		}
		if err := b.Write(uint64(at), contents[at:min(at+piece, len(contents))]); err != nil {
			return nil, err
		}
	}
	return b.Finish()
}

// Builder makes an image of what is written to it; what is not written is zero.
type Builder struct{ image *Image }

// NewBuilder begins an image of so many bytes. Drop is to be called, after Finish too.
func NewBuilder(budget *Budget, size uint64) (*Builder, error) {
	source, err := newSource(size)
	if err != nil {
		return nil, noMemoryForImage(err)
	}
	return &Builder{&Image{budget: budget, size: size, source: source}}, nil
}

// Write puts bytes there, once. at is a multiple of the size of pages.
func (b *Builder) Write(at uint64, bytes []byte) error {
	i := b.image
	return eachRun(bytes, func(begin int, run []byte) error {
		n := uint64(len(run))
		if err := i.budget.takeFor("image", i.held+n, n); err != nil {
			return err
		}
		i.held += n
		if err := i.source.write(at+uint64(begin), run); err != nil {
			return noMemoryForImage(err)
		}
		return nil
	})
}

// Finish gives the image, whose first user is who calls.
func (b *Builder) Finish() (*Image, error) {
	i := b.image
	var err error
	if i.view, err = i.source.finish(i.size); err != nil {
		return nil, noMemoryForImage(err)
	}
	b.image = nil
	return i.begin(), nil
}

// Drop gives up what was not finished.
func (b *Builder) Drop() {
	if i := b.image; i != nil {
		i.source.close(i.view)
		i.budget.give(i.held)
		b.image = nil
	}
}

func (i *Image) begin() *Image {
	i.users.Store(1)
	i.count(1)
	return i
}

func (i *Image) count(n int64) {
	if !i.budget.apart {
		stats.images.Add(n)
	}
}

// eachRun calls for each run of pages that are not all zero.
func eachRun(bytes []byte, do func(at int, run []byte) error) error {
	begin := -1
	for at := 0; at <= len(bytes); at += pageBytes {
		end := min(at+pageBytes, len(bytes))
		isZero := at >= len(bytes) || string(bytes[at:end]) == string(zeroPage[:end-at])
		switch {
		case !isZero && begin < 0:
			begin = at
		case isZero && begin >= 0:
			if err := do(begin, bytes[begin:min(at, len(bytes))]); err != nil {
				return err
			}
			begin = -1
		}
	}
	if begin >= 0 { // the last page is not whole
		return do(begin, bytes[begin:])
	}
	return nil
}

// Size is how long the memory was.
func (i *Image) Size() uint64 { return i.size }

// Held is how many bytes of it are kept: pages that are not all zero.
func (i *Image) Held() uint64 { return i.held }

// IsShared: memories that are made of it share its pages; false where each has a copy.
func (i *Image) IsShared() bool { return i.source.isFile() }

// Bytes is all of it. It is not to be written, and gone with the last user.
func (i *Image) Bytes() []byte { return i.view }

// Retain adds a user; only a user may.
func (i *Image) Retain() { i.users.Add(1) }

// Release is called once by each user.
func (i *Image) Release() {
	if i.users.Add(-1) > 0 {
		return
	}
	i.Finish()
	i.source.close(i.view)
	i.view = nil
	i.budget.give(i.held)
	i.count(-1)
}

// fill has a range that is all zero begin with the image: mapped, where that can be, else copied.
func (i *Image) fill(s *span) {
	if i.size == 0 || s.image == i { // warm
		return
	}
	s.used = max(s.used, i.size)
	mapped := i.source.mapOver(s.bytes[:i.size])
	if !mapped && i.IsShared() && warm.any() {
		Trim()
		mapped = i.source.mapOver(s.bytes[:i.size])
	}
	if mapped {
		s.mapped, s.image = i.size, i
		return
	}
	copyNonZero(s.bytes[:i.size], i.view)
}

// moveTo is for a memory of the image that outgrew its range: of what it never wrote the new range has the image's own pages again.
func (i *Image) moveTo(to *span, from []byte) {
	i.fill(to)
	shared := min(uint64(len(from)), i.size)
	copyDifferences(to.bytes[:shared], from[:shared])
	copyNonZero(to.bytes[shared:len(from)], from[shared:])
}

// restore has a range that was filled begin with the image again.
func (i *Image) restore(s *span) {
	if s.mapped > 0 && i.clean(s) {
		return
	}
	copyDifferences(s.bytes[:i.size], i.view)
	rest := s.bytes[i.size:max(s.used, i.size)]
	if len(rest) > 0 {
		discard(rest)
	}
	s.used = i.size
}

// clean has a range that the image is mapped over begin with it again: pages that were written get its bytes back, or are given back where they
// are many. False: neither can be, and the range is as it was, or partly the image.
func (i *Image) clean(s *span) bool {
	b := s.bytes[:i.size]
	found := regionLists.Get().(*regionList)
	defer regionLists.Put(found)
	n, ok := written(b, found[:])
	kept := uint64(0)
	for _, r := range found[:n] {
		kept += r.end - r.begin
	}
	if !ok || kept > warmPages*pageBytes {
		if !dropWritten(s.bytes[:max(s.used, i.size)]) {
			return false
		}
		s.used, s.kept = i.size, 0
		return true
	}
	for _, r := range found[:n] {
		copy(b[r.begin:r.end], i.view[r.begin:r.end])
	}
	if rest := s.bytes[i.size:max(s.used, i.size)]; len(rest) > 0 {
		discard(rest)
	}
	s.used, s.kept = i.size, kept
	return true
}

// regionList is what is looked at of one range; where more regions were written all are given back.
type regionList [1024]region

var regionLists = sync.Pool{New: func() any { return new(regionList) }}

func noMemoryForImage(err error) error {
	return &LimitError{"", "the system has no memory left for an image: " + err.Error()}
}

// copyDifferences leaves the pages alone that are the same already.
func copyDifferences(to, from []byte) {
	for len(from) > 0 {
		n := min(len(from), pageBytes)
		if string(from[:n]) != string(to[:n]) {
			copy(to, from[:n])
		}
		to, from = to[n:], from[n:]
	}
}

// MapImage is an image whose bytes are in a file that nobody changes or cuts, which it maps: other processes have the same pages. held is how many of
// them are not zero, in whole pages. The file is the caller's, who has checked it, and closes it. nil, nil where it cannot be mapped.
func MapImage(budget *Budget, file *os.File, offset int64, size, held uint64) (*Image, error) {
	if err := budget.takeFor("image", held, held); err != nil {
		return nil, err
	}
	source, view, ok := fileSource(file, offset, size)
	if !ok {
		budget.give(held)
		return nil, nil
	}
	return (&Image{budget: budget, held: held, size: size, source: source, view: view}).begin(), nil
}
