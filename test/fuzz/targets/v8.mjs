/** wazero's compiler against V8 on generated modules. */
import { difference, finding, planOf, V8, Wazero } from '../differential.mjs';
import { generatedModules } from '../generated.mjs';

export function open({ seed, committed }) {
  const modules = generatedModules('v8', seed, committed);
  const wazero = new Wazero('compiler', Wazero.features.v8);
  const v8 = new V8();
  const counts = { modules: 0, calls: 0 };
  return {
    counts,
    async run(random, index) {
      const bytes = modules(index);
      if (bytes.length === 0) return;
      let compiled;
      try {
        compiled = await wazero.compile(bytes);
      } catch (error) {
        throw finding(`a valid module is refused: ${error.message}`, bytes);
      }
      const calls = planOf(compiled.exportedFunctions(), random, (type) => type !== 'v128');
      const one = await wazero.run(compiled, calls, random.oneIn(4));
      const other = v8.run(bytes, calls);
      // wazero takes an active element segment out of bounds, deliberately.
      if (one.start !== 'table' && other.start === 'table') return;
      const different = difference(one, other, calls);
      if (different) throw finding(`wazero / V8: ${different}`, bytes);
      counts.modules++;
      counts.calls += one.calls.length;
    },
    close: () => wazero.close(),
  };
}
