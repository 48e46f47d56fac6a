//go:build !wazero_upstream

package flights

import (
	"context"

	"github.com/tetratelabs/wazero/experimental/nodehost"
)

// progress counts the functions that a compilation has compiled: edit e9progress.
type progress struct{ inner nodehost.Progress }

func (p *progress) attach(ctx context.Context) context.Context {
	return nodehost.WithProgress(ctx, &p.inner)
}
func (p *progress) read() (done, functions uint32) { return p.inner.Read() }
