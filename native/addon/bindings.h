#ifndef WAZERO_NODE_BINDINGS_H
#define WAZERO_NODE_BINDINGS_H
#include "values/arguments.h"

namespace wazero_node {

/** The functions of the binding object, by file; src/native/binding.ts describes each. */
struct BindingList {
  const Binding* items;
  size_t count;
};
BindingList RuntimeBindings();
BindingList CompiledModuleBindings();
BindingList ModuleBindings();
BindingList FrameBindings();
BindingList DirectBindings();
BindingList ExpressBindings();
BindingList MemoryBindings();
BindingList GlobalBindings();
BindingList ExternBindings();
BindingList OutputBufferBindings();
BindingList TenantBindings();
BindingList ExperimentalBindings();

template <size_t count>
constexpr BindingList ListOf(const Binding (&items)[count]) {
  return {items, count};
}

/** The text of a result as a string; nullptr with an exception pending when it is an error. */
napi_value TextOf(Environment& environment, const Result& result);
/** The value of a result, a handle mostly, likewise. */
napi_value ValueOf(Environment& environment, const Result& result);

}  // namespace wazero_node
#endif
