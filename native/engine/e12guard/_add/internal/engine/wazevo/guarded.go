package wazevo

import (
	"fmt"

	"github.com/tetratelabs/wazero/internal/nodehost"
)

// enterGuard tells the host of guarded code, before any of it can run.
func (cm *compiledModule) enterGuard(code []byte) error {
	if !cm.module.Guarded {
		return nil
	}
	if err := nodehost.EnterGuard(code); err != nil {
		return err
	}
	cm.guarded = true
	return nil
}

func (exec *executables) leaveGuard() {
	if exec.guarded {
		nodehost.LeaveGuard(exec.executable)
	}
}

// checkGuard is the last look before anything of an instance runs: guarded code over a memory behind which something is would be an escape from
// the sandbox. Compared code runs with every memory.
func (m *moduleEngine) checkGuard() {
	memory := m.module.MemoryInstance
	if m.module.Source.Guarded != m.parent.module.Guarded || m.parent.module.Guarded && memory != nil && !memory.IsGuarded() {
		panic(fmt.Errorf("BUG: module[%s] has code for a guarded memory, and another memory", m.module.ModuleName))
	}
}
