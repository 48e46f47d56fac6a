package codecache

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"wazeronode/blocking"
	"wazeronode/shown"
)

// Dir is a directory of entries, which any number of processes use at once: an entry is written beside its place, in a file that its
// writer holds locked, and moved there as a whole. Nothing is ever changed in its place.
type Dir struct {
	path  string
	sweep sync.Once
}

const unfinished = ".tmp"

// Open makes the directory root, where it is not there yet, and the one of that name in it. An error is one of the caller's: root is no
// directory and cannot be one. That it may not be written to shows when it is.
func Open(root, name string) (*Dir, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	switch info, err := os.Stat(root); {
	case err == nil && !info.IsDir():
		return nil, fmt.Errorf("%s is not dir", root) // wazero's words
	case err != nil && !errors.Is(err, fs.ErrNotExist) && !notOurs(err):
		return nil, err
	}
	d := &Dir{path: filepath.Join(root, name)}
	if err := os.MkdirAll(d.path, 0o700); err != nil && !notOurs(err) {
		return nil, err
	}
	return d, nil
}

// notOurs: it is what a directory may be like that somebody else cares for.
func notOurs(err error) bool {
	for _, known := range []error{syscall.EACCES, syscall.EPERM, syscall.EROFS, syscall.ENOSPC, syscall.EDQUOT} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

func (d *Dir) file(key Key) string { return filepath.Join(d.path, hex.EncodeToString(key[:])) }

// Load reads an entry; ok is false where there is none. An error says, in a sentence, why what is there is not taken: the caller is to
// Store a good one. code is what alloc has given; free takes it back where nothing comes of it.
func (d *Dir) Load(key Key, alloc func(size int) ([]byte, error), free func([]byte)) (data, code []byte, ok bool, err error) {
	blocking.Cache.Enter(nil)
	defer blocking.Cache.Leave()
	path := d.file(key)
	file, err := openEntry(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, false, nil
	}
	if err != nil {
		return nil, nil, false, refused(path, err)
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, nil, false, refused(path, err)
	case !info.Mode().IsRegular():
		return nil, nil, false, refused(path, damaged("it is not a file"))
	case !ours(info):
		return nil, nil, false, refused(path, damaged("it belongs to another user"))
	}
	var segment []byte
	data, code, err = read(file, info.Size(), key, func(size int) (b []byte, err error) { segment, err = alloc(size); return segment, err })
	if err != nil {
		if segment != nil {
			free(segment)
		}
		return nil, nil, false, refused(path, err)
	}
	return data, code, true, nil
}

func refused(path string, err error) error {
	return fmt.Errorf("the cache entry %s is not used: %w", path, shown.Reason(err))
}

// Store writes an entry in the place of whatever is there. The error is a sentence.
func (d *Dir) Store(key Key, data, code []byte) error {
	if len(data) > maxDataBytes || len(code) > maxCodeBytes {
		return nil
	}
	blocking.Cache.Enter(nil)
	defer blocking.Cache.Leave()
	d.sweep.Do(d.removeUnfinished)
	err := d.store(key, data, code)
	if errors.Is(err, fs.ErrNotExist) {
		// Somebody has cleared the cache. It is made again; not so the directory that it was to be in.
		if os.Mkdir(d.path, 0o700) == nil {
			err = d.store(key, data, code)
		}
	}
	if err != nil {
		return fmt.Errorf("the cache entry %s is not written: %w", d.file(key), shown.Reason(err))
	}
	return nil
}

// There is no fsync: what a crash of the machine leaves half written is found out when it is read.
func (d *Dir) store(key Key, data, code []byte) (err error) {
	file, err := d.create(key)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = file.Close()
			_ = os.Remove(file.Name())
		}
	}()
	if err := write(file, key, data, code); err != nil {
		return err
	}
	place := d.file(key)
	if err = os.Rename(file.Name(), place); err != nil {
		// A file does not replace a directory. One that is not empty stays: it is not a cache's to delete.
		if os.Remove(place) != nil {
			return err
		}
		if err = os.Rename(file.Name(), place); err != nil {
			return err
		}
	}
	// Only now, for the lock ends here. A file system may report a failed write as late as this: what it has is found out when it is read.
	if closeErr := file.Close(); closeErr != nil {
		_ = os.Remove(place)
		return closeErr
	}
	return nil
}

// create makes the file that becomes an entry, and locks it: the lock of a writer that was killed has ended, so whoever gets it may
// remove the file.
func (d *Dir) create(key Key) (*os.File, error) {
	for {
		file, err := os.CreateTemp(d.path, hex.EncodeToString(key[:])+".*"+unfinished)
		if err != nil {
			return nil, err
		}
		if lock(file, true) != nil || !isRemoved(file) { // without locks nothing is swept
			return file, nil
		}
		_ = file.Close() // a sweep came between
	}
}

// removeUnfinished removes what writers have left that were killed.
func (d *Dir) removeUnfinished() {
	files, _ := os.ReadDir(d.path)
	for _, entry := range files {
		if !strings.HasSuffix(entry.Name(), unfinished) || !entry.Type().IsRegular() {
			continue
		}
		path := filepath.Join(d.path, entry.Name())
		file, err := openEntry(path)
		if err != nil {
			continue
		}
		if lock(file, false) == nil {
			_ = os.Remove(path)
		}
		_ = file.Close()
	}
}
