#include "bindings.h"

namespace wazero_node {
namespace {

/** An array of so many words, or a pending exception. */
uint64_t* WordsOf(Arguments& args, size_t index, const char* name, size_t count) {
  const Arguments::Words words = args.BigUint64Array(index, name);
  if (!args.ok()) return nullptr;
  return args.Check(words.count >= count, index, "enough words", name) ? words.data : nullptr;
}

napi_value TenantNew(Environment& environment, Arguments& args) {
  const std::string name = args.String(0, "name");
  const bool shared = args.Boolean(1, "shared");
  const uint64_t* limits = WordsOf(args, 2, "limits", WZ_TENANT_LIMITS);
  if (!args.ok()) return nullptr;
  Result result;
  wz_tenant_new(environment.id, Str(name), shared, Mutable(limits), &result);
  return ValueOf(environment, result);
}

napi_value TenantClose(Environment& environment, Arguments& args) {
  const wz_handle tenant = args.Whole(0, "tenant");
  if (args.ok()) wz_tenant_close(environment.id, tenant);
  return nullptr;
}

napi_value TenantLimits(Environment& environment, Arguments& args) {
  const wz_handle tenant = args.Whole(0, "tenant");
  uint64_t* limits = WordsOf(args, 1, "limits", WZ_TENANT_LIMITS);
  const bool set = args.Boolean(2, "set");
  if (!args.ok()) return nullptr;
  Result result;
  wz_tenant_limits(tenant, limits, set, &result);
  result.Check(environment);
  return nullptr;
}

napi_value TenantUsage(Environment&, Arguments& args) {
  const wz_handle tenant = args.Whole(0, "tenant");
  uint64_t* words = WordsOf(args, 1, "words", WZ_USAGE_WORDS);
  return args.ok() ? Boolean(args.env(), wz_tenant_usage(tenant, words) != 0) : nullptr;
}

napi_value TenantList(Environment& environment, Arguments&) {
  Result result;
  wz_tenant_list(&result);
  return TextOf(environment, result);
}

napi_value ModuleUsage(Environment&, Arguments& args) {
  const wz_handle module = args.Whole(0, "module");
  uint64_t* words = WordsOf(args, 1, "words", WZ_USAGE_WORDS);
  return args.ok() ? Boolean(args.env(), wz_module_usage(module, words) != 0) : nullptr;
}

napi_value ModuleQueued(Environment&, Arguments& args) {
  const wz_handle module = args.Whole(0, "module");
  const uint32_t calls = args.Uint32(1, "calls");
  if (args.ok()) wz_module_queued(module, calls);
  return nullptr;
}

napi_value ModuleMayQueue(Environment&, Arguments& args) {
  const wz_handle module = args.Whole(0, "module");
  return args.ok() ? Boolean(args.env(), wz_module_may_queue(module) != 0) : nullptr;
}

const Binding kBindings[] = {
    {"tenantNew", Entry<TenantNew>},       {"tenantClose", Entry<TenantClose>}, {"tenantLimits", Entry<TenantLimits>},
    {"tenantUsage", Entry<TenantUsage>},   {"tenantList", Entry<TenantList>},   {"moduleUsage", Entry<ModuleUsage>},
    {"moduleQueued", Entry<ModuleQueued>}, {"moduleMayQueue", Entry<ModuleMayQueue>},
};

}  // namespace

BindingList TenantBindings() { return ListOf(kBindings); }

}  // namespace wazero_node
