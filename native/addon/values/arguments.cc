#include "values/arguments.h"

#include <cmath>

namespace wazero_node {
namespace {

const char* TypeName(napi_env env, napi_value value) {
  napi_valuetype type;
  if (value == nullptr || napi_typeof(env, value, &type) != napi_ok) return "nothing";
  switch (type) {
    case napi_undefined:
      return "undefined";
    case napi_null:
      return "null";
    case napi_boolean:
      return "a boolean";
    case napi_number:
      return "another number";
    case napi_string:
      return "a string";
    case napi_symbol:
      return "a symbol";
    case napi_function:
      return "a function";
    case napi_bigint:
      return "another bigint";
    default:
      return "another object";
  }
}

constexpr double kMostSafe = 9007199254740991;  // 2^53 - 1

}  // namespace

void ThrowExpected(napi_env env, const char* expected, const char* name, napi_value received) {
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) != napi_ok || pending) return;
  const std::string message =
      std::string("Expected ") + expected + " for " + name + " but received " + TypeName(env, received);
  napi_throw_type_error(env, "ERR_WAZERO_INVALID_ARGUMENT", message.c_str());
}

bool OwnTypedArray(napi_env env, napi_value value, napi_typedarray_type type, void** data, size_t* length) {
  bool is_typed_array = false, is_own = false;
  napi_typedarray_type actual;
  napi_value buffer;
  return napi_is_typedarray(env, value, &is_typed_array) == napi_ok && is_typed_array &&
         napi_get_typedarray_info(env, value, &actual, length, data, &buffer, nullptr) == napi_ok && actual == type &&
         napi_is_arraybuffer(env, buffer, &is_own) == napi_ok && is_own;
}

bool Arguments::Wrong(size_t index, const char* expected, const char* name) {
  ThrowExpected(env_, expected, name, values_[index]);
  ok_ = false;
  return false;
}

uint64_t Arguments::Whole(size_t index, const char* name) {
  if (!ok_) return 0;
  double number;
  if (napi_get_value_double(env_, values_[index], &number) == napi_ok && number >= 0 && number <= kMostSafe &&
      std::trunc(number) == number) {
    return static_cast<uint64_t>(number);
  }
  return Wrong(index, "a whole number", name);
}

uint32_t Arguments::Uint32(size_t index, const char* name) {
  const uint64_t number = Whole(index, name);
  if (number <= UINT32_MAX) return static_cast<uint32_t>(number);
  return Wrong(index, "a number below 2^32", name);
}

bool Arguments::Boolean(size_t index, const char* name) {
  if (!ok_) return false;
  bool value;
  return napi_get_value_bool(env_, values_[index], &value) == napi_ok ? value : Wrong(index, "a boolean", name);
}

uint64_t Arguments::BigUint64(size_t index, const char* name) {
  if (!ok_) return 0;
  uint64_t value;
  bool lossless = false;
  if (napi_get_value_bigint_uint64(env_, values_[index], &value, &lossless) == napi_ok && lossless) return value;
  return Wrong(index, "a bigint below 2^64", name);
}

std::string Arguments::String(size_t index, const char* name) {
  if (!ok_) return {};
  size_t length;
  if (napi_get_value_string_utf8(env_, values_[index], nullptr, 0, &length) == napi_ok) {
    std::string text(length + 1, '\0');  // Node-API writes a zero behind it
    if (napi_get_value_string_utf8(env_, values_[index], text.data(), text.size(), &length) == napi_ok) {
      text.resize(length);
      return text;
    }
  }
  Wrong(index, "a string", name);
  return {};
}

bool Arguments::IsUndefined(size_t index) {
  napi_valuetype type;
  return ok_ && napi_typeof(env_, values_[index], &type) == napi_ok && type == napi_undefined;
}

bool Arguments::TypedArray(size_t index, const char* name, napi_typedarray_type type, const char* expected, void** data,
                           size_t* length) {
  return ok_ && (OwnTypedArray(env_, values_[index], type, data, length) || Wrong(index, expected, name));
}

Arguments::Bytes Arguments::Uint8Array(size_t index, const char* name) {
  void* data;
  size_t length;
  if (!TypedArray(index, name, napi_uint8_array, "a Uint8Array over an ArrayBuffer", &data, &length))
    return {nullptr, 0};
  return {static_cast<uint8_t*>(data), length};
}

Arguments::Words Arguments::BigUint64Array(size_t index, const char* name) {
  void* data;
  size_t length;
  if (!TypedArray(index, name, napi_biguint64_array, "a BigUint64Array over an ArrayBuffer", &data, &length))
    return {nullptr, 0};
  return {static_cast<uint64_t*>(data), length};
}

}  // namespace wazero_node
