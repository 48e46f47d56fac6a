package main

/*
#include "wazero_node.h"
*/
import "C"

import (
	"math"

	"wazeronode/accounts"
	"wazeronode/failure"
	"wazeronode/handles"
)

//export wz_tenant_new
func wz_tenant_new(env C.uint64_t, name C.wz_str, shared C.uint32_t, limits *C.uint64_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		if _, err := findEnv(uint64(env)); err != nil {
			return 0, nil, err
		}
		return tenantFor(uint64(env), goString(name), shared != 0, readTenantLimits(limits)).Handle, nil, nil
	})
}

func readTenantLimits(words *C.uint64_t) (l accounts.Limits) {
	for i, word := range goWords(words, accounts.LimitCount) {
		l[i] = math.Float64frombits(word)
	}
	return l
}

//export wz_tenant_close
func wz_tenant_close(env C.uint64_t, h C.wz_handle) {
	_ = failure.Protect(func() error {
		if t, _ := handles.Get(handles.Handle(h), handles.Tenant).(*accounts.Tenant); t != nil && t.Close(uint64(env), false) {
			handles.Remove(handles.Handle(h), handles.Tenant)
		}
		return nil
	})
}

//export wz_tenant_limits
func wz_tenant_limits(h C.wz_handle, limits *C.uint64_t, set C.uint32_t, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		t, _ := handles.Get(handles.Handle(h), handles.Tenant).(*accounts.Tenant)
		if t == nil {
			return 0, nil, errClosedTenant
		}
		if set != 0 {
			t.SetLimits(readTenantLimits(limits))
			return 0, nil, nil
		}
		words := goWords(limits, accounts.LimitCount)
		for i, v := range t.Limits() {
			words[i] = math.Float64bits(v)
		}
		return 0, nil, nil
	})
}

//export wz_tenant_usage
func wz_tenant_usage(h C.wz_handle, words *C.uint64_t) C.uint32_t {
	t, _ := handles.Get(handles.Handle(h), handles.Tenant).(*accounts.Tenant)
	if t == nil {
		return 0
	}
	u := t.Usage()
	return usageTo(words, &u)
}

func usageTo(words *C.uint64_t, u *accounts.Usage) C.uint32_t {
	all := u.Words()
	copy(goWords(words, accounts.UsageWords), all[:])
	return 1
}

//export wz_tenant_list
func wz_tenant_list(out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		type record struct {
			Handle uint64 `json:"handle"`
			Name   string `json:"name"`
		}
		list := []record{}
		for _, t := range accounts.List() {
			list = append(list, record{t.Handle, t.Name})
		}
		text, err := asJSON(list)
		return 0, text, err
	})
}

//export wz_module_usage
func wz_module_usage(h C.wz_handle, words *C.uint64_t) C.uint32_t {
	m, _ := handles.Get(handles.Handle(h), handles.Module).(*moduleState)
	if m == nil {
		return 0
	}
	u := m.account.Usage()
	return usageTo(words, &u)
}

//export wz_module_queued
func wz_module_queued(h C.wz_handle, calls C.uint32_t) {
	if m, _ := handles.Get(handles.Handle(h), handles.Module).(*moduleState); m != nil {
		m.account.SetQueued(int64(calls))
	}
}

//export wz_module_may_queue
func wz_module_may_queue(h C.wz_handle) C.uint32_t {
	if m, _ := handles.Get(handles.Handle(h), handles.Module).(*moduleState); m != nil && !m.account.MayQueue() {
		return 0
	}
	return 1
}
