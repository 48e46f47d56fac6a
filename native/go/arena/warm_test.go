package arena

import (
	"bytes"
	"math/rand"
	"sync"
	"testing"
)

const guestPage = 1 << 16

func makeImage(t *testing.T, pages int) (*Image, []byte) {
	t.Helper()
	contents := make([]byte, pages*guestPage)
	random := rand.New(rand.NewSource(int64(pages)))
	for at := 0; at < len(contents); at += 3 * pageBytes { // others are holes
		random.Read(contents[at : at+pageBytes])
	}
	i, err := NewImage(NewBudget(0), contents, func() bool { return true })
	if err != nil || i == nil {
		t.Fatalf("image: %v", err)
	}
	return i, contents
}

func memoryOf(t *testing.T, i *Image, guard bool) *Memory {
	t.Helper()
	o := Options{Image: i}
	if guard {
		if o.Guarded = i.Guard(); o.Guarded == nil {
			t.Skip("no guard pages here")
		}
	}
	m := New(i.budget, i.size, 4*i.size, o)
	m.Reallocate(i.size)
	return m
}

func end(m *Memory) {
	m.Free()
	m.Release()
}

// What one guest writes, in few pages or in many, within the image or behind it, with the memory grown, moved, reset or none of that: nothing of it is
// in the next guest's memory.
func TestWarmRangesHoldNothing(t *testing.T) {
	for _, guard := range []bool{false, true} {
		if guard && !CanGuard() {
			continue
		}
		image, contents := makeImage(t, 12)
		random, again := rand.New(rand.NewSource(7)), 0
		bases := map[uintptr]bool{}
		for life := range 150 {
			m := memoryOf(t, image, guard)
			if bases[m.Base()] {
				again++
			}
			bases[m.Base()] = true
			if !bytes.Equal(m.Bytes(), contents) {
				t.Fatalf("life %d begins with something else than the image", life)
			}
			for range 1 + random.Intn(2) {
				b := m.Bytes()
				if random.Intn(3) == 0 {
					was := len(b)
					if b = m.Reallocate(uint64(max(was, len(contents)*(1+random.Intn(4))))); b == nil {
						b = m.Bytes()
					}
					if !isZeroed(b[was:]) {
						t.Fatalf("life %d has grown into something", life)
					}
				}
				switch random.Intn(4) {
				case 0: // nothing
				case 1:
					for range random.Intn(80) {
						b[random.Intn(len(b))]++
					}
				case 2:
					for at := random.Intn(pageBytes); at < len(b); at += pageBytes {
						b[at]++
					}
				case 3:
					at := random.Intn(len(b) - 8*pageBytes)
					random.Read(b[at : at+8*pageBytes])
				}
				if random.Intn(3) == 0 {
					if !bytes.Equal(m.Restore(), contents) {
						t.Fatalf("life %d is reset to something else than the image", life)
					}
				}
			}
			end(m)
		}
		if image.IsShared() && again < 100 {
			t.Errorf("%d lives were in a range of another", again)
		}
		if !bytes.Equal(image.Bytes(), contents) {
			t.Error("the image has changed")
		}
		image.Release()
		if warm.any() {
			t.Error("kept for an image that is gone")
		}
	}
}

func isZeroed(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

func TestWarmRangesAreFew(t *testing.T) {
	before := Stats()
	image, contents := makeImage(t, 20)
	if !image.IsShared() {
		t.Skip("copies")
	}
	var all []*Memory
	for range warmRanges + 20 {
		all = append(all, memoryOf(t, image, false))
	}
	for _, m := range all {
		for at := 0; at < len(contents)/2; at += pageBytes {
			m.Bytes()[at] = 1
		}
		end(m)
	}
	if warm.ranges != warmRanges || warm.bytes > warmBytes() {
		t.Errorf("%d ranges, %d bytes", warm.ranges, warm.bytes)
	}
	if Stats().Ranges != before.Ranges {
		t.Error("they count as used")
	}
	m := memoryOf(t, image, false)
	if warm.ranges != warmRanges-1 {
		t.Error("none is taken")
	}
	Trim()
	if warm.ranges != 0 || warm.bytes != 0 || len(warm.images) != 0 {
		t.Errorf("after a trim: %d ranges, %d bytes", warm.ranges, warm.bytes)
	}
	pin := m.Pin()
	end(m)
	if warm.any() {
		t.Error("a range is kept that somebody has a buffer over")
	}
	pin.Unpin()
	last := memoryOf(t, image, false)
	image.Finish()
	if last.Bytes()[0] = 7; !bytes.Equal(last.Restore(), contents) {
		t.Error("not restored")
	}
	end(last)
	if warm.any() {
		t.Error("kept for an image that is closed")
	}
	image.Release()
	if after := Stats(); after.Ranges != before.Ranges || after.Images != before.Images {
		t.Errorf("left: %+v, was %+v", after, before)
	}
}

func TestWarmRangesOnManyThreads(t *testing.T) {
	image, contents := makeImage(t, 4)
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			for life := range 200 {
				m := memoryOf(t, image, false)
				if !bytes.Equal(m.Bytes(), contents) {
					t.Error("begins with something else than the image")
				}
				for at := n; at < len(contents); at += 700 * (1 + life%5) {
					m.Bytes()[at] = byte(n + 1)
				}
				end(m)
				if life%50 == n {
					Trim()
				}
			}
		})
	}
	all.Wait()
	image.Release()
}

// CPython and Ruby write some hundreds of pages in a hundred places.
func TestWarmRangesOfScatteredPages(t *testing.T) {
	image, contents := makeImage(t, 200)
	if !image.IsShared() || pageMap() < 0 {
		t.Skip("nothing is kept here")
	}
	for _, c := range []struct {
		pages int
		kept  uint64
	}{{600, 600}, {warmPages, warmPages}, {warmPages + 1, 0}} {
		m := memoryOf(t, image, false)
		for n := range c.pages {
			at := 2 * n // alone, as long as there is room
			if c.pages > 1000 {
				at = n + n/3
			}
			m.Bytes()[at*pageBytes+n]++
		}
		end(m)
		if warm.bytes != c.kept*pageBytes {
			t.Errorf("%d pages written: %d kept", c.pages, warm.bytes/pageBytes)
		}
		next := memoryOf(t, image, false)
		if !bytes.Equal(next.Bytes(), contents) {
			t.Errorf("%d pages written: something else than the image", c.pages)
		}
		end(next)
		Trim()
	}
	image.Release()
}
