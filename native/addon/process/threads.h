#ifndef WAZERO_NODE_THREADS_H
#define WAZERO_NODE_THREADS_H

namespace wazero_node {

/** Makes the threads that Go will need, which wait until it does, and says how many could not be made. May be called again. Any thread. */
unsigned MissingThreads();

/** A thread of our own, which runs to the end of the process; false where the system refuses one. Signals are for other threads, but those that a fault
 * raises. */
bool StartThread(void* (*run)(void*), void* argument);

}  // namespace wazero_node

#endif
