#ifndef WAZERO_NODE_WATCHER_H
#define WAZERO_NODE_WATCHER_H
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "lanes/direct_entry.h"

#if WAZERO_NODE_DIRECT
#include <pthread.h>
#endif

namespace wazero_node {

/** Of the steady clock, in nanoseconds. */
inline int64_t Now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
constexpr int64_t kNever = INT64_MAX;

/** For wz_frame_options.timeout_ns. */
inline int64_t TimeLeft(int64_t deadline) {
  if (deadline == kNever) return 0;
  const int64_t left = deadline - Now();
  return left > 0 ? left : -1;
}
/** From what src gives: nanoseconds, 0 for none. */
inline int64_t DeadlineIn(double timeout_ns) {
  return timeout_ns > 0 ? Now() + static_cast<int64_t>(timeout_ns) : kNever;
}

/**
 * The thread of the process that knows what time it is: it interrupts direct calls whose deadline has passed, and looks
 * after ExpressPool.
 *
 * A call says when it ends in one word, and looks in another one whether the thread wakes up by then: there is no lock
 * and no system call as long as it does, which is so for calls of the same timeoutMs that follow each other. The thread
 * finds out when it wakes that the call it was set for has long ended, and sleeps until the next one.
 *
 * What it does to a call it does under its lock and only after it has changed the word of that very call; who ends a
 * call takes the word back, and waits where it was changed. So no call that comes after is touched, and nothing that
 * belonged to one that has ended.
 */
class Watcher {
 public:
  static Watcher& Get();

  /** One direct call; all but `deadline` is the JS thread's. */
  struct Call {
    std::atomic<int64_t> deadline{kNever};
    uintptr_t limit = 0;  // address of the stack limit that the guest compares; does not change while it is armed
  };

  /** Starts the thread. False where there is none: nobody would end a call. */
  bool Ready();
  /** Of one JS thread, `count` calls, which do not move. */
  void Add(Call* calls, size_t count);
  void Remove(Call* calls);

  void Arm(Call& call, uintptr_t limit, int64_t deadline) {
    call.limit = limit;
    call.deadline.store(deadline, std::memory_order_seq_cst);
    Expect(deadline);
  }
  void Disarm(Call& call) {
    if (call.deadline.exchange(kNever, std::memory_order_acq_rel) != kFired) return;
    std::lock_guard<std::mutex> wait(mutex_);
  }
  /**
   * A clock that costs a load. It goes on every millisecond for as long as somebody attends to it now and then, and is exact
   * where nobody does. What a call crosses is charged to it, so that many short calls are charged what they run together.
   */
  int64_t tick() const {
    const int64_t tick = tick_.load(std::memory_order_relaxed);
    return tick != 0 ? tick : Now();
  }
  void Attend() {
    if (unattended_.load(std::memory_order_relaxed)) KeepTicking();
  }
  /** Has the thread wake up by then. Whoever calls this has stored before where it finds what to do. */
  void Expect(int64_t when) {
    if (when < next_.load(std::memory_order_seq_cst)) Wake(when);
  }

 private:
  static constexpr int64_t kFired = INT64_MIN;
  struct Calls {
    Call* first;
    size_t count;
  };

  Watcher();
  void Run();
  void Wake(int64_t when);
  void Interrupt(int64_t now);
  int64_t Earliest() const;
  void Sleep();
  void KeepTicking();
  void Tick(int64_t now);

  std::mutex mutex_;
  std::atomic<int64_t> next_{kNever};  // when the thread wakes up; written under the lock
  std::atomic<bool> started_{false};
  bool failed_ = false;
  std::atomic<int64_t> tick_{0};  // 0: it stands
  std::atomic<bool> unattended_{true};
  int64_t next_tick_ = kNever;  // under the lock
  uint32_t rest_ = 0;           // ticks without anybody; likewise
  std::vector<Calls> calls_;
#if WAZERO_NODE_DIRECT
  pthread_cond_t woken_;
#endif
};

}  // namespace wazero_node
#endif
