package ssa

// Equality tells whether the order of the operands does not matter, nor whether they have a sign.
func (i IntegerCmpCond) Equality() bool {
	return i == IntegerCmpCondEqual || i == IntegerCmpCondNotEqual
}
