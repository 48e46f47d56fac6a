// What enters a guest: instantiate and call, in both lanes, and what is said to a frame while it runs.
#include <algorithm>
#include <cstring>
#include <vector>

#include "bindings.h"
#include "values/config_reader.h"

namespace wazero_node {
namespace {

/** The first four arguments of all, and what src has put into the area just before. */
wz_frame_options FrameOptions(Environment& environment, Arguments& args) {
  wz_frame_options options{};
  options.env = environment.id;
  options.frame = args.Whole(0, "frame");
  options.lane = args.Uint32(1, "lane");
  options.parent = args.Whole(2, "parent");
  options.timeout_ns = static_cast<int64_t>(args.Whole(3, "timeoutNs"));
  options.fuel = environment.direct.TakeFuel();
  options.cpu_ns = static_cast<uint64_t>(environment.direct.area()->cpu);
  return options;
}

napi_value Instantiate(Environment& environment, Arguments& args) {
  wz_frame_options options = FrameOptions(environment, args);
  const wz_handle runtime = args.Whole(4, "runtime"), compiled = args.Whole(5, "compiled");
  const bool close_compiled = args.Boolean(7, "closeCompiledWithModule");
  if (!args.ok()) return nullptr;
  wz_module_config config{};
  ConfigReader reader(args.env());
  if (!reader.Read(args[6], &config)) return nullptr;
  environment.AdoptAtRest();  // it may join groups, of which no other call is under way: src waits for those
  Result result;
  {
    SyncScope scope(&environment);
    wz_instantiate(&options, runtime, compiled, &config, close_compiled ? 1 : 0, &result);
  }
  // Text of a success: it is closed already, by its own start function.
  if (result.status != WZ_OK || result.text_len != 0) return String(args.env(), result.text, result.text_len);
  return Number(args.env(), result.value);
}

napi_value Call(Environment& environment, Arguments& args) {
  constexpr size_t kUsual = 32;
  wz_frame_options options = FrameOptions(environment, args);
  const wz_handle function = args.Whole(4, "fn");
  const Arguments::Words words = args.BigUint64Array(5, "words");
  if (!args.ok()) return nullptr;
  environment.Adopt(options.parent);
  if (words.count > UINT32_MAX) {
    ThrowFailure(args.env(), "The words of a call are too many");
    return nullptr;
  }
  // A copy: a host function may detach the array while Go writes to it.
  uint64_t usual[kUsual];
  std::vector<uint64_t> many(words.count > kUsual ? words.count : 0);
  uint64_t* copy = words.count > kUsual ? many.data() : usual;
  if (words.count != 0) std::memcpy(copy, words.data, words.count * sizeof(uint64_t));
  Result result;
  {
    SyncScope scope(&environment);
    wz_call(&options, function, copy, static_cast<uint32_t>(words.count), &result);
  }
  if (result.status == WZ_OK && options.lane == WZ_LANE_SYNC) {
    void* data;
    size_t length;
    if (!OwnTypedArray(args.env(), args[5], napi_biguint64_array, &data, &length)) return nullptr;
    const size_t count = std::min(length, words.count);
    if (count != 0) std::memcpy(data, copy, count * sizeof(uint64_t));
  }
  return result.text == nullptr ? nullptr : String(args.env(), result.text, result.text_len);
}

napi_value ModuleFreeze(Environment& environment, Arguments& args) {
  wz_frame_options options = FrameOptions(environment, args);
  const wz_handle module = args.Whole(4, "module");
  const Arguments::Words words = args.BigUint64Array(5, "words");
  if (!args.ok()) return nullptr;
  environment.AdoptAll();
  uint64_t out[3] = {0, 0, 0};
  Result result;
  {
    SyncScope scope(&environment);
    wz_module_freeze(&options, module, out, &result);
  }
  if (result.status == WZ_OK && options.lane == WZ_LANE_SYNC && words.count >= 3) std::memcpy(words.data, out, sizeof out);
  return result.text == nullptr ? nullptr : String(args.env(), result.text, result.text_len);
}

napi_value ModuleReset(Environment& environment, Arguments& args) {
  wz_frame_options options = FrameOptions(environment, args);
  const wz_handle module = args.Whole(4, "module");
  const Arguments::Words targets = args.BigUint64Array(5, "targets");
  if (!args.ok()) return nullptr;
  if (targets.count > UINT32_MAX) {
    ThrowFailure(args.env(), "The targets of a reset are too many");
    return nullptr;
  }
  environment.AdoptAll();
  Result result;
  {
    SyncScope scope(&environment);
    wz_module_reset(&options, module, targets.data, static_cast<uint32_t>(targets.count), &result);
  }
  return result.text == nullptr ? nullptr : String(args.env(), result.text, result.text_len);
}

/** An image goes to a file, or a module's comes from one; the answer is a message of that request. */
napi_value ImageFile(Environment& environment, Arguments& args, const char* what,
                     void (*run)(uint64_t, wz_handle, wz_str, uint64_t, wz_result*)) {
  const wz_handle handle = args.Whole(0, what);
  const std::string path = args.String(1, "path");
  const uint64_t request = args.Whole(2, "request");
  if (!args.ok()) return nullptr;
  Result result;
  run(environment.id, handle, Str(path), request, &result);
  result.Check(environment);
  return nullptr;
}

napi_value ImageSave(Environment& environment, Arguments& args) {
  return ImageFile(environment, args, "image", wz_image_save);
}

napi_value ImageLoad(Environment& environment, Arguments& args) {
  return ImageFile(environment, args, "compiled", wz_image_load);
}

napi_value ImageClose(Environment&, Arguments& args) {
  const wz_handle image = args.Whole(0, "image");
  if (args.ok()) wz_image_close(image);
  return nullptr;
}

napi_value FrameStop(Environment& environment, Arguments& args) {
  const uint64_t frame = args.Whole(0, "frame");
  const uint32_t reason = args.Uint32(1, "reason"), exit_code = args.Uint32(2, "exitCode");
  if (!args.ok()) return nullptr;
  environment.Adopt(frame);
  wz_frame_stop(environment.id, frame, reason, exit_code);
  return nullptr;
}

napi_value FrameReply(Environment& environment, Arguments& args) {
  const uint64_t frame = args.Whole(0, "frame");
  wz_reply reply{};
  reply.status = args.Uint32(1, "status");
  if (!args.IsUndefined(2)) {
    const Arguments::Words words = args.BigUint64Array(2, "words");
    reply.words = words.data;
    reply.word_count = static_cast<uint32_t>(std::min<size_t>(words.count, UINT32_MAX));
  }
  if (!args.IsUndefined(3)) {
    const Arguments::Bytes bytes = args.Uint8Array(3, "bytes");
    reply.bytes = bytes.data;
    reply.byte_count = bytes.size;
  }
  if (args.ok()) wz_frame_reply(environment.id, frame, &reply);
  return nullptr;
}

napi_value FrameTaken(Environment& environment, Arguments& args) {
  const uint64_t frame = args.Whole(0, "frame"), target = args.Whole(1, "target");
  const uint32_t pieces = args.Uint32(2, "pieces");
  const uint64_t bytes = args.Whole(3, "bytes");
  const uint32_t error = args.Uint32(4, "error");
  const uint64_t ahead = args.Whole(5, "ahead");
  if (args.ok()) wz_frame_taken(environment.id, frame, target, pieces, bytes, error, ahead);
  return nullptr;
}

napi_value FrameCharge(Environment& environment, Arguments& args) {
  const uint64_t frame = args.Whole(0, "frame"), amount = args.BigUint64(1, "amount");
  if (!args.ok()) return nullptr;
  const DirectCalls::Charged charged = environment.direct.Charge(frame, amount);
  if (charged != DirectCalls::kNotOurs) return Boolean(args.env(), charged == DirectCalls::kEnough);
  environment.Adopt(frame);
  return Boolean(args.env(), wz_frame_charge(environment.id, frame, amount) != 0);
}

napi_value GroupsDepend(Environment& environment, Arguments&) {
  environment.groups_depend = true;
  return nullptr;
}

napi_value SourceReady(Environment&, Arguments& args) {
  const uint64_t module = args.Whole(0, "module");
  if (args.ok()) wz_source_ready(module);
  return nullptr;
}

const Binding kBindings[] = {
    {"instantiate", Entry<Instantiate>},
    {"call", Entry<Call>},
    {"moduleFreeze", Entry<ModuleFreeze>},
    {"moduleReset", Entry<ModuleReset>},
    {"imageSave", Entry<ImageSave>},
    {"imageLoad", Entry<ImageLoad>},
    {"imageClose", Entry<ImageClose>},
    {"frameStop", Entry<FrameStop>},
    {"frameReply", Entry<FrameReply>},
    {"frameTaken", Entry<FrameTaken>},
    {"frameCharge", Entry<FrameCharge>},
    {"groupsDepend", Entry<GroupsDepend>},
    {"sourceReady", Entry<SourceReady>},
};

}  // namespace

BindingList FrameBindings() { return ListOf(kBindings); }

}  // namespace wazero_node
