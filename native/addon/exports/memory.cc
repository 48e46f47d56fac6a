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
 * itself. Both finalizers run on the JS thread, also while the environment ends; neither touches JavaScript.
 */
class Pin {
 public:
  explicit Pin(uint64_t token) : token_(token) {}
  static void Finalize(napi_env, void*, void* hint) { static_cast<Pin*>(hint)->Release(); }
  void Release() {
    if (--owners_ != 0) return;
    wz_memory_unpin(token_);
    delete this;
  }

 private:
  ~Pin() = default;
  const uint64_t token_;
  std::atomic<int> owners_{2};
};

napi_value MemorySize(Environment&, Arguments& args) {
  const wz_handle memory = args.Whole(0, "memory");
  if (!args.ok()) return nullptr;
  const MemoryInfo info(memory);
  napi_value result;
  if ((info.flags & kClosed) != 0) return napi_create_int32(args.env(), -1, &result) == napi_ok ? result : nullptr;
  return Number(args.env(), info.bytes);
}

napi_value MemoryGeneration(Environment&, Arguments& args) {
  const wz_handle memory = args.Whole(0, "memory");
  return args.ok() ? Number(args.env(), MemoryInfo(memory).generation) : nullptr;
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

napi_value MemoryBuffer(Environment&, Arguments& args) {
  napi_env env = args.env();
  const wz_handle memory = args.Whole(0, "memory");
  if (!args.ok()) return nullptr;
  const MemoryInfo info(memory);
  if ((info.flags & (kShared | kNotOurs | kClosed)) != 0) return nullptr;
  napi_value buffer;
  void* nothing;
  if (info.bytes == 0 || info.base == 0)
    return napi_create_arraybuffer(env, 0, &nothing, &buffer) == napi_ok ? buffer : nullptr;
  const uint64_t token = wz_memory_pin(memory);
  if (token == 0) return nullptr;
  Pin* pin = new Pin(token);
  if (napi_create_external_arraybuffer(env, reinterpret_cast<void*>(info.base), info.bytes, Pin::Finalize, pin,
                                       &buffer) != napi_ok) {
    pin->Release();  // refused (Electron, a sandbox build of V8): neither owner came to be
    pin->Release();
    return nullptr;
  }
  if (napi_add_finalizer(env, buffer, nullptr, Pin::Finalize, pin, nullptr) != napi_ok) pin->Release();
  return buffer;
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
    {"detach", Entry<Detach>},
};

}  // namespace

BindingList MemoryBindings() { return ListOf(kBindings); }

}  // namespace wazero_node
