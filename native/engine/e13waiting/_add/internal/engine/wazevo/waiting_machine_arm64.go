//go:build wazero_waiting

package wazevo

// CompileForArm64 is what this processor does anyway.
func CompileForArm64(bool) {}
