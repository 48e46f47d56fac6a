// Package failure is errors on their way to JavaScript: what each of wazero's and of Go's becomes (Classify, Of), and that no panic unwinds into
// C or ends the process (Protect, Go). It has no lock; what it tells of panics goes through Warn.
package failure

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"runtime/debug"
	"strings"
	"sync/atomic"

	"github.com/tetratelabs/wazero/sys"

	"wazeronode/accounts"
	"wazeronode/arena"
	"wazeronode/shown"
)

// The codes of contract.d.ts that Go can give.
const (
	CodeCompile        = "ERR_WAZERO_COMPILE"
	CodeLink           = "ERR_WAZERO_LINK"
	CodeExit           = "ERR_WAZERO_EXIT"
	CodeTrap           = "ERR_WAZERO_TRAP"
	codeLimit          = "ERR_WAZERO_LIMIT"
	CodeClosed         = "ERR_WAZERO_CLOSED"
	CodeBusy           = "ERR_WAZERO_BUSY"
	CodeAborted        = "ERR_WAZERO_ABORTED"
	CodeInvalid        = "ERR_WAZERO_INVALID_ARGUMENT"
	CodeNotImplemented = "ERR_WAZERO_NOT_IMPLEMENTED"
	CodeUnsupported    = "ERR_WAZERO_UNSUPPORTED_PLATFORM"
)

// Error is an error as it crosses to JavaScript: see "errors" in wazero_node.h.
type Error struct {
	Code     string       `json:"code"`
	Message  string       `json:"message"`
	ExitCode uint32       `json:"exitCode"`
	Reason   string       `json:"reason,omitempty"`
	Kind     string       `json:"kind,omitempty"`
	Frames   []TraceFrame `json:"frames,omitempty"`
	Limit    string       `json:"limit,omitempty"`
	Host     bool         `json:"host,omitempty"`
	Cost     *Cost        `json:"cost,omitempty"`
	Closed   []uint64     `json:"closed,omitempty"`

	Exception *Exception `json:"exception,omitempty"` // of kind uncaught exception
}

// Exception is what nobody has caught.
type Exception struct {
	Tag    uint64   `json:"tag"`
	Types  []string `json:"types"`
	Words  []string `json:"words"`            // decimal: not all are numbers to JavaScript
	Thrown int      `json:"thrown,omitempty"` // by a host function of this very call: its number there, from 1
}

// Cost is of a guest that was stopped or has left.
type Cost struct {
	RanMs       float64 `json:"ranMs"`
	WaitedMs    float64 `json:"waitedMs"`
	MemoryBytes uint64  `json:"memoryBytes"`
}

// TraceFrame is a line of a trace.
type TraceFrame struct {
	Function string `json:"function"`
	Source   string `json:"source,omitempty"`
}

func (e *Error) Error() string { return e.Message }

// JSON is how it crosses: nothing of it is longer than it should be, whatever a module, its guest or wazero says.
func (e *Error) JSON() []byte {
	bounded := *e
	bounded.Message = shown.Message(e.Message)
	bounded.Frames = nil
	for _, f := range e.Frames {
		bounded.Frames = append(bounded.Frames, TraceFrame{shown.Function(f.Function), shown.End(f.Source)})
	}
	text, err := json.Marshal(&bounded)
	if err != nil { // cannot be: only strings and numbers
		return []byte(`{"code":"` + e.Code + `","message":"unprintable error"}`)
	}
	return text
}

func Closed(message string) *Error  { return &Error{Code: CodeClosed, Message: message} }
func Invalid(message string) *Error { return &Error{Code: CodeInvalid, Message: message} }
func Limit(limit, message string) *Error {
	return &Error{Code: codeLimit, Limit: limit, Message: message}
}

// Host unwinds the guest after a JavaScript callback threw; the thrown value itself is parked in the frame, in JavaScript.
type Host struct{ WouldBlock bool }

func (*Host) Error() string { return "host function" }

// wasiErrors are the complaints of wazero about a configuration, which it has only at instantiation.
var configComplaints = []string{"args invalid: ", "environ invalid: ", "invalid Walltime resolution: ", "invalid Nanotime resolution: "}

// overMemoryLimit is wazero's word for a memory whose minimum is over withMemoryLimitPages, which withLimits reaches too.
var overMemoryLimit = regexp.MustCompile(`^section memory: min \d+ pages \(.*\) over limit of (\d+) pages`)

// TrapKinds in the order of contract.d.ts; wazero's own texts.
var TrapKinds = []string{
	"unreachable", "out of bounds memory access", "invalid table access", "indirect call type mismatch", "integer divide by zero",
	"integer overflow", "invalid conversion to integer", "out of fuel", "unaligned atomic", "expected shared memory", "too many waiters",
	"uncaught exception", "null reference", "stack overflow",
}

const (
	goStackHeader = "\n\nGo runtime stack trace:" // of wazero as it is
	WasmPrefix    = "wasm error: "
)

// Classify turns an error of wazero into ours. fallback is the code of what is none of the known kinds: link or compile.
func Classify(err error, fallback string) *Error {
	var ours *Error
	if errors.As(err, &ours) {
		return ours
	}
	if limit := limitOf(err); limit != nil {
		return limit
	}
	var exit *sys.ExitError
	if errors.As(err, &exit) {
		return &Error{Code: CodeExit, Message: exit.Error(), ExitCode: exit.ExitCode(), Reason: "exit"}
	}
	warnOfStack(err)
	message, _, _ := strings.Cut(err.Error(), goStackHeader)
	var host *Host
	if errors.As(err, &host) {
		return &Error{Code: CodeTrap, Kind: "host function", Message: message, Frames: parseTrace(message), Host: true}
	}
	head, _, traced := strings.Cut(message, shown.TraceHeader)
	if at := strings.LastIndex(head, WasmPrefix); at >= 0 {
		for _, k := range TrapKinds {
			if head[at+len(WasmPrefix):] == k {
				return &Error{Code: CodeTrap, Kind: k, Message: message, Frames: parseTrace(message)}
			}
		}
	}
	if head == "stack overflow" || strings.HasSuffix(head, ": stack overflow") { // the compiler gives no trace and no prefix
		return &Error{Code: CodeTrap, Kind: "stack overflow", Message: message}
	}
	for _, prefix := range configComplaints {
		if strings.HasPrefix(message, prefix) {
			return Invalid(message)
		}
	}
	if strings.HasPrefix(message, "table[") && strings.Contains(message, "more than the limit of") { // edit e8
		if strings.HasSuffix(message, "the limit of its tenant") {
			return Limit(accounts.Elements.Limit(), message)
		}
		return Limit("tableElements", message)
	}
	if pages := overMemoryLimit.FindStringSubmatch(message); pages != nil && pages[1] != "65536" { // more is invalid, not limited
		return Limit("memoryPages", message)
	}
	if traced { // a host function of Go's own side panicked: no guest's doing, but the guest did unwind
		return &Error{Code: CodeTrap, Kind: "host function", Message: message, Frames: parseTrace(message)}
	}
	return &Error{Code: fallback, Message: message}
}

// parseTrace reads wazero's own trace: "\tmod.fn(i32) i32", each followed by lines of source positions with two tabs.
func parseTrace(message string) []TraceFrame {
	_, trace, ok := strings.Cut(message, shown.TraceHeader)
	if !ok {
		return nil
	}
	var frames []TraceFrame
	for _, line := range strings.Split(trace, "\n") {
		switch {
		case strings.HasPrefix(line, "\t\t"):
			if n := len(frames); n > 0 && frames[n-1].Source == "" {
				source := strings.TrimSpace(line)
				if _, after, found := strings.Cut(source, ": "); found && strings.HasPrefix(source, "0x") {
					source = after
				}
				frames[n-1].Source = source
			}
		case strings.HasPrefix(line, "\t"):
			name := withoutTypes(strings.TrimSpace(line))
			if name != "" && !strings.HasPrefix(name, "... maybe followed") {
				frames = append(frames, TraceFrame{Function: name})
			}
		}
	}
	return frames
}

// withoutTypes takes the types from the end of "mod.fn(i32,i32) (i32,i32)". There may be parentheses in the name.
func withoutTypes(signature string) string {
	if at := strings.LastIndex(signature, ") ("); at >= 0 && !strings.ContainsRune(signature[at+3:], '(') {
		signature = signature[:at+1]
	}
	if at := strings.LastIndexByte(signature, '('); at > 0 {
		return signature[:at]
	}
	return signature
}

// limitOf is for memories and images, which wazero's allocator can only panic with, and others return; nil: it is another error.
func limitOf(err error) *Error {
	var limit *arena.LimitError
	if !errors.As(err, &limit) {
		return nil
	}
	return Limit(cmp.Or(limit.Limit, "totalMemoryBytes"), limit.Message)
}

// Of gives any error the shape that crosses.
func Of(err error) *Error {
	var ours *Error
	if errors.As(err, &ours) {
		return ours
	}
	return Classify(err, CodeTrap)
}

// Recovered is what a panic becomes: no panic crosses to C.
func Recovered(r any) *Error {
	if err, ok := r.(error); ok {
		if limit := limitOf(err); limit != nil {
			return limit
		}
		var ours *Error
		if errors.As(err, &ours) {
			return ours
		}
		var exit *sys.ExitError
		var host *Host // of a host function that was called without a guest around it, from a table
		if errors.As(err, &exit) || errors.As(err, &host) {
			return Classify(err, CodeTrap)
		}
	}
	warnOfPanic(r, debug.Stack())
	return &Error{Code: CodeTrap, Kind: "host function", Message: fmt.Sprintf("%v (recovered by node-wazero)", r)}
}

// warnOfStack tells the process, and nobody else, where in Go a mistake came from: a message that guests can bring about is for anybody's eyes.
func warnOfStack(err error) {
	var at interface{ GoStack() []byte } // edit e8trace
	if errors.As(err, &at) && at.GoStack() != nil {
		warnOfPanic(errors.Unwrap(err), at.GoStack())
	}
}

// A guest that can bring about one panic can bring about thousands.
const mostPanicsTold = 8

var panicsTold atomic.Int32

func warnOfPanic(what any, stack []byte) {
	if panicsTold.Add(1) <= mostPanicsTold {
		Warn(fmt.Sprintf("node-wazero recovered from a panic, please report it: %v\n%s", what, stack))
	} else {
		panicsTold.Store(mostPanicsTold) // it does not come round
	}
}
