package nodehost

import "context"

// Files counts what an instance has open.
type Files interface {
	// Take is false when there are too many.
	Take() bool
	Release()
}

type filesKey struct{}

// WithFiles has connections that instances made with the returned context accept counted.
func WithFiles(ctx context.Context, files Files) context.Context {
	return context.WithValue(ctx, filesKey{}, files)
}

// FilesOf returns what counts, or nil.
func FilesOf(ctx context.Context) Files {
	files, _ := ctx.Value(filesKey{}).(Files)
	return files
}
