// wazero's code keeps no register of its caller's but the stack pointer and the frame pointer (on arm64 the return
// address, too), which it saves in the execution context: 16, 24 and 32 are their offsets there. So all that C expects
// to find again is saved here. Nobody unwinds through this: no C++ exception goes through a guest.
#include "lanes/direct_entry.h"

#if WAZERO_NODE_DIRECT && defined(__x86_64__)
// rdi, rsi, rdx, rcx, r8, r9 -> preamble r11, executable r14, context rax, module rbx, words r12, stack r13.
asm(R"(
.text
.macro wazero_node_save
  push %rbp
  push %rbx
  push %r12
  push %r13
  push %r14
  push %r15
  sub $8, %rsp
.endm
.macro wazero_node_restore
  add $8, %rsp
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbx
  pop %rbp
  ret
.endm

.p2align 4
.hidden wazero_node_enter
.globl wazero_node_enter
.type wazero_node_enter, @function
wazero_node_enter:
  wazero_node_save
  mov %rdi, %r11
  mov %rsi, %r14
  mov %rdx, %rax
  mov %rcx, %rbx
  mov %r8, %r12
  mov %r9, %r13
  call *%r11
  wazero_node_restore
.size wazero_node_enter, .-wazero_node_enter

.p2align 4
.hidden wazero_node_resume
.globl wazero_node_resume
.type wazero_node_resume, @function
wazero_node_resume:
  wazero_node_save
  call 1f
  wazero_node_restore
1:
  mov %rsi, %rax
  mov %rbp, 16(%rax)
  mov %rsp, 24(%rax)
  mov %rdi, %r11
  mov %rcx, %rbp
  mov %rdx, %rsp
  jmp *%r11
.size wazero_node_resume, .-wazero_node_resume
)");
#elif WAZERO_NODE_DIRECT && defined(__aarch64__)
// x0 ... x5 -> preamble x27, executable x24, context x0, module x1, words x19, stack x26.
asm(R"(
.text
.macro wazero_node_save
  stp x29, x30, [sp, #-160]!
  mov x29, sp
  stp x19, x20, [sp, #16]
  stp x21, x22, [sp, #32]
  stp x23, x24, [sp, #48]
  stp x25, x26, [sp, #64]
  stp x27, x28, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
.endm
.macro wazero_node_restore
  ldp x19, x20, [sp, #16]
  ldp x21, x22, [sp, #32]
  ldp x23, x24, [sp, #48]
  ldp x25, x26, [sp, #64]
  ldp x27, x28, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  ldp x29, x30, [sp], #160
  ret
.endm

.p2align 4
.hidden wazero_node_enter
.globl wazero_node_enter
.type wazero_node_enter, %function
wazero_node_enter:
  wazero_node_save
  mov x27, x0
  mov x24, x1
  mov x0, x2
  mov x1, x3
  mov x19, x4
  mov x26, x5
  blr x27
  wazero_node_restore
.size wazero_node_enter, .-wazero_node_enter

.p2align 4
.hidden wazero_node_resume
.globl wazero_node_resume
.type wazero_node_resume, %function
wazero_node_resume:
  wazero_node_save
  bl 1f
  wazero_node_restore
1:
  mov x20, x0
  mov x0, x1
  str x29, [x0, #16]
  mov x27, sp
  str x27, [x0, #24]
  str x30, [x0, #32]
  mov sp, x2
  br x20
.size wazero_node_resume, .-wazero_node_resume
)");
#endif
