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
	return experimentalsys.UnwrapOSError(f.tc.Close())`)
		fs := t.file(wasi + "fs.go")
		fs.replaceText("wasip1.FdReadName, fdReadFn,", "wasip1.FdReadName, interruptible(fdReadFn),")
		fs.replaceText("wasip1.FdWriteName, fdWriteFn,", "wasip1.FdWriteName, interruptible(fdWriteFn),")
	},
}
