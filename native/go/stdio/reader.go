package stdio

import (
	"io"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"

	"wazeronode/abi"
	"wazeronode/accounts"
	"wazeronode/frames"
)

// reader is a source in JavaScript. words[0] is how many bytes came, words[1] an errno.
type reader struct {
	module *frames.Member
	kind   uint32
	target uint64
}

// NewReader: kind is WZ_MSG_READ or WZ_MSG_RANDOM.
func NewReader(m *frames.Member, kind uint32, target uint64) io.Reader {
	return &reader{m, kind, target}
}

func (r *reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	var answer [2]uint64
	r.module.Running().Upcall(abi.Message{Kind: r.kind, Target: r.target, Module: r.module.Self.Handle()}, answer[:], p)
	if answer[1] != 0 {
		return 0, experimentalsys.Errno(answer[1])
	}
	n := int(min(answer[0], uint64(len(p))))
	if r.kind == abi.MsgRead {
		r.module.Self.Account().Add(accounts.InputBytes, uint64(n))
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}
