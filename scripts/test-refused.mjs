// C5: one clear message where there is no binary.
// Where there is no binary, the package is imported without harm and the first thing that needs it says so, in one typed error.   TEXT
import { fail } from './lib/tools.mjs';

const { Runtime, RuntimeConfig } = await import('../dist/index.js');
new RuntimeConfig().withMemoryLimitPages(1); // what needs no binary works
let refusal;
try {
  new Runtime();
} catch (error) {
  refusal = error;
}
const text = process.argv[2] ?? 'has no binary';
if (refusal?.code !== 'ERR_WAZERO_UNSUPPORTED_PLATFORM' || !refusal.message.includes(text)) {
  fail(`Expected ERR_WAZERO_UNSUPPORTED_PLATFORM with "${text}" but received ${refusal ?? 'a runtime'}.`);
}
console.log(`As it must be: ${refusal.message}`);
