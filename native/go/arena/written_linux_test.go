package arena

import (
	"slices"
	"testing"
)

// Both ways of asking know the same pages.
func TestWritten(t *testing.T) {
	image, _ := makeImage(t, 100)
	file := pageMap()
	if file < 0 || !image.IsShared() {
		t.Skip("the system does not say here")
	}
	m := memoryOf(t, image, false)
	b := m.Bytes()
	var want []region
	for _, at := range []uint64{0, 3, 4, 5, 700, 1200, uint64(len(b))/pageBytesOfSystem - 1} {
		b[at*pageBytesOfSystem+uint64(at)]++
		begin := at * pageBytesOfSystem
		if n := len(want); n > 0 && want[n-1].end == begin {
			want[n-1].end += pageBytesOfSystem
		} else {
			want = append(want, region{begin, begin + pageBytesOfSystem})
		}
	}
	sum := byte(0)
	for at := 0; at < len(b); at += 5 * pageBytes { // read
		sum += b[at]
	}
	for name, ask := range map[string]func(int, []byte, []region) (int, bool){"scan": scanWritten, "read": readWritten} {
		if name == "scan" && !scans {
			continue
		}
		found := make([]region, 64)
		n, ok := ask(file, b, found)
		if !ok || !slices.Equal(found[:n], want) {
			t.Errorf("%s: %v %v, want %v (%d)", name, found[:n], ok, want, sum)
		}
		if _, ok := ask(file, b, found[:2]); ok {
			t.Errorf("%s: fits where it does not", name)
		}
	}
	end(m)
	image.Release()
}
