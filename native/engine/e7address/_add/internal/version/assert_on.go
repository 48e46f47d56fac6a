//go:build wazero_assert

package version

// Code with assertions is not for other builds.
func init() { version += "-assert" }
