#include "lanes/direct.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>

#include "bindings.h"
#include "lanes/direct_entry.h"
#include "lanes/guest_stack.h"

namespace wazero_node {

bool DirectCalls::IsMode(const char* mode) {
  const char* value = std::getenv("WAZERO_NODE_DIRECT");
  return value != nullptr && std::strcmp(value, mode) == 0;
}

DirectCalls::~DirectCalls() {
  if (registered_) Watcher::Get().Remove(watched_calls_);
  for (const Stack& stack : stacks_)
    if (stack.memory != nullptr) FreeGuestStack(stack.memory, kStackSize);
}

bool DirectCalls::Start(Environment* environment, napi_value hooks) {
  environment_ = environment;
  watcher_ = &Watcher::Get();
  clock_ = &ThreadClock::Here();
  napi_env env = environment->env;
  napi_value area, hook;
  void* data;
  size_t size;
  if (napi_get_named_property(env, hooks, "area", &area) != napi_ok ||
      napi_get_arraybuffer_info(env, area, &data, &size) != napi_ok || size != sizeof(DirectArea) ||
      napi_create_reference(env, area, 1, &area_reference_) != napi_ok ||
      napi_get_named_property(env, hooks, "ask", &hook) != napi_ok ||
      napi_create_reference(env, hook, 1, &hook_) != napi_ok) {
    return false;
  }
  area_ = static_cast<DirectArea*>(data);
  enabled_ = WAZERO_NODE_DIRECT && !IsMode("0");
  return true;
}

void DirectCalls::DeleteReferences() {
  for (napi_ref* reference : {&area_reference_, &hook_}) {
    if (*reference != nullptr) napi_delete_reference(environment_->env, *reference);
    *reference = nullptr;
  }
}

bool DirectCalls::OpenEntry(wz_handle function, wz_direct_entry* entry) {
  if (!enabled_) return false;
  Result result;
  wz_direct_open(environment_->id, function, entry, &result);
  if (!result.Check(*environment_) || result.value == 0) return false;
  const bool fits = entry->words <= kDirectWords && entry->headroom <= kMostHeadroom;
  if (!fits) wz_direct_close(entry->handle);
  return fits;
}

uint32_t DirectCalls::Open(wz_handle function) {
  auto entry = std::make_unique<Entry>();
  if (!OpenEntry(function, entry.get())) return 0;
  entry->open = true;
  uint32_t slot = static_cast<uint32_t>(entries_.size());
  if (free_.empty()) {
    entries_.push_back(std::move(entry));
  } else {
    slot = free_.back();
    free_.pop_back();
    entries_[slot] = std::move(entry);
  }
  return slot + 1;
}

void DirectCalls::Close(uint32_t slot) {
  if (slot == 0 || slot > entries_.size()) return;
  Entry& entry = *entries_[slot - 1];
  if (!entry.open || entry.busy) return;
  entry.open = false;
  if (!entry.gone) wz_direct_close(entry.handle);
  free_.push_back(slot - 1);
}

bool DirectCalls::MakeStack(Stack* stack) {
  stack->memory = MakeGuestStack(kStackSize);
  if (stack->memory == nullptr) return false;
  stack->end = stack->memory + kStackSize;
  return true;
}

/** Another thread need not see it at once: it looks every 50 ms. */
void DirectCalls::Show(const wz_direct_entry* entry) {
  if (entry == nullptr && top_ != nullptr) entry = top_->entry;
  running_.store(entry == nullptr ? 0 : entry->handle, std::memory_order_relaxed);
  sequence_.store(sequence_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
}

napi_value DirectCalls::Enter() {
  if (area_ == nullptr) return nullptr;  // not initialised
  DirectArea& area = *area_;
  const bool limited = (area.slot & kDirectLimited) != 0;
  const uint32_t slot = (area.slot & ~kDirectLimited) - 1;  // 0 is none
  area.status = kDirectNotEntered;
  if (slot >= entries_.size() || depth_ == kMostNested) return nullptr;
  Entry& entry = *entries_[slot];
  if (entry.gone) return nullptr;
  const auto& closed = AtomicAt<uint64_t>(entry.closed);
  if (!entry.open || entry.busy || closed.load(std::memory_order_acquire) != 0) return nullptr;
  Stack& stack = stacks_[depth_];
  if (stack.memory == nullptr && !MakeStack(&stack)) return nullptr;
  uint8_t* limit = LimitOf(entry, stack.end, kUsableStack);
  const size_t size = stack.end - limit + entry.headroom;

  int64_t deadline = kNever;
  const uint64_t cpu = limited ? static_cast<uint64_t>(area.cpu) : 0;
  if (limited && (area.timeout > 0 || cpu != 0)) {
    if (!registered_ && !Register()) return nullptr;
    deadline = DeadlineIn(area.timeout);
  }
  if (IsHeld(entry)) return nullptr;

  Call call{&entry, top_, static_cast<uint64_t>(area.frame), limit - entry.headroom, size, false, deadline, limited ? TakeFuel() : 0, cpu, 0, nullptr, nullptr};
  Watcher::Call& watched = watched_calls_[depth_];
  top_ = &call;
  depth_++;
  entry.busy = true;
  Show(&entry);
  wz_account& account = AccountOf(entry);
  Count(account.direct_begun);
  if (!watched_.load(std::memory_order_relaxed)) {
    watched_.store(true);
    wz_direct_watch(environment_->id);
  }

  AtomicAt<uintptr_t>(entry.stack_limit).store(reinterpret_cast<uintptr_t>(limit), std::memory_order_relaxed);
  BeginFuel(entry, call.fuel);
  precise_ = area.precise != 0;
  watcher_->Attend();
  int64_t began = Arm(call, watched);
  clock_->Begin(began);
  uint32_t& exit_code = At<uint32_t>(entry.exit_code);
  uint32_t answer = WZ_REPLY_OK;
  wazero_node_enter(entry.preamble, entry.executable, entry.context, entry.module_context, area.words,
                    reinterpret_cast<uintptr_t>(stack.end - 16));
  while (exit_code != 0) {
    if (HostOf(entry, exit_code) == nullptr) {
      answer = WZ_REPLY_NONE;
      break;
    }
    Charge(call, began);
    if (cpu != 0) watcher_->Disarm(watched);
    answer = Ask(call, exit_code);
    began = cpu != 0 ? Arm(call, watched) : Time(call);
    clock_->Begin(began);
    if (answer != WZ_REPLY_OK || call.adopted || closed.load(std::memory_order_acquire) != 0 ||
        IsPoisoned(entry.stack_limit) || IsOutOfFuel(entry)) {  // a guest need not poll again
      break;
    }
    exit_code = 0;
    wazero_node_resume(At<uintptr_t>(entry.return_address), entry.context, At<uintptr_t>(entry.stack_pointer),
                       At<uintptr_t>(entry.frame_pointer));
  }
  Charge(call, began);
  if (deadline != kNever || cpu != 0) watcher_->Disarm(watched);
  napi_value text = nullptr;
  uint32_t status = kDirectDone;
  if (exit_code != 0) {
    text = Continue(call, answer);
    status = entry.gone ? kDirectGone : kDirectThroughGo;
  } else {
    EndFuel(entry, call.fuel);
    if (closed.load(std::memory_order_acquire) != 0) {
      text = ClosedMeanwhile(entry);
      status = kDirectThroughGo;
    }
  }
  Count(account.direct_ended);  // JavaScript has a handle of the module until later, also where the entry is gone
  entry.busy = false;
  depth_--;
  top_ = call.below;
  Show(nullptr);
  area.status = status;
  return text;
}

/** Calls the host function that the guest has left for; its results are in its place on the guest's stack then. Returns
 * WZ_REPLY_NONE where it is not ours to call. */
uint32_t DirectCalls::Ask(Call& call, uint32_t exit_code) {
  const Entry& entry = *call.entry;
  const wz_direct_host* asked = HostOf(entry, exit_code);
  if (asked == nullptr) return WZ_REPLY_NONE;
  const wz_direct_host& host = *asked;
  if (std::max(host.params, host.results) > kDirectWords) return WZ_REPLY_NONE;

  DirectArea& area = *area_;
  napi_env env = environment_->env;
  if (call.hook == nullptr && (napi_get_undefined(env, &call.receiver) != napi_ok ||
                               (call.hook = environment_->Value(hook_)) == nullptr)) {
    return WZ_REPLY_NONE;
  }
  Count(AccountOf(entry).direct_hosts);
  uint64_t* words = HostWords(entry);
  for (uint32_t i = 0; i < host.params; i++) area.words[i] = words[i];
  area.target = static_cast<double>(host.id);
  area.caller = At<uintptr_t>(entry.caller_module) == entry.module_context ? static_cast<double>(entry.module) : 0;
  {
    HandleScope scope(env);
    napi_value result;
    if (napi_call_function(env, call.receiver, call.hook, 0, nullptr, &result) != napi_ok) {
      napi_value exception;  // the hook parks what users throw: a stack overflow on the way into it, or a termination
      return environment_->TakeException(&exception) ? WZ_REPLY_THREW : WZ_REPLY_DEAD;
    }
  }
  if (area.status == WZ_REPLY_OK && !call.adopted)
    for (uint32_t i = 0; i < host.results; i++) words[i] = area.words[i];
  return area.status;
}

/** It has run since then without a pause. */
void DirectCalls::Charge(Call& call, int64_t began) {
  const int64_t nanoseconds = clock_->Ran(began, Time(call), IsExact(call));
  if (nanoseconds <= 0) return;
  call.ran += nanoseconds;
  wz_account& account = AccountOf(*call.entry);
  Count(account.direct_ran, nanoseconds);
  if (!IsMetered(*call.entry)) return;
  const uint64_t untold = account.direct_ran - account.direct_told;
  if (untold < kTold) return;
  Count(account.direct_told, untold);
  wz_direct_ran(call.entry->handle, untold);
}

/** Has the watcher interrupt it at its deadline, and when it has run for as long as it may; answers when that began. */
int64_t DirectCalls::Arm(Call& call, Watcher::Call& watched) {
  if (call.cpu == 0) {
    if (call.deadline != kNever) watcher_->Arm(watched, call.entry->stack_limit, call.deadline);
    return Time(call);
  }
  const int64_t now = Now();
  const int64_t left = static_cast<int64_t>(call.cpu - std::min(call.cpu, call.ran));
  watcher_->Arm(watched, call.entry->stack_limit, std::min(call.deadline, now + left));
  return now;
}

bool DirectCalls::Register() {
  if (!watcher_->Ready()) return false;
  watcher_->Add(watched_calls_, kMostNested);
  return registered_ = true;
}

DirectCalls::Charged DirectCalls::Charge(uint64_t frame, uint64_t amount) {
  if (top_ == nullptr || top_->frame != frame || top_->adopted) return kNotOurs;
  if (top_->entry->fuel == 0) return kEnough;
  int64_t& left = At<int64_t>(top_->entry->fuel);
  left = left < 0 || static_cast<uint64_t>(left) < amount ? -1 : left - static_cast<int64_t>(amount);
  return left < 0 ? kTooMuch : kEnough;
}

double DirectCalls::Left(uint64_t frame) const {
  int64_t deadline = frame == last_frame_ ? last_deadline_ : kNever;
  for (const Call* call = top_; call != nullptr; call = call->below)
    if (call->frame == frame) deadline = call->deadline;
  return deadline == kNever ? std::numeric_limits<double>::infinity() : static_cast<double>(deadline - Now()) / 1e6;
}

void DirectCalls::Adopt(Call& call) {
  if (call.adopted) return;
  const wz_frame_options options =
      environment_->Options(call.frame, WZ_LANE_SYNC, call.deadline, call.fuel, call.cpu, call.ran);
  Result result;  // when it fails the environment has ended, and wz_direct_continue says so
  wz_direct_adopt(Mutable(&options), call.entry->handle, call.stack, call.stack_size, &result);
  call.adopted = true;
}

napi_value DirectCalls::Continue(Call& call, uint32_t status) {
  const wz_frame_options options =
      environment_->Options(call.frame, WZ_LANE_SYNC, call.deadline, call.fuel, call.cpu, call.ran);
  last_frame_ = call.frame;
  last_deadline_ = call.deadline;
  call.adopted = true;  // Go makes the frame itself: a second one would wait for the first, and that for what is nested in it
  Result result;
  {
    SyncScope scope(environment_);
    wz_direct_continue(Mutable(&options), call.entry->handle, call.stack, call.stack_size, area_->words,
                       static_cast<uint32_t>(kDirectWords), status, &result);
  }
  if (result.value != 0) call.entry->gone = true;
  return result.text == nullptr ? nullptr : String(environment_->env, result.text, result.text_len);
}

/** The guest has returned, and its module is closed: what wazero answers then. Nothing in src leads here. */
napi_value DirectCalls::ClosedMeanwhile(const Entry& entry) {
  const std::string code = std::to_string(AtomicAt<uint64_t>(entry.closed).load() >> 32);
  const std::string text = "{\"code\":\"ERR_WAZERO_EXIT\",\"reason\":\"close\",\"exitCode\":" + code +
                           ",\"message\":\"module closed with exit_code(" + code + ")\"}";
  return String(environment_->env, text.data(), text.size());
}

uint32_t DirectCalls::Running(uint64_t* entry) {
  constexpr uint32_t kIdleRounds = 20;  // a second
  *entry = 0;
  std::lock_guard<std::mutex> lock(watch_);
  const uint64_t sequence = sequence_.load(std::memory_order_acquire);
  const uint64_t running = running_.load(std::memory_order_relaxed);
  const bool same = sequence == seen_;
  seen_ = sequence;
  if (running != 0 || !same) {
    if (same) *entry = running;
    if (idle_ <= kIdleRounds) {
      idle_ = 0;
      return 1;
    }
    // Somebody has begun after the last round had said that nobody watches; unless he starts another watch himself.
    idle_ = 0;
    bool watched = false;
    return watched_.compare_exchange_strong(watched, true) ? 1 : 0;
  }
  if (idle_ > kIdleRounds) {  // nothing came in the round since: no store was on its way
    idle_ = 0;
    return 0;
  }
  if (++idle_ > kIdleRounds) watched_.store(false);
  return 1;
}

namespace {

napi_value DirectOpen(Environment& environment, Arguments& args) {
  const wz_handle function = args.Whole(0, "fn");
  return args.ok() ? Number(args.env(), environment.direct.Open(function)) : nullptr;
}

napi_value DirectClose(Environment& environment, Arguments& args) {
  const uint32_t slot = args.Uint32(0, "slot");
  if (args.ok()) environment.direct.Close(slot);
  return nullptr;
}

napi_value DirectLeft(Environment& environment, Arguments& args) {
  const uint64_t frame = args.Whole(0, "frame");
  napi_value left;
  if (!args.ok() || napi_create_double(args.env(), environment.direct.Left(frame), &left) != napi_ok) return nullptr;
  return left;
}

/** Without the frame of other bindings: nothing in it throws, and every nanosecond of it counts. */
napi_value DirectCall(napi_env env, napi_callback_info info) noexcept {
  void* environment = nullptr;
  if (napi_get_cb_info(env, info, nullptr, nullptr, nullptr, &environment) != napi_ok) return nullptr;
  return static_cast<Environment*>(environment)->direct.Enter();
}

const Binding kBindings[] = {
    {"directOpen", Entry<DirectOpen>},
    {"directClose", Entry<DirectClose>},
    {"directCall", DirectCall},
    {"directLeft", Entry<DirectLeft>},
};

}  // namespace

BindingList DirectBindings() { return ListOf(kBindings); }

}  // namespace wazero_node
