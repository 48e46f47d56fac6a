package wazero

import "github.com/tetratelabs/wazero/api"

// HostInstance makes an instance of a compiled host module that nobody finds by name, with functions of its own.
func (r *runtime) HostInstance(compiled any, functions []any) (api.Module, error) {
	code := compiled.(*compiledModule)
	typeIDs := code.typeIDs
	if code.typeIDsOf != r.store {
		var err error
		if typeIDs, err = r.store.GetFunctionTypeIDs(code.module.TypeSection); err != nil {
			return nil, err
		}
	}
	return r.store.HostInstance(code.module, typeIDs, functions)
}
