#include "lanes/express.h"

#include <algorithm>
#include <chrono>

#include "bindings.h"
#include "lanes/direct_entry.h"
#include "lanes/express_pool.h"
#include "lanes/guest_stack.h"
#include "lanes/turns.h"

namespace wazero_node {
namespace {

using State = ExpressSlot::State;
using Clock = std::chrono::steady_clock;

// What a guest may run for at a time, on average: the others of the process wait for the one thread meanwhile.
constexpr uint32_t kShort = 50'000, kShortInCompany = 10'000;  // ns
constexpr uint32_t kTries = 64;                                // calls after which a slow function is tried again
constexpr auto kLongestWait = std::chrono::microseconds(10), kLongestHelp = std::chrono::microseconds(50);
constexpr auto kLongestWithLone = std::chrono::microseconds(10);  // where a tenant's only call has been run: its end is told soon
constexpr uint32_t kNew = 2;  // calls of code through Go, which show how long it takes
constexpr int32_t kFew = 8;  // calls in flight: of more only those are left for the JS thread to run that take less than to hand one over does
constexpr uint32_t kTiny = 2'000;  // ns
constexpr uint32_t kMostMissed = 8, kNextTry = 64;  // waits in vain, after which only each 64th call is waited for

}  // namespace

bool ExpressCalls::Start(Environment* environment, napi_value hooks) {
  environment_ = environment;
  always_ = DirectCalls::IsMode("1");
  napi_value hook;
  return napi_get_named_property(environment->env, hooks, "express", &hook) == napi_ok &&
         napi_create_reference(environment->env, hook, 1, &environment->express_hook) == napi_ok;
}

uint32_t ExpressCalls::Open(wz_handle function, bool polls, bool is_new) {
  auto slot = std::make_unique<ExpressSlot>();
  if (!environment_->direct.OpenEntry(function, &slot->entry)) return 0;
  slot->pace = ExpressPool::Get().PaceOf(slot->entry);
  if (is_new && slot->pace->calls.fetch_add(1, std::memory_order_relaxed) < kNew) {
    wz_direct_close(slot->entry.handle);
    return 0;
  }
  slot->open = true;
  slot->polls = polls;
  slot->share = ShareOf(slot->entry.tenant);
  slot->words.resize(slot->entry.words);
  uint32_t index = static_cast<uint32_t>(slots_.size());
  if (free_.empty()) {
    slots_.push_back(std::move(slot));
  } else {
    index = free_.back();
    free_.pop_back();
    slots_[index] = std::move(slot);
  }
  return index + 1;
}

void ExpressCalls::Close(uint32_t number) {
  if (number == 0 || number > slots_.size()) return;
  ExpressSlot& slot = *slots_[number - 1];
  if (!slot.open) return;
  {
    std::lock_guard<std::mutex> lock(ExpressPool::Get().mutex);
    if (slot.state != State::kIdle) return;
  }
  slot.open = false;
  if (slot.listed) {
    listed_.erase(std::find(listed_.begin(), listed_.end(), &slot));
    slot.listed = false;
  }
  wz_direct_close(slot.entry.handle);
  free_.push_back(number - 1);
}

bool ExpressCalls::MayBegin(ExpressSlot& slot) {
  ExpressPool& pool = ExpressPool::Get();
  if (!slot.open || !slot.usable.load(std::memory_order_relaxed) || IsHeld(slot.entry) || !pool.Ready()) return false;
  const uint32_t average = slot.nanoseconds.load(std::memory_order_relaxed);
  if (always_ || average < kShortInCompany || (average < kShort && pool.waiting() == 0)) return true;
  if (++slot.refused < kTries) return false;
  slot.refused = 0;
  slot.nanoseconds.store(kShort / 2, std::memory_order_relaxed);
  return true;
}

void ExpressCalls::Begin() {
  DirectArea* area = environment_ == nullptr ? nullptr : environment_->direct.area();
  if (area == nullptr) return;  // not initialised
  const uint32_t index = area->slot - 1;
  area->status = kDirectNotEntered;
  if (index >= slots_.size()) return;
  ExpressSlot& slot = *slots_[index];
  if (!MayBegin(slot)) return;
  ExpressPool& pool = ExpressPool::Get();
  const int64_t deadline = DeadlineIn(area->timeout);
  {
    std::lock_guard<std::mutex> lock(pool.mutex);
    if (slot.state != State::kIdle) return;
    std::copy_n(area->words, slot.words.size(), slot.words.data());
    slot.frame = static_cast<uint64_t>(area->frame);
    slot.deadline = deadline;
    slot.fuel = environment_->direct.TakeFuel();
    BeginFuel(slot.entry, slot.fuel);
    slot.cpu = static_cast<uint64_t>(area->cpu);
    slot.ran = 0;
    slot.environment = environment_->shared_from_this();
    Count(AccountOf(slot.entry).express_begun);
    Push(slot);
  }
  if (!slot.listed) {
    slot.listed = true;
    listed_.push_back(&slot);
  }
  Watcher::Get().Expect(pool.due());
  environment_->queue.Expect();
  area->status = kDirectDone;
}

/** The pool's lock is held. Poll follows at the end of this turn's work: what is quick is run there, unless there is much of it. */
void ExpressCalls::Push(ExpressSlot& slot) {
  ExpressPool& pool = ExpressPool::Get();
  pool.Push(slot);
  const bool much = ++active > kFew && slot.nanoseconds.load(std::memory_order_relaxed) >= kTiny;
  if (much || !slot.IsQuick()) pool.Call();
}

bool ExpressCalls::Reply() {
  DirectArea& area = *environment_->direct.area();
  const uint32_t index = area.slot - 1;
  if (index >= slots_.size()) return false;
  ExpressSlot& slot = *slots_[index];
  ExpressPool& pool = ExpressPool::Get();
  std::unique_lock<std::mutex> lock(pool.mutex);
  // The watcher may be handing it to Go, which has to have it before it is answered there.
  pool.changed.wait(lock, [&] { return slot.state != State::kLeaving; });
  if (slot.state != State::kParked || slot.frame != static_cast<uint64_t>(area.frame)) return false;
  slot.answer.assign(area.words, area.words + slot.results);
  slot.answered = true;
  if (area.status != WZ_REPLY_OK) {
    pool.Leave(slot, WZ_AT_EXIT, area.status, lock);
    return true;
  }
  Push(slot);
  lock.unlock();
  Watcher::Get().Expect(pool.due());
  environment_->queue.Expect();
  return true;
}

void ExpressCalls::Await() {
  if (active.load(std::memory_order_relaxed) == 0) return;
  ExpressPool& pool = ExpressPool::Get();
  const auto begin = Clock::now();
  auto longest = kLongestHelp;
  for (bool lone = false; pool.Help(*environment_, &lone);) {
    if (lone) longest = kLongestWithLone;
    if (Clock::now() - begin >= longest) break;
  }
  pool.CallIfAnyWaits();
  if (environment_->queue.size() != 0) return;
  // Two: what has just been answered is counted until the thread has come to that, and in a conversation the next call follows at once.
  if (active.load(std::memory_order_relaxed) > 2 || !pool.spins()) return;
  if (missed_ >= kMostMissed && ++missed_ % kNextTry != 0) return;
  do {
    for (int i = 0; i < 16; i++) {
      if (environment_->queue.size() != 0) {
        missed_ = 0;
        return;
      }
      Pause();
    }
    if (active.load(std::memory_order_acquire) == 0) break;
  } while (Clock::now() - begin < kLongestWait);
  if (environment_->queue.size() == 0) missed_++;
}

void ExpressCalls::Adopt(uint64_t frame) {
  if (frame == 0 || listed_.empty()) return;
  for (ExpressSlot* slot : listed_) {
    std::unique_lock<std::mutex> lock(ExpressPool::Get().mutex);
    if (slot->state == State::kIdle || slot->frame != frame) continue;
    ExpressPool::Get().Adopt(*slot, lock);
    return;
  }
}

void ExpressCalls::AdoptAll() {
  for (ExpressSlot* slot : listed_) {
    slot->listed = false;
    std::unique_lock<std::mutex> lock(ExpressPool::Get().mutex);
    ExpressPool::Get().Adopt(*slot, lock);
  }
  listed_.clear();
}

namespace {

napi_value ExpressOpen(Environment& environment, Arguments& args) {
  const wz_handle function = args.Whole(0, "fn");
  const bool polls = args.Boolean(1, "polls"), is_new = args.Boolean(2, "isNew");
  return args.ok() ? Number(args.env(), environment.express.Open(function, polls, is_new)) : nullptr;
}

napi_value ExpressClose(Environment& environment, Arguments& args) {
  const uint32_t slot = args.Uint32(0, "slot");
  if (args.ok()) environment.express.Close(slot);
  return nullptr;
}

napi_value ExpressCall(Environment& environment, Arguments&) {
  environment.express.Begin();
  return nullptr;
}

napi_value ExpressReply(Environment& environment, Arguments& args) {
  return Boolean(args.env(), environment.express.Reply());
}

napi_value ExpressPoll(Environment& environment, Arguments& args) {
  return Boolean(args.env(), environment.queue.Poll());
}

const Binding kBindings[] = {
    {"expressOpen", Entry<ExpressOpen>},   {"expressClose", Entry<ExpressClose>}, {"expressCall", Entry<ExpressCall>},
    {"expressReply", Entry<ExpressReply>}, {"expressPoll", Entry<ExpressPoll>},
};

}  // namespace

BindingList ExpressBindings() { return ListOf(kBindings); }

}  // namespace wazero_node
