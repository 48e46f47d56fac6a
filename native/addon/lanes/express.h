#ifndef WAZERO_NODE_EXPRESS_H
#define WAZERO_NODE_EXPRESS_H
#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "lanes/watcher.h"
#include "values/napi_setup.h"

namespace wazero_node {

class Environment;

/** What the code of a function has shown, in whichever instance: a new one need not show it again. */
struct ExpressPace {
  std::atomic<uint32_t> calls{0};  // first ones of an instance, that went through Go
  // What the JS thread runs itself must never hold it: so many runs in a row were quick, and one that was not takes most of that away.
  static constexpr uint32_t kQuickEnough = 16, kMostQuick = 64;
  std::atomic<uint32_t> quick{kQuickEnough / 2};
};

/**
 * A function that express calls enter, with the one call of it that may be under way. All below `entry` is guarded by
 * the lock of ExpressPool; who is at work on a call may read what does not change meanwhile.
 *
 *   idle -> waiting -> running -> idle, by way of kParked any number of times: the guest asks a host function
 *   -> leaving -> with Go -> idle, from all but idle: Go makes a frame of it, and runs it to its end
 */
struct ExpressSlot {
  enum class State : uint8_t { kIdle, kWaiting, kRunning, kParked, kLeaving, kWithGo };
  enum class Known : uint8_t { kNo, kSoon, kYes };

  wz_direct_entry entry{};
  uint32_t index = 0;         // JS thread
  bool open = false;          // likewise
  bool listed = false;        // likewise: in ExpressCalls::listed_
  bool polls = false;         // likewise: its guest can be interrupted
  uint32_t refused = 0;       // likewise: so many calls have been left to Go since it was found slow
  std::atomic<bool> usable{true};        // false: nobody knows the state of its engine
  std::atomic<uint32_t> nanoseconds{0};  // of what it runs at a time, on average
  uint32_t took = 0;                     // the last time; whoever runs it

  std::shared_ptr<ExpressPace> pace;
  bool IsQuick() const { return polls && pace->quick.load(std::memory_order_relaxed) >= ExpressPace::kQuickEnough; }

  State state = State::kIdle;
  Known known = Known::kNo;  // to Go: it has a frame
  bool entered = false, answered = false;
  uint64_t frame = 0;
  int64_t deadline = kNever;
  uint64_t fuel = 0;
  uint64_t cpu = 0, ran = 0;  // nanoseconds that it may run, 0 for no limit; that it has
  static constexpr size_t kNowhere = SIZE_MAX;
  size_t late_at = kNowhere;  // where it stands among those with a deadline
  uint8_t *stack = nullptr, *limit = nullptr, *stack_end = nullptr;
  std::vector<uint64_t> words;   // parameters, then results: native code writes them here
  std::vector<uint64_t> answer;  // of the host function
  std::vector<uint64_t> asked;   // its parameters
  uint32_t results = 0;          // how many of them it answers
  ExpressSlot* next = nullptr;   // in the queue of its share
  uint8_t share = 0;             // Turns
  std::shared_ptr<Environment> environment;  // keeps the slot, too, while a call is under way
};

/**
 * Asynchronous calls that run the guest on a thread of C++ (ExpressPool) without Go, as DirectCalls does it with
 * synchronous ones: outermost, of functions that have been short lately. Everything here belongs to the JS thread.
 *
 * Go does not know of such a call until it has to: something asks for its frame (adoption), it comes to an exit that is
 * not ours to answer, its deadline passes, or it has run for long. Then it goes on in Go, like any other.
 */
class ExpressCalls {
 public:
  bool Start(Environment* environment, napi_value hooks);
  /**
   * A slot, from 1; 0 where the function cannot be entered. polls: its guest can be interrupted. is_new: its instance has not called it before; then it is 0,
   * too, where its code has not been called a few times in others.
   */
  uint32_t Open(wz_handle function, bool polls, bool is_new);
  void Close(uint32_t slot);
  /** Begins the call that stands in the area. area.status says whether it has: kDirectDone, kDirectNotEntered. */
  void Begin();
  /** Answers the question of area.frame with area.status and area.words. False: Go has the call. */
  bool Reply();
  /** At the end of a turn's work: runs what is quick and has not begun, and waits a few microseconds for the only call in flight, if that is worth while. */
  void Await();

  /** As DirectCalls: Go is about to be asked something in which this frame, or every one, plays a part. */
  void Adopt(uint64_t frame);
  void AdoptAll();

  /** Of calls that run, or are about to. */
  std::atomic<int32_t> active{0};

 private:
  bool MayBegin(ExpressSlot& slot);
  void Push(ExpressSlot& slot);

  Environment* environment_ = nullptr;
  std::vector<std::unique_ptr<ExpressSlot>> slots_;
  std::vector<uint32_t> free_;
  std::vector<ExpressSlot*> listed_;  // all with a call under way, and some that had one
  bool always_ = false;
  uint32_t missed_ = 0;  // waits in vain, lately
};

}  // namespace wazero_node
#endif
