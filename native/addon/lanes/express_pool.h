#ifndef WAZERO_NODE_EXPRESS_POOL_H
#define WAZERO_NODE_EXPRESS_POOL_H
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "lanes/express.h"
#include "lanes/thread_clock.h"
#include "lanes/turns.h"
#include "lanes/watcher.h"

namespace wazero_node {

/**
 * The thread of the process that runs express calls, one after the other, of each tenant in turn; Watcher looks after it. What runs for long is
 * interrupted and goes to Go, which gives guests their slices; what cannot be interrupted counts as one of Go's slots,
 * and until it has ended all calls go through Go. So does a call whose deadline has passed.
 *
 * Calls that have been quick lately are not told to the thread, if they are few or tiny: the JS thread runs them when it has nothing else to do
 * in this turn (Help), which takes less than waking another one. Where it does not come to that, Watcher calls the thread.
 *
 * No lock is held while guest code runs, nor while Go or JavaScript are called.
 */
class ExpressPool {
 public:
  static ExpressPool& Get();

  std::mutex mutex;                 // of the queue and of all slots
  std::condition_variable changed;  // a slot has left kLeaving, or Known::kSoon

  /** mutex is held: queues a slot, which is kWaiting then. Whoever does sees to Watcher afterwards, which is to wake up at due(). */
  void Push(ExpressSlot& slot);
  /** Likewise: the thread is to run what waits. */
  void Call();
  /** Takes mutex, if something waits. */
  void CallIfAnyWaits();
  /** JS thread, without the lock: runs the next call of this environment that is quick. lone: Turns. */
  bool Help(Environment& environment, bool* lone);
  /** Takes mutex. Of code that is gone another's may have the address: what it inherits it loses with its first run that is not quick. */
  std::shared_ptr<ExpressPace> PaceOf(const wz_direct_entry& entry);
  /** Takes mutex. Whether calls may begin: false where there is no thread, or it is stuck, or too many guests are parked. */
  bool Ready();
  size_t waiting() const { return waiting_.load(std::memory_order_relaxed); }
  /** More than one processor: it is worth while to wait for another thread without sleeping. */
  bool spins() const { return spins_; }

  /** The rest of the call is Go's. mutex is held by `lock`, and is not meanwhile. `at` is a WZ_AT_... */
  void Leave(ExpressSlot& slot, uint32_t at, uint32_t status, std::unique_lock<std::mutex>& lock);
  /** Go is to know the call, which may be under way: has it make a frame, and leaves the call to Go. Likewise. */
  void Adopt(ExpressSlot& slot, std::unique_lock<std::mutex>& lock);
  /** It has ended, in Go or here. mutex is held; what comes back is to be dropped without it. */
  std::shared_ptr<Environment> End(ExpressSlot& slot);

  /** For Watcher: does what is due, and says when it has to come again. */
  int64_t Look(int64_t now);
  /** The same time, without a lock: it may have become an earlier one since. */
  int64_t due() const { return due_.load(std::memory_order_seq_cst); }

  /** wz_callbacks.now */
  uint64_t RunningNow(uint64_t* which) {
    std::lock_guard<std::mutex> lock(mutex);
    *which = runs_;
    return own_.slot == nullptr ? 0 : own_.slot->entry.handle;
  }

 private:
  /** Who runs guests: the thread, or a JS thread that helps. */
  struct Runner {
    ExpressSlot* slot = nullptr;
    uint32_t rounds = 0;  // of the watch, with the same run
  };

  ExpressPool();
  void Work();
  ExpressSlot* Pop();
  void Run(ExpressSlot& slot, Runner& runner, std::unique_lock<std::mutex>& lock);
  void Enter(ExpressSlot& slot);
  void LeaveFromQueue(ExpressSlot& slot, std::unique_lock<std::mutex>& lock);
  void LookAtRun(std::unique_lock<std::mutex>& lock);
  void Forget(ExpressSlot& slot);  // its deadline
  void Due(int64_t when);
  bool AllLent() const;
  bool TakeStack(ExpressSlot& slot);
  void GiveStack(ExpressSlot& slot);
  void FreeIdle(std::unique_lock<std::mutex>& lock);

  struct Line {
    ExpressSlot *first = nullptr, *last = nullptr;
  };
  Line lines_[kShares];
  Turns turns_;
  std::atomic<size_t> waiting_{0};
  std::atomic<bool> called_{false};  // the thread is to run what waits
  std::condition_variable work_;
  std::atomic<int64_t> due_{kNever};
  int64_t round_ = 0;               // while watched_: of the next look at what runs
  std::vector<ExpressSlot*> late_;  // those with a deadline, in no order, until Go has them or they have ended
  std::atomic<bool> stuck_{false};
  bool started_ = false, failed_ = false, asleep_ = false, watched_ = false, spins_ = false;
  Runner own_;
  std::vector<Runner*> running_;  // all whose guest runs
  uint64_t runs_ = 0, seen_ = 0;
  uint32_t idle_ = 0;             // rounds of the watch without a run
  std::unordered_map<uintptr_t, std::shared_ptr<ExpressPace>> paces_;  // by the address of the code
  std::vector<uint8_t*> stacks_;    // idle ones
  size_t stack_size_ = 0;           // of each: known with the first
  std::atomic<size_t> lent_{0};
};

/** Between two looks at what another thread will write. */
inline void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace wazero_node
#endif
