// A WASI program for the command's tests: does what its first argument says.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"time"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Println("no arguments")
		return
	}
	switch rest := os.Args[2:]; os.Args[1] {
	case "args":
		fmt.Printf("%q\n", os.Args)
	case "env":
		for _, key := range rest {
			value, found := os.LookupEnv(key)
			fmt.Println(key, found, value)
		}
	case "cat":
		for _, path := range rest {
			text, err := os.ReadFile(path)
			check(err)
			os.Stdout.Write(text)
		}
	case "write":
		check(os.WriteFile(rest[0], []byte(rest[1]), 0o600))
	case "stdin":
		text, err := io.ReadAll(os.Stdin)
		check(err)
		fmt.Println(len(text), "bytes")
	case "stderr":
		fmt.Fprintln(os.Stderr, "to stderr")
	case "exit":
		code, err := strconv.Atoi(rest[0])
		check(err)
		os.Exit(code)
	case "sleep":
		duration, err := time.ParseDuration(rest[0])
		check(err)
		started := time.Now()
		time.Sleep(duration)
		fmt.Println("slept", time.Since(started) >= duration)
	case "loop":
		for {
		}
	case "serve": // one connection on the first socket that the host opened
		listener, err := net.FileListener(os.NewFile(3, "listener"))
		check(err)
		connection, err := listener.Accept()
		check(err)
		_, err = io.WriteString(connection, "from the guest")
		check(err)
		check(connection.Close())
	case "year":
		fmt.Println(time.Now().Year() >= 2025)
	default:
		os.Exit(64)
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
