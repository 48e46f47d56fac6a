/** What is published, not src: the built package, and the native half behind it for what only tests look at. */
export * from '../../dist/index.js';
export { native as binding } from '../../dist/internal.js';
