package sysfs

import "time"

// SetDeadline ends calls that block, now or later.
func (f *tcpListenerFile) SetDeadline(t time.Time) error { return f.tl.SetDeadline(t) }

// SetDeadline ends calls that block, now or later.
func (f *tcpConnFile) SetDeadline(t time.Time) error { return f.tc.SetDeadline(t) }

// OnClose has it told when it is closed.
func (f *tcpConnFile) OnClose(closed func()) { f.onClose = closed }
