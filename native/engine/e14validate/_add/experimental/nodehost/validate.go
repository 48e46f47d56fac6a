package nodehost

import (
	"context"
	"errors"
)

// ValidateModule decodes and validates what wazero.Runtime.CompileModule would compile.
func ValidateModule(ctx context.Context, runtime any, binary []byte) error {
	r, ok := runtime.(interface {
		ValidateModule(context.Context, []byte) error
	})
	if !ok {
		return errors.New("expected a wazero.Runtime")
	}
	return r.ValidateModule(ctx, binary)
}
