package sys

import (
	"io/fs"
	"strings"
	"testing"

	experimentalsys "github.com/tetratelabs/wazero/experimental/sys"
	"github.com/tetratelabs/wazero/internal/testing/require"
	"github.com/tetratelabs/wazero/sys"
)

// pipe is a reader and a writer that is a file of its own kind to a guest.
type pipe struct{ strings.Builder }

func (*pipe) Read([]byte) (int, error) { return 0, nil }

func (p *pipe) StandardStream() experimentalsys.File { return pipeFile{} }

type pipeFile struct {
	experimentalsys.UnimplementedFile
}

func (pipeFile) Stat() (sys.Stat_t, experimentalsys.Errno) {
	return sys.Stat_t{Mode: fs.ModeNamedPipe}, 0
}

// TestStandardStream: what says which file it is, is that file; a stream that says nothing stays a device.
func TestStandardStream(t *testing.T) {
	stdin, err := stdinFileEntry(&pipe{})
	require.NoError(t, err)
	require.Equal(t, "stdin", stdin.Name)
	require.True(t, stdin.IsPreopen)
	stdout, err := stdioWriterFileEntry("stdout", &pipe{})
	require.NoError(t, err)
	require.Equal(t, "stdout", stdout.Name)
	for _, entry := range []*FileEntry{stdin, stdout} {
		st, errno := entry.File.Stat()
		require.EqualErrno(t, 0, errno)
		require.Equal(t, fs.ModeNamedPipe, st.Mode)
	}
	plain, err := stdinFileEntry(strings.NewReader(""))
	require.NoError(t, err)
	st, errno := plain.File.Stat()
	require.EqualErrno(t, 0, errno)
	require.True(t, st.Mode&fs.ModeDevice != 0)
}
