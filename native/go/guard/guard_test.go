package guard

import "testing"

func TestTable(t *testing.T) {
	var table Table
	ranges := make([][]byte, len(table.ranges))
	for i := range ranges {
		ranges[i] = make([]byte, 16)
		if !table.HasRoom() || !table.Add(ranges[i]) {
			t.Fatalf("no room for range %d", i)
		}
	}
	if table.HasRoom() || table.Add(make([]byte, 16)) {
		t.Fatal("room for more than there is")
	}
	at := func(b []byte, i int) uintptr { return addressOf(b) + uintptr(i) }
	for _, b := range ranges {
		if !table.Has(at(b, 0)) || !table.Has(at(b, 15)) {
			t.Fatal("a range is not found")
		}
	}
	first := ranges[0]
	table.Remove(first)
	table.Remove(first)
	if table.Has(at(first, 0)) || !table.HasRoom() {
		t.Fatal("a range that was removed is found")
	}
	if !table.Add(first[:8]) || !table.Has(at(first, 7)) || table.Has(at(first, 8)) {
		t.Fatal("the place of a range is not used again")
	}
}
