package wasmdebug

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/internal/wasmruntime"
	"github.com/tetratelabs/wazero/sys"
)

// stackTrace collects the frames of a guest that unwinds. What they are called in the source is looked for when somebody reads the error:
// that takes time, and the guest's thread is somebody else's by then.
type stackTrace struct{ frames []traceFrame }

type traceFrame struct {
	function string
	sources  []string

	lines  *DWARFLines
	offset uint64
}

// signature is cut where there are very many types: a function may have a thousand.
func signature(funcName string, paramTypes, resultTypes []api.ValueType) string {
	types := fullSignature("", paramTypes, resultTypes)
	if len(types) > mostName {
		types = types[:mostName-len("…)")] + "…)"
	}
	return funcName + types
}

// AddFrame implements ErrorBuilder.AddFrame
func (s *stackTrace) AddFrame(funcName string, paramTypes, resultTypes []api.ValueType, sources []string) {
	if len(s.frames) < MaxFrames {
		s.frames = append(s.frames, traceFrame{function: signature(funcName, paramTypes, resultTypes), sources: sources})
	}
}

// Locate implements ErrorBuilder.Locate
func (s *stackTrace) Locate(lines *DWARFLines, offset uint64) {
	if n := len(s.frames); n > 0 && lines != nil {
		s.frames[n-1].lines, s.frames[n-1].offset = lines, offset
	}
}

// FromRecovered implements ErrorBuilder.FromRecovered
func (s *stackTrace) FromRecovered(recovered interface{}) error {
	t := &TraceError{frames: s.frames}
	switch r := recovered.(type) {
	case *sys.ExitError:
		return r // is not wrapped
	case *wasmruntime.Error:
		t.cause, t.head = r, "wasm error: "+r.Error()
		return t
	case error:
		t.cause = r
	}
	if runtimeErr := runtime.Error(nil); errors.As(t.cause, &runtimeErr) { // a mistake of wazero's or of a host function's
		t.stack = debug.Stack()
	}
	t.head = fmt.Sprintf("%v (recovered by wazero)", recovered)
	return t
}

// TraceError is what a guest unwound with, and the trace.
type TraceError struct {
	cause  error
	head   string
	frames []traceFrame
	stack  []byte

	once sync.Once
	text string
}

// Unwrap is what was recovered, if that was an error.
func (t *TraceError) Unwrap() error { return t.cause }

// GoStack is where in Go a runtime error came from; nil of all else. It is for the log of who runs the process: it has addresses and paths.
func (t *TraceError) GoStack() []byte { return t.stack }

// Error implements error.
func (t *TraceError) Error() string {
	t.once.Do(func() {
		t.locate()
		var lines []string
		for i := range t.frames {
			lines = append(lines, t.frames[i].function)
			for _, source := range t.frames[i].sources {
				lines = append(lines, "\t"+source)
			}
		}
		if len(t.frames) == MaxFrames {
			lines = append(lines, "... maybe followed by omitted frames")
		}
		t.text = t.head + "\nwasm stack trace:\n\t" + strings.Join(lines, "\n\t")
	})
	return t.text
}

// locate finds the sources of the frames, of each module's at once.
func (t *TraceError) locate() {
	defer func() { _ = recover() }() // a trap without its sources is a trap
	b := newBudget()
	for i := range t.frames {
		lines := t.frames[i].lines
		if lines == nil {
			continue
		}
		var addresses []uint64
		var of []*traceFrame
		for j := i; j < len(t.frames); j++ {
			if f := &t.frames[j]; f.lines == lines {
				f.lines = nil
				addresses, of = append(addresses, f.offset), append(of, f)
			}
		}
		sources := lines.sources(addresses, b)
		for j, f := range of {
			f.sources = sources[j]
		}
	}
}

// failed is an error with what failed before it. fmt.Errorf would read the error, and so look for its sources, here and now.
type failed struct {
	what string
	err  error
}

// Failed says what failed, as fmt.Errorf would with %w.
func Failed(what string, err error) error { return &failed{what, err} }

// Unwrap is for errors.As.
func (f *failed) Unwrap() error { return f.err }

// Error implements error.
func (f *failed) Error() string { return f.what + " failed: " + f.err.Error() }
