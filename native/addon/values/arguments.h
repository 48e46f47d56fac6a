#ifndef WAZERO_NODE_ARGUMENTS_H
#define WAZERO_NODE_ARGUMENTS_H
#include <exception>
#include <string>

#include "environment.h"
#include "values/values.h"

namespace wazero_node {

/**
 * The arguments of one native function. src validates what users pass; what is checked here keeps the process alive.
 * The first wrong one throws a TypeError; from then on ok() is false and every reader answers zero. Call no export
 * before ok() was asked.
 */
class Arguments {
 public:
  static constexpr size_t kMost = 8;

  Arguments(napi_env env, napi_callback_info info) : env_(env) {
    ok_ = napi_get_cb_info(env, info, &count_, values_, nullptr, reinterpret_cast<void**>(&environment_)) == napi_ok;
  }

  bool ok() const { return ok_; }
  napi_env env() const { return env_; }
  Environment* environment() const { return environment_; }
  napi_value operator[](size_t index) const { return values_[index]; }

  /** A whole number from 0 to 2^53 - 1: handles, ids, offsets, nanoseconds. */
  uint64_t Whole(size_t index, const char* name);
  uint32_t Uint32(size_t index, const char* name);
  bool Boolean(size_t index, const char* name);
  uint64_t BigUint64(size_t index, const char* name);
  std::string String(size_t index, const char* name);
  bool IsUndefined(size_t index);
  /** The memory stays JavaScript's: valid until JavaScript runs. Nothing that another thread may change: a
   * SharedArrayBuffer is refused. */
  struct Bytes {
    uint8_t* data;
    size_t size;
  };
  Bytes Uint8Array(size_t index, const char* name);
  struct Words {
    uint64_t* data;
    size_t count;
  };
  Words BigUint64Array(size_t index, const char* name);
  /** For what a reader does not look at. */
  bool Check(bool is, size_t index, const char* expected, const char* name) { return is || Wrong(index, expected, name); }

 private:
  bool Wrong(size_t index, const char* expected, const char* name);
  bool TypedArray(size_t index, const char* name, napi_typedarray_type type, const char* expected, void** data,
                  size_t* length);

  napi_env env_;
  Environment* environment_ = nullptr;
  size_t count_ = kMost;
  napi_value values_[kMost];  // what is missing is undefined
  bool ok_;
};

/** "Expected <expected> for <name> but received <type>"; unless something is pending. */
void ThrowExpected(napi_env env, const char* expected, const char* name, napi_value received);
/** A typed array of this type that no other thread can change; false without an exception otherwise. */
bool OwnTypedArray(napi_env env, napi_value value, napi_typedarray_type type, void** data, size_t* length);

inline wz_str Str(const std::string& text) { return {text.data(), text.size()}; }

/** One property of the binding object. */
struct Binding {
  const char* name;
  napi_callback callback;
};

using Method = napi_value (*)(Environment&, Arguments&);

/** The way in from JavaScript: no C++ exception goes further. A method returns nullptr for undefined, or with an
 * exception pending. */
template <Method method, bool before_init = false>
napi_value Entry(napi_env env, napi_callback_info info) noexcept {
  try {
    Arguments arguments(env, info);
    if (!arguments.ok()) return nullptr;
    if (!before_init && !arguments.environment()->started()) {
      ThrowFailure(env, "init comes first");
      return nullptr;
    }
    return method(*arguments.environment(), arguments);
  } catch (const std::exception& exception) {
    ThrowFailure(env, exception.what());
    return nullptr;
  }
}

}  // namespace wazero_node
#endif
