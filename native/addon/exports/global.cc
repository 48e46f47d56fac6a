#include <algorithm>

#include "bindings.h"

namespace wazero_node {
namespace {

napi_value GlobalGet(Environment& environment, Arguments& args) {
  const wz_handle global = args.Whole(0, "global");
  const Arguments::Words words = args.BigUint64Array(1, "words");
  if (!args.ok()) return nullptr;
  uint64_t out[2] = {0, 0};
  Result result;
  wz_global_get(global, out, &result);
  if (result.Check(environment)) std::copy_n(out, std::min<size_t>(words.count, 2), words.data);
  return nullptr;
}

/** One or two words, which `write` gets as two. */
napi_value Write(Environment& environment, Arguments& args, void (*write)(wz_handle, uint64_t*, wz_result*)) {
  const wz_handle global = args.Whole(0, "global");
  const Arguments::Words words = args.BigUint64Array(1, "words");
  if (!args.ok()) return nullptr;
  uint64_t in[2] = {0, 0};
  std::copy_n(words.data, std::min<size_t>(words.count, 2), in);
  Result result;
  write(global, in, &result);
  result.Check(environment);
  return nullptr;
}

napi_value GlobalSet(Environment& environment, Arguments& args) { return Write(environment, args, wz_global_set); }
napi_value GlobalBegin(Environment& environment, Arguments& args) { return Write(environment, args, wz_global_begin); }

const Binding kBindings[] = {{"globalGet", Entry<GlobalGet>}, {"globalSet", Entry<GlobalSet>}, {"globalBegin", Entry<GlobalBegin>}};

}  // namespace

BindingList GlobalBindings() { return ListOf(kBindings); }

}  // namespace wazero_node
