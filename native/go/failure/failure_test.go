package failure

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero/sys"

	"wazeronode/shown"
)

func TestClassify(t *testing.T) {
	trace := "\nwasm stack trace:\n\tm.f(i32) i32\n\t\t0x1f: /src/a.c:12:3\n\t\t0x2f: /src/b.c:1:1\n\t.$2()"
	frames := []TraceFrame{{"m.f", "/src/a.c:12:3"}, {".$2", ""}}
	for _, c := range []struct {
		name string
		err  error
		want Error
	}{
		{"trap", errors.New("wasm error: integer divide by zero" + trace), Error{Code: CodeTrap, Kind: "integer divide by zero", Frames: frames}},
		{"trap in a start function", errors.New("module[e] function[_start] failed: wasm error: unreachable" + trace), Error{Code: CodeTrap, Kind: "unreachable", Frames: frames}},
		{"stack overflow has no trace", errors.New("stack overflow"), Error{Code: CodeTrap, Kind: "stack overflow"}},
		{"host function", fmt.Errorf("%w (recovered by wazero)%s", &Host{}, trace), Error{Code: CodeTrap, Kind: "host function", Frames: frames, Host: true}},
		{"exit", fmt.Errorf("start failed: %w", sys.NewExitError(7)), Error{Code: CodeExit, ExitCode: 7, Reason: "exit"}},
		{"configuration", errors.New("environ invalid: empty key"), Error{Code: CodeInvalid}},
		{"table limit", errors.New("table[0] needs 20 elements, more than the limit of 10"), Error{Code: codeLimit, Limit: "tableElements"}},
		{"link", errors.New("module[env] not instantiated"), Error{Code: CodeLink}},
	} {
		got := *Classify(c.err, CodeLink)
		got.Message = ""
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: expected %+v but received %+v", c.name, c.want, got)
		}
	}
}

func TestPanicsBecomeErrors(t *testing.T) {
	for _, v := range []any{"text", errors.New("an error"), sys.NewExitError(3), Limit("tableElements", "too many")} {
		err := Protect(func() error { panic(v) })
		if e := Of(err); e == nil || e.Code == "" || e.Message == "" {
			t.Errorf("%v became %v", v, err)
		}
	}
	if e := Of(Protect(func() error { panic(sys.NewExitError(3)) })); e.Code != CodeExit || e.ExitCode != 3 {
		t.Errorf("exit became %+v", e)
	}
}

func TestErrorThatCrossesIsBounded(t *testing.T) {
	e := &Error{Code: CodeTrap, Message: strings.Repeat("\x01", 1<<20)}
	for range 30 {
		e.Frames = append(e.Frames, TraceFrame{strings.Repeat("\x01", 1<<20), strings.Repeat("\x02", 1<<20)})
	}
	if n := len(e.JSON()); n > 8*shown.MostMessage {
		t.Errorf("an error of %d bytes crosses", n)
	}
	if len(e.Message) != 1<<20 {
		t.Error("the error itself was changed")
	}
}

func TestFunctionOfTrace(t *testing.T) {
	for line, want := range map[string]string{
		"m.f()": "m.f", "m.f(i32,i64) i32": "m.f", "m.f(i32) (i32,f64)": "m.f", "m.f() (i32,f64)": "m.f",
		"m.a(int)(i32)": "m.a(int)", "m.a(int) (b)() i32": "m.a(int) (b)", "m.f(i32) (i32…)": "m.f", ".$7()": ".$7", "(i32)": "(i32)",
	} {
		if got := withoutTypes(line); got != want {
			t.Errorf("%q: expected %q but received %q", line, want, got)
		}
	}
}

type panicked struct{ error }

func (panicked) GoStack() []byte {
	return []byte("goroutine 1 [running]:\nmain.f({0x7f5d1655c020})\n\t/src/f.go:1")
}

func TestNoStackOfGoCrosses(t *testing.T) {
	panicsTold.Store(0)
	told := panicsTold.Load()
	for _, e := range []*Error{
		Of(Protect(func() error { var none *Error; return Closed(none.Message) })),
		Of(Protect(func() error { panic("text") })),
		Classify(panicked{errors.New("index out of range [-1] (recovered by wazero)")}, CodeTrap),
		Classify(panicked{errors.New("index out of range [-1] (recovered by wazero)")}, CodeCompile),
	} {
		if text := string(e.JSON()); strings.Contains(text, "goroutine") || strings.Contains(text, ".go:") || strings.Contains(text, "0x7f") {
			t.Errorf("a message has the stack: %s", text)
		}
	}
	if panicsTold.Load() != told+4 {
		t.Errorf("expected 4 warnings but received %d", panicsTold.Load()-told)
	}
	for range 100 {
		warnOfPanic("again", nil)
	}
	if panicsTold.Load() != mostPanicsTold {
		t.Errorf("expected %d warnings at most but received %d", mostPanicsTold, panicsTold.Load())
	}
}
