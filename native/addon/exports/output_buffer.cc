#include "bindings.h"

namespace wazero_node {
namespace {

napi_value OutputBufferNew(Environment& environment, Arguments& args) {
  const uint64_t max_bytes = args.Whole(0, "maxBytes");
  if (!args.ok()) return nullptr;
  Result result;
  wz_output_buffer_new(environment.id, max_bytes, &result);
  return ValueOf(environment, result);
}

napi_value OutputBufferSize(Environment&, Arguments& args) {
  const wz_handle buffer = args.Whole(0, "buffer");
  return args.ok() ? Number(args.env(), wz_output_buffer_size(buffer)) : nullptr;
}

napi_value OutputBufferBytes(Environment& environment, Arguments& args) {
  const wz_handle buffer = args.Whole(0, "buffer");
  if (!args.ok()) return nullptr;
  Result result;
  wz_output_buffer_bytes(buffer, &result);
  return result.Check(environment) ? Bytes(args.env(), result.text, result.text_len) : nullptr;
}

napi_value OutputBufferReset(Environment&, Arguments& args) {
  const wz_handle buffer = args.Whole(0, "buffer");
  if (args.ok()) wz_output_buffer_reset(buffer);
  return nullptr;
}

napi_value OutputBufferFree(Environment&, Arguments& args) {
  const wz_handle buffer = args.Whole(0, "buffer");
  if (args.ok()) wz_output_buffer_free(buffer);
  return nullptr;
}

const Binding kBindings[] = {
    {"outputBufferNew", Entry<OutputBufferNew>},     {"outputBufferSize", Entry<OutputBufferSize>},
    {"outputBufferBytes", Entry<OutputBufferBytes>}, {"outputBufferReset", Entry<OutputBufferReset>},
    {"outputBufferFree", Entry<OutputBufferFree>},
};

}  // namespace

BindingList OutputBufferBindings() { return ListOf(kBindings); }

}  // namespace wazero_node
