#ifndef WAZERO_NODE_THREAD_CLOCK_H
#define WAZERO_NODE_THREAD_CLOCK_H
#include <algorithm>
#include <cstdint>
#include <ctime>

namespace wazero_node {

/**
 * What guests run on this thread, in all of its lanes of C++. The steady clock goes on while other programs have the processor, so what took longer than
 * kShort by it is charged no more than the thread itself has run, by the system's clock of threads. That one costs a system call: it is read after what
 * was long, and, so that little else is in the difference, before a guest where the last reading is older than kFresh.
 */
class ThreadClock {
 public:
  static ThreadClock& Here() {
    static thread_local ThreadClock clock;
    return clock;
  }
  /** A guest is to run. `now` is of the steady clock, as are those of Ran. */
  void Begin(int64_t now) {
    if (now - at_ >= kFresh) Read(now);
  }
  /**
   * What it ran: nanoseconds. By a clock that is not exact (Watcher::tick) only who runs when it goes on is charged, all since the last reading: what is
   * right is the sum.
   */
  int64_t Ran(int64_t began, int64_t now, bool exact) {
    int64_t ran = std::max<int64_t>(now - began, 0);
    if (ran > kShort) {
      const int64_t before = cpu_ + charged_;
      Read(now);
      if (cpu_ != 0) return std::clamp<int64_t>(cpu_ - before, 0, exact ? ran : INT64_MAX);
    }
    charged_ += ran;
    return ran;
  }

 private:
  static constexpr int64_t kShort = 200'000, kFresh = 500'000;

  void Read(int64_t now) {
    at_ = now;
    charged_ = 0;
#ifdef CLOCK_THREAD_CPUTIME_ID
    timespec cpu;
    cpu_ = clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu) == 0 ? cpu.tv_sec * int64_t{1'000'000'000} + cpu.tv_nsec : 0;
#endif
  }

  int64_t at_ = 0, cpu_ = 0;  // the last reading; 0 where there is none
  int64_t charged_ = 0;       // since
};

}  // namespace wazero_node
#endif
