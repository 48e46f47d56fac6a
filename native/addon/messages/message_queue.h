#ifndef WAZERO_NODE_MESSAGE_QUEUE_H
#define WAZERO_NODE_MESSAGE_QUEUE_H
#include <atomic>
#include <chrono>
#include <mutex>
#include <vector>

#include "lanes/turns.h"
#include "values/napi_setup.h"

namespace wazero_node {

class Environment;

/** A wz_message with its own copies. */
struct Message {
  wz_message head;  // words and bytes of it are not used
  std::vector<uint64_t> words;
  std::vector<uint8_t> bytes;
  bool express = false;  // of ExpressPool: JavaScript takes it from the DirectArea
  uint8_t share = 0;     // Turns
  // Of an express message there are mostly few words, which are here and not in a vector: how many word_count of head says.
  static constexpr size_t kFew = 4;
  uint64_t few[kFew];
};

/**
 * Messages of Go for one JS thread. Many threads push, the JS thread drains; one wake-up serves all that came before
 * it.
 *
 * A drain ends after some work, for what JavaScript does with what was delivered comes after it. Node calls a threadsafe function again at once, up to a thousand times, when
 * it was called from within its own callback, and the event loop would starve: so there are two of them, and a drain
 * that is not finished calls the other one, whose turn comes in the next round of the loop.
 *
 * DirectArea::endings counts messages that were pushed and not yet delivered, of those that may say that a module is closed:
 * while there are any, JavaScript asks before it touches a memory.
 */
class MessageQueue {
 public:
  /** JS thread. */
  bool Open(Environment* environment);
  /** JS thread: while active, the queue keeps the event loop alive. */
  bool SetActive(bool active);
  /** JS thread, in the cleanup hook: nothing is pushed afterwards, and no threadsafe function touched. */
  void Close();
  /** Any thread; copies. False once closed. */
  bool Push(const wz_message& message);

  /** Any thread: the end of an express call, or a question in it. */
  bool PushExpress(uint8_t share, uint32_t kind, uint64_t frame, uint64_t target, wz_handle module, const uint64_t* words, size_t count);

  /** JS thread, before something that will push: Poll comes at the end of this turn's work, or early in the next one, so nobody need wake it. */
  void Expect();
  /** Delivers what has come since. Whether there is more: then it is to be called again, after what follows from what was delivered. */
  bool Poll();
  size_t size() const { return size_.load(std::memory_order_acquire); }

  static constexpr int kFunctions = 2;
  /** Any thread: threadsafe functions of the process that Node has not deleted yet. */
  static int OpenFunctions();

 private:
  static void OnWake(napi_env env, napi_value, void* context, void* data);
  bool Drain(std::chrono::microseconds work);
  bool PollFollows();
  bool Take(Message* message);
  void Sort();
  bool Wake(size_t turn);  // mutex_ is held
  bool Append(Message message);
  static bool IsEnding(const Message& message);
  bool Deliver(const Message& message);
  bool DeliverExpress(const Message& message);
  bool AfterCall(napi_status status);

  Environment* environment_ = nullptr;
  napi_threadsafe_function wakers_[kFunctions] = {};
  bool active_ = false;
  struct Line {
    std::vector<Message> messages;
    size_t next = 0;
  };
  std::vector<Message> taken_;  // all that there was, for one lock; JS thread, as those below
  Line lines_[kShares];
  Turns turns_;

  std::mutex mutex_;
  std::vector<Message> messages_;
  std::atomic<bool> arrived_{false};  // there are some
  std::atomic<size_t> size_{0};  // with those that were taken, and are not delivered yet
  bool expected_ = false;  // Poll is due
  bool woken_ = false;  // a drain is due or at work: whoever pushes need not wake it
  bool closed_ = true;
};

}  // namespace wazero_node
#endif
