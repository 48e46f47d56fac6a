import createWabt from 'wabt';

/** Every proposal that a guest of these tests may use; wabt has no exnref, such guests are in test/conformance's archives. */
const features = { threads: true, tail_call: true, extended_const: true, exceptions: true };
const wabt = await createWabt();

/** The binary of a module in text format. */
export function wat(text) {
  const module = wabt.parseWat('guest.wat', text, features);
  try {
    module.validate(features);
    return new Uint8Array(module.toBinary({ write_debug_names: true }).buffer);
  } finally {
    module.destroy();
  }
}
