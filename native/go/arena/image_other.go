//go:build !linux

package arena

import "os"

// imageSource: memories copy the image. (darwin has no file that nobody can change, and its madvise does not bring back what a file holds.)
type imageSource struct{ bytes []byte }

func newSource(contents []byte, goOn func() bool) (s imageSource, view []byte, err error) {
	if len(contents) == 0 {
		return s, nil, nil
	}
	s.bytes, err = copyOf(contents, goOn)
	return s, s.bytes, err
}

func (s *imageSource) close([]byte) {
	if s.bytes != nil {
		unmap(s.bytes)
		s.bytes = nil
	}
}

func (s *imageSource) isFile() bool { return false }

func (s *imageSource) mapOver([]byte) bool { return false }

func unmapImage(b []byte)       { clear(b) }
func dropWritten(_ []byte) bool { return false }

func fileSource(*os.File, int64, uint64) (s imageSource, view []byte, ok bool) { return s, nil, false }
