package main

import (
	"github.com/tetratelabs/wazero"
	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/experimental/sysfs"

	"wazeronode/abi"
	"wazeronode/jail"
	"wazeronode/jsfs"
)

// defaultOpenFiles is how many files a guest may have open at once where no limit is given.
const defaultOpenFiles = 1024

// openFiles is the limit of the module or of its runtime.
func (m *moduleState) openFiles() int {
	for _, most := range []uint32{m.limits.openFiles, m.rt.config.limits.openFiles} {
		if most > 0 {
			return int(most)
		}
	}
	return defaultOpenFiles
}

// fileSystems makes the mounts: directories in the jail and file systems in JavaScript, with one limit on open files for all of a module.
func (c *moduleConfig) fileSystems(m *moduleState) (wazero.FSConfig, error) {
	if len(c.mounts) == 0 {
		return nil, nil
	}
	config := wazero.NewFSConfig()
	dirs := map[uint64]*jsfs.Dirs{} // by file system
	for _, mt := range c.mounts {
		switch mt.kind {
		case abi.MountDir, abi.MountReadOnlyDir:
			fs := jail.New(mt.hostDir, mt.kind == abi.MountReadOnlyDir, m.files)
			m.addMount(fs)
			config = config.(sysfs.FSConfig).WithSysFSMount(m.apart(fs), mt.guestPath)
		case abi.MountFS, abi.MountSysFS:
			if dirs[mt.target] == nil {
				dirs[mt.target] = &jsfs.Dirs{}
			}
			fs := jsfs.New(&m.Member, m.rt.env.id, mt.target, mt.kind == abi.MountFS, m.files, dirs[mt.target])
			m.addMount(fs)
			config = config.(sysfs.FSConfig).WithSysFSMount(fs, mt.guestPath)
		}
	}
	return config, nil
}

// apart has the guest wait for file systems that may not answer as it waits for JavaScript: others run meanwhile, and a stop ends it.
func (m *moduleState) apart(fs *jail.FS) experimentalsys.FS {
	return fs.Apart(func(until func(stop <-chan struct{})) {
		if f := m.Running(); f != nil {
			f.Wait(until)
		} else {
			until(nil)
		}
	})
}
