package main

import (
	"bytes"
	"context"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/experimental/logging"

	"wazeronode/shown"
)

// logTarget is a log of host calls: wazero's own logging of a guest's exported functions, and of the host functions that it imports.
type logTarget struct {
	Scopes []string `json:"scopes"`
	Kind   uint32   `json:"kind"` // WZ_SINK_*
	FD     int32    `json:"fd"`
	Target uint64   `json:"target"`
}

var logScopes = map[string]logging.LogScopes{
	"clock": logging.LogScopeClock, "filesystem": logging.LogScopeFilesystem, "memory": logging.LogScopeMemory, "poll": logging.LogScopePoll,
	"proc": logging.LogScopeProc, "random": logging.LogScopeRandom, "sock": logging.LogScopeSock, "all": logging.LogScopeAll,
}

func (t *logTarget) factory(w logging.Writer) experimental.FunctionListenerFactory {
	scopes := logging.LogScopeNone
	for _, name := range t.Scopes {
		scopes |= logScopes[name]
	}
	return logging.NewHostLoggingListenerFactory(w, scopes)
}

// NewFunctionListener implements experimental.FunctionListenerFactory: wazero decides which functions are logged.
func (t *logTarget) NewFunctionListener(def api.FunctionDefinition) experimental.FunctionListener {
	if t.factory(&bytes.Buffer{}).NewFunctionListener(def) == nil {
		return nil
	}
	return &logListener{t}
}

// frameLog is the log of one frame: wazero's loggers keep a stack of calls, and that of one frame is not another's.
type frameLog struct {
	text      bytes.Buffer
	factory   experimental.FunctionListenerFactory
	listeners map[api.FunctionDefinition]experimental.FunctionListener
}

func (f *frame) log(t *logTarget) *frameLog {
	l := f.logs[t]
	if l == nil {
		l = &frameLog{listeners: map[api.FunctionDefinition]experimental.FunctionListener{}}
		l.factory = t.factory(&l.text)
		if f.logs == nil {
			f.logs = map[*logTarget]*frameLog{}
		}
		f.logs[t] = l
	}
	return l
}

func (l *frameLog) of(def api.FunctionDefinition) experimental.FunctionListener {
	listener := l.listeners[def]
	if listener == nil {
		listener = l.factory.NewFunctionListener(def)
		l.listeners[def] = listener
	}
	return listener
}

type logListener struct{ target *logTarget }

// write gives the sink what wazero has logged. A sink that fails stops nothing: the guest did not ask for the log.
func (l *logListener) write(f *frame, log *frameLog) {
	if log.text.Len() == 0 {
		return
	}
	// One line, in which paths are the guest's.
	line := []byte(shown.Escaped(strings.TrimSuffix(log.text.String(), "\n"), shown.MostMessage, "\t") + "\n")
	log.text.Reset()
	sink := stream{kind: l.target.Kind, fd: l.target.FD, target: l.target.Target}
	if w, err := sink.sink(f.module); err == nil && w != nil {
		_, _ = w.Write(line)
	}
}

// Before implements experimental.FunctionListener.
func (l *logListener) Before(ctx context.Context, mod api.Module, def api.FunctionDefinition, params []uint64, it experimental.StackIterator) {
	if f := frameOf(ctx); f != nil {
		log := f.log(l.target)
		log.of(def).Before(ctx, mod, def, params, it)
		l.write(f, log)
	}
}

// After implements experimental.FunctionListener.
func (l *logListener) After(ctx context.Context, mod api.Module, def api.FunctionDefinition, results []uint64) {
	if f := frameOf(ctx); f != nil {
		log := f.log(l.target)
		log.of(def).After(ctx, mod, def, results)
		l.write(f, log)
	}
}

// Abort implements experimental.FunctionListener.
func (l *logListener) Abort(ctx context.Context, mod api.Module, def api.FunctionDefinition, err error) {
	if f := frameOf(ctx); f != nil {
		f.log(l.target).of(def).Abort(ctx, mod, def, err)
	}
}

// loggedHost makes a nameless twin of a host module whose functions are logged: what other guests call is not.
func (m *moduleState) loggedHost(ctx context.Context, host *compiledState, base uint64, target *logTarget) (api.Module, error) {
	b := m.rt.inner.NewHostModuleBuilder(host.name)
	host.export(b, base)
	ctx = experimental.WithFunctionListenerFactory(ctx, target)
	compiled, err := b.Compile(ctx)
	if err != nil {
		return nil, err
	}
	twin, err := m.rt.inner.InstantiateModule(ctx, compiled, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		_ = compiled.Close(ctx)
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.twins = append(m.twins, func() {
		_ = twin.Close(context.Background())
		_ = compiled.Close(context.Background())
	})
	return twin, nil
}
