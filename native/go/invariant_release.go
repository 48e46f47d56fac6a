//go:build !wazero_assert && !wazero_harness

package main

const strict = false
