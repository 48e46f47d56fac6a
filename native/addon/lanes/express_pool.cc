#include "lanes/express_pool.h"

#include <chrono>
#include <thread>

#include "environment.h"
#include "lanes/direct_entry.h"
#include "lanes/guest_stack.h"
#include "process/signals.h"
#include "values/values.h"

#if WAZERO_NODE_DIRECT
#include <pthread.h>
#include <signal.h>
#endif

namespace wazero_node {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;

constexpr auto kMostSpin = microseconds(100);  // without work, before the thread sleeps
constexpr auto kRound = std::chrono::milliseconds(1);
constexpr uint32_t kRoundsOfRest = 100;  // without a run, after which nobody watches
constexpr uint32_t kRoundsToStuck = 3;   // with the same run
constexpr size_t kMostLent = 256, kMostIdle = 64;  // stacks
constexpr uint32_t kLeft = 400'000;  // ns that leaving to Go counts as
constexpr size_t kThreadStack = 512 << 10;  // guests have their own
constexpr intptr_t kPoison = INT64_MAX;  // as in edit e2

void Note(ExpressSlot& slot, uint32_t nanoseconds) {
  const uint32_t average = slot.nanoseconds.load(std::memory_order_relaxed);
  slot.nanoseconds.store(average - average / 8 + nanoseconds / 8, std::memory_order_relaxed);
}

#if WAZERO_NODE_DIRECT
/**
 * Signals are for other threads, but those that a fault raises. Go unblocks what it needs where it is called. A thread that waits in threads.cc
 * has such a mask already; this is for one that the system makes.
 */
bool StartThread(void* (*run)(void*), void* argument) {
  const sigset_t asynchronous = AsynchronousSignals();
  sigset_t before;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kThreadStack);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_sigmask(SIG_BLOCK, &asynchronous, &before);
  pthread_t thread;
  const bool started = pthread_create(&thread, &attributes, run, argument) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  return started;
}
#else
bool StartThread(void* (*)(void*), void*) { return false; }
#endif

}  // namespace

void Interrupt(const ExpressSlot& slot) {
  AtomicAt<intptr_t>(slot.entry.stack_limit).store(kPoison, std::memory_order_seq_cst);
}

// Never destroyed: its threads run on while the process exits.
ExpressPool& ExpressPool::Get() {
  static auto* instance = new ExpressPool();
  return *instance;
}

ExpressPool::ExpressPool() : spins_(std::thread::hardware_concurrency() > 1) {}

bool ExpressPool::Ready() {
  if (stuck_.load(std::memory_order_relaxed) || lent_.load(std::memory_order_relaxed) >= kMostLent) return false;
  std::lock_guard<std::mutex> lock(mutex);
  if (!started_ && !failed_) {
    failed_ = !StartThread([](void* pool) -> void* { return static_cast<ExpressPool*>(pool)->Work(), nullptr; }, this);
    // Without one that watches a guest would hold the other thread for ever: nothing is queued then.
    failed_ = failed_ ||
              !StartThread([](void* pool) -> void* { return static_cast<ExpressPool*>(pool)->Watch(), nullptr; }, this);
    started_ = !failed_;
  }
  return started_;
}

void ExpressPool::Push(ExpressSlot& slot) {
  slot.state = ExpressSlot::State::kWaiting;
  slot.next = nullptr;
  (last_ == nullptr ? first_ : last_->next) = &slot;
  last_ = &slot;
  waiting_.store(waiting_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  if (asleep_) work_.notify_one();
}

ExpressSlot* ExpressPool::Pop() {
  ExpressSlot* slot = first_;
  if (slot == nullptr) return nullptr;
  first_ = slot->next;
  if (first_ == nullptr) last_ = nullptr;
  waiting_.store(waiting_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
  return slot;
}

bool ExpressPool::TakeStack(ExpressSlot& slot) {
  if (lent_.load(std::memory_order_relaxed) >= kMostLent) return false;
  if (!stacks_.empty()) {
    slot.stack = stacks_.back();
    stacks_.pop_back();
  } else {
    slot.stack = MakeGuestStack();
    if (slot.stack == nullptr) return false;
  }
  lent_++;
  slot.limit = LimitOf(slot.entry, slot.stack + kStackSize);
  return true;
}

void ExpressPool::GiveStack(ExpressSlot& slot) {
  if (slot.stack == nullptr) return;
  lent_--;
  if (stacks_.size() < kMostIdle) stacks_.push_back(slot.stack);
  else FreeGuestStack(slot.stack);
  slot.stack = slot.limit = nullptr;
}

std::shared_ptr<Environment> ExpressPool::End(ExpressSlot& slot) {
  GiveStack(slot);
  slot.state = ExpressSlot::State::kIdle;
  slot.known = ExpressSlot::Known::kNo;
  slot.entered = slot.answered = false;
  return std::move(slot.environment);
}

void ExpressPool::Leave(ExpressSlot& slot, uint32_t at, uint32_t status, std::unique_lock<std::mutex>& lock) {
  changed.wait(lock, [&] { return slot.known != ExpressSlot::Known::kSoon; });
  const bool active = slot.state != ExpressSlot::State::kParked;
  slot.state = ExpressSlot::State::kLeaving;
  std::shared_ptr<Environment> environment = slot.environment, ended;
  wz_frame_options options = environment->Options(slot.frame, WZ_LANE_ASYNC);
  uint8_t* stack = slot.stack == nullptr ? nullptr : slot.limit - slot.entry.headroom;
  const size_t size = slot.stack == nullptr ? 0 : slot.stack + kStackSize - stack;
  lock.unlock();
  Result result;
  wz_express_continue(&options, slot.entry.handle, reinterpret_cast<uintptr_t>(&slot), at, stack, size,
                      slot.words.data(), static_cast<uint32_t>(slot.words.size()), status, slot.answer.data(),
                      static_cast<uint32_t>(slot.answer.size()), &result);
  if (active) environment->express.active--;
  lock.lock();
  // The environment has ended, and nobody waits for the call; or it may have ended already.
  if (result.status != WZ_OK) ended = End(slot);
  else if (slot.state == ExpressSlot::State::kLeaving) slot.state = ExpressSlot::State::kWithGo;
  changed.notify_all();
  lock.unlock();
  ended.reset();
  environment.reset();  // it may have been the last, and the slot goes with it
  lock.lock();
}

void ExpressPool::Work() {
  std::unique_lock<std::mutex> lock(mutex);
  for (auto spin = kMostSpin;;) {
    if (ExpressSlot* slot = Pop()) {
      Run(*slot, lock);
      continue;
    }
    // Waking a thread costs more than most guest functions: it stays awake as long as that has been worth while lately.
    const auto begin = Clock::now();
    if (spins_ && spin > microseconds(0)) {
      lock.unlock();
      do {
        for (int i = 0; i < 32 && waiting() == 0; i++) Pause();
      } while (waiting() == 0 && Clock::now() - begin < spin);
      lock.lock();
      if (first_ != nullptr) {
        spin = std::min(2 * spin, kMostSpin);
        continue;
      }
      spin /= 2;
    }
    asleep_ = true;
    work_.wait(lock, [&] { return first_ != nullptr; });
    asleep_ = false;
    if (Clock::now() - begin < kMostSpin) spin = std::max(2 * spin, microseconds(10));
  }
}

void ExpressPool::Run(ExpressSlot& slot, std::unique_lock<std::mutex>& lock) {
  using State = ExpressSlot::State;
  using Known = ExpressSlot::Known;
  std::shared_ptr<Environment> environment = slot.environment;
  const wz_direct_entry& entry = slot.entry;
  const auto& closed = AtomicAt<uint64_t>(entry.closed);
  uint32_t& exit_code = At<uint32_t>(entry.exit_code);
  changed.wait(lock, [&] { return slot.known != Known::kSoon; });
  if (slot.known == Known::kYes || closed.load(std::memory_order_acquire) != 0 || (!slot.entered && !TakeStack(slot))) {
    LeaveFromQueue(slot, lock);
    return;
  }
  slot.state = State::kRunning;
  current_ = &slot;
  runs_++;
  if (!watched_) {
    watched_ = true;
    watch_.notify_one();
  }
  if (!slot.entered) AtomicAt<uintptr_t>(entry.stack_limit).store(reinterpret_cast<uintptr_t>(slot.limit));
  lock.unlock();

  const auto begin = Clock::now();
  if (!slot.entered) {
    slot.entered = true;
    wazero_node_enter(entry.preamble, entry.executable, entry.context, entry.module_context, slot.words.data(),
                      reinterpret_cast<uintptr_t>(slot.stack + kStackSize - 16));
  } else {
    std::copy_n(slot.answer.data(), slot.results, HostWords(entry));
    slot.answered = false;
    exit_code = 0;
    wazero_node_resume(At<uintptr_t>(entry.return_address), entry.context, At<uintptr_t>(entry.stack_pointer),
                       At<uintptr_t>(entry.frame_pointer));
  }
  const auto took = std::chrono::nanoseconds(Clock::now() - begin).count();
  Note(slot, static_cast<uint32_t>(std::min<int64_t>(took, kLeft)));

  lock.lock();
  current_ = nullptr;
  runs_++;
  changed.wait(lock, [&] { return slot.known != Known::kSoon; });
  const wz_direct_host* host = HostOf(entry, exit_code);
  const uint64_t frame = slot.frame;
  if (slot.known == Known::kYes || closed.load(std::memory_order_acquire) != 0) {
    Leave(slot, exit_code == 0 ? WZ_AT_END : WZ_AT_EXIT, WZ_REPLY_NONE, lock);
  } else if (exit_code == 0) {
    std::vector<uint64_t> words = slot.words;
    std::shared_ptr<Environment> ended = End(slot);
    lock.unlock();
    environment->queue.PushExpress(WZ_MSG_DONE, frame, 0, 0, std::move(words));
    environment->express.active--;
    ended.reset();
    environment.reset();  // it may have been the last, and the slot goes with it
    lock.lock();
  } else if (host != nullptr && std::max(host->params, host->results) <= kDirectWords &&
             At<uintptr_t>(entry.caller_module) == entry.module_context) {
    const uint64_t* asked = HostWords(entry);
    std::vector<uint64_t> words(std::max(host->params, host->results));
    std::copy_n(asked, host->params, words.data());
    slot.results = host->results;
    slot.state = State::kParked;
    lock.unlock();
    environment->queue.PushExpress(WZ_MSG_HOST_CALL, frame, host->id, entry.module, std::move(words));
    environment->express.active--;
    environment.reset();
    lock.lock();
  } else {
    Note(slot, kLeft);
    Leave(slot, WZ_AT_EXIT, WZ_REPLY_NONE, lock);
  }
}

void ExpressPool::LeaveFromQueue(ExpressSlot& slot, std::unique_lock<std::mutex>& lock) {
  Leave(slot, slot.entered ? WZ_AT_EXIT : WZ_AT_START, slot.answered ? WZ_REPLY_OK : WZ_REPLY_NONE, lock);
}

void ExpressPool::Watch() {
  std::unique_lock<std::mutex> lock(mutex);
  for (;;) {
    watch_.wait(lock, [&] { return watched_; });
    while (watched_) {
      lock.unlock();
      std::this_thread::sleep_for(kRound);
      lock.lock();
      Look(lock);
    }
  }
}

void ExpressPool::Look(std::unique_lock<std::mutex>& lock) {
  const bool same = runs_ == seen_;
  seen_ = runs_;
  if (current_ == nullptr || !same) {
    same_ = 0;
    idle_ = same ? idle_ + 1 : 0;
    if (stuck_) {
      stuck_ = false;
      lock.unlock();
      wz_express_stuck(0);
      lock.lock();
    } else if (idle_ >= kRoundsOfRest && first_ == nullptr) {
      watched_ = false;
      idle_ = 0;
    }
    return;
  }
  Interrupt(*current_);
  if (++same_ < kRoundsToStuck) return;
  if (!stuck_) {
    stuck_ = true;
    lock.unlock();
    wz_express_stuck(1);
    lock.lock();
  }
  while (ExpressSlot* slot = Pop()) LeaveFromQueue(*slot, lock);
}

}  // namespace wazero_node
