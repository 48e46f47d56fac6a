//go:build wazero_alwayspoll

package wazevoapi

const AlwaysPoll = true
