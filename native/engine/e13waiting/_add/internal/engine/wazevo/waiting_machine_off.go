//go:build amd64 && !wazero_waiting

package wazevo

import "github.com/tetratelabs/wazero/internal/engine/wazevo/backend"

var checkedMachine func() backend.Machine // only checks have one
