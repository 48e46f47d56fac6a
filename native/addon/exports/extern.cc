// What the host makes for guests to import, and tables.
#include "bindings.h"

namespace wazero_node {
namespace {

napi_value ExternNew(Environment& environment, Arguments& args) {
  const wz_handle runtime = args.Whole(0, "runtime"), tenant = args.Whole(1, "tenant");
  const uint32_t kind = args.Uint32(2, "kind");
  const std::string types = args.String(3, "types");
  const uint32_t min = args.Uint32(4, "min"), max = args.Uint32(5, "max"), flags = args.Uint32(6, "flags");
  const Arguments::Words words = args.BigUint64Array(7, "words");
  if (!args.ok()) return nullptr;
  uint64_t in[2] = {0, 0};
  for (size_t i = 0; i < words.count && i < 2; i++) in[i] = words.data[i];
  Result result;
  wz_extern_new(runtime, tenant, kind, Str(types), min, max, flags, in, &result);
  return ValueOf(environment, result);
}

napi_value ModuleJoin(Environment& environment, Arguments& args) {
  const wz_handle module = args.Whole(0, "module"), other = args.Whole(1, "other");
  if (!args.ok()) return nullptr;
  environment.AdoptAtRest();  // as where an instantiation joins groups
  Result result;
  wz_module_join(module, other, &result);
  result.Check(environment);
  return nullptr;
}

napi_value BigInt(napi_env env, uint64_t word) {
  napi_value value;
  return napi_create_bigint_uint64(env, word, &value) == napi_ok ? value : nullptr;
}

napi_value ModuleReference(Environment& environment, Arguments& args) {
  const wz_handle module = args.Whole(0, "module");
  const uint32_t index = args.Uint32(1, "index");
  if (!args.ok()) return nullptr;
  Result result;
  wz_module_reference(module, index, &result);
  return result.Check(environment) ? BigInt(args.env(), result.value) : nullptr;
}

/** What a table has answered: -1 where it is closed, undefined where it has refused. */
napi_value Refusal(napi_env env, uint32_t status) {
  napi_value closed;
  return status == WZ_TABLE_CLOSED && napi_create_int32(env, -1, &closed) == napi_ok ? closed : nullptr;
}

napi_value TableSize(Environment&, Arguments& args) {
  const wz_handle table = args.Whole(0, "table");
  if (!args.ok()) return nullptr;
  uint32_t size = 0;
  const uint32_t status = wz_table_size(table, &size);
  return status == WZ_TABLE_DONE ? Number(args.env(), size) : Refusal(args.env(), status);
}

napi_value TableGet(Environment&, Arguments& args) {
  const wz_handle table = args.Whole(0, "table");
  const uint32_t index = args.Uint32(1, "index");
  if (!args.ok()) return nullptr;
  uint64_t word = 0;
  const uint32_t status = wz_table_get(table, index, &word);
  return status == WZ_TABLE_DONE ? BigInt(args.env(), word) : Refusal(args.env(), status);
}

napi_value TableFill(Environment&, Arguments& args) {
  const wz_handle table = args.Whole(0, "table");
  const uint32_t index = args.Uint32(1, "index"), count = args.Uint32(2, "count");
  const uint64_t word = args.BigUint64(3, "word");
  if (!args.ok()) return nullptr;
  const uint32_t status = wz_table_fill(table, index, count, word);
  return status == WZ_TABLE_DONE ? Number(args.env(), count) : Refusal(args.env(), status);
}

napi_value TableGrow(Environment&, Arguments& args) {
  const wz_handle table = args.Whole(0, "table");
  const uint32_t by = args.Uint32(1, "by");
  if (!args.ok()) return nullptr;
  uint32_t was = 0;
  const uint32_t status = wz_table_grow(table, by, &was);
  return status == WZ_TABLE_DONE ? Number(args.env(), was) : Refusal(args.env(), status);
}

const Binding kBindings[] = {
    {"externNew", Entry<ExternNew>},   {"moduleJoin", Entry<ModuleJoin>}, {"moduleReference", Entry<ModuleReference>},
    {"tableSize", Entry<TableSize>},   {"tableGet", Entry<TableGet>},     {"tableFill", Entry<TableFill>},
    {"tableGrow", Entry<TableGrow>},
};

}  // namespace

BindingList ExternBindings() { return ListOf(kBindings); }

}  // namespace wazero_node
