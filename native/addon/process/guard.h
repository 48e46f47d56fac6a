#ifndef WAZERO_NODE_GUARD_H
#define WAZERO_NODE_GUARD_H
#include <cstdint>

namespace wazero_node {

/** Behind PutBackSignals, and once; waits until Go has started: our handler of SIGSEGV before Go's, unless WAZERO_NODE_GUARD_PAGES=0. */
void InstallGuard();

/** wz_callbacks.guard: WZ_GUARD_*, whether a fault of a guest on this thread would come to our handler first. */
uint32_t GuardState();

}  // namespace wazero_node

#endif
