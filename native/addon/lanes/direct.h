#ifndef WAZERO_NODE_DIRECT_H
#define WAZERO_NODE_DIRECT_H
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "lanes/thread_clock.h"
#include "lanes/watcher.h"
#include "values/napi_setup.h"

namespace wazero_node {

class Environment;

/**
 * What crosses in a direct call, and in a read of an open file in the synchronous lane: one ArrayBuffer that src makes
 * (src/values/area.ts), so that neither makes a value of V8. It is written just before and read just after: what is
 * nested in a host function, or in the file system, uses the same.
 */
struct DirectArea {
  uint32_t slot;        // to be entered; with kDirectLimited where timeout, fuel and cpu hold for the call
  uint32_t status;      // of Enter: kDirect...; of what was asked: WZ_REPLY_...
  double frame;         // id of the call to begin, or of the one that reads
  double target;        // of the host function or file system that is asked
  double caller;        // module that asks, 0 where only Go knows it
  double timeout;       // of the call to begin: nanoseconds, 0 for none
  uint64_t fuel;        // likewise, 0 for none, else one more than it: who begins a call takes it
  double cpu;           // likewise, of what it may run: also of one that begins in Go
  union {
    uint64_t words[120];  // parameters and results
    struct {
      double handle, position, size;
    } read;
    struct {
      double error, count;
    } answer;  // of a read
  };
  std::atomic<uint32_t> endings;  // see MessageQueue; any thread
  uint32_t precise;               // calls are measured
  uint8_t bytes[16 << 10];  // that were read
};
static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t) && offsetof(DirectArea, bytes) == 1024, "src/values/area.ts");
constexpr size_t kDirectWords = sizeof(DirectArea::words) / sizeof(uint64_t);
// kDirectGone: through Go, and the slot is to be closed, for nobody knows what state its engine is in.
constexpr uint32_t kDirectLimited = 0x4000'0000;
constexpr uint32_t kDirectDone = 0, kDirectNotEntered = 1, kDirectThroughGo = 2, kDirectGone = 3;

/**
 * Synchronous calls that run the guest on the JS thread without Go (edit e5 of native/engine). Everything belongs to
 * the JS thread, but Running.
 *
 * A call is entered, answers those exits that are host functions of ours, and leaves every other one, and whatever is
 * unusual, to wz_direct_continue, which runs it to its end. Until then Go does not know that it exists, but for a call
 * that was adopted because somebody asked for its frame.
 */
class DirectCalls {
 public:
  DirectCalls() = default;
  ~DirectCalls();
  DirectCalls(const DirectCalls&) = delete;
  DirectCalls& operator=(const DirectCalls&) = delete;

  /** False: an exception is pending. */
  bool Start(Environment* environment, napi_value hooks);
  /** When the environment ends. */
  void DeleteReferences();
  /** A slot, from 1; 0 where the function cannot be entered. */
  uint32_t Open(wz_handle function);
  void Close(uint32_t slot);
  /** Calls the function of area.slot. Returns JSON as wz_call does, or nullptr. */
  napi_value Enter();
  /** Milliseconds until the deadline of that call, which is under way or was the last that ended in Go; Infinity for none. */
  double Left(uint64_t frame) const;

  /** Takes from the fuel of that call, which is in a host function: whether there was as much. kNotOurs: Go has the frame. */
  enum Charged { kEnough, kTooMuch, kNotOurs };
  Charged Charge(uint64_t frame, uint64_t amount);

  /** Go is about to be asked something in which this frame plays a part. */
  void Adopt(uint64_t frame) {
    for (Call* call = top_; call != nullptr; call = call->below)
      if (call->frame == frame) Adopt(*call);
  }
  /** Or something in which every frame does. */
  void AdoptAll() {
    for (Call* call = top_; call != nullptr; call = call->below) Adopt(*call);
  }

  /** What C++ enters a function with; false where it cannot. To be closed with wz_direct_close. */
  bool OpenEntry(wz_handle function, wz_direct_entry* entry);
  /** Of WAZERO_NODE_DIRECT: "0" sends all calls through Go, "1" none that need not. */
  static bool IsMode(const char* mode);

  DirectArea* area() const { return area_; }
  /** Of the call that begins: what src has left in the area. */
  uint64_t TakeFuel() { return area_ == nullptr ? 0 : std::exchange(area_->fuel, 0); }

  /** What runs on the JS thread from now on, for who looks from outside; nullptr: what direct calls run. */
  void Show(const wz_direct_entry* entry);
  /** wz_callbacks.now */
  uint64_t RunningNow(uint64_t* which) const {
    *which = sequence_.load(std::memory_order_acquire);
    return running_.load(std::memory_order_relaxed);
  }
  /** wz_callbacks.running */
  uint32_t Running(uint64_t* entry);

 private:
  struct Entry : wz_direct_entry {
    bool open = false, busy = false;
    bool gone = false;  // Go has closed it: what it points to belongs to nobody
  };
  struct Stack {
    uint8_t* memory = nullptr;
    uint8_t* end = nullptr;
  };
  struct Call {
    Entry* entry;
    Call* below;
    uint64_t frame;
    uint8_t* stack;  // from here to its end it is lent
    size_t stack_size;
    bool adopted;
    int64_t deadline;
    uint64_t fuel;
    uint64_t cpu, ran;  // nanoseconds that it may run, 0 for no limit; that it has
    napi_value hook, receiver;  // made for the first host function
  };

  bool IsExact(const Call& call) const { return call.cpu != 0 || precise_; }
  int64_t Time(const Call& call) const { return IsExact(call) ? Now() : watcher_->tick(); }
  void Charge(Call& call, int64_t began);
  int64_t Arm(Call& call, Watcher::Call& watched);
  uint32_t Ask(Call& call, uint32_t exit_code);
  void Adopt(Call& call);
  napi_value Continue(Call& call, uint32_t status);
  napi_value ClosedMeanwhile(const Entry& entry);
  bool MakeStack(Stack* stack);
  bool Register();

  static constexpr size_t kMostNested = 16;

  Environment* environment_ = nullptr;
  Watcher* watcher_ = nullptr;
  DirectArea* area_ = nullptr;
  napi_ref area_reference_ = nullptr, hook_ = nullptr;
  bool enabled_ = false;
  bool precise_ = false;  // of the call that was entered last
  ThreadClock* clock_ = nullptr;
  std::vector<std::unique_ptr<Entry>> entries_;
  std::vector<uint32_t> free_;
  Stack stacks_[kMostNested];
  Watcher::Call watched_calls_[kMostNested];  // as stacks_
  bool registered_ = false;                   // they are
  uint64_t last_frame_ = 0;                   // that Go ended
  int64_t last_deadline_ = kNever;
  size_t depth_ = 0;
  Call* top_ = nullptr;

  // For Running: written by the JS thread without waiting, and seen by another a moment later.
  std::atomic<uint64_t> running_{0};   // entry of the innermost call
  std::atomic<uint64_t> sequence_{0};  // counts calls
  std::atomic<bool> watched_{false};
  std::mutex watch_;  // of Running: for the rest
  uint64_t seen_ = 0;
  uint32_t idle_ = 0;
};

}  // namespace wazero_node
#endif
