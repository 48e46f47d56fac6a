// Where the system refuses Go a thread (ulimit -u, pids.max, memory), Go ends the process. Its threads are never given
// back and used again when they are idle, and how many it has at once is bounded (wz_threads). So that many are made
// when the package is loaded, where their refusal is an error like any other, and wait here. The pthread_create below is
// the one of all that is linked into the addon, and of nothing else (exports.map hides it): Go takes its threads from
// those that wait. Should it ever need more than there are, and the system refuse one, then it waits for that.
// The linker's --wrap would do the same, but zig, which builds what is published, refuses it.
#include "process/signals.h"
#include "process/threads.h"

#ifdef __linux__
#include <dlfcn.h>
#include <pthread.h>
#include <cerrno>
#include <csignal>
#include <ctime>
#include "wazero_node.h"
#include "wazero_node_exports.h"

using Start = void* (*)(void*);

namespace wazero_node {
namespace {

/** The system's. */
int CreateThread(pthread_t* thread, const pthread_attr_t* attributes, Start start, void* argument) {
  static const auto create = reinterpret_cast<decltype(&pthread_create)>(dlsym(RTLD_DEFAULT, "pthread_create"));
  return create(thread, attributes, start, argument);
}

struct Job {
  Start start;
  void* argument;
};

// What waits: as much stack as any of Go's threads, which Go measures from where it starts.
pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t given = PTHREAD_COND_INITIALIZER;
constexpr unsigned kMost = 512;
constexpr unsigned kOwn = 2;  // ExpressPool's and Watcher's, which come from those that wait, too
Job jobs[kMost];
unsigned waiting = 0;   // threads
unsigned pending = 0;   // jobs that none of them has taken yet: never more than waiting
unsigned made = 0;      // threads, in all
size_t stack_size = 0;  // that a thread of the default size has

void BlockSignals(sigset_t* before) {
  const sigset_t asynchronous = AsynchronousSignals();
  pthread_sigmask(SIG_SETMASK, &asynchronous, before);
}

void* Wait(void*) {
  pthread_mutex_lock(&lock);
  for (;;) {
    while (pending == 0) pthread_cond_wait(&given, &lock);
    Job job = jobs[--pending];
    waiting--;
    pthread_mutex_unlock(&lock);
    job.start(job.argument);
    BlockSignals(nullptr);  // as Go has it when it makes a thread: it is one again
    pthread_mutex_lock(&lock);
    waiting++;
  }
}

/** The lock is held. */
bool MakeOne() {
  constexpr size_t kOurs = 16 << 10;  // of the stack, above what Go gets
  pthread_attr_t attributes;
  if (made == kMost || pthread_attr_init(&attributes) != 0) return false;
  pthread_attr_getstacksize(&attributes, &stack_size);
  pthread_attr_setstacksize(&attributes, stack_size + kOurs);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  sigset_t before;
  BlockSignals(&before);  // inherited
  pthread_t thread;
  bool ok = CreateThread(&thread, &attributes, Wait, nullptr) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  if (ok) {
    made++;
    waiting++;
  }
  return ok;
}

/** False where none waits, or the thread that is asked for is not like those that wait. */
bool Give(const pthread_attr_t* attributes, Start start, void* argument) {
  int state;
  size_t size;
  if (attributes == nullptr || pthread_attr_getdetachstate(attributes, &state) != 0 ||
      state != PTHREAD_CREATE_DETACHED || pthread_attr_getstacksize(attributes, &size) != 0) {
    return false;
  }
  pthread_mutex_lock(&lock);
  bool ok = size <= stack_size && waiting > pending;
  if (ok) {
    jobs[pending++] = {start, argument};
    pthread_cond_signal(&given);
  }
  pthread_mutex_unlock(&lock);
  return ok;
}

}  // namespace

unsigned MissingThreads() {
  unsigned needed = wz_threads() + kOwn;
  if (needed > kMost) needed = kMost;
  pthread_mutex_lock(&lock);
  while (made < needed && MakeOne()) {
  }
  unsigned missing = needed - (made < needed ? made : needed);
  pthread_mutex_unlock(&lock);
  return missing;
}

/**
 * Go unblocks the signals that it needs where it is called. A thread that waits here has such a mask already; this is for one that the system
 * makes.
 */
bool StartThread(void* (*run)(void*), void* argument) {
  constexpr size_t kStack = 512 << 10;  // guests have their own
  sigset_t before;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStack);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  BlockSignals(&before);
  pthread_t thread;
  const bool started = pthread_create(&thread, &attributes, run, argument) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  return started;
}

}  // namespace wazero_node

#ifdef __GLIBC__
#define WAZERO_AS_DECLARED noexcept
#else
#define WAZERO_AS_DECLARED
#endif
int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, Start start, void* argument) WAZERO_AS_DECLARED {
  constexpr int kTries = 3000;  // half a minute, in which all of Go may stand still
  for (int i = 0;; i++) {
    if (wazero_node::Give(attributes, start, argument)) {
      *thread = pthread_self();  // Go does not look at it: the thread is detached
      return 0;
    }
    int error = wazero_node::CreateThread(thread, attributes, start, argument);
    if (error != EAGAIN || i == kTries) return error;
    struct timespec pause = {0, 10'000'000};
    nanosleep(&pause, nullptr);
  }
}
#else
namespace wazero_node {
unsigned MissingThreads() { return 0; }
bool StartThread(void* (*)(void*), void*) { return false; }
}  // namespace wazero_node
#endif
