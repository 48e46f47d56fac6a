#ifndef WAZERO_NODE_DIRECT_ENTRY_H
#define WAZERO_NODE_DIRECT_ENTRY_H
#include <cstdint>

// From C's calling convention into code of wazero and back: what its entrypoint and afterGoFunctionCallEntrypoint do for
// Go. Both return when the guest returns, or leaves for a reason that stands in its execution context.
#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
#define WAZERO_NODE_DIRECT 1
extern "C" {
void wazero_node_enter(uintptr_t preamble, uintptr_t executable, uintptr_t context, uintptr_t module_context,
                       uint64_t* words, uintptr_t stack_top);
void wazero_node_resume(uintptr_t return_address, uintptr_t context, uintptr_t stack_pointer, uintptr_t frame_pointer);
}
#else
#define WAZERO_NODE_DIRECT 0
inline void wazero_node_enter(uintptr_t, uintptr_t, uintptr_t, uintptr_t, uint64_t*, uintptr_t) {}
inline void wazero_node_resume(uintptr_t, uintptr_t, uintptr_t, uintptr_t) {}
#endif

#endif
