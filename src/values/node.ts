/**
 * What of Node is used from the start; the rest is asked for in the same way where it is needed. An import statement makes a view of all that
 * a module exports, and that loads what stands behind it: streams for node:fs, MIME types for node:util, messages for node:worker_threads.
 */
export const { debuglog, types } = process.getBuiltinModule('node:util');
export const { AsyncResource } = process.getBuiltinModule('node:async_hooks');
export const { tracingChannel } = process.getBuiltinModule('node:diagnostics_channel');
