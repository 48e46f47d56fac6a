//go:build !wazero_assert && !wazero_harness

package failure

const strict = false
