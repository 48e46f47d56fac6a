// The compiler against the interpreter, on generated modules: what the targets engines and fuel share.
import { difference, finding, planOf, Wazero } from './differential.mjs';
import { generatedModules } from './generated.mjs';

/** What wazero 1.12.0 does not have. */
const knownRefusals = [/invalid ref type for element: 0x69/];

/** `options` are those of Wazero; `prepare` may change the calls that are made. */
export function openEngines({ seed, committed }, options, prepare = () => {}) {
  const modules = generatedModules('wazero', seed, committed);
  const compiler = new Wazero('compiler', Wazero.features.wazero, undefined, options);
  const interpreter = new Wazero('interpreter', Wazero.features.wazero, undefined, options);
  const counts = { modules: 0, calls: 0, refused: 0 };
  return {
    counts,
    async run(random, index) {
      const bytes = modules(index);
      if (bytes.length === 0) return;
      let compiled;
      let interpreted;
      try {
        compiled = await compiler.compile(bytes);
        interpreted = await interpreter.compile(bytes);
      } catch (error) {
        compiled?.close();
        if (!compiled && knownRefusals.some((pattern) => pattern.test(error.message))) return void counts.refused++;
        throw finding(
          `a valid module is refused by the ${compiled ? 'interpreter' : 'compiler'}: ${error.message}`,
          bytes,
        );
      }
      const calls = planOf(compiled.exportedFunctions(), random);
      prepare(calls, random);
      const one = await compiler.run(compiled, calls, random.oneIn(4));
      const other = await interpreter.run(interpreted, calls, random.oneIn(4));
      const different = difference(one, other, calls);
      if (different) throw finding(`compiler / interpreter: ${different}`, bytes);
      counts.modules++;
      counts.calls += one.calls.length;
    },
    async close() {
      await compiler.close();
      await interpreter.close();
    },
  };
}
