// node --require: the addon of another build, WAZERO_TEST_ADDON=Release-thread for example. Only the tests have this way in.
const Module = require('node:module');
const { existsSync } = require('node:fs');

const load = Module._extensions['.node'];
Module._extensions['.node'] = (module, file) => {
  const other = file.replace('/build/Release/', `/build/${process.env.WAZERO_TEST_ADDON}/`);
  if (!existsSync(other)) throw new Error(`Expected ${other}: build it first`);
  return load(module, other);
};
