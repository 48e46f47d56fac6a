// An access of a guest beyond its memory faults where the memory is guarded (native/go/arena, edit e12guard), and the handler here makes the exit of it
// that a comparison would have made. It is the first to hear of SIGSEGV, and hands on all that is not such an access to whoever was there before: Go,
// which hands on to V8. It touches nothing but the context of the signal, the frames of the guest that faulted, and that guest's execution context; it
// takes no lock, allocates nothing and calls nothing. It needs no stack of its own: below a guest's stack there is room for a handler (edit e4).
#include "process/guard.h"

#include "wazero_node.h"
#include "wazero_node_exports.h"

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
#include <pthread.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>

// A read that faults, for Probe: 1 where the handler was asked, and went on where it chose to.
#if defined(__x86_64__)
#define FUNCTION "@function"
#define BEGIN "xor %eax, %eax"
#define READ "movb (%rdi), %dl"
#define CAUGHT "mov $1, %eax"
#else
#define FUNCTION "%function"
#define BEGIN "mov x1, x0\n mov w0, wzr"
#define READ "ldrb w2, [x1]"
#define CAUGHT "mov w0, #1"
#endif
asm(".text\n"
    ".p2align 4\n"
    ".hidden wazero_node_probe\n"
    ".globl wazero_node_probe\n"
    ".type wazero_node_probe, " FUNCTION "\n"
    "wazero_node_probe:\n" BEGIN "\n"
    ".hidden wazero_node_probe_fault\n"
    ".globl wazero_node_probe_fault\n"
    "wazero_node_probe_fault:\n" READ "\n ret\n"
    ".hidden wazero_node_probe_caught\n"
    ".globl wazero_node_probe_caught\n"
    "wazero_node_probe_caught:\n" CAUGHT "\n ret\n"
    ".size wazero_node_probe, .-wazero_node_probe\n");
extern "C" {
int wazero_node_probe(const void* address);
extern const char wazero_node_probe_fault[], wazero_node_probe_caught[];
}

namespace wazero_node {
namespace {

/** guard.Table of native/go. */
struct Ranges {
  const std::atomic<uint64_t> (*pairs)[2];
  const std::atomic<uint64_t>* top;

  bool Has(uintptr_t address) const {
    const uint64_t used = top->load(std::memory_order_acquire);
    for (uint64_t i = 0; i < used; i++) {
      const uint64_t begin = pairs[i][0].load(std::memory_order_acquire);
      if (begin != 0 && begin <= address && address < pairs[i][1].load(std::memory_order_relaxed)) return true;
    }
    return false;
  }
};

// Written before the handler is set, and never again.
Ranges code, memories;
wz_guard_exit layout;
struct sigaction before;
uintptr_t probed;  // the address that Probe reads
bool installed = false, wanted = true;

uintptr_t& WordAt(uintptr_t address) { return *reinterpret_cast<uintptr_t*>(address); }

#if defined(__x86_64__)
uintptr_t ProgramCounter(const ucontext_t* context) { return static_cast<uintptr_t>(context->uc_mcontext.gregs[REG_RIP]); }

void GoOnAt(ucontext_t* context, const char* pc) { context->uc_mcontext.gregs[REG_RIP] = reinterpret_cast<greg_t>(pc); }

/** No stack is larger, so no chain is longer. */
constexpr uintptr_t kLargestStack = uintptr_t{1} << 40;

/** The end of the chain of frames is an odd word, which the entry has put there: the address of the execution context, and one. The chain goes up. */
uintptr_t ExecutionContext(const ucontext_t* context) {
  auto frame = static_cast<uintptr_t>(context->uc_mcontext.gregs[REG_RBP]);
  const auto bottom = static_cast<uintptr_t>(context->uc_mcontext.gregs[REG_RSP]);
  for (;;) {
    if (frame < bottom || frame - bottom > kLargestStack || frame % sizeof(uintptr_t) != 0) return 0;
    const uintptr_t next = WordAt(frame);
    if ((next & 1) != 0) return next - 1;
    if (next <= frame) return 0;  // not a chain of ours: a crash is what it is
    frame = next;
  }
}

void Leave(ucontext_t* context, uintptr_t execution) {
  greg_t* registers = context->uc_mcontext.gregs;
  WordAt(execution + layout.return_address) = ProgramCounter(context) + 1;  // behind the beginning of the instruction, as that of a call would be
  WordAt(execution + layout.stack_pointer) = static_cast<uintptr_t>(registers[REG_RSP]);
  WordAt(execution + layout.frame_pointer) = static_cast<uintptr_t>(registers[REG_RBP]);
  // mov rbp, [original_frame_pointer]; mov rsp, [original_stack_pointer]; ret
  const uintptr_t stack = WordAt(execution + layout.original_stack_pointer);
  registers[REG_RBP] = static_cast<greg_t>(WordAt(execution + layout.original_frame_pointer));
  registers[REG_RIP] = static_cast<greg_t>(WordAt(stack));
  registers[REG_RSP] = static_cast<greg_t>(stack + sizeof(uintptr_t));
}
#else
uintptr_t ProgramCounter(const ucontext_t* context) { return context->uc_mcontext.pc; }

void GoOnAt(ucontext_t* context, const char* pc) { context->uc_mcontext.pc = reinterpret_cast<uintptr_t>(pc); }

/** Each function has it in its frame, beside the size of the frame, to which the stack pointer points wherever memory is accessed. */
uintptr_t ExecutionContext(const ucontext_t* context) {
  const auto frame = static_cast<uintptr_t>(context->uc_mcontext.sp);
  return frame % (2 * sizeof(uintptr_t)) == 0 ? WordAt(frame + sizeof(uintptr_t)) : 0;
}

void Leave(ucontext_t* context, uintptr_t execution) {
  mcontext_t& registers = context->uc_mcontext;
  WordAt(execution + layout.return_address) = registers.pc + 4;
  WordAt(execution + layout.stack_pointer) = registers.sp;
  // ldr x29, [original_frame_pointer]; ldr sp, [original_stack_pointer]; ldr x30, [go_return_address]; ret
  registers.regs[29] = WordAt(execution + layout.original_frame_pointer);
  registers.sp = WordAt(execution + layout.original_stack_pointer);
  registers.regs[30] = WordAt(execution + layout.go_return_address);
  registers.pc = registers.regs[30];
}
#endif

bool MakeExit(const siginfo_t* info, ucontext_t* context) {
  const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  const uintptr_t pc = ProgramCounter(context);
  if (info->si_code <= 0) return false;  // somebody has sent it
  if (pc == reinterpret_cast<uintptr_t>(wazero_node_probe_fault)) {
    if (address != probed) return false;
    GoOnAt(context, wazero_node_probe_caught);
    return true;
  }
  if (!memories.Has(address) || !code.Has(pc)) return false;
  const uintptr_t execution = ExecutionContext(context);
  if (execution == 0) return false;
  *reinterpret_cast<uint32_t*>(execution + layout.exit_code) = layout.out_of_bounds;
  Leave(context, execution);
  return true;
}

void OnFault(int signal, siginfo_t* info, void* context) {
  if (MakeExit(info, static_cast<ucontext_t*>(context))) return;
  if ((before.sa_flags & SA_SIGINFO) != 0) {
    before.sa_sigaction(signal, info, context);
  } else if (before.sa_handler == SIG_DFL || before.sa_handler == SIG_IGN) {
    // As if nobody had come between: the instruction faults again, and what was sent is sent again.
    sigaction(signal, &before, nullptr);
    if (info->si_code <= 0) raise(signal);
  } else {
    before.sa_handler(signal);
  }
}

/** Whether a fault comes as it does on Linux: where, at which instruction, and the thread goes on where the handler says. */
bool Probe() {
  const size_t size = 4096;
  void* page = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return false;
  probed = reinterpret_cast<uintptr_t>(page) + size / 2;
  const bool caught = wazero_node_probe(reinterpret_cast<const void*>(probed)) == 1;
  munmap(page, size);
  return caught;
}

bool IsBlocked() {
  sigset_t blocked;
  return pthread_sigmask(SIG_BLOCK, nullptr, &blocked) != 0 || sigismember(&blocked, SIGSEGV) != 0;
}

bool IsFirst() {
  struct sigaction now;
  return sigaction(SIGSEGV, nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == OnFault;
}

}  // namespace

void InstallGuard() {
  const char* asked = std::getenv("WAZERO_NODE_GUARD_PAGES");
  wanted = asked == nullptr || std::strcmp(asked, "0") != 0;
  if (!wanted || IsBlocked()) return;
  uintptr_t tables[4];
  wz_guard_tables(tables, &layout);
  if (layout.out_of_bounds == 0) return;
  using Pairs = const std::atomic<uint64_t>(*)[2];
  using Top = const std::atomic<uint64_t>*;
  code = {reinterpret_cast<Pairs>(tables[0]), reinterpret_cast<Top>(tables[1])};
  memories = {reinterpret_cast<Pairs>(tables[2]), reinterpret_cast<Top>(tables[3])};
  struct sigaction action {};
  action.sa_sigaction = OnFault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  sigfillset(&action.sa_mask);  // as Go's has
  if (sigaction(SIGSEGV, &action, &before) != 0) return;
  installed = Probe();
  if (!installed) sigaction(SIGSEGV, &before, nullptr);
}

uint32_t GuardState() {
  if (!installed) return wanted ? WZ_GUARD_SYSTEM : WZ_GUARD_OFF;
  if (!IsFirst()) return WZ_GUARD_HANDLER;
  return IsBlocked() ? WZ_GUARD_BLOCKED : WZ_GUARD_ON;
}

}  // namespace wazero_node
#else
namespace wazero_node {
void InstallGuard() {}
uint32_t GuardState() { return WZ_GUARD_PLATFORM; }
}  // namespace wazero_node
#endif
