// Where address space or data is limited (ulimit -v, -d), every thread's 8 MiB of stack count, and glibc takes 64 MiB for each thread that
// allocates, until Go finds no room for a thread of its own and ends the process: "pthread_create failed". So there all threads share one
// heap, and those that Go makes have stacks of 1 MiB: guests do not run on them, and neither does JavaScript. Before Go starts, for Go starts
// threads. musl has one heap, and gives threads 128 KiB, which is less than Go counts on: there they have 1 MiB always.
#ifdef __linux__
#include <malloc.h>
#include <pthread.h>
#include <sys/resource.h>

namespace {

#ifdef __GLIBC__
bool IsLimited(__rlimit_resource resource) {
  struct rlimit limit;
  return getrlimit(resource, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}
#endif

__attribute__((constructor(101))) void KeepAddressSpace() {
#ifdef __GLIBC__
  if (!IsLimited(RLIMIT_AS) && !IsLimited(RLIMIT_DATA)) return;
  mallopt(M_ARENA_MAX, 1);
#endif
  pthread_attr_t attributes;
  if (pthread_getattr_default_np(&attributes) != 0) return;
  if (pthread_attr_setstacksize(&attributes, 1 << 20) == 0) pthread_setattr_default_np(&attributes);
  pthread_attr_destroy(&attributes);
}

}  // namespace
#endif
