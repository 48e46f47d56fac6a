//go:build !wazero_upstream

package main

import (
	"github.com/tetratelabs/wazero/experimental/nodehost"

	"wazeronode/guard"
)

const canGuard = nodehost.CanGuard

var errNoGuard = nodehost.ErrNoGuard

func init() { nodehost.SetGuard(nodehost.Guard{Enter: guard.Code.Add, Leave: guard.Code.Remove}) }

func guardExit() (nodehost.GuardExit, bool) { return nodehost.GuardExitOf(), canGuard }
