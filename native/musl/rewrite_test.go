package main

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// archive is one that this machine's Go makes, for as small a program as there is.
func archive(t *testing.T) string {
	t.Helper()
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("an archive of Linux on amd64")
	}
	folder := t.TempDir()
	source := "package main\n\nimport \"C\"\n\n//export f\nfunc f() int { return 42 }\n\nfunc main() {}\n"
	for name, text := range map[string]string{"main.go": source, "go.mod": "module small\n\ngo 1.25\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(folder, "small.a")
	build := exec.Command("go", "build", "-buildmode=c-archive", "-o", path, ".")
	build.Dir = folder
	build.Env = append(os.Environ(), "CGO_ENABLED=1", "GOFLAGS=", "GOWORK=off")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return path
}

func objectOf(t *testing.T, path string) []byte {
	t.Helper()
	data, err := exec.Command("ar", "p", path, "go.o").Output()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestRewrite(t *testing.T) {
	path := archive(t)
	before := objectOf(t, path)
	if err := rewriteArchive(path, "ar"); err != nil {
		t.Fatal(err)
	}
	after := objectOf(t, path)
	file, err := elf.NewFile(bytes.NewReader(after))
	if err != nil {
		t.Fatal(err)
	}
	if file.Section(".init_array") != nil {
		t.Error("Go would still start by itself")
	}
	symbols, err := file.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]elf.Symbol{}
	for _, symbol := range symbols {
		names[symbol.Name] = symbol
	}
	start := names[startName]
	if start.Section == elf.SHN_UNDEF || start.Value != names["_rt0_amd64_linux_lib"].Value || elf.ST_BIND(start.Info) != elf.STB_GLOBAL || elf.ST_VISIBILITY(start.Other) != elf.STV_HIDDEN {
		t.Errorf("the start of the runtime is %+v", start)
	}
	o, err := parse(after)
	if err != nil {
		t.Fatal(err)
	}
	calls := 0
	for i, section := range o.sections {
		if elf.SectionType(section.Type) != elf.SHT_RELA {
			continue
		}
		for table := o.content(i); len(table) > 0; table = table[24:] {
			info := order.Uint64(table[8:])
			if amd64.isTLS(elf.R_TYPE64(info)) {
				t.Fatal("a thread-local access is left")
			}
			if _, name := o.symbol(int(elf.R_SYM64(info))); strings.HasPrefix(name, "wazero_node_tls_") {
				calls++
				at := order.Uint64(table)
				if code := o.content(int(section.Info)); code[at-1] != 0xe8 || !bytes.Equal(code[at+4:at+6], []byte{0x66, 0x90}) {
					t.Fatalf("% x is no call and a nop", code[at-1:at+6])
				}
			}
		}
	}
	if calls < 100 || len(before) >= len(after) {
		t.Errorf("%d calls of stubs", calls)
	}
	if err := rewriteArchive(path, "ar"); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("a second time: %v", err)
	}
}

// What is not known is refused: an instruction, a symbol, a kind of access.
func TestRefusals(t *testing.T) {
	data := objectOf(t, archive(t))
	first := func(o *object) (relocation []byte, code []byte) {
		for i, section := range o.sections {
			if elf.SectionType(section.Type) != elf.SHT_RELA {
				continue
			}
			for table := o.content(i); len(table) > 0; table = table[24:] {
				if amd64.isTLS(elf.R_TYPE64(order.Uint64(table[8:]))) {
					return table, o.content(int(section.Info))
				}
			}
		}
		t.Fatal("no access")
		return nil, nil
	}
	for name, change := range map[string]func(o *object){
		"instruction": func(o *object) { relocation, code := first(o); code[order.Uint64(relocation)-2] = 0x8d },
		"no stub for register": func(o *object) {
			relocation, code := first(o)
			modrm := &code[order.Uint64(relocation)-1]
			*modrm = *modrm&0xc7 | 7<<3
			code[order.Uint64(relocation)-3] = 0x48
		},
		"is not known": func(o *object) {
			relocation, _ := first(o)
			order.PutUint32(relocation[8:], uint32(elf.R_X86_64_TPOFF32))
		},
		"addend": func(o *object) { relocation, _ := first(o); order.PutUint64(relocation[16:], 0) },
		"only runtime.tlsg": func(o *object) {
			relocation, _ := first(o)
			order.PutUint32(relocation[12:], 1)
		},
	} {
		changed := bytes.Clone(data)
		o, err := parse(changed)
		if err != nil {
			t.Fatal(err)
		}
		change(o)
		if _, _, err := rewrite(changed); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, other := range [][]byte{nil, []byte("no object"), data[:64], []byte("\x7fELF\x01\x01\x01")} {
		if _, _, err := rewrite(other); err == nil {
			t.Errorf("%d bytes of something else were taken", len(other))
		}
	}
}
