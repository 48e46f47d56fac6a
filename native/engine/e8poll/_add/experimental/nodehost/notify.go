package nodehost

import "github.com/tetratelabs/wazero/internal/nodehost"

// Notifier waits for file descriptors.
type Notifier = nodehost.Notifier

// SetNotifier has poll_oneoff wait for sockets by n. Without one it looks at them a hundred times a second.
func SetNotifier(n Notifier) { nodehost.SetNotifier(n) }
