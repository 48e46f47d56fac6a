#ifndef WAZERO_NODE_VALUES_H
#define WAZERO_NODE_VALUES_H
#include "values/napi_setup.h"

namespace wazero_node {

class Environment;

/** Handles, ids and counts stay below 2^53. */
inline napi_status MakeNumber(napi_env env, uint64_t number, napi_value* out) {
  return napi_create_double(env, static_cast<double>(number), out);
}
napi_value Number(napi_env env, uint64_t number);
napi_value Boolean(napi_env env, bool value);
napi_value Undefined(napi_env env);
napi_value String(napi_env env, const char* text, size_t length);
/** A copy of `size` bytes. */
napi_value Bytes(napi_env env, const char* bytes, size_t size);

/** A BigUint64Array of `length` words, the first `count` of them copied, the others 0. */
napi_status MakeWords(napi_env env, const uint64_t* words, size_t count, size_t length, napi_value* out);
/** A Uint8Array likewise. */
napi_status MakeBytes(napi_env env, const uint8_t* bytes, size_t count, size_t length, napi_value* out);

struct MessageArrays {
  napi_value words, bytes;
};
/**
 * The arrays of a message, the same in both lanes: as many words as the larger of parameters and results (and one for
 * the answer that every question but a host call has); bytes are those of the message, with room for
 * the answer's where that is bytes, too.
 */
bool MakeMessageArrays(Environment& environment, const wz_message& message, const uint64_t* words, const uint8_t* bytes,
                       MessageArrays* out);

/** True where the answer to a message is bytes. */
inline bool AnswersBytes(const wz_message& message) {
  return message.kind == WZ_MSG_READ || message.kind == WZ_MSG_RANDOM ||
         (message.kind == WZ_MSG_FS && message.result_bytes != 0);
}
/** The word of the answer that says how many. */
inline size_t CountWord(const wz_message& message) { return message.kind == WZ_MSG_FS ? 1 : 0; }

/** Throws an Error unless something is pending already. */
void ThrowFailure(napi_env env, const char* message);

/** What an export of Go reports; owns the text. */
struct Result : wz_result {
  Result() : wz_result{} {}
  ~Result() {
    if (text != nullptr) wz_free(text);
  }
  Result(const Result&) = delete;
  Result& operator=(const Result&) = delete;

  /** True when it went well; else throws what Hooks.error makes of the JSON. */
  bool Check(Environment& environment) const;
};

}  // namespace wazero_node
#endif
