// wazero's experimental packages: listeners, snapshots, tables, internal globals, sockets.
#include "bindings.h"

namespace wazero_node {
namespace {

napi_value ListenerNew(Environment& environment, Arguments& args) {
  const wz_handle runtime = args.Whole(0, "runtime");
  const std::string description = args.String(1, "description");
  if (!args.ok()) return nullptr;
  Result result;
  wz_listener_new(runtime, Str(description), &result);
  return ValueOf(environment, result);
}

napi_value FrameStack(Environment& environment, Arguments& args) {
  const uint64_t frame = args.Whole(0, "frame");
  if (!args.ok()) return nullptr;
  Result result;
  wz_frame_stack(environment.id, frame, &result);
  return TextOf(environment, result);
}

napi_value Snapshot(Environment& environment, Arguments& args) {
  const uint64_t frame = args.Whole(0, "frame");
  if (!args.ok()) return nullptr;
  environment.Adopt(frame);
  Result result;
  wz_snapshot(environment.id, frame, &result);
  return ValueOf(environment, result);
}

napi_value SnapshotRestore(Environment& environment, Arguments& args) {
  const uint64_t frame = args.Whole(0, "frame"), snapshot = args.Whole(1, "snapshot");
  const Arguments::Words words = args.BigUint64Array(2, "words");
  if (!args.ok()) return nullptr;
  environment.Adopt(frame);
  Result result;
  wz_snapshot_restore(environment.id, frame, snapshot, words.data, static_cast<uint32_t>(words.count), &result);
  result.Check(environment);
  return nullptr;
}

napi_value ExceptionThrow(Environment& environment, Arguments& args) {
  const uint64_t frame = args.Whole(0, "frame");
  const wz_handle tag = args.Whole(1, "tag");
  const Arguments::Words words = args.BigUint64Array(2, "words");
  if (!args.ok()) return nullptr;
  environment.Adopt(frame);
  Result result;
  wz_exception_throw(environment.id, frame, tag, words.data, static_cast<uint32_t>(words.count), &result);
  return ValueOf(environment, result);
}

napi_value TableFunction(Environment& environment, Arguments& args) {
  napi_env env = args.env();
  const wz_handle module = args.Whole(0, "module");
  const uint32_t table = args.Uint32(1, "table"), offset = args.Uint32(2, "offset");
  const std::string types = args.String(3, "types");
  if (!args.ok()) return nullptr;
  Result result;
  wz_table_function(module, table, offset, Str(types), &result);
  napi_value definition = TextOf(environment, result), handle = Number(env, result.value), function;
  if (definition == nullptr || handle == nullptr || napi_create_object(env, &function) != napi_ok ||
      napi_set_named_property(env, function, "handle", handle) != napi_ok ||
      napi_set_named_property(env, function, "definition", definition) != napi_ok) {
    return nullptr;
  }
  return function;
}

napi_value InternalGlobals(Environment& environment, Arguments& args) {
  const wz_handle module = args.Whole(0, "module");
  if (!args.ok()) return nullptr;
  Result result;
  wz_internal_globals(module, &result);
  return TextOf(environment, result);
}

napi_value TcpAddresses(Environment& environment, Arguments& args) {
  const wz_handle module = args.Whole(0, "module");
  if (!args.ok()) return nullptr;
  Result result;
  wz_tcp_addresses(module, &result);
  return TextOf(environment, result);
}

napi_value ProfileStart(Environment& environment, Arguments& args) {
  const wz_handle target = args.Whole(0, "target");
  const uint64_t interval = args.Whole(1, "intervalNs");
  if (!args.ok()) return nullptr;
  Result result;
  wz_profile_start(environment.id, target, interval, &result);
  result.Check(environment);
  return nullptr;
}

napi_value ProfileStop(Environment& environment, Arguments& args) {
  const uint64_t request = args.Whole(0, "request");
  if (!args.ok()) return nullptr;
  Result result;
  wz_profile_stop(environment.id, request, &result);
  result.Check(environment);
  return nullptr;
}

const Binding kBindings[] = {
    {"listenerNew", Entry<ListenerNew>},
    {"frameStack", Entry<FrameStack>},
    {"snapshot", Entry<Snapshot>},
    {"snapshotRestore", Entry<SnapshotRestore>},
    {"exceptionThrow", Entry<ExceptionThrow>},
    {"tableFunction", Entry<TableFunction>},
    {"internalGlobals", Entry<InternalGlobals>},
    {"tcpAddresses", Entry<TcpAddresses>},
    {"profileStart", Entry<ProfileStart>},
    {"profileStop", Entry<ProfileStop>},
};

}  // namespace

BindingList ExperimentalBindings() { return ListOf(kBindings); }

}  // namespace wazero_node
