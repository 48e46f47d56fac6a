/** What calls cost (withFuel): the compiler against the interpreter on generated modules, with all features that wazero has. Half of the calls have a budget. */
import { openEngines } from '../engines-compared.mjs';

export const open = (options) =>
  openEngines(options, { fuel: true }, (calls, random) => {
    for (const call of calls)
      if (random.oneIn(2)) call.fuel = BigInt(Math.trunc(2 ** (16 * (random.u32() / 2 ** 32))) - 1);
  });
