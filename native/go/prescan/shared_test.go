package prescan

import "testing"

func TestSharedMemory(t *testing.T) {
	header := "\x00asm\x01\x00\x00\x00"
	for _, c := range []struct {
		name, sections string
		want           bool
	}{
		{"none", "", false},
		{"own", "\x05\x03\x01\x00\x01", false},
		{"own, shared", "\x05\x04\x01\x03\x01\x02", true},
		{"imported", "\x02\x08\x01\x01m\x01n\x02\x00\x01", false},
		{"imported, shared", "\x02\x09\x01\x01m\x01n\x02\x03\x01\x02", true},
		{"imported, shared, after a function", "\x01\x04\x01\x60\x00\x00\x02\x0f\x02\x01m\x01f\x00\x00\x01m\x01n\x02\x03\x01\x02", true},
		{"cut off", "\x02\x09\x01\x01m", false},
	} {
		if got := SharedMemory([]byte(header + c.sections)); got != c.want {
			t.Errorf("%s: expected %v but received %v", c.name, c.want, got)
		}
	}
}
