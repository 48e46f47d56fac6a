//go:build !unix

package codecache

import "errors"

func makePipe(string) error { return errors.ErrUnsupported }
