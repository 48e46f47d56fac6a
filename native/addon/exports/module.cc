#include "bindings.h"

namespace wazero_node {
namespace {

napi_value ModuleDescribe(Environment& environment, Arguments& args) {
  const wz_handle module = args.Whole(0, "module");
  if (!args.ok()) return nullptr;
  Result result;
  wz_module_describe(module, &result);
  return TextOf(environment, result);
}

napi_value ModuleFunction(Environment& environment, Arguments& args) {
  const wz_handle module = args.Whole(0, "module");
  const std::string name = args.String(1, "name");
  if (!args.ok()) return nullptr;
  Result result;
  wz_module_function(module, Str(name), &result);
  return ValueOf(environment, result);
}

napi_value ModuleMemory(Environment& environment, Arguments& args) {
  const wz_handle module = args.Whole(0, "module");
  const bool own = args.IsUndefined(1);
  const std::string name = own ? std::string() : args.String(1, "name");
  if (!args.ok()) return nullptr;
  Result result;
  wz_module_memory(module, own ? wz_str{nullptr, 0} : Str(name), &result);
  return ValueOf(environment, result);
}

/** An export that `find` describes in JSON, with its handle; undefined where there is none of that name. */
napi_value Export(Environment& environment, Arguments& args, void (*find)(wz_handle, wz_str, wz_result*)) {
  napi_env env = args.env();
  const wz_handle module = args.Whole(0, "module");
  const std::string name = args.String(1, "name");
  if (!args.ok()) return nullptr;
  Result result;
  find(module, Str(name), &result);
  if (!result.Check(environment) || result.value == 0) return nullptr;
  napi_value receiver = Undefined(env), json = String(env, result.text, result.text_len),
             handle = Number(env, result.value), found;
  if (receiver == nullptr || json == nullptr || handle == nullptr ||
      napi_call_function(env, receiver, environment.Value(environment.parse_json), 1, &json, &found) != napi_ok ||
      napi_set_named_property(env, found, "handle", handle) != napi_ok) {
    return nullptr;
  }
  return found;
}

napi_value ModuleGlobal(Environment& environment, Arguments& args) {
  return Export(environment, args, wz_module_global);
}

napi_value ModuleClose(Environment& environment, Arguments& args) {
  const wz_handle module = args.Whole(0, "module");
  const uint32_t exit_code = args.Uint32(1, "exitCode");
  if (!args.ok()) return nullptr;
  environment.AdoptAtRest();
  Result result;
  wz_module_close(module, exit_code, &result);
  result.Check(environment);
  return nullptr;
}

napi_value ModuleRelease(Environment& environment, Arguments& args) {
  const wz_handle module = args.Whole(0, "module");
  if (!args.ok()) return nullptr;
  environment.AdoptAtRest();
  wz_module_release(module);
  return nullptr;
}

napi_value FunctionReference(Environment& environment, Arguments& args) {
  const wz_handle module = args.Whole(0, "module");
  const uint64_t reference = args.BigUint64(1, "reference");
  if (!args.ok()) return nullptr;
  Result result;
  wz_function_reference(module, reference, &result);
  return TextOf(environment, result);
}

napi_value ModuleTable(Environment& environment, Arguments& args) { return Export(environment, args, wz_module_table); }

napi_value ModuleTag(Environment& environment, Arguments& args) { return Export(environment, args, wz_module_tag); }

napi_value ModuleReferences(Environment& environment, Arguments& args) {
  const wz_handle module = args.Whole(0, "module");
  if (!args.ok()) return nullptr;
  Result result;
  wz_module_references(module, &result);
  if (!result.Check(environment) || result.value == 0) return nullptr;
  return Bytes(args.env(), result.text, result.text_len);
}

const Binding kBindings[] = {
    {"moduleDescribe", Entry<ModuleDescribe>},
    {"moduleFunction", Entry<ModuleFunction>},
    {"moduleMemory", Entry<ModuleMemory>},
    {"moduleGlobal", Entry<ModuleGlobal>},
    {"moduleClose", Entry<ModuleClose>},
    {"moduleRelease", Entry<ModuleRelease>},
    {"functionReference", Entry<FunctionReference>},
    {"moduleReferences", Entry<ModuleReferences>},
    {"moduleTag", Entry<ModuleTag>},
    {"moduleTable", Entry<ModuleTable>},
};

}  // namespace

BindingList ModuleBindings() { return ListOf(kBindings); }

}  // namespace wazero_node
