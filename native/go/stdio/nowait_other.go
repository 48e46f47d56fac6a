//go:build unix && !linux

package stdio

import "golang.org/x/sys/unix"

func (s *descriptor) writeNoWait([]byte) (int, error) { return 0, unix.EOPNOTSUPP }

func (s *descriptor) readNoWait([]byte) (int, error) { return 0, unix.EOPNOTSUPP }

func neverWaits(st *unix.Stat_t) bool { return st.Mode&unix.S_IFMT == unix.S_IFREG }
