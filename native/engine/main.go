// Command wazeroengine makes this project's edits in a copy of the wazero module.
//
//	go run . COPY               make all edits in COPY, a writable copy of wazero's source
//	go run . -only e1,e4 COPY   make only these (to find out which edit is to blame)
//	go run . -hash              print the hash of the edit set
//	go run . -list              print each edit: why it exists and what would retire it
//
// No wazero source is kept here, only edits. Each says what it expects to find and fails, with its name, unless it finds
// that exactly once; nothing is written unless every edit succeeded. A copy that was edited before is refused: an edit
// made twice would be a different edit.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"wazeroengine/edit"
)

// wazeroVersion is the one version these edits are written for.
const wazeroVersion = "v1.12.0"

func main() {
	only := flag.String("only", "", "comma-separated ids of the edits to make (default: all)")
	hash := flag.Bool("hash", false, "print the hash of the edit set and exit")
	list := flag.Bool("list", false, "print the edits and exit")
	flag.Parse()
	if err := run(*only, *hash, *list, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "wazeroengine:", err)
		os.Exit(1)
	}
}

func run(only string, hash, list bool, args []string) error {
	chosen, err := choose(only)
	if err != nil {
		return err
	}
	switch {
	case hash:
		fmt.Println(editSetHash(chosen))
		return nil
	case list:
		for _, e := range chosen {
			fmt.Printf("%s\n  why:     %s\n  retired: %s\n", e.ID, e.Why, e.Retire)
		}
		return nil
	case len(args) != 1:
		return fmt.Errorf("expected one argument, the copy of wazero %s, but received %d", wazeroVersion, len(args))
	}
	return applyAll(args[0], chosen)
}

// choose returns the edits named by a comma-separated list, in the order of the edit set; "" names all.
func choose(only string) ([]edit.Edit, error) {
	if only == "" {
		return edits, nil
	}
	wanted := map[string]bool{}
	for _, id := range strings.Split(only, ",") {
		wanted[strings.TrimSpace(id)] = true
	}
	var chosen []edit.Edit
	for _, e := range edits {
		if wanted[e.ID] {
			chosen = append(chosen, e)
			delete(wanted, e.ID)
		}
	}
	for id := range wanted {
		return nil, fmt.Errorf("no edit is called %q", id)
	}
	return chosen, nil
}
