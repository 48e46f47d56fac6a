//go:build !wazero_alwayspoll

package wazevoapi

// AlwaysPoll is for tests: with the build tag wazero_alwayspoll every loop polls and every poll leaves to Go.
const AlwaysPoll = false
