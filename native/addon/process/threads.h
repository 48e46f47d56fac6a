#ifndef WAZERO_NODE_THREADS_H
#define WAZERO_NODE_THREADS_H

namespace wazero_node {

/** Makes the threads that Go will need, which wait until it does, and says how many could not be made. May be called again. Any thread. */
unsigned MissingThreads();

}  // namespace wazero_node

#endif
