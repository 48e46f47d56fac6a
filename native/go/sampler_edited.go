//go:build !wazero_upstream

package main

import (
	"regexp"
	"strconv"
	"time"

	"github.com/tetratelabs/wazero/experimental/nodehost"

	"wazeronode/frames"
	"wazeronode/profile"
	"wazeronode/shown"
)

// guestFunction is the key of a function in a profile.
type guestFunction struct {
	module any
	index  uint32
}

// addSample is frames.Sampled. The frame may be one that the profile does not ask any more: then it was asked before.
func addSample(f *frames.Frame, n uint32, leaf string) {
	s := sampling.Load()
	if s == nil {
		return
	}
	const most = 256
	stack := make([]profile.Function, 0, 32)
	if leaf != "" {
		stack = append(stack, profile.Function{Key: profile.Special(leaf)})
	}
	f.Walk(func(at nodehost.StackFrame) bool {
		stack = append(stack, profile.Function{Key: guestFunction{at.Module, at.Index}, Offset: at.Offset})
		return len(stack) < most
	})
	if len(stack) == 0 {
		stack = append(stack, profile.Function{Key: profile.Program})
	}
	s.profile.Add(stack, int(n))
}

// place is a line of a trace: "0x1f: file.c:3:5", with what is behind it.
var place = regexp.MustCompile(`^0x[0-9a-f]+: (.*?):(\d+)(?::(\d+))?(?: \(inlined\))?$`)

func placeOf(lines []string) (file string, line, column int) {
	if len(lines) == 0 {
		return "", 0, 0
	}
	found := place.FindStringSubmatch(lines[0])
	if found == nil {
		return "", 0, 0
	}
	line, _ = strconv.Atoi(found[2])
	column, _ = strconv.Atoi(found[3])
	return found[1], line, column
}

// mostLooking is how long lines are looked for: each look goes through the debug information of a module, of which there may be much.
const mostLooking = 5 * time.Second

func describer() func(any, []uint64) profile.Described {
	until := time.Now().Add(mostLooking)
	return func(key any, offsets []uint64) profile.Described {
		return describeFunction(key, offsets, time.Now().Before(until))
	}
}

// describeFunction says what is shown of a function. Its own line is the first one that its body has; lines of other files, which is what was inlined, are not its.
func describeFunction(key any, offsets []uint64, look bool) profile.Described {
	if e, ok := key.(entered); ok {
		return profile.Described{Frame: frameOfFunction(e.module.inner.Name()+"."+e.name, ""), Lines: make([]int, len(offsets))}
	}
	of := key.(guestFunction)
	at := nodehost.StackFrame{Module: of.module, Index: of.index}
	module, name, host := nodehost.FunctionOf(at)
	url := "wasm://wasm/" + module
	if host {
		url = ""
	}
	d := profile.Described{Frame: frameOfFunction(name, url), Lines: make([]int, len(offsets))}
	if host || len(offsets) == 0 || !look {
		return d
	}
	// Of the first instructions one says where the function begins.
	begin, end := nodehost.BodyOf(at)
	asked := make([]uint64, 0, 30+len(offsets))
	for offset := begin; offset < min(end, begin+30); offset++ {
		asked = append(asked, offset)
	}
	first := len(asked)
	places := nodehost.PlacesOf(at, append(asked, offsets...))
	for _, lines := range places[:first] {
		if file, line, column := placeOf(lines); line > 0 {
			d.Frame.URL, d.Frame.LineNumber, d.Frame.ColumnNumber = shown.End(file), line-1, max(0, column-1)
			break
		}
	}
	for i, lines := range places[first:] {
		file, line, _ := placeOf(lines)
		if line == 0 {
			file, line = lineBehind(at, offsets[i], end)
		}
		if line > 0 && (d.Frame.LineNumber < 0 || shown.End(file) == d.Frame.URL) {
			if d.Frame.LineNumber < 0 {
				d.Frame.URL, d.Frame.LineNumber = shown.End(file), line-1
			}
			d.Lines[i] = line
		}
	}
	return d
}

// lineBehind is for an instruction that no line has, as the head of a loop often is: the next one that has.
func lineBehind(at nodehost.StackFrame, offset, end uint64) (file string, line int) {
	asked := make([]uint64, 0, 32)
	for next := offset + 1; next < min(end, offset+32); next++ {
		asked = append(asked, next)
	}
	for _, lines := range nodehost.PlacesOf(at, asked) {
		if file, line, _ = placeOf(lines); line > 0 {
			return file, line
		}
	}
	return "", 0
}

func frameOfFunction(name, url string) profile.Frame {
	return profile.Frame{FunctionName: shown.Function(name), ScriptID: "0", URL: shown.End(url), LineNumber: -1, ColumnNumber: -1}
}
