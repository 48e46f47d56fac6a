package nodehost

import (
	"context"
	"encoding/binary"

	"github.com/tetratelabs/wazero/internal/nodehost"
	"github.com/tetratelabs/wazero/internal/platform"
	"github.com/tetratelabs/wazero/internal/version"
)

// Exchange is what one compilation takes from a host that keeps machine code, and gives to it.
type Exchange = nodehost.Exchange

// ErrNoCode: the code of an Exchange that is Verified has gone. Compile without.
var ErrNoCode = nodehost.ErrNoCode

// WithExchange gives a compilation an Exchange of its own.
func WithExchange(ctx context.Context, x *Exchange) context.Context {
	return nodehost.WithExchange(ctx, x)
}

// Version is wazero's, with the edits that it was built with.
func Version() string { return version.GetWazeroVersion() }

// CPU is what machine code may use here.
func CPU() []byte { return binary.LittleEndian.AppendUint64(nil, platform.CpuFeatures.Raw()) }

// NewCodeSegment returns memory for Exchange.Code, of at least that size: a large one is whole huge pages.
func NewCodeSegment(size int) ([]byte, error) {
	const hugePage = 2 << 20
	if size >= hugePage {
		size = (size + hugePage - 1) &^ (hugePage - 1)
	}
	code, err := platform.MmapCodeSegment(size)
	if err == nil {
		platform.AdviseHugePages(code)
	}
	return code, err
}

// FreeCodeSegment is for a segment that no engine has taken.
func FreeCodeSegment(code []byte) { _ = platform.MunmapCodeSegment(code) }

// HasCode tells whether the engine of a wazero.Runtime has code of that Exchange.ID now.
func HasCode(r any, id [32]byte) bool {
	runtime, ok := r.(interface{ HasCode(id [32]byte) bool })
	return ok && runtime.HasCode(id)
}
