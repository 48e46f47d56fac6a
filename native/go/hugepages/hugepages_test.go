package hugepages

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"unsafe"
)

func TestMakeIsMake(t *testing.T) {
	for range 20 {
		for _, n := range []uint64{0, 1, least - 1, least, least + 4097, 8 * least} {
			b := Make(n)
			if uint64(len(b)) != n || cap(b) != len(b) || bytes.Count(b, []byte{0}) != len(b) {
				t.Fatalf("%d bytes: length %d, capacity %d, or something in them", n, len(b), cap(b))
			}
			for i := range b {
				b[i] = byte(i)
			}
		}
		runtime.GC() // those of before are withdrawn, and had again
	}
}

// flagsOf are those of the mapping that has the address.
func flagsOf(t *testing.T, at uintptr) string {
	maps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Skip(err)
	}
	within := false
	for line := range strings.Lines(string(maps)) {
		var begin, end uintptr
		if n, _ := fmt.Sscanf(line, "%x-%x ", &begin, &end); n == 2 {
			within = at >= begin && at < end
		}
		if within && strings.HasPrefix(line, "VmFlags:") {
			return line
		}
	}
	t.Skip("the system does not tell")
	return ""
}

func TestHugePagesAreAskedFor(t *testing.T) {
	mode, _ := os.ReadFile("/sys/kernel/mm/transparent_hugepage/enabled")
	if !strings.Contains(string(mode), "[madvise]") {
		t.Skip("the system gives them to all, or to nobody")
	}
	b := Make(4 * least)
	if flags := flagsOf(t, uintptr(unsafe.Pointer(&b[len(b)/2]))); !strings.Contains(flags, " hg") {
		t.Fatal(flags)
	}
	if at := uintptr(unsafe.Pointer(&b[0])); at%(2<<20) != 0 {
		t.Fatalf("it begins at %x, within a huge page", at)
	}
	runtime.KeepAlive(b)
}
