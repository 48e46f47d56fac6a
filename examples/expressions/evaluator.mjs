import { ModuleConfig, Runtime, RuntimeConfig, wasi } from 'node-wazero';
import { addQuickJs, javaScript, quickJsBinary } from '../plugin-host/quickjs.mjs';

export class Evaluator {
  #runtime = new Runtime(
    new RuntimeConfig().withCloseOnContextDone(true).withLimits({ totalMemoryBytes: 256 * 2 ** 20 }),
  );
  #compiled;

  static async create() {
    const evaluator = new Evaluator();
    await wasi.instantiate(evaluator.#runtime);
    await addQuickJs(evaluator.#runtime, {}); // no services: an expression computes
    evaluator.#compiled = await evaluator.#runtime.compileModule(await quickJsBinary());
    return evaluator;
  }

  /** What the expression gives for these variables; JSON in, JSON out. */
  async evaluate(expression, variables, timeoutMs = 100) {
    const names = Object.keys(variables);
    // A parenthesis too many must not end the function: the text is compiled on its own, inside the guest.
    const source = `function handle(values) {
      return { value: new Function(${JSON.stringify(names)}, ${JSON.stringify(`return (${expression}\n)`)})(...values) };
    }`;
    const script = javaScript(source, 'expression');
    const config = new ModuleConfig().withName('').withStartFunctions('_initialize').withLimits({ memoryPages: 256 });
    const module = await this.#runtime.instantiateModule(this.#compiled, config);
    try {
      const answer = await module.exclusive(
        async (guest) => {
          await script.setUp(guest);
          return script.handle(guest, JSON.stringify(Object.values(variables)));
        },
        { timeoutMs },
      );
      return JSON.parse(answer).value;
    } finally {
      await module.close();
    }
  }

  close() {
    return this.#runtime.close();
  }
}
