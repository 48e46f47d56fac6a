#include "values/values.h"

#include <algorithm>
#include <cstring>

#include "environment.h"

namespace wazero_node {
namespace {

napi_status MakeTypedArray(napi_env env, napi_typedarray_type type, size_t width, const void* from, size_t count,
                           size_t length, napi_value* out) {
  void* data = nullptr;
  napi_value buffer;
  napi_status status = napi_create_arraybuffer(env, length * width, &data, &buffer);
  if (status != napi_ok) return status;
  if (count != 0) std::memcpy(data, from, count * width);  // the rest is zeroed by V8
  return napi_create_typedarray(env, type, length, buffer, 0, out);
}

}  // namespace

napi_value Number(napi_env env, uint64_t number) {
  napi_value value = nullptr;
  return MakeNumber(env, number, &value) == napi_ok ? value : nullptr;
}

napi_value Boolean(napi_env env, bool value) {
  napi_value result = nullptr;
  return napi_get_boolean(env, value, &result) == napi_ok ? result : nullptr;
}

napi_value Undefined(napi_env env) {
  napi_value value = nullptr;
  return napi_get_undefined(env, &value) == napi_ok ? value : nullptr;
}

napi_value String(napi_env env, const char* text, size_t length) {
  napi_value value = nullptr;
  if (napi_create_string_utf8(env, length == 0 ? "" : text, length, &value) == napi_ok) return value;
  ThrowFailure(env, "A string is too long for JavaScript");
  return nullptr;
}

napi_value Bytes(napi_env env, const char* bytes, size_t size) {
  napi_value value = nullptr;
  if (MakeBytes(env, reinterpret_cast<const uint8_t*>(bytes), size, size, &value) == napi_ok) return value;
  ThrowFailure(env, "Bytes are too many for a Uint8Array");
  return nullptr;
}

napi_status MakeWords(napi_env env, const uint64_t* words, size_t count, size_t length, napi_value* out) {
  return MakeTypedArray(env, napi_biguint64_array, sizeof(uint64_t), words, count, length, out);
}

napi_status MakeBytes(napi_env env, const uint8_t* bytes, size_t count, size_t length, napi_value* out) {
  // A buffer of Node's is memory that nobody has zeroed: of more than a few bytes, all of which are written, that saves
  // a third of the time. Its ArrayBuffer is of its own.
  constexpr size_t kMany = 1024;
  if (count == length && count >= kMany) {
    void* data = nullptr;
    napi_value buffer, memory;
    size_t offset;
    napi_status status = napi_create_buffer(env, length, &data, &buffer);
    if (status != napi_ok) return status;
    std::memcpy(data, bytes, count);
    status = napi_get_typedarray_info(env, buffer, nullptr, nullptr, nullptr, &memory, &offset);
    return status == napi_ok ? napi_create_typedarray(env, napi_uint8_array, length, memory, offset, out) : status;
  }
  return MakeTypedArray(env, napi_uint8_array, 1, bytes, count, length, out);
}

bool MakeMessageArrays(Environment& environment, const wz_message& message, const uint64_t* words, const uint8_t* bytes,
                       MessageArrays* out) {
  napi_env env = environment.env;
  const bool has_answer = message.kind != WZ_MSG_HOST_CALL && message.kind != WZ_MSG_DONE &&
                          message.kind != WZ_MSG_WARNING && message.kind != WZ_MSG_WRITE;  // which says how many words
  const size_t length = std::max({size_t{message.word_count}, size_t{message.result_count}, size_t{has_answer}});
  if (length == 0) {
    out->words = environment.Value(environment.no_words);
  } else if (MakeWords(env, words, message.word_count, length, &out->words) != napi_ok) {
    return false;
  }
  const size_t count = message.byte_count;
  const size_t size = AnswersBytes(message) ? std::max(count, message.result_bytes) : count;
  if (size == 0) {
    out->bytes = environment.Value(environment.no_bytes);
  } else if (MakeBytes(env, bytes, count, size, &out->bytes) != napi_ok) {
    return false;
  }
  return out->words != nullptr && out->bytes != nullptr;
}

void ThrowFailure(napi_env env, const char* message) {
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) == napi_ok && !pending) napi_throw_error(env, nullptr, message);
}

bool Result::Check(Environment& environment) const {
  if (status == WZ_OK) return true;
  napi_env env = environment.env;
  napi_value receiver = Undefined(env), error;
  napi_value json = String(env, text, text_len);
  if (receiver == nullptr || json == nullptr) return false;
  // When the hook throws, that is what the caller sees.
  if (napi_call_function(env, receiver, environment.Value(environment.error_hook), 1, &json, &error) == napi_ok)
    napi_throw(env, error);
  return false;
}

}  // namespace wazero_node
