package main

/*
#include "wazero_node.h"
*/
import "C"

import (
	"time"

	"wazeronode/accounts"
	"wazeronode/failure"
	"wazeronode/handles"
)

//export wz_profile_start
func wz_profile_start(env C.uint64_t, h C.wz_handle, interval C.uint64_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		var target any
		if m, _ := handles.Get(handles.Handle(h), handles.Module).(*moduleState); m != nil {
			target = m
		} else if rt, _ := handles.Get(handles.Handle(h), handles.Runtime).(*runtimeState); rt != nil {
			target = rt
		} else if t, _ := handles.Get(handles.Handle(h), handles.Tenant).(*accounts.Tenant); t != nil {
			target = t
		} else {
			return 0, nil, failure.Closed("what was to be profiled is closed")
		}
		return 0, nil, startSampler(uint64(env), target, time.Duration(interval))
	})
}

//export wz_profile_stop
func wz_profile_stop(env, request C.uint64_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		var text []byte
		var err error
		failure.Go(func() {
			err = failure.Protect(func() (err error) { text, err = endSampler(uint64(env)); return })
		}, func() { done(uint64(env), uint64(request), 0, text, err) })
		return 0, nil, nil
	})
}
