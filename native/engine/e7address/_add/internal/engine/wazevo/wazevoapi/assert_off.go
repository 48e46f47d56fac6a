//go:build !wazero_assert

package wazevoapi

// AssertAddresses is for tests: with the build tag wazero_assert each address is computed once more, one step at a time, before it is used, and
// machine code ends the process where the two differ.
const AssertAddresses = false
