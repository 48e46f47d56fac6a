package main

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/tetratelabs/wazero/sys"
)

func TestClassify(t *testing.T) {
	trace := "\nwasm stack trace:\n\tm.f(i32) i32\n\t\t0x1f: /src/a.c:12:3\n\t\t0x2f: /src/b.c:1:1\n\t.$2()"
	frames := []traceFrame{{"m.f", "/src/a.c:12:3"}, {".$2", ""}}
	for _, c := range []struct {
		name string
		err  error
		want wzError
	}{
		{"trap", errors.New("wasm error: integer divide by zero" + trace), wzError{Code: codeTrap, Kind: "integer divide by zero", Frames: frames}},
		{"trap in a start function", errors.New("module[e] function[_start] failed: wasm error: unreachable" + trace), wzError{Code: codeTrap, Kind: "unreachable", Frames: frames}},
		{"stack overflow has no trace", errors.New("stack overflow"), wzError{Code: codeTrap, Kind: "stack overflow"}},
		{"host function", fmt.Errorf("%w (recovered by wazero)%s", &hostError{}, trace), wzError{Code: codeTrap, Kind: "host function", Frames: frames, Host: true}},
		{"exit", fmt.Errorf("start failed: %w", sys.NewExitError(7)), wzError{Code: codeExit, ExitCode: 7, Reason: "exit"}},
		{"configuration", errors.New("environ invalid: empty key"), wzError{Code: codeInvalid}},
		{"table limit", errors.New("table[0] needs 20 elements, more than the limit of 10"), wzError{Code: codeLimit, Limit: "tableElements"}},
		{"link", errors.New("module[env] not instantiated"), wzError{Code: codeLink}},
	} {
		got := *classify(c.err, codeLink)
		got.Message = ""
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: expected %+v but received %+v", c.name, c.want, got)
		}
	}
}

func TestPanicsBecomeErrors(t *testing.T) {
	for _, v := range []any{"text", errors.New("an error"), sys.NewExitError(3), limitError("tableElements", "too many")} {
		err := protect(func() error { panic(v) })
		if e := asError(err); e == nil || e.Code == "" || e.Message == "" {
			t.Errorf("%v became %v", v, err)
		}
	}
	if e := asError(protect(func() error { panic(sys.NewExitError(3)) })); e.Code != codeExit || e.ExitCode != 3 {
		t.Errorf("exit became %+v", e)
	}
}
