//go:build wazero_upstream

package prescan

const engineUpstream = true
