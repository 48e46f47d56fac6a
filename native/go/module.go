package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/experimental/sock"

	"wazeronode/accounts"
	"wazeronode/arena"
	"wazeronode/describe"
	"wazeronode/failure"
	"wazeronode/frames"
	"wazeronode/handles"
	"wazeronode/headroom"
	"wazeronode/jail"
	"wazeronode/slots"
	"wazeronode/sockets"
	"wazeronode/stdio"
)

// moduleState is an instance: from wz_instantiate, before wazero has one, to wz_module_release.
type moduleState struct {
	frames.Member
	handle  handles.Handle
	rt      *runtimeState
	account *accounts.Account
	host    bool // of a host module: no guest code, no group that matters
	limits  limits

	sharedMemory bool // its memory, own or imported, is one

	inner    api.Module         // nil until instantiated, or until its start section calls a host function
	held     bool               // source, until it is closed
	memory   *guestMemory       // of its own, or nil
	reserved *arena.Reservation // for it, until it is made
	contents *arena.Image       // that it begins with, or nil
	// guardedMemory: the memory that it uses is guarded, be it its own or imported.
	guardedMemory bool
	told          bool           // JavaScript knows its handle already, from a host function of its start function
	config        *moduleConfig  // what it was made with
	image         *imageState    // that it was made of, or nil
	parked        *parked        // the call that was left at stdin, or nil
	compiled      *compiledState // closed with the module, or nil
	source        *compiledState // what it was made of, closed or not
	files         *jail.OpenFiles
	addresses     []sockets.Address // that its TCP listeners are bound to
	stdin         atomic.Pointer[stdio.Source]

	mu             sync.Mutex
	mounts         []openMount // closed with it
	functions      map[string]*functionState
	memories       map[api.Memory]handles.Handle
	globals        map[string]*globalState
	extra          []handles.Handle          // all handles that go with the module
	tableFunctions map[uint64]*functionState // by reference
	tags           []*tagState               // that it owns
	indexed        map[uint32]*functionState // by function index
	internals      []*globalState
	twins          []func() // close the logged host modules that it imports from
	engines        atomic.Int64
}

// Handle, Share, IsClosed, Close, HasFiles, CountsFuel and InterruptFiles are frames.Module.
func (m *moduleState) Handle() uint64 { return uint64(m.handle) }

// Share is of the slots: the tenant's, or the runtime's.
func (m *moduleState) Share() *slots.Share {
	if t := m.account.Tenant(); t != nil {
		return &t.Share
	}
	return &m.rt.share
}

// Account is what it is charged to.
func (m *moduleState) Account() *accounts.Account { return m.account }

// IsClosed is also where its guest has closed it, and nobody has looked since.
func (m *moduleState) IsClosed() bool {
	return m.Closed.Load() || m.inner != nil && m.inner.IsClosed()
}

// CountsFuel is whether its code does.
func (m *moduleState) CountsFuel() bool { return m.rt.config.fuel }

// callStackBytes is the limit of the module or of its runtime; 0: wazero's.
func (m *moduleState) callStackBytes() uint64 {
	if m.limits.callStackBytes > 0 {
		return m.limits.callStackBytes
	}
	return m.rt.config.limits.callStackBytes
}

// tableElements is the limit of the module or of its runtime.
func (m *moduleState) tableElements() uint32 {
	if m.limits.tableElements > 0 {
		return m.limits.tableElements
	}
	return m.rt.config.limits.tableElements
}

// adopt learns which instance of wazero this is.
func (m *moduleState) adopt(inner api.Module) {
	m.rt.mu.Lock()
	defer m.rt.mu.Unlock()
	m.inner = inner
	m.rt.modules[inner] = m
}

// instantiation is one wz_instantiate between its two halves: prepared on the JS thread, run in either lane.
type instantiation struct {
	module   *moduleState
	frame    *frame
	compiled *compiledState
	image    *imageState // that it begins with, or nil
	begun    *begun      // that it begins with, as all others do, or nil
	config   *moduleConfig
	imported map[string]*moduleState // by import module name
	externs  []extern                // by position; nil: names say what is imported
	template *compiledState          // host module of the externs that are functions of JavaScript, or nil
	guards   uint32                  // an abi.Guard..., on the JS thread when it was prepared: where a guest of the synchronous lane runs
}

func prepareInstantiation(o frames.Options, rt *runtimeState, compiled *compiledState, image *imageState, config *moduleConfig, closeCompiled bool) (*instantiation, error) {
	if compiled.rt != rt {
		return nil, failure.Invalid("source module must be compiled before instantiation: this one was compiled by another runtime")
	}
	if image != nil {
		if err := image.checkFiles(config); err != nil {
			return nil, err
		}
	}
	account, err := openAccount(config.tenant)
	if err != nil {
		return nil, err
	}
	m := &moduleState{rt: rt, account: account, source: compiled, config: config, image: image, host: compiled.host, limits: config.limits, sharedMemory: compiled.sharedMemory,
		functions: map[string]*functionState{}, memories: map[api.Memory]handles.Handle{}, globals: map[string]*globalState{}}
	m.Self, m.Group = m, &frames.Group{}
	m.files = jail.NewOpenFiles(m.openFiles()).ChargedTo(account)
	if closeCompiled {
		m.compiled = compiled
	}
	i := &instantiation{module: m, compiled: compiled, image: image, config: config, guards: rt.guardPages()}
	err = i.link()
	if err == nil {
		if i.frame, err = newFrame(o, m); err == nil && !compiled.hold() {
			i.frame.Finish()
			err = failure.Closed("the compiled module is closed")
		} else if err == nil {
			if err = i.frame.Queue(); err != nil {
				compiled.letGo()
			}
		}
	}
	if err != nil {
		m.closeAccount()
		m.Group.ReleaseAtRest() // what it would have kept
		return nil, err
	}
	m.held = true
	image.use()
	m.handle = handles.Add(handles.Module, m)
	m.Hold()
	rt.own(m)
	return i, nil
}

// run instantiates. On an error the module is gone.
func (i *instantiation) run() (outcome []byte, err error) {
	m, f := i.module, i.frame
	defer i.image.letGo()
	if err = f.Enter(); err != nil {
		m.fail(f.IsAsync())
		return nil, err
	}
	err = failure.Protect(func() error {
		err := i.instantiate(f.context())
		f.WaitTaken(0)
		return err
	})
	if outcome, err = f.Conclude(err, failure.CodeLink); err != nil {
		m.fail(f.IsAsync())
	}
	return outcome, err
}

func (i *instantiation) instantiate(ctx context.Context) error {
	m := i.module
	if n := i.bytes(); (headroom.Limited() || n > 1<<20) && !headroom.AllowsPieces(n) {
		return failure.Limit("totalMemoryBytes", fmt.Sprintf("the process has not enough memory left for an instance of %d KiB", n>>10))
	}
	config, err := i.config.build(m)
	if err != nil {
		return err
	}
	if l := i.config.tcpListeners; len(l) > 0 && !m.host {
		ctx = sock.WithConfig(ctx, sockets.Config(l))
	}
	ctx = withFiles(withTableLimit(ctx, m.tableElements(), m.account), m.files)
	ctx = experimental.WithMemoryAllocator(ctx, m)
	ctx = i.withParking(ctx)
	if ctx, err = i.withImports(ctx); err != nil {
		return err
	}
	closing := experimental.CloseNotifyFunc(func(context.Context, uint32) { m.NoteClosed() })
	code, err := i.code()
	if err != nil {
		return err
	}
	if m.host {
		if ctx, code, err = i.hostCode(ctx, code); err != nil {
			return err
		}
	}
	ctx = i.withContents(ctx)
	defer func() { m.reserved.Release() }() // where no memory was made
	inner, err := m.rt.inner.InstantiateModule(experimental.WithCloseNotifier(ctx, closing), code, config)
	if inner != nil {
		m.adopt(inner)
	}
	if err == nil {
		if err = i.checkLinks(inner); err != nil {
			return err
		}
		m.Group.Add(&m.Member)
		if n := len(i.config.tcpListeners) / 2; n > 0 && !m.host && !m.IsClosed() {
			m.addresses = sockets.Bound(inner, n)
		}
		if p := m.parked; p != nil && p.call == nil {
			return cannotFreeze(m, []string{p.obstacle})
		}
		err = i.goOn(ctx)
	}
	return err
}

// Close closes the instance; only when nothing of its group runs, or when what runs is about to end. Idempotent.
func (m *moduleState) Close(exitCode uint32) {
	if m.Closed.Swap(true) {
		return
	}
	m.account.Give(accounts.Instances, 1)
	m.NoteClosed()
	if m.inner != nil {
		_ = m.inner.CloseWithExitCode(context.Background(), exitCode)
		m.rt.mu.Lock()
		delete(m.rt.modules, m.inner)
		m.rt.mu.Unlock()
	}
	m.mu.Lock()
	mounts, twins := m.mounts, m.twins
	m.mounts, m.twins = nil, nil
	m.mu.Unlock()
	for _, closeTwin := range twins {
		closeTwin()
	}
	for _, fs := range mounts {
		_ = fs.Close()
	}
	if m.compiled != nil {
		m.compiled.disown()
	}
	if m.held {
		m.source.letGo()
	}
	m.Group.TakeClosed()
	m.Group.ReleaseAtRest()
}

// fail is the end of a module that never came to be. Where that happens on another thread, JavaScript may be reading its memory, in a
// host function that its start function has called: then wz_module_release says when it has heard. Also where such a host function may have put a
// function of it into somebody else's table.
func (m *moduleState) fail(async bool) {
	m.Close(0)
	if !async && !m.told {
		m.disown()
	}
}

// disown drops the handles, and what JavaScript had of the memory.
func (m *moduleState) disown() {
	m.forgetTags()
	m.LetGo()
	m.rt.release(m)
	m.mu.Lock()
	extra := m.extra
	m.extra = nil
	m.mu.Unlock()
	for _, h := range extra {
		handles.Remove(h, h.Kind())
	}
	callEngines.Add(-m.engines.Swap(0))
	handles.Remove(m.handle, handles.Module)
	m.account.GiveAll(accounts.Elements)
	m.account.Retire()
}

// openMount is a file system of one guest.
type openMount interface {
	Close() error
	Interrupt() // wakes a guest that waits for a file without a frame's doing
}

func (m *moduleState) addMount(fs openMount) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.mounts = append(m.mounts, fs)
}

// HasFiles is whether it has mounts.
func (m *moduleState) HasFiles() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.mounts) > 0
}

// InterruptFiles lets a guest return that is parked in a read or write of a pipe.
func (m *moduleState) InterruptFiles() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, fs := range m.mounts {
		fs.Interrupt()
	}
}

func (m *moduleState) own(k handles.Kind, value any) handles.Handle {
	h := handles.Add(k, value)
	m.extra = append(m.extra, h)
	return h
}

func (m *moduleState) describe() (any, error) {
	if m.inner == nil {
		return nil, failure.Closed("the module is not instantiated")
	}
	var memory api.MemoryDefinition
	if mem := moduleMemory(m.inner); mem != nil {
		memory = mem.Definition()
	}
	return describe.Instance(m.inner.Name(), memory, m.sharedMemory), nil
}

var errClosedModule = failure.Closed("the module is closed")

var _ experimental.MemoryAllocator = (*moduleState)(nil)
