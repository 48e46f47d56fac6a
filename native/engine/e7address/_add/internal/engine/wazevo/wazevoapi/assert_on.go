//go:build wazero_assert

package wazevoapi

const AssertAddresses = true
