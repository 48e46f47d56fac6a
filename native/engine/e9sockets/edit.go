package e9sockets

import (
	"embed"

	"wazeroengine/edit"
)

//go:embed all:_add
var added embed.FS

// Edit is this edit.
var Edit = edit.Edit{
	Added: added,
	ID:    "e9sockets",
	Why: "a guest that waits for a connection or for its bytes waits in the kernel: neither a deadline nor a close reaches it, and it keeps others from running; a connection that a guest closes stays open; a listener blocks until " +
		"told otherwise, which servers written in Go never tell it; and poll_oneoff calls every socket ready",
	Retire: "wazero socket calls that end with their context",
	Apply: func(t *edit.Tree) {
		const wasi = "imports/wasi_snapshot_preview1/"
		sock := t.File(wasi + "sock.go")
		for _, fn := range []string{"sockAcceptFn", "sockRecvFn", "sockSendFn"} {
			sock.ReplaceText("\t"+fn+",\n", "\tinterruptible("+fn+"),\n")
		}
		// close marks the connection as closed and asks Shutdown, which asks close: the peer never hears of it.
		t.File("internal/sysfs/sock.go").ReplaceBody("(*tcpConnFile).close", `
	if f.closed {
		return 0
	}
	f.closed = true
	if f.onClose != nil {
		f.onClose()
	}
	return experimentalsys.UnwrapOSError(f.tc.Close())`)
		sockets := t.File("internal/sysfs/sock.go")
		for file, conn := range map[string]string{"tcpListenerFile": "f.tl", "tcpConnFile": "f.tc"} {
			sockets.ReplaceBody("(*"+file+").Poll", "return pollSocket("+conn+", flag, timeoutMillis)")
		}
		sockets.ReplaceExpr("newDefaultTCPListenerFile", "&tcpListenerFile{tl: tl}", "&tcpListenerFile{tl: tl, nonblock: true}")
		t.File("internal/sysfs/sock_unix.go").ReplaceDecl("func setNonblockSocket", "")
		accept := t.File("internal/sysfs/sock_supported.go")
		accept.AddImport("time")
		accept.After("(*tcpListenerFile).Accept", "if f.nonblock", `
	if f.nonblock { // who was there may have gone: then nobody else ends this
		_ = f.tl.SetDeadline(time.Now().Add(time.Second))
		defer f.tl.SetDeadline(time.Time{})
	}`)
		accept.Replace("(*tcpListenerFile).Accept", "return nil, experimentalsys.UnwrapOSError(err)", `
	if timeout, ok := err.(net.Error); ok && timeout.Timeout() && f.nonblock {
		return nil, experimentalsys.EAGAIN
	}
	return nil, experimentalsys.UnwrapOSError(err)`)
		t.File("internal/sysfs/sock.go").AddField("tcpConnFile", "\n// onClose is called once, or nil.\nonClose func()")
		store := t.File("internal/wasm/store.go")
		store.AddField("ModuleInstance", "\n// Files counts what is open, or nil.\nFiles nodehost.Files")
		store.Before("(*Store).instantiate", "m.Tables = make([]*TableInstance, int(module.ImportTableCount)+len(module.TableSection))", "m.Files = nodehost.FilesOf(ctx)")
		sock.ReplaceExpr("sockAcceptFn", "fsc.SockAccept(fd, nonblock)", "acceptCounted(mod, fd, nonblock)")
		sock.ReplaceText("	fsc := mod.(*wasm.ModuleInstance).Sys.FS()\n\n	fd := int32(params[0])\n	flags := uint32(params[1])\n	resultFd",
			"\n	fd := int32(params[0])\n	flags := uint32(params[1])\n	resultFd")
		fs := t.File(wasi + "fs.go")
		fs.ReplaceText("wasip1.FdReadName, fdReadFn,", "wasip1.FdReadName, interruptible(fdReadFn),")
		fs.ReplaceText("wasip1.FdWriteName, fdWriteFn,", "wasip1.FdWriteName, interruptible(fdWriteFn),")
	},
}
