#ifndef WAZERO_NODE_SIGNALS_H
#define WAZERO_NODE_SIGNALS_H

namespace wazero_node {

/** After the addon was loaded, and so Go was started: undoes what that did to the signals of the process. Only the
 * first call does anything. */
void PutBackSignals();

}  // namespace wazero_node
#endif
