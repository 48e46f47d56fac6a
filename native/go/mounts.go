package main

import "github.com/tetratelabs/wazero"

// fileSystems makes the mounts.
func (c *moduleConfig) fileSystems(*moduleState) (wazero.FSConfig, error) {
	if len(c.mounts) > 0 {
		return nil, &wzError{Code: codeNotImplemented, Message: "mounts are not there yet"}
	}
	return nil, nil
}
