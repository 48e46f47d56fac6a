package wasi_snapshot_preview1

import (
	"github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/internal/wasip1"
)

const streamRightsBase = wasip1.RIGHT_FD_DATASYNC | wasip1.RIGHT_FDSTAT_SET_FLAGS | wasip1.RIGHT_FD_SYNC | wasip1.RIGHT_FD_ADVISE |
	wasip1.RIGHT_FD_FILESTAT_GET | wasip1.RIGHT_POLL_FD_READWRITE

// streamRights are those of a standard stream, by which wasi-libc knows whether it can be read, written and moved in; of any other file
// they are what they were.
func streamRights(file sys.File, rights uint32) uint32 {
	stream, ok := file.(interface{ StreamReads() bool })
	switch {
	case !ok:
		return rights
	case stream.StreamReads():
		return streamRightsBase | wasip1.RIGHT_FD_READ
	}
	return streamRightsBase | wasip1.RIGHT_FD_WRITE
}
