//go:build unix && !wazero_upstream

package stdio

import "github.com/tetratelabs/wazero/experimental/nodehost"

// poll_oneoff of a guest waits for sockets as for descriptors.
func init() { nodehost.SetNotifier(standardStreams.notify) }
