package main

import (
	"errors"
	"fmt"

	"wazeronode/arena"
	"wazeronode/failure"
	"wazeronode/images"
	"wazeronode/shown"
)

// save writes it to a file, off the JS thread. use has been called.
func (i *imageState) save(path string) error {
	defer i.letGo()
	s := stateOf(i.state)
	s.Name, s.Mounts, s.Listeners = i.name, i.mounts, i.listeners
	if w := s.Waiting; w != nil {
		w.Again, w.Code = i.again, i.compiled.codeOfCall(w.Guarded)
	}
	var memory []byte
	if i.memory != nil {
		memory = i.memory.Bytes()
	}
	if err := images.Save(path, &s, i.compiled.sum, memory); err != nil {
		return failure.Invalid(fmt.Sprintf("Expected a path that an image can be written to but received %s: %v", shown.Name(path), err))
	}
	return nil
}

// loadImage reads and checks what save wrote. compiled is held, for the image.
func loadImage(compiled *compiledState, path string) (_ *imageState, err error) {
	defer func() {
		if err != nil {
			compiled.letGo()
		}
	}()
	refused := func(err error) error {
		return linkError(fmt.Sprintf("the image %s cannot be used: %v", shown.Name(path), err))
	}
	loaded, err := images.Load(path, compiled.sum)
	if err != nil {
		return nil, refused(err)
	}
	defer loaded.File.Close()
	s := &loaded.State
	i := &imageState{rt: compiled.rt, compiled: compiled, name: s.Name, mounts: s.Mounts, listeners: s.Listeners, stateBytes: s.Bytes()}
	if w := s.Waiting; w != nil {
		i.again = w.Again
		if w.Code != compiled.codeOfCall(w.Guarded) {
			return nil, refused(errors.New("it has the stack of a call, with which only the same build of the package goes on, on the same kind of processor and in a runtime with the same settings"))
		}
	}
	if i.state, err = imageOf(s, compiled.inner); err != nil {
		return nil, refused(err)
	}
	if s.MemoryBytes > 0 {
		if i.memory, err = loadMemory(loaded, compiled.rt.budget); err == images.ErrDamaged {
			return nil, refused(err)
		} else if err != nil {
			return nil, err
		}
	}
	compiled.rt.addImage(i)
	return i, nil
}

// loadMemory maps the file where nobody can change it, and has a copy else, of which nobody else knows.
func loadMemory(loaded *images.Loaded, budget *arena.Budget) (*arena.Image, error) {
	size := loaded.State.MemoryBytes
	if loaded.IsFixed() {
		if err := loaded.Each(func(uint64, []byte) error { return nil }); err != nil {
			return nil, err
		}
		if i, err := arena.MapImage(budget, loaded.File, loaded.At, size, loaded.Held); i != nil || err != nil {
			return i, err
		}
	}
	builder, err := arena.NewBuilder(budget, size)
	if err != nil {
		return nil, err
	}
	defer builder.Drop()
	if err := loaded.Each(builder.Write); err != nil {
		return nil, err
	}
	return builder.Finish()
}
