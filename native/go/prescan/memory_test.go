package prescan

import "testing"

func TestMemoryOf(t *testing.T) {
	header := "\x00asm\x01\x00\x00\x00"
	for _, c := range []struct {
		name, sections string
		want           Memory
	}{
		{"none", "", Memory{}},
		{"own", "\x05\x03\x01\x00\x01", Memory{Exists: true, Min: 1}},
		{"own, with a maximum", "\x05\x05\x01\x01\x80\x02\x03", Memory{Exists: true, Min: 256}},
		{"own, shared", "\x05\x04\x01\x03\x01\x02", Memory{Exists: true, Shared: true, Min: 1}},
		{"imported", "\x02\x08\x01\x01m\x01n\x02\x00\x01", Memory{Exists: true, Min: 1, Imported: true, From: "m"}},
		{"imported, shared", "\x02\x09\x01\x01m\x01n\x02\x03\x01\x02", Memory{Exists: true, Shared: true, Min: 1, Imported: true, From: "m"}},
		{"imported, shared, after a function", "\x01\x04\x01\x60\x00\x00\x02\x0f\x02\x01m\x01f\x00\x00\x01m\x01n\x02\x03\x01\x02",
			Memory{Exists: true, Shared: true, Min: 1, Imported: true, From: "m"}},
		{"cut off", "\x02\x09\x01\x01m", Memory{}},
		{"cut off in its limits", "\x05\x03\x01\x00", Memory{}},
	} {
		if got := MemoryOf([]byte(header + c.sections)); got != c.want {
			t.Errorf("%s: expected %v but received %v", c.name, c.want, got)
		}
	}
}
