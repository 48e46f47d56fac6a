#include "environment.h"

#include <mutex>
#include <unordered_map>

#include "values/values.h"

namespace wazero_node {
namespace {

struct Registry {
  std::mutex mutex;
  std::unordered_map<uint64_t, std::shared_ptr<Environment>> environments;
};

// Never destroyed: Go threads run on while the process exits.
Registry& registry() {
  static auto* instance = new Registry();
  return *instance;
}

thread_local Environment* current = nullptr;

uint32_t StartGo() {
  static const uint32_t version = wz_start(const_cast<wz_callbacks*>(&kCallbacks));
  return version;
}

bool MakeReference(napi_env env, napi_value value, napi_ref* out) {
  return napi_create_reference(env, value, 1, out) == napi_ok;
}

bool TakeHook(napi_env env, napi_value hooks, const char* name, napi_ref* out) {
  napi_value hook;
  napi_valuetype type;
  if (napi_get_named_property(env, hooks, name, &hook) != napi_ok || napi_typeof(env, hook, &type) != napi_ok)
    return false;
  if (type != napi_function) {
    napi_throw_type_error(env, nullptr, "Expected functions for message, upcall, read and error of the hooks");
    return false;
  }
  return MakeReference(env, hook, out);
}

}  // namespace

std::atomic<uint64_t> Environment::next_id_{1};

SyncScope::SyncScope(Environment* environment) : outer_(current) { current = environment; }
SyncScope::~SyncScope() { current = outer_; }
Environment* SyncScope::Current(uint64_t id) { return current != nullptr && current->id == id ? current : nullptr; }

std::shared_ptr<Environment> Environment::Find(uint64_t id) {
  std::lock_guard<std::mutex> lock(registry().mutex);
  auto found = registry().environments.find(id);
  return found == registry().environments.end() ? nullptr : found->second;
}

int Environment::Count() {
  std::lock_guard<std::mutex> lock(registry().mutex);
  return static_cast<int>(registry().environments.size());
}

Environment* Environment::Open(napi_env env) {
  auto* holder = new std::shared_ptr<Environment>(std::make_shared<Environment>(env));
  if (napi_add_env_cleanup_hook(env, Cleanup, holder) != napi_ok) {
    delete holder;
    return nullptr;
  }
  return holder->get();
}

bool Environment::Start(napi_value hooks) {
  napi_value script, function, global, json, parse, words, bytes;
  if (!TakeHook(env, hooks, "message", &message_hook) || !TakeHook(env, hooks, "upcall", &upcall_hook) ||
      !TakeHook(env, hooks, "read", &read_hook) || !TakeHook(env, hooks, "error", &error_hook)) {
    return false;
  }
  if (!direct.Start(this, hooks) || !express.Start(this, hooks)) {
    ThrowFailure(env, "Expected ask, express and area of the hooks");
    return false;
  }
  // A function of JavaScript, not of C++: V8 looks for a termination when it enters one.
  if (napi_create_string_utf8(env, "(function () {})", NAPI_AUTO_LENGTH, &script) != napi_ok ||
      napi_run_script(env, script, &function) != napi_ok || !MakeReference(env, function, &nothing) ||
      napi_get_global(env, &global) != napi_ok || napi_get_named_property(env, global, "JSON", &json) != napi_ok ||
      napi_get_named_property(env, json, "parse", &parse) != napi_ok || !MakeReference(env, parse, &parse_json) ||
      MakeWords(env, nullptr, 0, 0, &words) != napi_ok || !MakeReference(env, words, &no_words) ||
      MakeBytes(env, nullptr, 0, 0, &bytes) != napi_ok || !MakeReference(env, bytes, &no_bytes) || !queue.Open(this)) {
    ThrowFailure(env, "node-wazero could not set up its environment");
    return false;
  }
  if (StartGo() != WZ_ABI_VERSION) {
    ThrowFailure(env, "node-wazero: the Go half of the addon refused to start");
    return false;
  }
  {
    std::lock_guard<std::mutex> lock(registry().mutex);
    registry().environments.emplace(id, shared_from_this());
  }
  wz_env_open(id);
  started_ = true;
  return true;
}

bool Environment::Alive() {
  napi_value receiver, result;
  if (napi_get_undefined(env, &receiver) != napi_ok) return false;
  if (napi_call_function(env, receiver, Value(nothing), 0, nullptr, &result) == napi_ok) return true;
  napi_value exception;
  bool is_error = false;  // a stack overflow: alive, but for no deeper call
  if (napi_get_and_clear_last_exception(env, &exception) != napi_ok) return false;
  return napi_is_error(env, exception, &is_error) == napi_ok && is_error;
}

bool Environment::TakeException(napi_value* exception) {
  if (napi_get_and_clear_last_exception(env, exception) != napi_ok) return false;
  bool is_error = false;
  if (napi_is_error(env, *exception, &is_error) == napi_ok && is_error) return true;
  return Alive();  // null or undefined: thrown by JavaScript, or what is left of a termination
}

void Environment::Cleanup(void* data) {
  auto* holder = static_cast<std::shared_ptr<Environment>*>(data);
  Environment* self = holder->get();
  if (self->started_) {
    self->queue.Close();
    self->AdoptAll();
    wz_env_close(self->id);
    std::lock_guard<std::mutex> lock(registry().mutex);
    registry().environments.erase(self->id);
  }
  self->DeleteReferences();
  delete holder;
}

void Environment::DeleteReferences() {
  for (napi_ref* reference :
       {&message_hook, &upcall_hook, &read_hook, &error_hook, &express_hook, &parse_json, &nothing, &no_words, &no_bytes}) {
    if (*reference != nullptr) napi_delete_reference(env, *reference);
    *reference = nullptr;
  }
  direct.DeleteReferences();
}

}  // namespace wazero_node
