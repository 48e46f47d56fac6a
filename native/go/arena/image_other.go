//go:build !linux

package arena

import "os"

// imageSource: memories copy the image. (darwin has no file that nobody can change, and its madvise does not bring back what a file holds.)
type imageSource struct{ bytes []byte }

func newSource(size uint64) (s imageSource, err error) {
	if size > 0 {
		s.bytes, err = mapBytes(size)
	}
	return s, err
}

func (s *imageSource) write(at uint64, run []byte) error {
	copy(s.bytes[at:], run)
	return nil
}

func (s *imageSource) finish(uint64) ([]byte, error) { return s.bytes, nil }

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
