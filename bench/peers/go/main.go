// wazero in Go, without Node and without our edits: the peer of the benchmarks. Speaks JSON lines: a request on stdin, an answer on stdout, so
// that its rounds alternate with ours.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

type request struct {
	Do       string // call, start, compile, parse
	Path     string // of the module
	Function string
	Args     []uint64
	Argv     []string
	Cache    string // directory; "" is none
	Close    bool   // WithCloseOnContextDone
	Stdout   string // file to write to
	Times    int
	Source   string // of parse
}

var (
	ctx     = context.Background()
	modules = map[string]api.Module{}
)

func config(r request) (wazero.RuntimeConfig, wazero.CompilationCache) {
	c := wazero.NewRuntimeConfig().WithCloseOnContextDone(r.Close)
	if r.Cache == "" {
		return c, nil
	}
	cache, err := wazero.NewCompilationCacheWithDir(r.Cache)
	must(err)
	return c.WithCompilationCache(cache), cache
}

func runtime(r request) wazero.Runtime {
	c, _ := config(r)
	rt := wazero.NewRuntimeWithConfig(ctx, c)
	wasi_snapshot_preview1.MustInstantiate(ctx, rt)
	return rt
}

func module(r request) api.Module {
	key := fmt.Sprint(r.Path, r.Close)
	if m := modules[key]; m != nil {
		return m
	}
	m, err := runtime(r).InstantiateWithConfig(ctx, read(r.Path), wazero.NewModuleConfig().WithName(""))
	must(err)
	modules[key] = m
	return m
}

// do returns the nanoseconds that the work took, and its result.
func do(r request) (time.Duration, uint64) {
	switch r.Do {
	case "call":
		f := module(r).ExportedFunction(r.Function)
		start := time.Now()
		var last uint64
		for range max(r.Times, 1) {
			results, err := f.Call(ctx, r.Args...)
			must(err)
			if len(results) > 0 {
				last = results[0]
			}
		}
		return time.Since(start), last
	case "parse": // es-module-lexer: sa(length), the source as UTF-16, parse()
		m := module(r)
		units := []byte(r.Source)
		start := time.Now()
		var last uint64
		for range max(r.Times, 1) {
			at, err := m.ExportedFunction("sa").Call(ctx, uint64(len(units)))
			must(err)
			text := make([]byte, 2*len(units))
			for i, b := range units {
				text[2*i] = b
			}
			m.Memory().Write(uint32(at[0]), text)
			ok, err := m.ExportedFunction("parse").Call(ctx)
			must(err)
			last = ok[0]
		}
		return time.Since(start), last
	case "start": // a program, from a compiled module
		rt := runtime(r)
		compiled, err := rt.CompileModule(ctx, read(r.Path))
		must(err)
		c := wazero.NewModuleConfig().WithName("").WithArgs(r.Argv...).WithSysNanotime()
		if r.Stdout != "" {
			f, err := os.OpenFile(r.Stdout, os.O_WRONLY, 0)
			must(err)
			defer f.Close()
			c = c.WithStdout(f)
		}
		start := time.Now()
		_, err = rt.InstantiateModule(ctx, compiled, c)
		took := time.Since(start)
		must(err)
		must(rt.Close(ctx))
		return took, 0
	case "compile":
		c, cache := config(r)
		bytes := read(r.Path)
		rt := wazero.NewRuntimeWithConfig(ctx, c)
		start := time.Now()
		_, err := rt.CompileModule(ctx, bytes)
		took := time.Since(start)
		must(err)
		must(rt.Close(ctx))
		if cache != nil {
			must(cache.Close(ctx))
		}
		return took, 0
	}
	panic("unknown: " + r.Do)
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	for in.Scan() {
		var r request
		must(json.Unmarshal(in.Bytes(), &r))
		took, result := do(r)
		fmt.Printf("{\"ns\":%d,\"result\":\"%d\"}\n", took.Nanoseconds(), result)
	}
}

func read(path string) []byte {
	b, err := os.ReadFile(path)
	must(err)
	return b
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
