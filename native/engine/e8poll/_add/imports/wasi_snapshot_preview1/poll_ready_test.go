package wasi_snapshot_preview1_test

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/internal/sys"
	"github.com/tetratelabs/wazero/internal/testing/require"
	"github.com/tetratelabs/wazero/internal/wasip1"
)

const second = uint64(time.Second)

// subscribe is a subscription whose userdata is one byte.
func subscribe(userdata, eventType byte, id uint32, timeout uint64, flags uint16) []byte {
	s := make([]byte, 48)
	s[0], s[8] = userdata, eventType
	binary.LittleEndian.PutUint32(s[16:], id)
	binary.LittleEndian.PutUint64(s[24:], timeout)
	binary.LittleEndian.PutUint16(s[40:], flags)
	return s
}

func clockAt(userdata byte, id uint32, timeout uint64, flags uint16) []byte {
	return subscribe(userdata, wasip1.EventTypeClock, id, timeout, flags)
}

func Test_pollOneoff_ready(t *testing.T) {
	readyStdin := &sys.StdinFile{Reader: strings.NewReader("x")}
	blockedStdin := func() experimentalsys.File { return &neverReadyTtyStdinFile{} }
	readStdin := subscribe(1, wasip1.EventTypeFdRead, 0, 0, 0)
	const realtime, monotonic, absolute = wasip1.ClockIDRealtime, wasip1.ClockIDMonotonic, 1
	now := func() uint64 { return uint64(time.Now().UnixNano()) }
	type eventOf struct {
		userdata, eventType byte
		errno               wasip1.Errno
	}
	read := eventOf{1, wasip1.EventTypeFdRead, 0}
	for _, tc := range []struct {
		name          string
		stdin         experimentalsys.File
		subscriptions [][]byte
		errno         wasip1.Errno
		events        []eventOf
		least, most   time.Duration // how long it takes
	}{
		{"what is ready is not kept back by a clock, nor the clock reported", readyStdin,
			[][]byte{clockAt(2, monotonic, 10*second, 0), readStdin}, 0, []eventOf{read}, 0, 5 * time.Second},
		{"a clock that is due is reported with what is ready", readyStdin,
			[][]byte{clockAt(2, monotonic, 0, 0), readStdin}, 0, []eventOf{{2, wasip1.EventTypeClock, 0}, read}, 0, 5 * time.Second},
		{"nothing is ready: the first clock", blockedStdin(),
			[][]byte{clockAt(2, monotonic, 10*second, 0), readStdin, clockAt(3, realtime, second/50, 0)}, 0,
			[]eventOf{{3, wasip1.EventTypeClock, 0}}, 20 * time.Millisecond, 5 * time.Second},
		{"clocks only", nil, [][]byte{clockAt(2, monotonic, second/50, 0)}, 0, []eventOf{{2, wasip1.EventTypeClock, 0}}, 20 * time.Millisecond, 5 * time.Second},
		{"an absolute time that is past", nil, [][]byte{clockAt(2, realtime, second, absolute)}, 0, []eventOf{{2, wasip1.EventTypeClock, 0}}, 0, 5 * time.Second},
		{"an absolute time to come", nil, [][]byte{clockAt(2, realtime, now()+second/10, absolute)}, 0,
			[]eventOf{{2, wasip1.EventTypeClock, 0}}, 0, 5 * time.Second},
		{"an absolute time far ahead does not end before what is ready", readyStdin,
			[][]byte{clockAt(2, realtime, now()+1000*second, absolute), readStdin}, 0, []eventOf{read}, 0, 5 * time.Second},
		{"an absolute time of the monotonic clock that is past", nil, [][]byte{clockAt(2, monotonic, 0, absolute)}, 0,
			[]eventOf{{2, wasip1.EventTypeClock, 0}}, 0, 5 * time.Second},
		{"standard output is ready for writing", nil, [][]byte{subscribe(4, wasip1.EventTypeFdWrite, 1, 0, 0)}, 0,
			[]eventOf{{4, wasip1.EventTypeFdWrite, 0}}, 0, 5 * time.Second},
		{"a descriptor that is not open", nil, [][]byte{clockAt(2, monotonic, 10*second, 0), subscribe(5, wasip1.EventTypeFdRead, 77, 0, 0)}, 0,
			[]eventOf{{5, wasip1.EventTypeFdRead, wasip1.ErrnoBadf}}, 0, 5 * time.Second},
		{"an unknown clock", nil, [][]byte{clockAt(2, 2, second, 0)}, wasip1.ErrnoInval, nil, 0, time.Second / 2},
		{"an unknown clock, absolute", nil, [][]byte{clockAt(2, 9, second, absolute)}, wasip1.ErrnoInval, nil, 0, time.Second / 2},
		{"unknown flags", nil, [][]byte{clockAt(2, monotonic, second, 2)}, wasip1.ErrnoInval, nil, 0, time.Second / 2},
		{"an unknown type", nil, [][]byte{subscribe(2, 3, 0, 0, 0)}, wasip1.ErrnoInval, nil, 0, time.Second / 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			mod, r, _ := requireProxyModule(t, wazero.NewModuleConfig().WithSysWalltime().WithSysNanotime().WithSysNanosleep())
			defer r.Close(testCtx)
			if tc.stdin != nil {
				setStdin(t, mod, tc.stdin)
			}
			mod.Memory().Write(0, concat(tc.subscriptions...))
			start := time.Now()
			requireErrnoResult(t, tc.errno, mod, wasip1.PollOneoffName, 0, 1024, uint64(len(tc.subscriptions)), 2048)
			took := time.Since(start)
			require.True(t, took >= tc.least && took < tc.most, took)
			if tc.errno != 0 {
				return
			}
			count, _ := mod.Memory().ReadUint32Le(2048)
			require.Equal(t, uint32(len(tc.events)), count)
			for i, want := range tc.events {
				e, _ := mod.Memory().Read(1024+uint32(i)*32, 32)
				require.Equal(t, want, eventOf{e[0], e[10], wasip1.Errno(binary.LittleEndian.Uint16(e[8:]))})
			}
		})
	}
}

// Test_pollOneoff_count: 48 bytes for each of so many wrap around in 32 bits.
func Test_pollOneoff_count(t *testing.T) {
	mod, r, _ := requireProxyModule(t, wazero.NewModuleConfig())
	defer r.Close(testCtx)
	requireErrnoResult(t, wasip1.ErrnoInval, mod, wasip1.PollOneoffName, 0, 1024, 0x10000000, 2048)
}
