//go:build amd64 || arm64

package wazevo

import (
	"context"
	"errors"
	"testing"
	"unsafe"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/internal/nodehost"
	"github.com/tetratelabs/wazero/internal/testing/rawwasm"
	"github.com/tetratelabs/wazero/internal/testing/require"
	"github.com/tetratelabs/wazero/internal/wasm"
	"github.com/tetratelabs/wazero/internal/wasm/binary"
	"github.com/tetratelabs/wazero/internal/wasmruntime"
)

const testFeatures = api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling |
	experimental.CoreFeaturesTailCall | experimental.CoreFeaturesTypedFunctionReferences

// instantiate makes an instance in an engine of its own.
func instantiate(t *testing.T, wasmBytes []byte) *wasm.ModuleInstance {
	ctx := context.Background()
	module, err := binary.DecodeModule(wasmBytes, testFeatures, wasm.MemoryLimitPages, false, false, false)
	require.NoError(t, err)
	module.BuildMemoryDefinitions()
	require.NoError(t, module.Validate(testFeatures))
	e := NewEngine(ctx, testFeatures, nil)
	s := wasm.NewStore(testFeatures, e)
	require.NoError(t, e.CompileModule(ctx, module, nil, false))
	ids, err := s.GetFunctionTypeIDs(module.TypeSection)
	require.NoError(t, err)
	m, err := s.Instantiate(ctx, module, "", nil, ids)
	require.NoError(t, err)
	return m
}

// (func $f (param i32) (result i32)
//
//	(if (result i32) (local.get 0)
//	  (then (i32.add (i32.const 1) (call $f (i32.sub (local.get 0) (i32.const 1)))))
//	  (else (i32.const 0))))
//
// (func $trap unreachable)
var recursion = rawwasm.Module(
	rawwasm.Section(rawwasm.Types, rawwasm.Type([]byte{rawwasm.I32}, []byte{rawwasm.I32}), rawwasm.Type(nil, nil)),
	rawwasm.Section(rawwasm.Funcs, rawwasm.Bytes(0), rawwasm.Bytes(1)),
	rawwasm.Section(rawwasm.Exports, rawwasm.Bytes("f", byte(0), 0), rawwasm.Bytes("trap", byte(0), 1)),
	rawwasm.Section(rawwasm.Code,
		rawwasm.Func(nil, []byte{0x20, 0, 0x04, 0x7f, 0x41, 1, 0x20, 0, 0x41, 1, 0x6b, 0x10, 0, 0x6a, 0x05, 0x41, 0, 0x0b}),
		rawwasm.Func(nil, byte(0))),
)

func TestGuestStackLent(t *testing.T) {
	m := instantiate(t, recursion)
	defer m.Close(context.Background())
	dropIdleStacks()
	f, trap := m.ExportedFunction("f").(*callEngine), m.ExportedFunction("trap").(*callEngine)
	idle := func() (bytes int) {
		for _, c := range []*callEngine{f, trap} {
			require.Nil(t, c.stack)
			require.True(t, c.execCtx.stackBottomPtr == nil)
			require.Nil(t, c.stackCtx)
		}
		return idleStacks.bytes
	}
	require.Zero(t, idle())

	// A trap, a call that grows, one that overflows, and one on the stacks that these left.
	_, err := trap.Call(context.Background())
	require.ErrorIs(t, err, wasmruntime.ErrRuntimeUnreachable)
	require.Equal(t, stackHeadroom+smallestStack, idle())
	for range 3 {
		res, err := f.Call(context.Background(), 20000)
		require.NoError(t, err)
		require.Equal(t, uint64(20000), res[0])
		_, err = f.Call(context.Background(), 1<<31)
		require.True(t, errors.Is(err, wasmruntime.ErrRuntimeStackOverflow))
		require.True(t, idle() <= maxIdleStacks)
	}
	require.True(t, len(idleStacks.class[0]) == 1 && len(idleStacks.class[6]) == 1)

	// No more than maxIdleStacks bytes are kept, and none that is larger than largestIdleStack.
	freeStack(allocStack(largestIdleStack * 2))
	var many [][]byte
	for range 1000 {
		many = append(many, allocStack(smallestStack))
	}
	for _, s := range many {
		freeStack(s)
	}
	require.True(t, idleStacks.bytes <= maxIdleStacks && idleStacks.bytes > maxIdleStacks-(1<<20))
	dropIdleStacks()
}

func TestGuestStackMax(t *testing.T) {
	m := instantiate(t, recursion)
	defer m.Close(context.Background())
	f := m.ExportedFunction("f")
	call := func(ctx context.Context, depth uint64) bool {
		_, err := f.Call(ctx, depth)
		if err != nil {
			require.ErrorIs(t, err, wasmruntime.ErrRuntimeStackOverflow)
		}
		return err == nil
	}
	ofSize := func(bytes int) (depth uint64) {
		ctx := nodehost.WithMaxStackBytes(context.Background(), bytes)
		for high := uint64(100000); depth+1 < high; {
			if mid := (depth + high) / 2; call(ctx, mid) {
				depth = mid
			} else {
				high = mid
			}
		}
		return depth
	}
	frame := (1000000.0 - 100000) / float64(ofSize(1000000)-ofSize(100000))
	require.True(t, frame >= 16 && frame <= 128)
	require.True(t, call(context.Background(), uint64((defaultMaxStack-(1<<20))/frame)))
	require.False(t, call(context.Background(), uint64((defaultMaxStack+(1<<20))/frame)))
	require.True(t, ofSize(1) > 100) // the first stack
}

func TestGuestStackHeadroom(t *testing.T) {
	require.True(t, stackHeadroom >= 16<<10 && stackHeadroom >= minSignalStack()+8<<10 && stackHeadroom%16 == 0)
	for _, usable := range []int{smallestStack, largestIdleStack, 12345 * 16} {
		require.Equal(t, stackHeadroom+usable, len(allocStack(usable)))
	}
	c := &callEngine{}
	c.init()
	require.True(t, c.takeStack(context.Background()))
	require.False(t, c.takeStack(context.Background()))
	require.True(t, c.stackTop%16 == 0)
	require.Equal(t, uintptr(stackHeadroom), uintptr(unsafe.Pointer(c.execCtx.stackBottomPtr))-uintptr(unsafe.Pointer(&c.stack[0])))
	c.giveStack()
}

// Each level of a recursion catches what its callee threw, adds to it and throws the sum, so every handler is used.
var deepTry = rawwasm.Module(
	rawwasm.Section(rawwasm.Types, rawwasm.Type([]byte{rawwasm.I32}, []byte{rawwasm.I32}), rawwasm.Type([]byte{rawwasm.I32}, nil)),
	rawwasm.Section(rawwasm.Funcs, rawwasm.Bytes(0), rawwasm.Bytes(0)),
	rawwasm.Section(rawwasm.Tags, rawwasm.Bytes(byte(0), 1)),
	rawwasm.Section(rawwasm.Exports, rawwasm.Bytes("f", byte(0), 0)),
	rawwasm.Section(rawwasm.Code,
		// (func $f (param $d i32) (result i32)
		//   (block $h (result i32)
		//     (try_table (result i32) (catch $e $h) (call $g (local.get $d))))
		rawwasm.Func(nil, []byte{0x02, 0x7f, 0x1f, 0x7f, 1, 0, 0, 0, 0x20, 0, 0x10, 1, 0x0b, 0x0b}),
		// (func $g (param $d i32) (result i32) (local $x i32)
		//   (local.set $x (i32.mul (local.get $d) (i32.const 3)))
		//   (throw $e (i32.add (local.get $x) (block $h (result i32)
		//     (try_table (result i32) (catch $e $h)
		//       (if (result i32) (local.get $d)
		//         (then (call $g (i32.sub (local.get $d) (i32.const 1))))
		//         (else (i32.const 5))))))))
		rawwasm.Func([]byte{rawwasm.I32}, []byte{
			0x20, 0, 0x41, 3, 0x6c, 0x21, 1, 0x20, 1,
			0x02, 0x7f, 0x1f, 0x7f, 1, 0, 0, 0,
			0x20, 0, 0x04, 0x7f, 0x20, 0, 0x41, 1, 0x6b, 0x10, 1, 0x05, 0x41, 5, 0x0b,
			0x0b, 0x0b, 0x6a, 0x08, 0,
		})),
)

// Caught exceptions continue on the stack they are on, at every depth, also after the stack has grown and moved since
// the entry to the try_table, and cost their frame instead of a stack.
func TestGuestStackTry(t *testing.T) {
	m := instantiate(t, deepTry)
	defer m.Close(context.Background())
	f := m.ExportedFunction("f").(*callEngine)
	dropIdleStacks()
	for _, depth := range []uint64{0, 1, 2, 10, 1000, 8000, 3} {
		res, err := f.Call(context.Background(), depth)
		require.NoError(t, err)
		require.Equal(t, 3*depth*(depth+1)/2+5, res[0])
		require.True(t, cap(f.tryHandlers) <= 16)
	}
	allocated := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			if _, err := f.Call(context.Background(), 8000); err != nil {
				b.Fatal(err)
			}
		}
	}).AllocedBytesPerOp()
	require.True(t, allocated < 40<<20)
}
