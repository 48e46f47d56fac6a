// What Go needs under musl, which native/musl has its code ask for: see there. Nothing of it is in other builds.
#ifdef WAZERO_MUSL
#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

extern "C" {

extern char** environ;

/** runtime.tlsg, the one word of Go for each thread. By a descriptor: musl knows no initial-exec access in a library that is loaded late. */
__attribute__((tls_model("global-dynamic"), visibility("hidden"), used)) thread_local void* wazero_node_tls = nullptr;

/** Go's own; hidden, and dropped from .init_array. */
void wazero_node_go_start(int argc, char** argv);
}

#if defined(__x86_64__)
// The word's offset from the thread pointer in a register, all others and the flags as they were: where Go had `mov tlsg@gottpoff(%rip), %reg`. On
// whatever stack Go is on: the resolver of a descriptor pushes a few words and calls nothing.
#define WAZERO_STUB(number, before, to, after)                                             \
  asm(".text\n.globl wazero_node_tls_" #number "\n.hidden wazero_node_tls_" #number        \
      "\n.type wazero_node_tls_" #number ",@function\nwazero_node_tls_" #number ":\n" before \
      "pushf\nleaq wazero_node_tls@tlsdesc(%rip), %rax\ncall *wazero_node_tls@tlscall(%rax)\n" to "popf\n" after "ret\n")
WAZERO_STUB(0, "", "", "");
WAZERO_STUB(1, "push %rax\n", "mov %rax, %rcx\n", "pop %rax\n");
WAZERO_STUB(3, "push %rax\n", "mov %rax, %rbx\n", "pop %rax\n");
WAZERO_STUB(12, "push %rax\n", "mov %rax, %r12\n", "pop %rax\n");
WAZERO_STUB(14, "push %rax\n", "mov %rax, %r14\n", "pop %rax\n");
#elif defined(__aarch64__)
// Where Go had `adrp x27, tls_g@gottprel; ldr x27, [x27]` now is `mov x27, x30; bl`: x27 comes with the return address of the caller, and goes with the offset.
// x17 is for stubs of linkers, so nobody keeps anything in it over a call.
asm(".text\n.globl wazero_node_tls_27\n.hidden wazero_node_tls_27\n.type wazero_node_tls_27,@function\nwazero_node_tls_27:\n"
    "stp x27, x30, [sp, #-32]!\nstp x0, x1, [sp, #16]\n"
    "adrp x0, :tlsdesc:wazero_node_tls\nldr x1, [x0, :tlsdesc_lo12:wazero_node_tls]\nadd x0, x0, :tlsdesc_lo12:wazero_node_tls\n"
    ".tlsdesccall wazero_node_tls\nblr x1\nmov x27, x0\n"
    "ldp x0, x1, [sp, #16]\nldp x30, x17, [sp], #32\nbr x17\n");
#endif

namespace {

/** Go reads argc, argv and what lies behind: the environment, and the auxiliary vector of the kernel. Kept for ever, as Go keeps pointers into it. */
__attribute__((constructor)) void StartGo() {
  constexpr size_t kMost = 128;  // words; Linux has some fifty
  static uintptr_t auxiliary[kMost + 2] = {};
  const int file = open("/proc/self/auxv", O_RDONLY | O_CLOEXEC);
  const ssize_t size = file < 0 ? 0 : read(file, auxiliary, kMost * sizeof(uintptr_t));
  if (file >= 0) close(file);
  const size_t words = size > 0 ? static_cast<size_t>(size) / sizeof(uintptr_t) : 0;
  size_t variables = 0;
  while (environ != nullptr && environ[variables] != nullptr) variables++;
  // argv[0], its end, the variables, their end, the vector, and AT_NULL once more.
  auto** argv = static_cast<char**>(std::calloc(2 + variables + 1 + words + 2, sizeof(char*)));
  if (argv == nullptr) std::abort();
  static char name[] = "node";
  argv[0] = name;
  for (size_t i = 0; i < variables; i++) argv[2 + i] = strdup(environ[i]);
  std::memcpy(argv + 2 + variables + 1, auxiliary, words * sizeof(uintptr_t));
  wazero_node_go_start(1, argv);
}

}  // namespace
#endif
