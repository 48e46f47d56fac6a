package wazero

// HasCode tells whether the engine has code of that nodehost.Exchange.ID now; never with the interpreter.
func (r *runtime) HasCode(id [32]byte) bool {
	engine, ok := r.store.Engine.(interface{ HasCode(id [32]byte) bool })
	return ok && engine.HasCode(id)
}
