//go:build !wazero_upstream

package prescan

// engineUpstream: what edits cure is refused where they are not made.
const engineUpstream = false
