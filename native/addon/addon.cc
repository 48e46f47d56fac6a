// The module: `create` makes a binding object. A file loaded twice in one environment (two bundles that carry the same
// addon) gives one module but two copies of src, each with hooks, frames and callback ids of its own: so each has an
// object of its own.
#include <mutex>

#include "bindings.h"
#include "process/guard.h"
#include "process/signals.h"
#include "process/threads.h"

namespace wazero_node {

napi_value TextOf(Environment& environment, const Result& result) {
  return result.Check(environment) ? String(environment.env, result.text, result.text_len) : nullptr;
}

napi_value ValueOf(Environment& environment, const Result& result) {
  return result.Check(environment) ? Number(environment.env, result.value) : nullptr;
}

namespace {

bool Define(napi_env env, napi_value binding, BindingList list, Environment* environment) {
  for (size_t i = 0; i < list.count; i++) {
    napi_value function;
    const Binding& item = list.items[i];
    if (napi_create_function(env, item.name, NAPI_AUTO_LENGTH, item.callback, environment, &function) != napi_ok ||
        napi_set_named_property(env, binding, item.name, function) != napi_ok) {
      return false;
    }
  }
  return true;
}

napi_value Create(napi_env env, napi_callback_info) noexcept {
  try {
    Environment* environment = Environment::Open(env);
    napi_value binding, version;
    if (environment != nullptr && napi_create_object(env, &binding) == napi_ok &&
        MakeNumber(env, WZ_ABI_VERSION, &version) == napi_ok &&
        napi_set_named_property(env, binding, "abiVersion", version) == napi_ok &&
        Define(env, binding, RuntimeBindings(), environment) &&
        Define(env, binding, CompiledModuleBindings(), environment) &&
        Define(env, binding, ModuleBindings(), environment) && Define(env, binding, FrameBindings(), environment) &&
        Define(env, binding, DirectBindings(), environment) &&
        Define(env, binding, ExpressBindings(), environment) &&
        Define(env, binding, MemoryBindings(), environment) && Define(env, binding, GlobalBindings(), environment) &&
        Define(env, binding, ExternBindings(), environment) &&
        Define(env, binding, OutputBufferBindings(), environment) &&
        Define(env, binding, TenantBindings(), environment) &&
        Define(env, binding, ExperimentalBindings(), environment)) {
      return binding;
    }
    ThrowFailure(env, "node-wazero could not make its binding object");
  } catch (const std::exception& exception) {
    ThrowFailure(env, exception.what());
  }
  return nullptr;
}

/** The first that waits for Go: what is loaded goes on beside its start until then. */
napi_value KeepThreads(napi_env env, napi_callback_info) noexcept {
  static std::once_flag guarded;
  std::call_once(guarded, InstallGuard);
  napi_value missing;
  return MakeNumber(env, MissingThreads(), &missing) == napi_ok ? missing : nullptr;
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  PutBackSignals();
  napi_value create, keep;
  if (napi_create_function(env, "create", NAPI_AUTO_LENGTH, Create, nullptr, &create) == napi_ok)
    exports.Set("create", create);
  if (napi_create_function(env, "keepThreads", NAPI_AUTO_LENGTH, KeepThreads, nullptr, &keep) == napi_ok)
    exports.Set("keepThreads", keep);
  exports.Set("abiVersion", WZ_ABI_VERSION);
  return exports;
}

}  // namespace
}  // namespace wazero_node

using wazero_node::Init;
NODE_API_MODULE(node_wazero, Init)
