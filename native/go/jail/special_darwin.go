package jail

import (
	"golang.org/x/sys/unix"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
)

// timespecs: there is nothing here to leave one of the times as it is, so it is set to what it was.
func timespecs(st *unix.Stat_t, atim, mtim int64) [2]unix.Timespec {
	times := [2]unix.Timespec{st.Atim, st.Mtim}
	for i, nanos := range [2]int64{atim, mtim} {
		if nanos != experimentalsys.UTIME_OMIT {
			times[i] = unix.NsecToTimespec(nanos)
		}
	}
	return times
}

// setTimesAt does not follow a link.
func setTimesAt(dirfd int, base string, atim, mtim int64) error {
	var st unix.Stat_t
	if err := unix.Fstatat(dirfd, base, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return err
	}
	times := timespecs(&st, atim, mtim)
	return unix.UtimesNanoAt(dirfd, base, times[:], unix.AT_SYMLINK_NOFOLLOW)
}

// setTimes has microseconds only.
func setTimes(fd int, atim, mtim int64) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	times := timespecs(&st, atim, mtim)
	return unix.Futimes(fd, []unix.Timeval{unix.NsecToTimeval(times[0].Nano()), unix.NsecToTimeval(times[1].Nano())})
}

func datasync(fd int) error { return unix.Fsync(fd) }

// positionAfter: unix.ReadDirent, which is readdir there, counts the entries, and keeps the count as the position of the descriptor.
func positionAfter(_ *unix.Dirent, at int64) int64 { return at + 1 }
