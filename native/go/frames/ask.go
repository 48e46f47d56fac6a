package frames

import (
	"wazeronode/abi"
	"wazeronode/failure"
)

// Reply is JavaScript's answer to a question of a frame.
type Reply struct {
	Status uint32 // WZ_REPLY_*
	Words  []uint64
	Bytes  []byte
}

// Upcall asks JavaScript and unwinds the guest when it threw. The answer lands in words and bytes; n is how many bytes came.
func (f *Frame) Upcall(m abi.Message, words []uint64, bytes []byte) (n int) {
	m.Frame, m.ResultCount, m.ResultBytes = f.id, len(words), len(bytes)
	var status uint32
	if !f.IsAsync() {
		f.rest()
		f.sampled("")
		status, n = abi.Upcall(f.env, m, words, bytes)
		f.sampled("")
		f.GoOn()
	} else {
		f.WaitTaken(0) // JavaScript hears things in their order, also where a sink is late
		f.post(m)
		status, n = f.Receive(words, bytes)
	}
	f.Settle(status)
	return n
}

// Tell leaves a message of the frame for JavaScript, in its tenant's turn; false where the environment has gone.
func (f *Frame) Tell(m abi.Message) bool {
	m.Frame, m.Tenant = f.id, f.tenant.Address()
	return abi.Post(f.env, m)
}

// post unwinds the guest where the environment has gone.
func (f *Frame) post(m abi.Message) {
	if !f.Tell(m) {
		f.StopSelf(StopWord(abi.StopClose, 0))
		f.ExitIfStopped()
	}
}

// Answer is wz_frame_reply: what comes second to one question, or to none, is dropped. JS thread.
func (f *Frame) Answer(r Reply) {
	if f.replies == nil {
		return
	}
	select {
	case f.replies <- r:
	default:
	}
}

// Receive waits for the answer of JavaScript; asynchronous lane.
func (f *Frame) Receive(words []uint64, bytes []byte) (status uint32, n int) {
	f.Wait(func(stop <-chan struct{}) {
		select {
		case r := <-f.replies:
			status = r.Status
			copy(words, r.Words)
			n = copy(bytes, r.Bytes)
		case <-stop:
		}
	})
	return status, n
}

// Settle unwinds the guest unless JavaScript has answered well and the frame may go on.
func (f *Frame) Settle(status uint32) {
	f.ExitIfStopped()
	f.exitIfOutOfFuel()
	switch status {
	case abi.ReplyOK:
		return
	case abi.ReplyDead:
		f.StopSelf(StopWord(abi.StopClose, 0))
		f.ExitIfStopped()
	}
	panic(&failure.Host{WouldBlock: status == abi.ReplyWouldBlock})
}
