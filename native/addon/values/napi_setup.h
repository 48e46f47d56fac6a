#ifndef WAZERO_NODE_NAPI_SETUP_H
#define WAZERO_NODE_NAPI_SETUP_H
// The only place that includes Node-API, so that the definitions of CMakeLists.txt (NAPI_VERSION ...) always stand
// before it.
//
// node-addon-api registers the module. All else uses the C functions and looks at each status: Napi::Function::Call
// ends the process when JavaScript throws null, and Napi::Error does when it is made in an environment that may not run
// JavaScript any more (a Worker being terminated), which is just when this addon must answer quietly.
#include <napi.h>

#include "wazero_node.h"

// The exports of native/go, declared by cgo: a drift between the languages is a compile error. cgo knows no const: see
// Mutable().
#include "wazero_node_exports.h"

namespace wazero_node {

/** Go only reads what an export takes by pointer, where wazero_node.h says const. */
template <typename T>
T* Mutable(const T* pointer) {
  return const_cast<T*>(pointer);
}

/** Lives on the stack of a native function that makes many values, or that JavaScript did not call. */
class HandleScope {
 public:
  explicit HandleScope(napi_env env) : env_(env), open_(napi_open_handle_scope(env, &scope_) == napi_ok) {}
  ~HandleScope() {
    if (open_) napi_close_handle_scope(env_, scope_);
  }
  HandleScope(const HandleScope&) = delete;
  HandleScope& operator=(const HandleScope&) = delete;

 private:
  napi_env env_;
  napi_handle_scope scope_ = nullptr;
  bool open_;
};

}  // namespace wazero_node
#endif
