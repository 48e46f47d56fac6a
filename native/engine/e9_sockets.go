package main

var socketEdit = edit{
	id:     "e9sockets",
	why:    "a guest that waits for a connection or for its bytes waits in the kernel: neither a deadline nor a close reaches it, and it keeps others from running; and a connection that a guest closes stays open",
	retire: "wazero socket calls that end with their context",
	apply: func(t *tree) {
		const wasi = "imports/wasi_snapshot_preview1/"
		sock := t.file(wasi + "sock.go")
		for _, fn := range []string{"sockAcceptFn", "sockRecvFn", "sockSendFn"} {
			sock.replaceText("\t"+fn+",\n", "\tinterruptible("+fn+"),\n")
		}
		// close marks the connection as closed and asks Shutdown, which asks close: the peer never hears of it.
		t.file("internal/sysfs/sock.go").replaceBody("(*tcpConnFile).close", `
	if f.closed {
		return 0
	}
	f.closed = true
	if f.onClose != nil {
		f.onClose()
	}
	return experimentalsys.UnwrapOSError(f.tc.Close())`)
		t.file("internal/sysfs/sock.go").addField("tcpConnFile", "\n// onClose is called once, or nil.\nonClose func()")
		store := t.file("internal/wasm/store.go")
		store.addField("ModuleInstance", "\n// Files counts what is open, or nil.\nFiles nodehost.Files")
		store.before("(*Store).instantiate", "m.Tables = make([]*TableInstance, int(module.ImportTableCount)+len(module.TableSection))", "m.Files = nodehost.FilesOf(ctx)")
		sock.replaceExpr("sockAcceptFn", "fsc.SockAccept(fd, nonblock)", "acceptCounted(mod, fd, nonblock)")
		sock.replaceText("	fsc := mod.(*wasm.ModuleInstance).Sys.FS()\n\n	fd := int32(params[0])\n	flags := uint32(params[1])\n	resultFd",
			"\n	fd := int32(params[0])\n	flags := uint32(params[1])\n	resultFd")
		fs := t.file(wasi + "fs.go")
		fs.replaceText("wasip1.FdReadName, fdReadFn,", "wasip1.FdReadName, interruptible(fdReadFn),")
		fs.replaceText("wasip1.FdWriteName, fdWriteFn,", "wasip1.FdWriteName, interruptible(fdWriteFn),")
	},
}
