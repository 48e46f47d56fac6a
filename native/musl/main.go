// Command musl makes a c-archive of stock Go one that musl can load: `musl archive ar`.
//
// Go reaches its goroutine by an initial-exec access to one thread-local word, runtime.tlsg (arm64: runtime.tls_g). glibc keeps some room for such words of
// libraries that are loaded late; musl has none and refuses the library. TLS descriptors it takes from any library: they are a call that returns the word's
// offset. So each access, on amd64 `mov runtime.tlsg@gottpoff(%rip), %reg`, becomes a call of a stub (native/addon/process/musl.cc) that does that and
// leaves all other registers and the flags alone.
//
// Go's runtime also starts from .init_array with argc, argv, environ and the auxiliary vector behind them, which only glibc passes there: that
// entry is dropped, and its function gets a name by which musl.cc calls it (golang/go#13492).
//
// What is not exactly known is refused, so that a Go that makes other code fails the build and not a program.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("expected an archive and the program ar"))
	}
	archive, err := filepath.Abs(os.Args[1])
	fail(err)
	fail(rewriteArchive(archive, os.Args[2]))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "native/musl:", err)
		os.Exit(1)
	}
}

// rewriteArchive changes go.o, where the Go linker puts all of Go; the others are cgo's, which the C compiler has made.
func rewriteArchive(archive, ar string) error {
	folder, err := os.MkdirTemp("", "wazero-musl-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if err := run(folder, ar, "x", archive, "go.o"); err != nil {
		return err
	}
	object := filepath.Join(folder, "go.o")
	data, err := os.ReadFile(object)
	if err != nil {
		return err
	}
	changed, report, err := rewrite(data)
	if err != nil {
		return err
	}
	if err := os.WriteFile(object, changed, 0o600); err != nil {
		return err
	}
	fmt.Println("native/musl:", report)
	return run(folder, ar, "rs", archive, "go.o")
}

func run(folder, name string, args ...string) error {
	command := exec.Command(name, args...)
	command.Dir = folder
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w: %s", name, args, err, output)
	}
	return nil
}
