import { FSConfig, ModuleConfig, OutputBuffer } from 'node-wazero';
import { openPython } from '../python.mjs';

/** Runs in the guest. */
const script = `
import json, sqlite3, sys
request = json.load(sys.stdin)
try:
    database = sqlite3.connect('file:/db/main.sqlite?nolock=1', uri=True)
    rows = []
    for sql, parameters in request:
        rows = database.execute(sql, parameters).fetchall()
    database.commit()
    json.dump({'rows': rows}, sys.stdout)
except sqlite3.Error as error:
    json.dump({'error': str(error)}, sys.stdout)
`;

/** One database for each tenant: a file in `directory`/tenant, for which there is one query at a time. */
export class Databases {
  #python;
  #directory;
  #last = new Map();

  static async open(directory) {
    const databases = new Databases();
    databases.#directory = directory;
    databases.#python = await openPython({ totalMemoryBytes: 256 * 2 ** 20 });
    return databases;
  }

  /** Statements with their parameters, in one transaction; the rows of the last one. */
  query(tenant, ...statements) {
    const turn = (this.#last.get(tenant) ?? Promise.resolve()).then(() => this.#run(tenant, statements));
    this.#last.set(
      tenant,
      turn.catch(() => {}),
    );
    return turn;
  }

  async #run(tenant, statements) {
    if (!/^[a-z0-9-]+$/.test(tenant)) throw new TypeError(`Expected a tenant's name but received ${tenant}`);
    const stdout = new OutputBuffer({ maxBytes: 4 * 2 ** 20 });
    const config = new ModuleConfig()
      .withName('')
      .withArgs('python', '-c', script)
      .withFSConfig(new FSConfig().withDirMount(`${this.#directory}/${tenant}`, '/db'))
      .withStdin(Buffer.from(JSON.stringify(statements)))
      .withStdout(stdout)
      .withLimits({ memoryPages: 1024, openFiles: 16 });
    const module = await this.#python.runtime.instantiateModule(this.#python.python, config, { timeoutMs: 5_000 });
    await module.close();
    const { rows, error } = JSON.parse(stdout.text());
    if (error !== undefined) throw new Error(error);
    return rows;
  }

  close() {
    return this.#python.close();
  }
}
