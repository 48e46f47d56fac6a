//go:build unix && !linux

package main

import "golang.org/x/sys/unix"

func (s *fdStream) writeNoWait([]byte) (int, error) { return 0, unix.EOPNOTSUPP }

func (s *fdStream) readNoWait([]byte) (int, error) { return 0, unix.EOPNOTSUPP }

func neverWaits(st *unix.Stat_t) bool { return st.Mode&unix.S_IFMT == unix.S_IFREG }
