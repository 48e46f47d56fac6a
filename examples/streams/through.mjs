import { Duplex, PassThrough } from 'node:stream';
import { ModuleConfig } from 'node-wazero';

/** A guest as a Duplex: what is written to it is its stdin, what is read from it its stdout. It ends when the guest does. */
export function through(runtime, compiled, options) {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const config = new ModuleConfig().withName('').withStdin(stdin).withStdout(stdout).withStderr('inherit');
  runtime
    .instantiateModule(compiled, config, options) // _start runs in here
    .then((module) => module.close())
    .then(
      () => stdout.end(),
      (error) => stdout.destroy(error),
    )
    .finally(() => stdin.destroy()); // it may not have read all
  return Duplex.from({ readable: stdout, writable: stdin });
}
