//go:build !wazero_upstream

package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental/nodehost"

	"wazeronode/abi"
	"wazeronode/codecache"
	"wazeronode/prescan"
)

// diskCache is the directory of a CompilationCache. Only the compiler makes code to keep.
type diskCache struct {
	dir    *codecache.Dir
	failed sync.Once // a directory that cannot be written to is told of once
}

func newDiskCache(directory string) (wazero.CompilationCache, *diskCache, error) {
	dir, err := codecache.Open(directory, "wazero-"+nodehost.Version()+"-"+runtime.GOARCH+"-"+runtime.GOOS)
	if err != nil {
		return nil, nil, err
	}
	return wazero.NewCompilationCache(), &diskCache{dir: dir}, nil
}

// codeKey is all that the code of a module depends on, and all that its validity does, the pre-scan included: what a runtime allows (memoryLimitPages,
// tableElements) is looked at whenever a module is decoded. sum is codecache.Sum of its bytes; heard is which functions have a listener, guarded whether addresses are not
// compared.
func (rt *runtimeState) codeKey(sum codecache.Key, heard string, guarded bool) codecache.Key {
	features := api.CoreFeatures(api.CoreFeaturesV2)
	if rt.config.coreFeatures != nil {
		features = api.CoreFeatures(*rt.config.coreFeatures)
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s %x %s %s %x %x %t %t %t %q %t %x", nodehost.Version(), prescan.Version(), runtime.GOARCH, runtime.GOOS, nodehost.CPU(), uint64(features),
		!rt.config.debugInfoDisabled, rt.config.closeOnContextDone, rt.config.fuel, heard, guarded, sum)
	return codecache.Key(h.Sum(nil))
}

// compileCode takes the code that the engine or the directory of its cache has, which proves that the module is valid, or compiles.
func (rt *runtimeState) compileCode(ctx context.Context, binary []byte, sum codecache.Key, heard string, guarded bool) (wazero.CompiledModule, error) {
	key := rt.codeKey(sum, heard, guarded)
	if rt.config.fuel {
		ctx = nodehost.WithFuelCounted(ctx)
	}
	if module, ok, err := rt.inMemory(ctx, key, binary, guarded); ok {
		return module, err
	}
	x := exchangeOf(key, guarded)
	if rt.disk() != nil && rt.engine == "compiler" {
		if module, ok, err := rt.load(ctx, key, binary, guarded); ok {
			return module, err
		}
		x.Compiled = func(data, code []byte) { rt.store(key, data, code) }
	}
	return rt.compileAnew(nodehost.WithExchange(ctx, x), binary)
}

// exchangeOf: of guarded code the bytes are kept anyway, see comparing.
func exchangeOf(key codecache.Key, guarded bool) *nodehost.Exchange {
	return &nodehost.Exchange{ID: key, Guarded: guarded, Kept: guarded}
}

// inMemory: ok is false where the engine has no code, or has none any more.
func (rt *runtimeState) inMemory(ctx context.Context, key codecache.Key, binary []byte, guarded bool) (module wazero.CompiledModule, ok bool, err error) {
	if !nodehost.HasCode(rt.inner, key) {
		return nil, false, nil
	}
	x := exchangeOf(key, guarded)
	x.Verified = true
	module, err = rt.inner.CompileModule(nodehost.WithExchange(ctx, x), binary)
	return module, !errors.Is(err, nodehost.ErrNoCode), err
}

// knows: the engine has its code, for one kind of memory at least.
func (rt *runtimeState) knows(sum codecache.Key) bool {
	return nodehost.HasCode(rt.inner, rt.codeKey(sum, "", false)) || nodehost.HasCode(rt.inner, rt.codeKey(sum, "", true))
}

// compileKnown is compileGuarded for a module whose code the engine has; else it fails.
func (rt *runtimeState) compileKnown(ctx context.Context, binary []byte, sum codecache.Key, guarded bool) (*compiledState, error) {
	if rt.config.fuel {
		ctx = nodehost.WithFuelCounted(ctx)
	}
	module, ok, err := rt.inMemory(ctx, rt.codeKey(sum, "", guarded), binary, guarded)
	if !ok {
		err = errUnknown
	}
	return &compiledState{rt: rt, inner: module, guarded: guarded}, err
}

// load: ok is false where the directory has no code that can be used.
func (rt *runtimeState) load(ctx context.Context, key codecache.Key, binary []byte, guarded bool) (module wazero.CompiledModule, ok bool, err error) {
	data, code, ok, err := rt.disk().dir.Load(key, nodehost.NewCodeSegment, nodehost.FreeCodeSegment)
	if err != nil {
		warnOfCache(rt.env, err)
	}
	if !ok {
		return nil, false, nil
	}
	x := exchangeOf(key, guarded)
	x.Verified, x.Data, x.Code = true, data, code
	defer func() {
		if !x.Taken && code != nil {
			nodehost.FreeCodeSegment(code)
		}
	}()
	module, err = rt.inner.CompileModule(nodehost.WithExchange(ctx, x), binary)
	if err != nil && !x.Taken {
		return nil, false, nil // where it is not the entry but the module that is wrong, compiling it says so
	}
	return module, true, err
}

func (rt *runtimeState) store(key codecache.Key, data, code []byte) {
	if err := rt.disk().dir.Store(key, data, code); err != nil {
		rt.disk().failed.Do(func() { warnOfCache(rt.env, err) })
	}
}

// warnOfCache: a cache never fails a compilation.
func warnOfCache(e *env, err error) {
	post(e.id, abi.Message{Kind: abi.MsgWarning, Status: abi.WarningCache, Bytes: []byte(err.Error())})
}

// codeOfCall is what a call that waits in a file belongs to: all that the native code depends on.
func (c *compiledState) codeOfCall(guarded bool) [32]byte {
	if c.functions != nil { // a listener hears them: none waits
		return [32]byte{}
	}
	h := sha256.New()
	key := c.rt.codeKey(c.sum, "", guarded)
	fmt.Fprintf(h, "call %s %x", engineName(c.rt.inner), key)
	return [32]byte(h.Sum(nil))
}
