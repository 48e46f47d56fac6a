// Go starts when the library is loaded (its archive brings a constructor) and takes over what it finds: the threads
// that it makes have the signal mask of the loading thread, and it replaces dispositions, SIGPIPE's among them, which
// Node ignores. So a constructor that runs before Go's writes down the dispositions and blocks the asynchronous
// signals, and PutBackSignals, on the same thread and right after the load, undoes both. Go keeps what it needs: the
// faults, which it hands on where they are not its own (V8 uses SIGSEGV), and SIGURG, its own call for preemption. It
// also unblocks CHLD, PROF and URG on its threads by itself; edit E4 makes those safe.
#include "process/signals.h"

#ifdef __linux__
#include <pthread.h>
#include <csignal>

namespace wazero_node {
namespace {

constexpr int kSignals = 64;
struct sigaction before[kSignals + 1];
sigset_t mask_before;
bool saved = false;

constexpr int kSynchronous[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS};
constexpr int kGoKeeps[] = {SIGSEGV, SIGBUS, SIGFPE, SIGURG};

template <int count>
bool Contains(const int (&list)[count], int signal) {
  for (int item : list) {
    if (item == signal) return true;
  }
  return false;
}

// 101 is the first priority that is not the compiler's; Go's constructor has none and so comes last.
__attribute__((constructor(101))) void BeforeGo() {
  for (int signal = 1; signal <= kSignals; signal++) sigaction(signal, nullptr, &before[signal]);
  const sigset_t asynchronous = AsynchronousSignals();
  saved = pthread_sigmask(SIG_BLOCK, &asynchronous, &mask_before) == 0;
}

bool SameHandler(const struct sigaction& a, const struct sigaction& b) {
  return (a.sa_flags & SA_SIGINFO) != 0 ? (b.sa_flags & SA_SIGINFO) != 0 && a.sa_sigaction == b.sa_sigaction
                                        : (b.sa_flags & SA_SIGINFO) == 0 && a.sa_handler == b.sa_handler;
}

}  // namespace

sigset_t AsynchronousSignals() {
  sigset_t all;
  sigfillset(&all);
  for (int signal : kSynchronous) sigdelset(&all, signal);
  return all;
}

void PutBackSignals() {
  if (!saved) return;  // another environment: the library was loaded before; Node loads under a lock
  saved = false;
  for (int signal = 1; signal <= kSignals; signal++) {
    struct sigaction now;
    if (Contains(kGoKeeps, signal) || sigaction(signal, nullptr, &now) != 0 || SameHandler(before[signal], now))
      continue;
    sigaction(signal, &before[signal], nullptr);
  }
  pthread_sigmask(SIG_SETMASK, &mask_before, nullptr);
}

int KeepSignalsOnStack() {
  int changed = 0;
  for (int signal = 1; signal <= kSignals; signal++) {
    struct sigaction now;
    if (sigaction(signal, nullptr, &now) != 0 || (now.sa_flags & SA_ONSTACK) != 0) continue;
    if ((now.sa_flags & SA_SIGINFO) == 0 && (now.sa_handler == SIG_DFL || now.sa_handler == SIG_IGN)) continue;
    now.sa_flags |= SA_ONSTACK;
    if (sigaction(signal, &now, nullptr) == 0) changed++;
  }
  return changed;
}

}  // namespace wazero_node
#else
namespace wazero_node {
void PutBackSignals() {}
int KeepSignalsOnStack() { return 0; }
}  // namespace wazero_node
#endif
