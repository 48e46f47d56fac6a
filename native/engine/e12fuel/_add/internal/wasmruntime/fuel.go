package wasmruntime

// ErrRuntimeOutOfFuel indicates that the program would have executed more than it may.
var ErrRuntimeOutOfFuel = New("out of fuel")
