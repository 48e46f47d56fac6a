#ifndef WAZERO_NODE_GUEST_STACK_H
#define WAZERO_NODE_GUEST_STACK_H
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "lanes/direct_entry.h"
#include "wazero_node.h"

#if WAZERO_NODE_DIRECT
#include <sys/mman.h>
#endif

// What direct and express calls (edit e5) share: the stacks that guests run on, and words at addresses that Go gave.
namespace wazero_node {

// Usable bytes of a stack, where the module's limit is not lower: deeper calls have Go make a larger one. A stack of
// wazero's own begins with as much as kLeastStack, whatever the limit.
constexpr size_t kUsableStack = 256 << 10, kLeastStack = 16 << 10;
// Room below for signal handlers: Go says how much it needs, and never more than this.
constexpr size_t kMostHeadroom = 240 << 10;
constexpr size_t kStackSize = kUsableStack + kMostHeadroom;

#if WAZERO_NODE_DIRECT
/** So many bytes, or nullptr. Pages are taken when they are touched. */
inline uint8_t* MakeGuestStack(size_t size) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<uint8_t*>(memory);
}
inline void FreeGuestStack(uint8_t* memory, size_t size) { munmap(memory, size); }
#else
inline uint8_t* MakeGuestStack(size_t) { return nullptr; }
inline void FreeGuestStack(uint8_t*, size_t) {}
#endif

/** The limit that the guest of an entry compares its stack pointer with, on a stack that ends at `end`. */
inline uint8_t* LimitOf(const wz_direct_entry& entry, uint8_t* end, size_t usable) {
  if (entry.stack_bytes != 0)
    usable = std::min<uint64_t>(usable, std::max<uint64_t>(kLeastStack, entry.stack_bytes & ~15));
  return end - usable;
}

template <typename T>
T& At(uintptr_t address) {
  return *reinterpret_cast<T*>(address);
}
template <typename T>
std::atomic<T>& AtomicAt(uintptr_t address) {
  static_assert(sizeof(std::atomic<T>) == sizeof(T) && std::atomic<T>::is_always_lock_free);
  return *reinterpret_cast<std::atomic<T>*>(address);
}

/** What this thread alone counts, or who holds a lock, and others read. */
inline void Count(uint64_t& cell, uint64_t by = 1) {
  std::atomic<uint64_t>& shared = reinterpret_cast<std::atomic<uint64_t>&>(cell);
  shared.store(shared.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}
/** Of the instance whose function it is, for as long as Go has the entry. */
inline wz_account& AccountOf(const wz_direct_entry& entry) { return At<wz_account>(entry.account); }

inline bool IsSet(uintptr_t address, size_t offset) {
  return address != 0 && AtomicAt<uint64_t>(address + offset).load(std::memory_order_relaxed) != 0;
}
/** Its tenant's calls go through Go, which has them wait. */
inline bool IsHeld(const wz_direct_entry& entry) { return IsSet(entry.tenant, offsetof(wz_tenant, hold)); }
/** Go is to be told what it runs: whenever it is kTold more. */
inline bool IsMetered(const wz_direct_entry& entry) { return IsSet(entry.tenant, offsetof(wz_tenant, metered)); }
constexpr uint64_t kTold = 500'000;  // nanoseconds

/** The stack limit that no stack pointer is above, as in edit e2: the guest leaves at its next poll. */
constexpr intptr_t kPoison = INT64_MAX;
inline void Poison(uintptr_t limit) { AtomicAt<intptr_t>(limit).store(kPoison, std::memory_order_seq_cst); }
inline bool IsPoisoned(uintptr_t limit) { return AtomicAt<intptr_t>(limit).load(std::memory_order_relaxed) == kPoison; }

/**
 * Fuel (edit e12fuel): the guest counts down in a word of its entry, where it counts at all. Who begins a call sets that; who
 * ends it here adds what was used to the module's sum, which is an end in Go's otherwise. `fuel` is as in wz_frame_options.
 */
inline int64_t BudgetOf(uint64_t fuel) { return fuel == 0 ? INT64_MAX : static_cast<int64_t>(fuel - 1); }
inline void BeginFuel(const wz_direct_entry& entry, uint64_t fuel) {
  if (entry.fuel != 0) At<int64_t>(entry.fuel) = BudgetOf(fuel);
}
inline void EndFuel(const wz_direct_entry& entry, uint64_t fuel) {
  if (entry.fuel == 0) return;
  const int64_t used = BudgetOf(fuel) - std::max<int64_t>(At<int64_t>(entry.fuel), 0);
  AtomicAt<int64_t>(entry.burned).fetch_add(used, std::memory_order_relaxed);
}
inline bool IsOutOfFuel(const wz_direct_entry& entry) { return entry.fuel != 0 && At<int64_t>(entry.fuel) < 0; }

/** The host function of ours that a call has left for, or nullptr: another exit. */
inline const wz_direct_host* HostOf(const wz_direct_entry& entry, uint32_t exit_code) {
  if ((exit_code & 0xff) != WZ_EXIT_HOST) return nullptr;
  // The two words of an interface of Go's: its type, and the value. Host modules do not change once they are made, and
  // the guest's module keeps those that it imports from.
  const auto* function = reinterpret_cast<const uintptr_t*>(At<uintptr_t>(entry.callee) + 32 + (exit_code >> 8) * 16);
  if (function[0] != entry.host_function_type) return nullptr;
  return reinterpret_cast<const wz_direct_host*>(function[1]);
}
/** Its words: parameters, and results over them. */
inline uint64_t* HostWords(const wz_direct_entry& entry) {
  return reinterpret_cast<uint64_t*>(At<uintptr_t>(entry.stack_pointer) + entry.host_words);
}

}  // namespace wazero_node
#endif
