#include "lanes/express_pool.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "environment.h"
#include "lanes/direct_entry.h"
#include "lanes/guest_stack.h"
#include "lanes/watcher.h"
#include "process/threads.h"
#include "values/values.h"

namespace wazero_node {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;

constexpr auto kMostSpin = microseconds(100);  // without work, before the thread sleeps
constexpr int64_t kRound = 1'000'000;  // ns, between two looks at what runs
constexpr uint32_t kRoundsOfRest = 100;  // without a run, after which nobody watches
constexpr uint32_t kRoundsToStuck = 3;   // with the same run
constexpr uint32_t kLeft = 300'000;  // ns that leaving to Go counts as: of one that is quick as a rule, once is not enough to be short no more (kShort)
constexpr uint32_t kQuickRun = 20'000;  // ns
constexpr size_t kMostPaces = 4096;

void Note(ExpressSlot& slot, uint32_t nanoseconds) {
  const uint32_t average = slot.nanoseconds.load(std::memory_order_relaxed);
  slot.nanoseconds.store(average - average / 8 + nanoseconds / 8, std::memory_order_relaxed);
}

/** After it has run for so long; whoever runs it. */
void NoteRun(ExpressSlot& slot, int64_t took) {
  // The shorter of two in a row: a thread that has to wait for a processor in the middle of one is not slow for that.
  const uint32_t now = static_cast<uint32_t>(std::min<int64_t>(took, kLeft));
  Note(slot, std::min(now, slot.took));
  slot.took = now;
  // Of two threads that do this at a time one may be in vain.
  std::atomic<uint32_t>& shown = slot.pace->quick;
  const uint32_t quick = shown.load(std::memory_order_relaxed);
  shown.store(now < kQuickRun ? std::min(quick + 1, ExpressPace::kMostQuick) : quick - std::min(quick, ExpressPace::kMostQuick / 2),
              std::memory_order_relaxed);
}

/** It has run for so long; what Go is to be told. The lock of the pool is held. */
uint64_t Charge(const wz_direct_entry& entry, uint64_t nanoseconds) {
  wz_account& account = AccountOf(entry);
  Count(account.express_ran, nanoseconds);
  const uint64_t untold = account.express_ran - account.express_told;
  if (!IsMetered(entry) || untold < kTold) return 0;
  Count(account.express_told, untold);
  return untold;
}

}  // namespace

// Never destroyed: its threads run on while the process exits.
ExpressPool& ExpressPool::Get() {
  static auto* instance = new ExpressPool();
  return *instance;
}

ExpressPool::ExpressPool() : spins_(std::thread::hardware_concurrency() > 1) {}

bool ExpressPool::Ready() {
  if (stuck_.load(std::memory_order_relaxed) || AllLent()) return false;
  std::lock_guard<std::mutex> lock(mutex);
  if (!started_ && !failed_) {
    failed_ = !StartThread([](void* pool) -> void* { return static_cast<ExpressPool*>(pool)->Work(), nullptr; }, this);
    // Without one that watches a guest would hold the other thread for ever: nothing is queued then.
    failed_ = failed_ || !Watcher::Get().Ready();
    started_ = !failed_;
  }
  return started_;
}

void ExpressPool::Push(ExpressSlot& slot) {
  slot.state = ExpressSlot::State::kWaiting;
  slot.next = nullptr;
  Line& line = lines_[slot.share];
  if (line.first == nullptr) turns_.Join(slot.share);
  (line.first == nullptr ? line.first : line.last->next) = &slot;
  line.last = &slot;
  if (slot.deadline != kNever && slot.late_at == ExpressSlot::kNowhere) {
    slot.late_at = late_.size();
    late_.push_back(&slot);
    Due(slot.deadline);
  }
  if (!watched_) {
    watched_ = true;
    round_ = Now() + kRound;
    Due(round_);
  }
  waiting_.store(waiting_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

std::shared_ptr<ExpressPace> ExpressPool::PaceOf(const wz_direct_entry& entry) {
  std::lock_guard<std::mutex> lock(mutex);
  if (paces_.size() >= kMostPaces) paces_.clear();  // those that are open keep theirs
  std::shared_ptr<ExpressPace>& pace = paces_[entry.executable];
  if (pace == nullptr) pace = std::make_shared<ExpressPace>();
  return pace;
}

void ExpressPool::Call() {
  called_.store(true, std::memory_order_release);
  if (asleep_) work_.notify_one();
}

void ExpressPool::CallIfAnyWaits() {
  if (waiting() == 0 || called_.load(std::memory_order_relaxed)) return;
  std::lock_guard<std::mutex> lock(mutex);
  if (turns_.count() != 0) Call();
}

bool ExpressPool::Help(Environment& environment, bool* lone) {
  if (waiting() == 0) return false;
  std::unique_lock<std::mutex> lock(mutex);
  for (size_t left = turns_.count(); left > 0; left--) {
    ExpressSlot& slot = *lines_[turns_.next()].first;
    if (slot.environment.get() != &environment || !slot.IsQuick()) {
      turns_.Pass(true);
      continue;
    }
    Pop();
    *lone = turns_.lone();
    Runner runner;
    environment.direct.Show(&slot.entry);
    Run(slot, runner, lock);
    environment.direct.Show(nullptr);
    return true;
  }
  return false;
}

ExpressSlot* ExpressPool::Pop() {
  if (turns_.count() == 0) return nullptr;
  Line& line = lines_[turns_.next()];
  ExpressSlot* slot = line.first;
  line.first = slot->next;
  turns_.Pass(line.first != nullptr);
  waiting_.store(waiting_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
  return slot;
}

void ExpressPool::Forget(ExpressSlot& slot) {
  if (slot.late_at == ExpressSlot::kNowhere) return;
  late_[slot.late_at] = late_.back();
  late_[slot.late_at]->late_at = slot.late_at;
  late_.pop_back();
  slot.late_at = ExpressSlot::kNowhere;
}

void ExpressPool::Due(int64_t when) {
  if (when < due_.load(std::memory_order_relaxed)) due_.store(when, std::memory_order_seq_cst);
}

std::shared_ptr<Environment> ExpressPool::End(ExpressSlot& slot) {
  GiveStack(slot);
  Forget(slot);
  slot.state = ExpressSlot::State::kIdle;
  slot.known = ExpressSlot::Known::kNo;
  slot.entered = slot.answered = false;
  return std::move(slot.environment);
}

void ExpressPool::Leave(ExpressSlot& slot, uint32_t at, uint32_t status, std::unique_lock<std::mutex>& lock) {
  changed.wait(lock, [&] { return slot.known != ExpressSlot::Known::kSoon; });
  const bool active = slot.state != ExpressSlot::State::kParked;
  Count(AccountOf(slot.entry).express_begun, -1);  // Go counts it from now on
  slot.state = ExpressSlot::State::kLeaving;
  Forget(slot);  // Go has a timer
  std::shared_ptr<Environment> environment = slot.environment, ended;
  wz_frame_options options = environment->Options(slot.frame, WZ_LANE_ASYNC, slot.deadline, slot.fuel, slot.cpu, slot.ran);
  uint8_t* stack = slot.stack == nullptr ? nullptr : slot.limit - slot.entry.headroom;
  const size_t size = slot.stack == nullptr ? 0 : slot.stack_end - stack;
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

void ExpressPool::Adopt(ExpressSlot& slot, std::unique_lock<std::mutex>& lock) {
  using State = ExpressSlot::State;
  using Known = ExpressSlot::Known;
  // Two may want to: the JS thread, and the watcher because of a deadline.
  changed.wait(lock, [&] { return slot.state != State::kLeaving && slot.known != Known::kSoon; });
  if (slot.state == State::kParked) {
    Leave(slot, WZ_AT_QUESTION, WZ_REPLY_NONE, lock);
  } else if ((slot.state == State::kWaiting || slot.state == State::kRunning) && slot.known == Known::kNo) {
    slot.known = Known::kSoon;
    wz_frame_options options = slot.environment->Options(slot.frame, WZ_LANE_ASYNC, slot.deadline, slot.fuel, slot.cpu, slot.ran);
    lock.unlock();
    Result result;  // when it fails the environment has ended, and wz_express_continue says so
    wz_express_adopt(&options, slot.entry.handle, &result);
    lock.lock();
    slot.known = Known::kYes;
    if (slot.state == State::kRunning) Poison(slot.entry.stack_limit);
    changed.notify_all();
  }
}

void ExpressPool::Work() {
  std::unique_lock<std::mutex> lock(mutex);
  for (auto spin = kMostSpin;;) {
    if (called_.load(std::memory_order_relaxed)) {
      if (ExpressSlot* slot = Pop()) {
        Run(*slot, own_, lock);
        continue;
      }
      called_.store(false, std::memory_order_relaxed);
    }
    // Waking a thread costs more than most guest functions: it stays awake as long as that has been worth while lately.
    const auto begin = Clock::now();
    if (spins_ && spin > microseconds(0)) {
      lock.unlock();
      do {
        for (int i = 0; i < 32 && !called_.load(std::memory_order_acquire); i++) Pause();
      } while (!called_.load(std::memory_order_acquire) && Clock::now() - begin < spin);
      lock.lock();
      if (called_.load(std::memory_order_relaxed)) continue;
      spin /= 2;
    }
    asleep_ = true;
    work_.wait(lock, [&] { return called_.load(std::memory_order_relaxed); });
    asleep_ = false;
    // All of it at once: half as long would be in vain again.
    if (Clock::now() - begin < kMostSpin) spin = kMostSpin;
  }
}

void ExpressPool::Run(ExpressSlot& slot, Runner& runner, std::unique_lock<std::mutex>& lock) {
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
  runner = {&slot, 0};
  running_.push_back(&runner);
  runs_++;
  if (!slot.entered) AtomicAt<uintptr_t>(entry.stack_limit).store(reinterpret_cast<uintptr_t>(slot.limit));
  lock.unlock();
  ThreadClock& clock = ThreadClock::Here();
  const int64_t began = Now();
  clock.Begin(began);
  Enter(slot);
  const int64_t ended = Now(), ran = clock.Ran(began, ended, true);
  NoteRun(slot, ran);  // what others did on this processor meanwhile is not the function's
  lock.lock();
  runner.slot = nullptr;
  running_.erase(std::find(running_.begin(), running_.end(), &runner));
  runs_++;
  slot.ran += ran;
  const uint64_t untold = Charge(entry, ran);
  if (untold != 0) {
    lock.unlock();
    wz_direct_ran(entry.handle, untold);
    lock.lock();
  }
  changed.wait(lock, [&] { return slot.known != Known::kSoon; });
  const wz_direct_host* host = HostOf(entry, exit_code);
  const uint64_t frame = slot.frame;
  const bool spent = slot.cpu != 0 && slot.ran >= slot.cpu && exit_code != 0;  // Go ends it
  if (slot.known == Known::kYes || closed.load(std::memory_order_acquire) != 0 || spent) {
    Leave(slot, exit_code == 0 ? WZ_AT_END : WZ_AT_EXIT, WZ_REPLY_NONE, lock);
  } else if (exit_code == 0) {
    const size_t count = slot.words.size();
    const uint64_t* words = slot.words.data();  // nobody begins a call of this function before he has heard of this end
    Count(AccountOf(entry).express_ended);
    EndFuel(entry, slot.fuel);
    std::shared_ptr<Environment> ended = End(slot);
    lock.unlock();
    environment->queue.PushExpress(slot.share, WZ_MSG_DONE, frame, 0, 0, words, count);
    environment->express.active--;
    ended.reset();
    environment.reset();  // it may have been the last, and the slot goes with it
    lock.lock();
  } else if (host != nullptr && std::max(host->params, host->results) <= kDirectWords &&
             At<uintptr_t>(entry.caller_module) == entry.module_context) {
    // A copy: once it is parked the stack may become Go's.
    const uint32_t count = std::max(host->params, host->results);
    slot.asked.assign(count, 0);
    std::copy_n(HostWords(entry), host->params, slot.asked.data());
    const uint64_t id = host->id;
    slot.results = host->results;
    Count(AccountOf(entry).express_hosts);
    slot.state = State::kParked;
    lock.unlock();
    environment->queue.PushExpress(slot.share, WZ_MSG_HOST_CALL, frame, id, entry.module, slot.asked.data(), count);
    environment->express.active--;
    environment.reset();
    lock.lock();
  } else {
    // Interrupted while others had its processor: that says nothing of the function.
    if (runner.rounds <= 1 || ran >= kRound / 2) Note(slot, kLeft);
    Leave(slot, WZ_AT_EXIT, WZ_REPLY_NONE, lock);
  }
}

/** From where it is to its next exit, or to its end. */
void ExpressPool::Enter(ExpressSlot& slot) {
  const wz_direct_entry& entry = slot.entry;
  if (!slot.entered) {
    slot.entered = true;
    wazero_node_enter(entry.preamble, entry.executable, entry.context, entry.module_context, slot.words.data(),
                      reinterpret_cast<uintptr_t>(slot.stack_end - 16));
    return;
  }
  std::copy_n(slot.answer.data(), slot.results, HostWords(entry));
  slot.answered = false;
  At<uint32_t>(entry.exit_code) = 0;
  wazero_node_resume(At<uintptr_t>(entry.return_address), entry.context, At<uintptr_t>(entry.stack_pointer),
                     At<uintptr_t>(entry.frame_pointer));
}

void ExpressPool::LeaveFromQueue(ExpressSlot& slot, std::unique_lock<std::mutex>& lock) {
  Leave(slot, slot.entered ? WZ_AT_EXIT : WZ_AT_START, slot.answered ? WZ_REPLY_OK : WZ_REPLY_NONE, lock);
}

int64_t ExpressPool::Look(int64_t now) {
  std::unique_lock<std::mutex> lock(mutex);
  for (size_t i = 0; i < late_.size();) {
    ExpressSlot& slot = *late_[i];
    if (slot.deadline > now) {
      i++;
      continue;
    }
    Forget(slot);
    Adopt(slot, lock);  // Go hears that its time is over, and ends it as any other
  }
  if (watched_ && now >= round_) {
    LookAtRun(lock);
    round_ = now + kRound;
  }
  int64_t due = watched_ ? round_ : kNever;
  for (const ExpressSlot* slot : late_) due = std::min(due, slot->deadline);
  due_.store(due, std::memory_order_seq_cst);
  return due;
}

void ExpressPool::LookAtRun(std::unique_lock<std::mutex>& lock) {
  if (turns_.count() != 0) Call();  // the JS thread has not come to it
  idle_ = runs_ == seen_ && running_.empty() ? idle_ + 1 : 0;
  seen_ = runs_;
  for (Runner* runner : running_)
    if (++runner->rounds > 1) Poison(runner->slot->entry.stack_limit);
  const bool stuck = own_.slot != nullptr && own_.rounds > kRoundsToStuck;
  if (stuck != stuck_) {
    stuck_ = stuck;
    lock.unlock();
    wz_express_stuck(stuck ? 1 : 0);
    lock.lock();
  }
  if (stuck) {
    while (ExpressSlot* slot = Pop()) LeaveFromQueue(*slot, lock);
  } else if (idle_ >= kRoundsOfRest && turns_.count() == 0) {
    watched_ = false;
    idle_ = 0;
    FreeIdle(lock);
  }
}

}  // namespace wazero_node
