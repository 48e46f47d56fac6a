import { ModuleConfig, Runtime, RuntimeConfig, wasi } from 'node-wazero';
import { addQuickJs, javaScript, quickJsBinary } from '../plugin-host/quickjs.mjs';

const plain = new ModuleConfig().withName('').withLimits({ memoryPages: 1024 });

/** An application in JavaScript, loaded once. Each request is handled in a copy of that state, and the copy is thrown away. */
export class Handler {
  #runtime = new Runtime(new RuntimeConfig().withCloseOnContextDone(true));
  #application;
  #image;

  static async create(source) {
    const handler = new Handler();
    await wasi.instantiate(handler.#runtime);
    await addQuickJs(handler.#runtime, {});
    const compiled = await handler.#runtime.compileModule(await quickJsBinary());
    const module = await handler.#runtime.instantiateModule(compiled, plain.withStartFunctions('_initialize'));
    handler.#application = javaScript(source, 'application');
    await module.exclusive((guest) => handler.#application.setUp(guest)); // what a request would wait for
    handler.#image = await module.freeze();
    await module.close();
    return handler;
  }

  /** What the application's `handle` answers; JSON in, JSON out. */
  async handle(request, timeoutMs = 3_000) {
    const module = await this.#runtime.instantiateModule(this.#image, plain);
    try {
      const answer = (guest) => this.#application.handle(guest, JSON.stringify(request));
      return JSON.parse(await module.exclusive(answer, { timeoutMs }));
    } finally {
      await module.close();
    }
  }

  close() {
    return this.#runtime.close();
  }
}
