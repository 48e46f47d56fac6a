/**
 * What tests and tools of this repository look at beside the public surface. Not exported by the package: nothing here is promised.
 */
import './index.js'; // its hooks answer what native code asks

export { CLOCK, ENGINE, FS, MOUNT, RAND, SINK, SOURCE } from './internal/binding.js';
export { Callbacks } from './internal/callbacks.js';
export { fieldsOf } from './internal/fields.js';
export { moduleRecord, runtimeRecord } from './internal/flatten.js';
export { defaultLimits } from './internal/limits.js';
export { native } from './internal/native.js';
