package main

import (
	"sync/atomic"
	"time"

	"wazeronode/accounts"
	"wazeronode/failure"
	"wazeronode/frames"
	"wazeronode/handles"
	"wazeronode/profile"
)

// sampler is the profile that is being taken: a goroutine that asks the frames of its target for a sample now and then. They make it themselves,
// where they come by (package frames). A direct or an express call has no frame: it is interrupted, and gets one with its sample. There is one sampler at a time.
type sampler struct {
	env     uint64 // whose it is
	profile *profile.Profile
	target  any // *moduleState, *runtimeState or *accounts.Tenant
	stop    chan struct{}
	ended   chan struct{}
	last    map[uint64]lastDirect // by environment, 0: the thread of express calls
}

// lastDirect is the direct call that was last asked for a sample.
type lastDirect struct {
	of    *directState
	which uint64
}

var sampling atomic.Pointer[sampler]

func init() { frames.Sampled = addSample }

var errSampling = &failure.Error{Code: failure.CodeBusy, Message: "another profile is being taken in this process"}

func startSampler(env uint64, target any, interval time.Duration) error {
	s := &sampler{env: env, profile: profile.New(interval), target: target, stop: make(chan struct{}), ended: make(chan struct{}), last: map[uint64]lastDirect{}}
	if !sampling.CompareAndSwap(nil, s) {
		return errSampling
	}
	go s.run(interval)
	return nil
}

// endSampler is the profile as JSON, of the environment that began it; off the JS thread: it looks for lines.
func endSampler(env uint64) ([]byte, error) {
	s := sampling.Load()
	if s == nil || s.env != env || !sampling.CompareAndSwap(s, nil) {
		return nil, failure.Closed("no profile is being taken")
	}
	close(s.stop)
	<-s.ended
	return s.profile.End(describer())
}

// dropSampler is for an environment that has ended.
func dropSampler(env uint64) {
	if s := sampling.Load(); s != nil && s.env == env && sampling.CompareAndSwap(s, nil) {
		close(s.stop)
	}
}

func (s *sampler) run(interval time.Duration) {
	defer close(s.ended)
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	due := time.Now()
	for {
		select {
		case <-s.stop:
			return
		case <-ticker.C:
		}
		// A ticker that is late drops ticks, and a busy machine makes it late: what is sampled stands for all of that time.
		n := max(1, uint32((time.Since(due)+interval/2)/interval))
		due = due.Add(time.Duration(n) * interval)
		asked := false
		s.eachEnv(func(e *env) { asked = s.askFrames(e, n) || asked })
		s.eachEnv(func(e *env) { asked = s.askDirect(e.id, n) || asked })
		if asked = s.askDirect(0, n) || asked; !asked {
			s.profile.Add([]profile.Function{{Key: profile.Idle}}, int(n))
		}
	}
}

func (s *sampler) eachEnv(do func(*env)) {
	switch t := s.target.(type) {
	case *moduleState:
		do(t.rt.env)
	case *runtimeState:
		do(t.env)
	default:
		envs.Range(func(_, e any) bool { do(e.(*env)); return true })
	}
}

func (s *sampler) concerns(m *moduleState) bool {
	switch t := s.target.(type) {
	case *moduleState:
		return m == t
	case *runtimeState:
		return m.rt == t
	case *accounts.Tenant:
		return m.account.Tenant() == t
	}
	return false
}

// askFrames asks a part of them, where they are very many: any.
func (s *sampler) askFrames(e *env, n uint32) (asked bool) {
	const most = 256
	some := make([]*frame, 0, 16)
	e.mu.Lock()
	for _, f := range e.frames {
		if s.concerns(f.module) {
			if some = append(some, f); len(some) == most {
				break
			}
		}
	}
	e.mu.Unlock()
	for _, f := range some {
		asked = f.Sample(n) || asked
	}
	return asked
}

// askDirect asks the call that C++ runs on the JS thread of an environment, or on its own for express calls (0).
func (s *sampler) askDirect(env uint64, n uint32) bool {
	h, which := directNow(env)
	last := s.last[env]
	var d *directState
	if h != 0 {
		d, _ = handles.Get(h, handles.Direct).(*directState)
	}
	if last.of != nil && (d != last.of || which != last.which) {
		if n := last.of.samples.Swap(0); n > 0 { // it has ended, and did not come by
			s.profile.Add([]profile.Function{{Key: entered{last.of.function.module, last.of.function.name}}}, int(n))
		}
	}
	s.last[env] = lastDirect{d, which}
	if d == nil || !s.concerns(d.function.module) || d.function.module.Running() != nil { // else it has a frame
		s.last[env] = lastDirect{}
		return false
	}
	d.samples.Add(n)
	d.inner.Interrupt()
	return true
}

// entered is the function of a call that ended before it came by: what it was in is not known.
type entered struct {
	module *moduleState
	name   string
}

// samplesTo gives a call without Go, which has a frame now, its samples.
func (d *directState) samplesTo(f *frame) {
	if n := d.samples.Load(); n > 0 {
		f.TakeSamples(d.samples.Swap(0))
	}
}
