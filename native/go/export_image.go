package main

/*
#include "wazero_node.h"
*/
import "C"

import (
	"wazeronode/abi"
	"wazeronode/failure"
	"wazeronode/handles"
)

//export wz_module_freeze
func wz_module_freeze(o *C.wz_frame_options, h C.wz_handle, words *C.uint64_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		m, err := handles.Lookup[*moduleState](handles.Handle(h), handles.Module)
		if err != nil {
			return 0, nil, err
		}
		options := readFrameOptions(o)
		z, err := prepareFreeze(options, m)
		if err != nil {
			return 0, nil, err
		}
		if options.Lane == abi.LaneSync {
			outcome, err := z.run()
			if err == nil {
				copy(goWords(words, 3), z.words())
			}
			return 0, outcome, err
		}
		var outcome []byte
		failure.Go(func() {
			err = failure.Protect(func() (err error) { outcome, err = z.run(); return })
		}, func() { z.frame.done(0, z.words(), outcome, err) })
		return 0, nil, nil
	})
}

// waitsIn is what JavaScript hears of the call that waits: 0 if there is none, 1 where its host function is called again, 2 + the number of the
// imported function that an answer is for.
func (i *imageState) waitsIn() uint64 {
	switch w := i.state.Waiting; {
	case w == nil:
		return 0
	case i.again:
		return 1
	default:
		return 2 + uint64(w.Import)
	}
}

// words are what JavaScript hears of the image: its handle, its bytes, and where it waits.
func (z *freezing) words() []uint64 {
	if z.image == nil {
		return nil
	}
	return []uint64{uint64(z.image.handle), z.image.bytes(), z.image.waitsIn()}
}

//export wz_module_reset
func wz_module_reset(o *C.wz_frame_options, h C.wz_handle, targets *C.uint64_t, count C.uint32_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		m, err := handles.Lookup[*moduleState](handles.Handle(h), handles.Module)
		if err != nil {
			return 0, nil, err
		}
		options, changed := readFrameOptions(o), map[uint64]uint64{}
		for pairs := goWords(targets, count); len(pairs) >= 2; pairs = pairs[2:] {
			changed[pairs[0]] = pairs[1]
		}
		r, err := prepareReset(options, m, changed)
		if err != nil {
			return 0, nil, err
		}
		if options.Lane == abi.LaneSync {
			outcome, err := r.run()
			return 0, outcome, err
		}
		var outcome []byte
		failure.Go(func() {
			err = failure.Protect(func() (err error) { outcome, err = r.run(); return })
		}, func() { r.frame.done(0, nil, outcome, err) })
		return 0, nil, nil
	})
}

//export wz_image_close
func wz_image_close(h C.wz_handle) {
	if i, _ := handles.Get(handles.Handle(h), handles.Image).(*imageState); i != nil {
		i.disown()
	}
}

//export wz_image_save
func wz_image_save(env C.uint64_t, h C.wz_handle, path C.wz_str, request C.uint64_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		i, err := handles.Lookup[*imageState](handles.Handle(h), handles.Image)
		if err != nil {
			return 0, nil, err
		}
		i.use()
		to := goString(path)
		failure.Go(func() { err = failure.Protect(func() error { return i.save(to) }) },
			func() { done(uint64(env), uint64(request), 0, nil, err) })
		return 0, nil, nil
	})
}

//export wz_image_load
func wz_image_load(env C.uint64_t, compiled C.wz_handle, path C.wz_str, request C.uint64_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		c, err := handles.Lookup[*compiledState](handles.Handle(compiled), handles.Compiled)
		if err != nil {
			return 0, nil, err
		}
		if c.host || !c.hold() {
			return 0, nil, failure.Closed("the compiled module is closed")
		}
		from := goString(path)
		var image handles.Handle
		var text []byte
		failure.Go(func() {
			err = failure.Protect(func() error {
				i, err := loadImage(c, from)
				if err != nil {
					return err
				}
				image = i.handle
				text, err = asJSON(map[string]any{"name": i.name, "byteLength": i.bytes(), "waitsIn": i.waitsIn()})
				return err
			})
		}, func() { done(uint64(env), uint64(request), image, text, err) })
		return 0, nil, nil
	})
}
