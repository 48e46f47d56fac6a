// What Go calls: the three callbacks of wazero_node.h.
#include <algorithm>
#include <cstring>

#include "environment.h"
#include "lanes/express_pool.h"
#include "process/guard.h"
#include "values/values.h"

namespace wazero_node {
namespace {

/** Any thread. */
uint32_t Post(uint64_t id, const wz_message* message) noexcept {
  try {
    auto environment = Environment::Find(id);
    return environment != nullptr && environment->queue.Push(*message) ? 0 : 1;
  } catch (...) {  // no memory for the copy: to Go, nobody listens any more
    return 1;
  }
}

/** A thrown exception is never JavaScript's of a user: Hooks.upcall parks those. What is left is a stack overflow on
 * the way into it. */
uint32_t AfterFailure(Environment& environment) {
  napi_value exception;
  return environment.TakeException(&exception) ? WZ_REPLY_THREW : WZ_REPLY_DEAD;
}

/** Copies the answer out of the arrays, which JavaScript may have detached meanwhile: then there is none. */
bool CopyAnswer(napi_env env, const MessageArrays& arrays, const wz_message& message, wz_reply* reply) {
  void* data;
  size_t length;
  if (napi_get_typedarray_info(env, arrays.words, nullptr, &length, &data, nullptr, nullptr) != napi_ok) return false;
  const auto* words = static_cast<const uint64_t*>(data);
  if (length < reply->word_count) return false;
  if (reply->word_count != 0) std::memcpy(reply->words, words, reply->word_count * sizeof(uint64_t));
  if (!AnswersBytes(message)) return true;
  if (length <= CountWord(message)) return false;
  const uint64_t used = words[CountWord(message)];
  size_t size;
  if (napi_get_typedarray_info(env, arrays.bytes, nullptr, &size, &data, nullptr, nullptr) != napi_ok) return false;
  const size_t count = std::min<uint64_t>(used, std::min(size, reply->byte_count));
  if (count != 0) std::memcpy(reply->bytes, data, count);
  reply->byte_count = count;
  return true;
}

uint32_t CallHook(Environment& environment, const wz_message& message, wz_reply* reply) {
  napi_env env = environment.env;
  HandleScope scope(env);
  napi_value arguments[7], receiver, result;
  MessageArrays arrays;
  if (napi_get_undefined(env, &receiver) != napi_ok || MakeNumber(env, message.kind, &arguments[0]) != napi_ok ||
      MakeNumber(env, message.frame, &arguments[1]) != napi_ok ||
      MakeNumber(env, message.target, &arguments[2]) != napi_ok ||
      MakeNumber(env, message.module, &arguments[3]) != napi_ok ||
      !MakeMessageArrays(environment, message, message.words, message.bytes, &arrays) ||
      MakeNumber(env, message.result_count, &arguments[6]) != napi_ok) {
    return AfterFailure(environment);
  }
  arguments[4] = arrays.words;
  arguments[5] = arrays.bytes;
  napi_value hook = environment.Value(environment.upcall_hook);
  if (napi_call_function(env, receiver, hook, 7, arguments, &result) != napi_ok) return AfterFailure(environment);
  uint32_t status;
  if (napi_get_value_uint32(env, result, &status) != napi_ok) return WZ_REPLY_THREW;
  if (status == WZ_REPLY_OK && !CopyAnswer(env, arrays, message, reply)) return WZ_REPLY_THREW;
  return status;
}

bool IsShortRead(const wz_message& message) {
  return message.kind == WZ_MSG_FS && message.word_count == 3 && message.words[0] == WZ_FS_READ &&
         message.result_count >= 2 && message.result_bytes <= sizeof(DirectArea::bytes);
}

/** A read of an open file, of which there may be a great many: what crosses does so in the area, and nothing is made for it. */
uint32_t CallReadHook(Environment& environment, const wz_message& message, wz_reply* reply) {
  napi_env env = environment.env;
  DirectArea& area = *environment.direct.area();
  area.frame = static_cast<double>(message.frame);
  area.target = static_cast<double>(message.target);
  area.read = {static_cast<double>(message.words[1]), static_cast<double>(message.words[2]),
               static_cast<double>(message.result_bytes)};
  HandleScope scope(env);
  napi_value receiver, result;
  if (napi_get_undefined(env, &receiver) != napi_ok ||
      napi_call_function(env, receiver, environment.Value(environment.read_hook), 0, nullptr, &result) != napi_ok) {
    return AfterFailure(environment);
  }
  if (area.status != WZ_REPLY_OK) return area.status;
  // Whole numbers that src has checked, but nothing else than these ends up in memory of Go's.
  const size_t count = area.answer.count > 0 ? static_cast<size_t>(area.answer.count) : 0;
  reply->byte_count = std::min({count, reply->byte_count, sizeof(area.bytes)});
  reply->words[0] = static_cast<uint64_t>(area.answer.error);
  reply->words[1] = reply->byte_count;
  if (reply->byte_count != 0) std::memcpy(reply->bytes, area.bytes, reply->byte_count);
  return WZ_REPLY_OK;
}

/** JS thread, inside an export that it called. */
void Upcall(uint64_t id, const wz_message* message, wz_reply* reply) noexcept {
  Environment* environment = SyncScope::Current(id);
  reply->status = environment == nullptr  ? uint32_t{WZ_REPLY_DEAD}
                  : IsShortRead(*message) ? CallReadHook(*environment, *message, reply)
                                          : CallHook(*environment, *message, reply);
}

/** Any thread. */
uint32_t Running(uint64_t id, uint64_t* entry) noexcept {
  *entry = 0;
  try {
    auto environment = Environment::Find(id);
    return environment != nullptr ? environment->direct.Running(entry) : 0;
  } catch (...) {
    return 0;
  }
}

/** Any thread. */
void ExpressOver(uint64_t address, uint32_t usable) noexcept {
  ExpressPool& pool = ExpressPool::Get();
  std::shared_ptr<Environment> ended;  // let go of without the lock
  std::lock_guard<std::mutex> lock(pool.mutex);
  ExpressSlot& slot = *reinterpret_cast<ExpressSlot*>(static_cast<uintptr_t>(address));
  slot.usable.store(usable != 0, std::memory_order_relaxed);
  ended = pool.End(slot);
  pool.changed.notify_all();
}

/** Any thread. */
uint64_t Now(uint64_t id, uint64_t* which) noexcept {
  *which = 0;
  try {
    if (id == 0) return ExpressPool::Get().RunningNow(which);
    auto environment = Environment::Find(id);
    return environment != nullptr ? environment->direct.RunningNow(which) : 0;
  } catch (...) {
    return 0;
  }
}

/** JS thread, likewise. */
uint32_t Alive(uint64_t id) noexcept {
  Environment* environment = SyncScope::Current(id);
  if (environment == nullptr) return 0;
  HandleScope scope(environment->env);
  return environment->Alive() ? 1 : 0;
}

}  // namespace

const wz_callbacks kCallbacks = {WZ_ABI_VERSION, Post, Upcall, Running, Alive, ExpressOver, GuardState, Now};

}  // namespace wazero_node
