package main

/*
#include <stdlib.h>
#include "wazero_node.h"
*/
import "C"

import (
	"reflect"
	"strconv"
)

// What Go made of a flat struct, for tests: a property test compares it with what the builders were given.

//export wz_runtime_config_describe
func wz_runtime_config_describe(config *C.wz_runtime_config, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		text, err := asJSON(decoded(reflect.ValueOf(readRuntimeConfig(config))))
		return 0, text, err
	})
}

//export wz_module_config_describe
func wz_module_config_describe(config *C.wz_module_config, out *C.wz_result) {
	answer(out, func() (uint64, []byte, error) {
		text, err := asJSON(decoded(reflect.ValueOf(readModuleConfig(config))))
		return 0, text, err
	})
}

// decoded goes through whatever the structs hold, so that no field can be forgotten here. Whole numbers are strings: those of JSON
// are not exact in JavaScript.
func decoded(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return decoded(v.Elem())
	case reflect.Struct:
		fields := map[string]any{}
		for i := range v.NumField() {
			fields[v.Type().Field(i).Name] = decoded(v.Field(i))
		}
		return fields
	case reflect.Map:
		entries := map[string]any{}
		for _, key := range v.MapKeys() {
			entries[key.String()] = decoded(v.MapIndex(key))
		}
		return entries
	case reflect.Slice:
		items := make([]any, v.Len())
		for i := range items {
			items[i] = decoded(v.Index(i))
		}
		return items
	case reflect.Bool:
		return v.Bool()
	case reflect.String:
		return v.String()
	case reflect.Int32:
		return strconv.FormatInt(v.Int(), 10)
	default:
		return strconv.FormatUint(v.Uint(), 10)
	}
}
