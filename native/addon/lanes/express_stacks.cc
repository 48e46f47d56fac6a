// The stacks that express calls run on.
#include "lanes/express_pool.h"
#include "lanes/guest_stack.h"

namespace wazero_node {
namespace {

constexpr size_t kMostLent = 1024, kMostIdle = 64;  // idle ones: while nobody calls
constexpr size_t kUsable = 64 << 10;                // of one: who needs more goes on in Go

}  // namespace

bool ExpressPool::AllLent() const { return lent_.load(std::memory_order_relaxed) >= kMostLent; }

bool ExpressPool::TakeStack(ExpressSlot& slot) {
  if (AllLent()) return false;
  // The headroom is that of the process: the same for all.
  if (stack_size_ == 0) stack_size_ = (kUsable + slot.entry.headroom + 4095) & ~size_t{4095};
  if (kUsable + slot.entry.headroom > stack_size_) return false;
  if (!stacks_.empty()) {
    slot.stack = stacks_.back();
    stacks_.pop_back();
  } else {
    slot.stack = MakeGuestStack(stack_size_);
    if (slot.stack == nullptr) return false;
  }
  lent_++;
  slot.stack_end = slot.stack + stack_size_;
  slot.limit = LimitOf(slot.entry, slot.stack_end, kUsable);
  return true;
}

void ExpressPool::GiveStack(ExpressSlot& slot) {
  if (slot.stack == nullptr) return;
  lent_--;
  stacks_.push_back(slot.stack);
  slot.stack = slot.limit = slot.stack_end = nullptr;
}

/** What was needed at the busiest moment is not kept for ever. */
void ExpressPool::FreeIdle(std::unique_lock<std::mutex>& lock) {
  if (stacks_.size() <= kMostIdle) return;
  const std::vector<uint8_t*> freed(stacks_.begin() + kMostIdle, stacks_.end());
  stacks_.resize(kMostIdle);
  lock.unlock();
  for (uint8_t* stack : freed) FreeGuestStack(stack, stack_size_);
  lock.lock();
}

}  // namespace wazero_node
