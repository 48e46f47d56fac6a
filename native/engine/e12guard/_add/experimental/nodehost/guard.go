package nodehost

import (
	"runtime"

	"github.com/tetratelabs/wazero/internal/engine/wazevo/wazevoapi"
	"github.com/tetratelabs/wazero/internal/nodehost"
)

// Guard is what code of Exchange.Guarded needs of the host; see there.
type Guard = nodehost.Guard

// ErrNoGuard: the host's handler cannot know of more code. Compile without Guarded.
var ErrNoGuard = nodehost.ErrNoGuard

// CanGuard tells whether there is such code here.
const CanGuard = (runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64") && runtime.GOOS == "linux"

// SetGuard is called before anything is compiled. Process-wide.
func SetGuard(g Guard) {
	if CanGuard {
		nodehost.SetGuard(g)
	}
}

// GuardExit is what the handler writes: offsets in the execution context, and the exit code.
type GuardExit struct {
	ExitCode, ReturnAddress, StackPointer, FramePointer uintptr
	// OriginalStackPointer is where whoever entered has its return address (on arm64 this is GoReturnAddress), and OriginalFramePointer what it has for
	// a frame pointer.
	OriginalStackPointer, OriginalFramePointer, GoReturnAddress uintptr
	OutOfBounds                                                 uint32
}

// GuardExitOf is the same for all contexts.
func GuardExitOf() GuardExit {
	return GuardExit{
		ExitCode:             uintptr(wazevoapi.ExecutionContextOffsetExitCodeOffset),
		ReturnAddress:        uintptr(wazevoapi.ExecutionContextOffsetGoCallReturnAddress),
		StackPointer:         uintptr(wazevoapi.ExecutionContextOffsetStackPointerBeforeGoCall),
		FramePointer:         uintptr(wazevoapi.ExecutionContextOffsetFramePointerBeforeGoCall),
		OriginalStackPointer: uintptr(wazevoapi.ExecutionContextOffsetOriginalStackPointer),
		OriginalFramePointer: uintptr(wazevoapi.ExecutionContextOffsetOriginalFramePointer),
		GoReturnAddress:      uintptr(wazevoapi.ExecutionContextOffsetGoReturnAddress),
		OutOfBounds:          uint32(wazevoapi.ExitCodeMemoryOutOfBounds),
	}
}
