/**
 * What tests and tools of this repository look at beside the public surface. Not exported by the package: nothing here is promised.
 */
import './index.js'; // its hooks answer what native code asks

export { moduleRecord, runtimeRecord } from './instances/flatten.js';
export { Callbacks } from './io/callbacks.js';
export { fieldsOf } from './io/fields.js';
export { CLOCK, ENGINE, FS, MOUNT, RAND, SINK, SOURCE } from './native/binding.js';
export { native } from './native/native.js';
export { defaultLimits } from './values/limits.js';
