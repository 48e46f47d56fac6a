// Package profile is a CPU profile as V8 writes them (.cpuprofile): a tree of functions, and which of its nodes each sample was in. It knows
// nothing of guests: what a function is called and where its source is, who makes the profile says at its end.
//
// Lock: Profile.mu, for all of it; held for no wait.
package profile

import (
	"encoding/json"
	"slices"
	"sync"
	"time"
)

// Function is one node's, innermost first in a stack; any comparable key.
type Function struct {
	Key    any
	Offset uint64 // of the instruction, 0 where it is not known
}

// Special is the key of what is no function.
type Special string

const (
	root    Special = "(root)"
	Idle    Special = "(idle)"
	Program Special = "(program)" // it was in the guest, and nobody knows where
)

const (
	mostSamples = 1 << 20 // of a profile: what comes later is left out
	mostNodes   = 1 << 16
	mostDepth   = 256
)

// Profile is one that is being taken.
type Profile struct {
	interval time.Duration
	began    time.Time

	mu      sync.Mutex
	ended   bool
	nodes   []node
	byPath  map[path]int32
	samples []int32
}

type path struct {
	parent int32
	key    any
}

type node struct {
	key      any
	hits     int
	offsets  map[uint64]int // of its own samples
	seen     uint64         // an offset in it
	children []int32
}

// New is one whose samples are so far apart.
func New(interval time.Duration) *Profile {
	return &Profile{interval: interval, began: time.Now(), nodes: []node{{key: root}}, byPath: map[path]int32{}}
}

// Add is for n samples of a stack. Of a deep one the outermost functions are left out.
func (p *Profile) Add(stack []Function, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n = min(n, mostSamples-len(p.samples))
	if p.ended || n <= 0 {
		return
	}
	at := int32(0)
	for i := min(len(stack), mostDepth) - 1; i >= 0; i-- {
		next, ok := p.child(at, stack[i].Key)
		if !ok {
			break
		}
		at = next
		if p.nodes[at].seen == 0 {
			p.nodes[at].seen = stack[i].Offset
		}
	}
	leaf := &p.nodes[at]
	leaf.hits += n
	if len(stack) > 0 && stack[0].Offset != 0 && leaf.key == stack[0].Key {
		if leaf.offsets == nil {
			leaf.offsets = map[uint64]int{}
		}
		leaf.offsets[stack[0].Offset] += n
	}
	for range n {
		p.samples = append(p.samples, at)
	}
}

func (p *Profile) child(parent int32, key any) (int32, bool) {
	id, ok := p.byPath[path{parent, key}]
	if !ok {
		if len(p.nodes) == mostNodes {
			return 0, false
		}
		id = int32(len(p.nodes))
		p.nodes = append(p.nodes, node{key: key})
		p.nodes[parent].children = append(p.nodes[parent].children, id)
		p.byPath[path{parent, key}] = id
	}
	return id, true
}

// Frame is what is shown of a function. Line and Column count from 0, -1: not known.
type Frame struct {
	FunctionName string `json:"functionName"`
	ScriptID     string `json:"scriptId"`
	URL          string `json:"url"`
	LineNumber   int    `json:"lineNumber"`
	ColumnNumber int    `json:"columnNumber"`
}

// Described is a function at the end: which line (from 1; 0: not known) each of its offsets is in, in the order that it was given.
type Described struct {
	Frame Frame
	Lines []int
}

type shownNode struct {
	ID       int    `json:"id"`
	Frame    Frame  `json:"callFrame"`
	Hits     int    `json:"hitCount"`
	Children []int  `json:"children,omitempty"`
	Ticks    []tick `json:"positionTicks,omitempty"`
}

type tick struct {
	Line  int `json:"line"`
	Ticks int `json:"ticks"`
}

// End is the profile as JSON. describe is asked once for each function, with the offsets that were seen in it; first for those with most samples.
func (p *Profile) End(describe func(key any, offsets []uint64) Described) ([]byte, error) {
	p.mu.Lock()
	p.ended = true
	p.mu.Unlock()
	offsets := map[any]map[uint64]int{} // to their place in the question
	hits := map[any]int{}
	var keys []any
	note := func(key any, offset uint64) {
		if offsets[key] == nil {
			offsets[key] = map[uint64]int{}
			keys = append(keys, key)
		}
		if offset != 0 {
			offsets[key][offset] = 0
		}
	}
	for i := range p.nodes {
		n := &p.nodes[i]
		note(n.key, n.seen)
		hits[n.key] += n.hits
		for offset := range n.offsets {
			note(n.key, offset)
		}
	}
	described := map[any]Described{}
	slices.SortStableFunc(keys, func(a, b any) int { return hits[b] - hits[a] })
	for _, key := range keys {
		of := offsets[key]
		if special, ok := key.(Special); ok {
			described[key] = Described{Frame: Frame{FunctionName: string(special), ScriptID: "0", LineNumber: -1, ColumnNumber: -1}}
			continue
		}
		asked := make([]uint64, 0, len(of))
		for offset := range of {
			asked = append(asked, offset)
		}
		slices.Sort(asked)
		for i, offset := range asked {
			of[offset] = i
		}
		described[key] = describe(key, asked)
	}
	shown := make([]shownNode, len(p.nodes))
	for i := range p.nodes {
		n := &p.nodes[i]
		d := described[n.key]
		shown[i] = shownNode{ID: i + 1, Frame: d.Frame, Hits: n.hits}
		for _, child := range n.children {
			shown[i].Children = append(shown[i].Children, int(child)+1)
		}
		lines := map[int]int{}
		for offset, hits := range n.offsets {
			if line := d.Lines[offsets[n.key][offset]]; line > 0 {
				lines[line] += hits
			}
		}
		for line, hits := range lines {
			shown[i].Ticks = append(shown[i].Ticks, tick{line, hits})
		}
		slices.SortFunc(shown[i].Ticks, func(a, b tick) int { return a.Line - b.Line })
	}
	samples, deltas := make([]int, len(p.samples)), make([]int64, len(p.samples))
	for i, at := range p.samples {
		samples[i], deltas[i] = int(at)+1, p.interval.Microseconds()
	}
	start := p.began.UnixMicro()
	return json.Marshal(map[string]any{
		"nodes": shown, "startTime": start, "endTime": start + int64(len(samples))*p.interval.Microseconds(), "samples": samples, "timeDeltas": deltas,
	})
}
