//go:build !unix

package codecache

import (
	"errors"
	"io/fs"
	"os"
)

func openEntry(path string) (*os.File, error) { return os.Open(path) }
func openFile(path string) (*os.File, error)  { return os.Open(path) }
func ours(fs.FileInfo) bool                   { return true }
func lock(*os.File, bool) error               { return errors.ErrUnsupported }
func isRemoved(*os.File) bool                 { return false }
