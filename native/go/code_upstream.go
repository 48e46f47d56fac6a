//go:build wazero_upstream

package main

import (
	"context"

	"github.com/tetratelabs/wazero"

	"wazeronode/codecache"
)

// diskCache is not needed: wazero's cache has the directory, and its files are checked in part only.
type diskCache struct{}

func newDiskCache(directory string) (wazero.CompilationCache, *diskCache, error) {
	inner, err := wazero.NewCompilationCacheWithDir(directory)
	return inner, nil, err
}

// knows: nobody can ask wazero what it has.
func (rt *runtimeState) knows(codecache.Key) bool { return false }

// compileKnown is not come to.
func (rt *runtimeState) compileKnown(context.Context, []byte, codecache.Key, bool) (*compiledState, error) {
	return nil, errUnknown
}

func (rt *runtimeState) compileCode(ctx context.Context, binary []byte, _ codecache.Key, _ string, _ bool) (wazero.CompiledModule, error) {
	return rt.compileAnew(ctx, binary)
}
