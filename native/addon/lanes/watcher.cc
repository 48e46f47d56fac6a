#include "lanes/watcher.h"

#include <algorithm>

#include "lanes/express_pool.h"
#include "lanes/guest_stack.h"
#include "process/threads.h"

namespace wazero_node {

constexpr int64_t kTick = 1'000'000;     // ns
constexpr uint32_t kRestTicks = 50;  // after which nobody is waited for

// Never destroyed: its thread runs on while the process exits.
Watcher& Watcher::Get() {
  static auto* instance = new Watcher();
  return *instance;
}

bool Watcher::Ready() {
  if (started_.load(std::memory_order_acquire)) return true;
  std::lock_guard<std::mutex> lock(mutex_);
  if (!started_ && !failed_) {
    failed_ = !StartThread([](void* watcher) -> void* { return static_cast<Watcher*>(watcher)->Run(), nullptr; }, this);
    started_ = !failed_;
  }
  return started_;
}

void Watcher::Add(Call* calls, size_t count) {
  std::lock_guard<std::mutex> lock(mutex_);
  calls_.push_back({calls, count});
}

void Watcher::Remove(Call* calls) {
  std::lock_guard<std::mutex> lock(mutex_);
  calls_.erase(std::remove_if(calls_.begin(), calls_.end(), [&](const Calls& each) { return each.first == calls; }),
               calls_.end());
}

void Watcher::Run() {
  for (;;) {
    const int64_t express = ExpressPool::Get().Look(Now());  // takes a lock of its own, and calls Go
    std::lock_guard<std::mutex> lock(mutex_);
    const int64_t now = Now();
    Interrupt(now);
    Tick(now);
    next_.store(std::min({express, Earliest(), next_tick_}), std::memory_order_seq_cst);
    // Who stored a deadline and then saw the old next_ has not woken us: his store came before this look.
    next_.store(std::min({next_.load(), Earliest(), ExpressPool::Get().due()}), std::memory_order_seq_cst);
    Sleep();
  }
}

/** Somebody enters a guest, and had not since the last tick. */
void Watcher::KeepTicking() {
  unattended_.exchange(false, std::memory_order_acq_rel);
  // Not under the lock while it ticks: on a busy machine the thread loses its processor with it.
  if (tick_.load(std::memory_order_relaxed) != 0 || !Ready()) return;
  const int64_t now = Now();
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (next_tick_ != kNever) return;
    tick_.store(now, std::memory_order_relaxed);
    next_tick_ = now + kTick;
    rest_ = 0;
  }
  Expect(now + kTick);
}

/** mutex_ is held. */
void Watcher::Tick(int64_t now) {
  if (now < next_tick_) return;
  rest_ = unattended_.exchange(true, std::memory_order_relaxed) ? rest_ + 1 : 0;
  const bool rests = rest_ >= kRestTicks;
  tick_.store(rests ? 0 : now, std::memory_order_relaxed);
  next_tick_ = rests ? kNever : now + kTick;
  if (rests) unattended_.store(true, std::memory_order_release);  // whoever has attended meanwhile has seen that it ticks
}

/** mutex_ is held. */
void Watcher::Interrupt(int64_t now) {
  for (const Calls& each : calls_) {
    for (size_t i = 0; i < each.count; i++) {
      Call& call = each.first[i];
      int64_t deadline = call.deadline.load(std::memory_order_acquire);
      if (deadline == kFired || deadline > now) continue;
      if (call.deadline.compare_exchange_strong(deadline, kFired, std::memory_order_acq_rel)) Poison(call.limit);
    }
  }
}

/** Of those that have not been interrupted; mutex_ is held. */
int64_t Watcher::Earliest() const {
  int64_t earliest = kNever;
  for (const Calls& each : calls_) {
    for (size_t i = 0; i < each.count; i++) {
      const int64_t deadline = each.first[i].deadline.load(std::memory_order_seq_cst);
      if (deadline != kFired) earliest = std::min(earliest, deadline);
    }
  }
  return earliest;
}

#if WAZERO_NODE_DIRECT
// The clock of a condition variable of C++ is the system's, which somebody may set, where glibc is an old one.
Watcher::Watcher() {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&woken_, &attributes);
  pthread_condattr_destroy(&attributes);
}

void Watcher::Wake(int64_t when) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (when >= next_.load(std::memory_order_relaxed)) return;
  next_.store(when, std::memory_order_seq_cst);
  pthread_cond_signal(&woken_);
}

/** Until next_, which may change meanwhile; mutex_ is held, and is not meanwhile. */
void Watcher::Sleep() {
  constexpr int64_t kSecond = 1'000'000'000;
  for (;;) {
    const int64_t next = next_.load(std::memory_order_relaxed);
    if (next <= Now()) return;
    if (next == kNever) {
      pthread_cond_wait(&woken_, mutex_.native_handle());
    } else {
      const timespec until = {static_cast<time_t>(next / kSecond), static_cast<long>(next % kSecond)};
      pthread_cond_timedwait(&woken_, mutex_.native_handle(), &until);
    }
  }
}
#else
Watcher::Watcher() = default;
void Watcher::Wake(int64_t) {}
void Watcher::Sleep() {}
#endif

}  // namespace wazero_node
