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

// archive is one that this machine's Go makes, for as small a program as there is; of another processor, by Debian's cross compiler.
func archive(t *testing.T, arch string) string {
	t.Helper()
	cc := "cc"
	if arch != runtime.GOARCH {
		cc = map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[arch] + "-linux-gnu-gcc"
	}
	if _, err := exec.LookPath(cc); err != nil || runtime.GOOS != "linux" {
		t.Skipf("an archive of Linux on %s, by %s", arch, cc)
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
	build.Env = append(os.Environ(), "CGO_ENABLED=1", "GOARCH="+arch, "CC="+cc, "GOFLAGS=", "GOWORK=off")
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

// What becomes of an access: the bytes around the relocation of the call of a stub.
var accesses = map[string]struct {
	target target
	call   func(code []byte, at uint64) bool
	least  int
}{
	"amd64": {amd64, func(code []byte, at uint64) bool {
		return code[at-1] == 0xe8 && bytes.Equal(code[at+4:at+6], []byte{0x66, 0x90}) // call; nop
	}, 100},
	"arm64": {arm64, func(code []byte, at uint64) bool {
		return order.Uint32(code[at-4:]) == saveLink && order.Uint32(code[at:]) == link
	}, 2},
}

func TestRewrite(t *testing.T) {
	for arch, expected := range accesses {
		t.Run(arch, func(t *testing.T) {
			path := archive(t, arch)
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
			if start.Section == elf.SHN_UNDEF || start.Value != names[expected.target.start].Value || elf.ST_BIND(start.Info) != elf.STB_GLOBAL || elf.ST_VISIBILITY(start.Other) != elf.STV_HIDDEN {
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
					if expected.target.isTLS(elf.R_TYPE64(info)) {
						t.Fatal("a thread-local access is left")
					}
					if _, name := o.symbol(int(elf.R_SYM64(info))); strings.HasPrefix(name, "wazero_node_tls_") {
						calls++
						if at := order.Uint64(table); !expected.call(o.content(int(section.Info)), at) {
							t.Fatalf("no call at %#x", at)
						}
					}
				}
			}
			if calls < expected.least || len(before) >= len(after) {
				t.Errorf("%d calls of stubs", calls)
			}
			if err := rewriteArchive(path, "ar"); err == nil || !strings.Contains(err.Error(), "already") {
				t.Errorf("a second time: %v", err)
			}
		})
	}
}

type change = func(relocation, code []byte)

// What is not known is refused: an instruction, a symbol, a kind of access.
func TestRefusals(t *testing.T) {
	at := func(relocation []byte) uint64 { return order.Uint64(relocation) }
	kind := func(kind uint32) change {
		return func(relocation, _ []byte) { order.PutUint32(relocation[8:], kind) }
	}
	for arch, changes := range map[string]map[string]change{
		"amd64": {
			"instruction": func(relocation, code []byte) { code[at(relocation)-2] = 0x8d },
			"no stub for register": func(relocation, code []byte) {
				modrm := &code[at(relocation)-1]
				*modrm = *modrm&0xc7 | 7<<3
				code[at(relocation)-3] = 0x48
			},
			"is not known": kind(uint32(elf.R_X86_64_TPOFF32)),
		},
		"arm64": {
			"at 9000001a f940037b":   func(relocation, code []byte) { code[at(relocation)]-- },
			"at 9000001b f940035a":   func(relocation, code []byte) { order.PutUint32(code[at(relocation)+4:], 0xf940035a) },
			"R_AARCH64_TLSDESC_CALL": kind(uint32(elf.R_AARCH64_TLSDESC_CALL)),
		},
	} {
		changes["addend"] = func(relocation, _ []byte) { order.PutUint64(relocation[16:], 8) }
		changes["only runtime.tls"] = func(relocation, _ []byte) { order.PutUint32(relocation[12:], 1) }
		t.Run(arch, func(t *testing.T) { refuses(t, objectOf(t, archive(t, arch)), accesses[arch].target, changes) })
	}
}

// refuses applies each change to the first access; the error names it.
func refuses(t *testing.T, data []byte, target target, changes map[string]change) {
	first := func(o *object) (relocation []byte, code []byte) {
		for i, section := range o.sections {
			if elf.SectionType(section.Type) != elf.SHT_RELA {
				continue
			}
			for table := o.content(i); len(table) > 0; table = table[24:] {
				if target.isTLS(elf.R_TYPE64(order.Uint64(table[8:]))) {
					return table, o.content(int(section.Info))
				}
			}
		}
		t.Fatal("no access")
		return nil, nil
	}
	for name, change := range changes {
		changed := bytes.Clone(data)
		o, err := parse(changed)
		if err != nil {
			t.Fatal(err)
		}
		change(first(o))
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
