package jail

import (
	"unsafe"

	"golang.org/x/sys/unix"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
)

func timespecs(atim, mtim int64) (times [2]unix.Timespec) {
	for i, nanos := range [2]int64{atim, mtim} {
		if times[i] = unix.NsecToTimespec(nanos); nanos == experimentalsys.UTIME_OMIT {
			times[i] = unix.Timespec{Nsec: unix.UTIME_OMIT}
		}
	}
	return times
}

// setTimesAt does not follow a link.
func setTimesAt(dirfd int, base string, atim, mtim int64) error {
	times := timespecs(atim, mtim)
	return unix.UtimesNanoAt(dirfd, base, times[:], unix.AT_SYMLINK_NOFOLLOW)
}

// setTimes is futimens: utimensat without a path.
func setTimes(fd int, atim, mtim int64) error {
	times := timespecs(atim, mtim)
	if _, _, e := unix.Syscall6(unix.SYS_UTIMENSAT, uintptr(fd), 0, uintptr(unsafe.Pointer(&times)), 0, 0, 0); e != 0 {
		return e
	}
	return nil
}

func datasync(fd int) error { return unix.Fdatasync(fd) }

// positionAfter is what lseek takes to go on behind an entry that is at a position.
func positionAfter(entry *unix.Dirent, _ int64) int64 { return entry.Off }
