#ifndef WAZERO_NODE_SIGNALS_H
#define WAZERO_NODE_SIGNALS_H

#ifdef __linux__
#include <csignal>
#endif

namespace wazero_node {

#ifdef __linux__
/**
 * All signals but those that a fault raises on the thread it happens on. Where one of these is blocked, the kernel asks no handler: it ends the
 * process, without a word.
 */
sigset_t AsynchronousSignals();
#endif

/** After the addon was loaded, and so Go was started: undoes what that did to the signals of the process. Only the
 * first call does anything. */
void PutBackSignals();

/**
 * Gives each handler that somebody has set without SA_ONSTACK that flag, and says how many there were: edit E4 makes
 * the stacks of guests safe, but Go runs its own code on small stacks of goroutines, on the JS thread too, and there a
 * handler needs the signal stack that Go gives to each thread it enters.
 */
int KeepSignalsOnStack();

}  // namespace wazero_node
#endif
