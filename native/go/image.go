package main

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental/sock"

	"wazeronode/accounts"
	"wazeronode/arena"
	"wazeronode/failure"
	"wazeronode/frames"
	"wazeronode/handles"
	"wazeronode/sockets"
)

// imageState is the state of a module as it was frozen. Modules that were made of it go on when its handle is closed.
type imageState struct {
	handle   handles.Handle
	rt       *runtimeState
	compiled *compiledState // held while the handle is there
	state    *engineImage
	memory   *arena.Image // nil: no memory

	stateBytes uint64
	tenant     *accounts.Tenant // of the module that was frozen, charged with the image while the handle is there; or nil
	again      bool             // a call that waits asks its host function again

	name      string   // of the module that was frozen
	mounts    []string // guest paths
	listeners int
}

// addImage gives it a handle.
func (rt *runtimeState) addImage(i *imageState) {
	i.handle = handles.Add(handles.Image, i)
	rt.own(i)
}

// use keeps what the memory held until letGo: the handle may be closed while a module is made of it. A module that is made keeps it itself.
func (i *imageState) use() {
	if i != nil && i.memory != nil {
		i.memory.Retain()
	}
}

func (i *imageState) letGo() {
	if i != nil && i.memory != nil {
		i.memory.Release()
	}
}

// disown closes it; idempotent, for only who removes the handle goes on.
func (i *imageState) disown() {
	if handles.Remove(i.handle, handles.Image) == nil {
		return
	}
	i.rt.release(i)
	i.compiled.letGo()
	if i.tenant != nil {
		i.tenant.GiveImage(i.bytes())
	}
	if i.memory != nil {
		i.memory.Finish()
	}
	i.letGo()
}

// bytes is what it holds: pages of memory that are not all zero, and what is not memory.
func (i *imageState) bytes() uint64 {
	n := i.stateBytes
	if i.memory != nil {
		n += i.memory.Held()
	}
	return n
}

// guestPaths are those of a config's mounts, as a guest sees them.
func (c *moduleConfig) guestPaths() (paths []string) {
	for _, m := range c.mounts {
		paths = append(paths, path.Clean("/"+m.guestPath))
	}
	return paths
}

// checkFiles looks whether a module of the image would find what it knows where it knows it: a guest keeps the numbers of its mounts.
func (i *imageState) checkFiles(c *moduleConfig) error {
	given := c.guestPaths()
	for n := range max(len(given), len(i.mounts)) {
		switch {
		case n >= len(given):
			return linkError(fmt.Sprintf("the image was frozen with a mount at %s, number %d, which this config does not have", i.mounts[n], n+1))
		case n >= len(i.mounts):
			return linkError(fmt.Sprintf("the image was frozen without the mount at %s, number %d of this config", given[n], n+1))
		case given[n] != i.mounts[n]:
			return linkError(fmt.Sprintf("the image was frozen with a mount at %s where this config has one at %s, number %d", i.mounts[n], given[n], n+1))
		}
	}
	if n := len(c.tcpListeners) / 2; n != i.listeners {
		return linkError(fmt.Sprintf("the image was frozen with %d TCP listeners, and this config has %d", i.listeners, n))
	}
	return nil
}

// bytes is about what the instance takes.
func (i *instantiation) bytes() uint64 {
	if i.image != nil { // pages that it shares take nothing before it writes them
		n := 2*i.image.stateBytes + 64<<10
		if m := i.image.memory; m != nil && !m.IsShared() {
			n += m.Held()
		}
		return n
	}
	return i.compiled.instanceBytes
}

// withContents has it begin with what it is to begin with. Its range was taken.
func (i *instantiation) withContents(ctx context.Context) context.Context {
	switch m := i.module; {
	case i.image != nil:
		m.contents = i.image.memory
		return withImage(ctx, i.image.state)
	case i.begun != nil:
		m.contents = i.begun.memory
		return withImage(ctx, i.begun.state)
	case m.reserved == nil:
		return ctx
	}
	return i.compiled.beginning.offer(ctx)
}

// freezing is one wz_module_freeze between its two halves: prepared on the JS thread, run in either lane.
type freezing struct {
	module *moduleState
	frame  *frame
	env    uint64
	image  *imageState // afterwards
}

func prepareFreeze(o frames.Options, m *moduleState) (*freezing, error) {
	if m.IsClosed() {
		return nil, errClosedModule
	}
	f, err := newFrame(o, m)
	if err != nil {
		return nil, err
	}
	if err := f.Queue(); err != nil {
		return nil, err
	}
	return &freezing{module: m, frame: f, env: o.Env}, nil
}

func (z *freezing) run() (outcome []byte, err error) {
	if err = z.frame.Enter(); err != nil {
		return nil, err
	}
	err = failure.Protect(z.freeze)
	outcome, err = z.frame.Conclude(err, failure.CodeLink)
	if err != nil && z.image != nil {
		z.image.disown()
		z.image = nil
	}
	return outcome, err
}

func (z *freezing) freeze() error {
	m := z.module
	switch {
	case m.IsClosed():
		return errClosedModule
	case m.host:
		return cannotFreeze(m, []string{"it is a host module"})
	}
	waiting, err := z.waitingCall()
	if err != nil {
		return err
	}
	img := &imageState{rt: m.rt, compiled: m.source, name: m.inner.Name(), mounts: m.config.guestPaths(), listeners: len(m.config.tcpListeners) / 2}
	state, obstacles := freezeModule(m.inner, m.others())
	if p := m.parked; p != nil && waiting == nil {
		img.again, waiting = true, p.call
	}
	if files := openFilesOf(m.inner, len(img.mounts), img.listeners); len(files) > 0 {
		obstacles = append(obstacles, filesOpen(files))
	}
	if len(obstacles) > 0 {
		return cannotFreeze(m, obstacles)
	}
	state.Waiting = waiting
	s := stateOf(state)
	img.state, img.stateBytes = state, s.Bytes()
	if m.memory != nil && state.MemoryBytes > 0 {
		goOn := func() bool { return !z.frame.IsStopped() }
		memory, err := arena.NewImage(m.rt.budget, m.memory.Bytes(), goOn)
		if err != nil {
			return err
		}
		if memory == nil {
			return z.frame.NotStarted()
		}
		img.memory = memory
	}
	if !img.compiled.hold() {
		img.letGo()
		return failure.Closed("the compiled module is closed")
	}
	if t := m.account.Tenant(); t != nil {
		if !t.TakeImage(img.bytes()) {
			img.compiled.letGo()
			img.letGo()
			limit := accounts.Memory.Limit()
			return failure.Limit(limit, fmt.Sprintf("an image of %d bytes is over the limit %s", img.bytes(), limit))
		}
		img.tenant = t
	}
	m.rt.addImage(img)
	z.image = img
	return nil
}

// errNotAtRest: a synchronous call was made inside of a host function.
var errNotAtRest = &failure.Error{Code: failure.CodeBusy, Message: "a call runs in this module or in one that is linked with it"}

func linkError(message string) *failure.Error {
	return &failure.Error{Code: failure.CodeLink, Message: message}
}

func cannotFreeze(m *moduleState, obstacles []string) error {
	const most = 8
	if n := len(obstacles); n > most {
		obstacles = append(obstacles[:most:most], fmt.Sprintf("and %d more", n-most))
	}
	name := ""
	if m.inner != nil {
		name = m.inner.Name()
	}
	return linkError(fmt.Sprintf("module[%s] cannot be frozen: %s", name, strings.Join(obstacles, "; ")))
}

func filesOpen(files []string) string {
	const most = 8
	text := fmt.Sprintf("%d open files: ", len(files))
	if len(files) == 1 {
		text = "1 open file: "
	}
	if len(files) > most {
		return text + strings.Join(files[:most], ", ") + ", ..."
	}
	return text + strings.Join(files, ", ")
}

// others are those of the group, which is at rest, that m may be linked with.
func (m *moduleState) others() (others []api.Module) {
	for _, other := range m.Group.Others(&m.Member) {
		if o := other.Self.(*moduleState); !o.IsClosed() {
			others = append(others, o.inner)
		}
	}
	return others
}

// resetting is one wz_module_reset, likewise.
type resetting struct {
	module  *moduleState
	frame   *frame
	targets map[uint64]uint64 // by those of the file systems in JavaScript that it has: those that it gets
}

func prepareReset(o frames.Options, m *moduleState, targets map[uint64]uint64) (*resetting, error) {
	switch {
	case m.IsClosed():
		return nil, errClosedModule
	case m.image == nil || m.image.state.Waiting != nil:
		return nil, failure.Invalid("Expected a module that was made of an image at rest for reset")
	}
	f, err := newFrame(o, m)
	if err != nil {
		return nil, err
	}
	if err := f.Queue(); err != nil {
		return nil, err
	}
	return &resetting{m, f, targets}, nil
}

func (r *resetting) run() (outcome []byte, err error) {
	if err = r.frame.Enter(); err != nil {
		return nil, err
	}
	err = failure.Protect(r.reset)
	return r.frame.Conclude(err, failure.CodeLink)
}

func (r *resetting) reset() error {
	m := r.module
	switch {
	case m.IsClosed():
		return errClosedModule
	case !r.frame.IsOutermost():
		return errNotAtRest
	}
	for i := range m.config.mounts {
		if target, ok := r.targets[m.config.mounts[i].target]; ok {
			m.config.mounts[i].target = target
		}
	}
	m.mu.Lock()
	mounts := m.mounts
	m.mounts = nil
	m.mu.Unlock()
	config, err := m.config.build(m)
	if err == nil {
		ctx := context.Background()
		if l := m.config.tcpListeners; len(l) > 0 {
			ctx = sock.WithConfig(ctx, sockets.Config(l))
		}
		var buffer []byte
		if m.memory != nil {
			if buffer = m.memory.restore(); buffer == nil {
				err = &arena.LimitError{Message: "the system has no address space left for the memory of a module that is reset"}
			}
		}
		if err == nil {
			err = resetModule(ctx, m.inner, m.image.state, buffer, config)
		}
	}
	for _, fs := range mounts {
		_ = fs.Close()
	}
	if err != nil { // half of it is new, half is old
		m.Close(1)
		return err
	}
	if n := len(m.config.tcpListeners) / 2; n > 0 {
		m.addresses = sockets.Bound(m.inner, n)
	}
	return nil
}
