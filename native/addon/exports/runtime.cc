#include <algorithm>
#include <string>

#include "bindings.h"
#include "process/signals.h"
#include "process/threads.h"
#include "values/config_reader.h"

namespace wazero_node {
namespace {

napi_value Init(Environment& environment, Arguments& args) {
  if (environment.started()) {
    ThrowFailure(args.env(), "init was called before");
  } else {
    environment.Start(args[0]);
  }
  return nullptr;
}

napi_value SetActive(Environment& environment, Arguments& args) {
  const bool active = args.Boolean(0, "active");
  if (args.ok() && !environment.queue.SetActive(active))
    ThrowFailure(args.env(), "The queue of the environment has ended");
  return nullptr;
}

napi_value BuildInfo(Environment& environment, Arguments&) {
  Result result;
  wz_build_info(&result);
  return TextOf(environment, result);
}

napi_value GuardPages(Environment&, Arguments& args) {
  const wz_handle runtime = args.Whole(0, "runtime");
  return args.ok() ? Number(args.env(), wz_guard_pages(runtime)) : nullptr;
}

napi_value SetConcurrency(Environment&, Arguments& args) {
  const uint32_t guests = args.Uint32(0, "guests");
  if (!args.ok()) return nullptr;
  wz_set_concurrency(guests);
  return Number(args.env(), MissingThreads());
}

napi_value Stats(Environment& environment, Arguments&) {
  Result result;
  wz_stats(&result);
  if (!result.Check(environment)) return nullptr;
  // Each environment has its own for as long as it lives: what is counted is those that a Worker has left behind.
  const int left = std::max(0, MessageQueue::OpenFunctions() - Environment::Count() * MessageQueue::kFunctions);
  std::string json(result.text, result.text_len);
  json.insert(json.find('{') + 1, "\"threadsafeFunctions\":" + std::to_string(left) + ",");
  return String(environment.env, json.data(), json.size());
}

napi_value Collect(Environment&, Arguments&) {
  wz_collect();
  return nullptr;
}

template <typename Config, void (*describe)(Config*, wz_result*)>
napi_value DescribeConfig(Environment& environment, Arguments& args) {
  Config config{};
  ConfigReader reader(args.env());
  if (!reader.Read(args[0], &config)) return nullptr;
  Result result;
  describe(&config, &result);
  return TextOf(environment, result);
}

napi_value RuntimeNew(Environment& environment, Arguments& args) {
  napi_env env = args.env();
  wz_runtime_config config{};
  ConfigReader reader(env);
  if (!reader.Read(args[0], &config)) return nullptr;
  Result result;
  wz_runtime_new(environment.id, &config, &result);
  napi_value engine = TextOf(environment, result);
  napi_value handle = Number(env, result.value), runtime;
  if (engine == nullptr || handle == nullptr || napi_create_object(env, &runtime) != napi_ok ||
      napi_set_named_property(env, runtime, "handle", handle) != napi_ok ||
      napi_set_named_property(env, runtime, "engine", engine) != napi_ok) {
    return nullptr;
  }
  return runtime;
}

napi_value RuntimeClose(Environment& environment, Arguments& args) {
  const wz_handle runtime = args.Whole(0, "runtime");
  const uint32_t exit_code = args.Uint32(1, "exitCode");
  if (!args.ok()) return nullptr;
  environment.AdoptAtRest();
  Result result;
  wz_runtime_close(runtime, exit_code, &result);
  result.Check(environment);
  return nullptr;
}

napi_value CacheNew(Environment& environment, Arguments& args) {
  const std::string directory = args.String(0, "directory"), shared_name = args.String(1, "sharedName");
  if (!args.ok()) return nullptr;
  Result result;
  wz_cache_new(environment.id, Str(directory), Str(shared_name), &result);
  return ValueOf(environment, result);
}

napi_value CacheClose(Environment& environment, Arguments& args) {
  const wz_handle cache = args.Whole(0, "cache");
  if (!args.ok()) return nullptr;
  Result result;
  wz_cache_close(cache, &result);
  result.Check(environment);
  return nullptr;
}

napi_value SignalsOnStack(Environment&, Arguments& args) { return Number(args.env(), KeepSignalsOnStack()); }

const Binding kBindings[] = {
    {"init", Entry<Init, true>},       {"setActive", Entry<SetActive>},
    {"buildInfo", Entry<BuildInfo>},   {"setConcurrency", Entry<SetConcurrency>},
    {"stats", Entry<Stats>},           {"collect", Entry<Collect>},
    {"runtimeNew", Entry<RuntimeNew>}, {"runtimeClose", Entry<RuntimeClose>},
    {"cacheNew", Entry<CacheNew>},     {"cacheClose", Entry<CacheClose>},
    {"signalsOnStack", Entry<SignalsOnStack>}, {"guardPages", Entry<GuardPages>},
    {"runtimeConfigDescribe", Entry<DescribeConfig<wz_runtime_config, wz_runtime_config_describe>>},
    {"moduleConfigDescribe", Entry<DescribeConfig<wz_module_config, wz_module_config_describe>>},
};

}  // namespace

BindingList RuntimeBindings() { return ListOf(kBindings); }

}  // namespace wazero_node
