#include <atomic>

#include "bindings.h"

namespace wazero_node {
namespace {

/** What wz_memory_info answers. */
struct MemoryInfo {
  uint64_t base, bytes, generation, flags;

  explicit MemoryInfo(wz_handle memory) {
    uint64_t out[4] = {0, 0, 0, 0};
    wz_memory_info(memory, out);
    base = out[0], bytes = out[1], generation = out[2], flags = out[3];
  }
};

constexpr uint64_t kShared = 1, kNotOurs = 2, kClosed = 4;  // flags of wz_memory_info

/**
 * Keeps the range of a guest's memory from being given to another one. Two must be gone before it is: the backing store
 * (which outlives the ArrayBuffer where it was transferred, or an I/O request is under way) and the ArrayBuffer object
 * itself. Of a buffer that only src holds there is but the first: after its detachment there is no way to the bytes. Both finalizers run on
 * the JS thread, also while the environment ends; neither touches JavaScript.
 */
class Pin {
 public:
  Pin(uint64_t token, int owners) : token_(token), owners_(owners) {}
  static void Finalize(napi_env, void*, void* hint) { static_cast<Pin*>(hint)->Release(); }
  void Release() {
    if (--owners_ != 0) return;
    wz_memory_unpin(token_);
    delete this;
  }

 private:
  ~Pin() = default;
  const uint64_t token_;
  std::atomic<int> owners_;
};

napi_value Closed(napi_env env) {
  napi_value result;
  return napi_create_int32(env, -1, &result) == napi_ok ? result : nullptr;
}

napi_value MemorySize(Environment&, Arguments& args) {
  const wz_handle memory = args.Whole(0, "memory");
  if (!args.ok()) return nullptr;
  const MemoryInfo info(memory);
  return (info.flags & kClosed) != 0 ? Closed(args.env()) : Number(args.env(), info.bytes);
}

napi_value MemoryGeneration(Environment&, Arguments& args) {
  const wz_handle memory = args.Whole(0, "memory");
  if (!args.ok()) return nullptr;
  const MemoryInfo info(memory);
  return (info.flags & kClosed) != 0 ? Closed(args.env()) : Number(args.env(), info.generation);
}

napi_value MemoryGrow(Environment&, Arguments& args) {
  const wz_handle memory = args.Whole(0, "memory");
  const uint32_t delta = args.Uint32(1, "deltaPages");
  if (!args.ok()) return nullptr;
  const auto previous = static_cast<int32_t>(wz_memory_grow(memory, delta));  // at most 65,536 pages, or -1
  napi_value result = nullptr;
  return napi_create_int32(args.env(), previous, &result) == napi_ok ? result : nullptr;
}

napi_value MemoryRead(Environment&, Arguments& args) {
  const wz_handle memory = args.Whole(0, "memory");
  const uint64_t offset = args.Whole(1, "offset");
  const Arguments::Bytes into = args.Uint8Array(2, "into");
  return args.ok() ? Boolean(args.env(), wz_memory_read(memory, offset, into.data, into.size) != 0) : nullptr;
}

napi_value MemoryWrite(Environment&, Arguments& args) {
  const wz_handle memory = args.Whole(0, "memory");
  const uint64_t offset = args.Whole(1, "offset");
  const Arguments::Bytes bytes = args.Uint8Array(2, "bytes");
  return args.ok() ? Boolean(args.env(), wz_memory_write(memory, offset, bytes.data, bytes.size) != 0) : nullptr;
}

/**
 * An ArrayBuffer over all of the memory, with who keeps its range: null where there can be none, or an exception is
 * pending.
 */
struct Shown {
  napi_value buffer = nullptr;
  uint64_t token = 0;
  Pin* pin = nullptr;

  Shown(napi_env env, wz_handle memory, int owners) {
    const MemoryInfo info(memory);
    if ((info.flags & (kShared | kNotOurs | kClosed)) != 0) return;
    void* nothing;
    if (info.bytes == 0 || info.base == 0) {
      if (napi_create_arraybuffer(env, 0, &nothing, &buffer) != napi_ok) buffer = nullptr;
      return;
    }
    token = wz_memory_pin(memory);
    if (token == 0) return;
    pin = new Pin(token, owners);
    if (napi_create_external_arraybuffer(env, reinterpret_cast<void*>(info.base), info.bytes, Pin::Finalize, pin,
                                         &buffer) == napi_ok) {
      return;
    }
    for (int i = 0; i < owners; i++) pin->Release();  // refused (Electron, a sandbox build of V8): no owner came to be
    buffer = nullptr;
  }
};

napi_value MemoryBuffer(Environment&, Arguments& args) {
  const wz_handle memory = args.Whole(0, "memory");
  if (!args.ok()) return nullptr;
  const Shown shown(args.env(), memory, 2);
  if (shown.buffer != nullptr && shown.pin != nullptr &&
      napi_add_finalizer(args.env(), shown.buffer, nullptr, Pin::Finalize, shown.pin, nullptr) != napi_ok) {
    shown.pin->Release();
  }
  return shown.buffer;
}

napi_value MemoryView(Environment&, Arguments& args) {
  napi_env env = args.env();
  const wz_handle memory = args.Whole(0, "memory");
  if (!args.ok()) return nullptr;
  const Shown shown(env, memory, 1);
  napi_value pair;
  if (shown.buffer == nullptr || napi_create_array_with_length(env, 2, &pair) != napi_ok ||
      napi_set_element(env, pair, 0, shown.buffer) != napi_ok ||
      napi_set_element(env, pair, 1, Number(env, shown.token)) != napi_ok) {
    return nullptr;
  }
  return pair;
}

/** Its Pin does so again when the backing store goes, in a turn to come. */
napi_value MemoryUnpin(Environment&, Arguments& args) {
  const uint64_t token = args.Whole(0, "pin");
  if (args.ok()) wz_memory_unpin(token);
  return nullptr;
}

napi_value Detach(Environment&, Arguments& args) {
  if (napi_detach_arraybuffer(args.env(), args[0]) != napi_ok)
    ThrowExpected(args.env(), "an ArrayBuffer that can be detached", "buffer", args[0]);
  return nullptr;
}

const Binding kBindings[] = {
    {"memorySize", Entry<MemorySize>},   {"memoryGeneration", Entry<MemoryGeneration>},
    {"memoryGrow", Entry<MemoryGrow>},   {"memoryRead", Entry<MemoryRead>},
    {"memoryWrite", Entry<MemoryWrite>}, {"memoryBuffer", Entry<MemoryBuffer>},
    {"memoryView", Entry<MemoryView>},   {"memoryUnpin", Entry<MemoryUnpin>},
    {"detach", Entry<Detach>},
};

}  // namespace

BindingList MemoryBindings() { return ListOf(kBindings); }

}  // namespace wazero_node
