import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { ModuleConfig, Runtime, wasi } from '../../dist/index.js';
import { compare, guest, quick, timeAsync } from '../measure.mjs';
import { wazeroInGo } from '../peers.mjs';

const group = 'Standard output and files';
const MiB = quick ? 64 : 1024;
const binary = guest('pour.wat');
mkdirSync(new URL('../../build/bench/', import.meta.url), { recursive: true });
const path = fileURLToPath(new URL('../../build/bench/pour.wasm', import.meta.url));
writeFileSync(path, binary);
const runtime = new Runtime();
await wasi.instantiate(runtime);
const compiled = await runtime.compileModule(binary);
const go = wazeroInGo();
const args = Array.from({ length: MiB / 16 }, () => '');
const pour = (sink) =>
  timeAsync(async () => {
    const config = new ModuleConfig()
      .withName('')
      .withArgs(...args)
      .withStdout(sink);
    await (await runtime.instantiateModule(compiled, config)).close();
  });
const what = quick ? '64 MiB' : '1 GiB';

await compare({
  group,
  row: `${what} through stdout to a file descriptor`,
  against: 'wazero in Go',
  bar: 1.2,
  note: 'a write is one system call in both; a guest that leaves for it tells Go so, 35 ns; the instance is closed, too, and both ends cross threads, 0.4 ms',
  async ours() {
    const fd = openSync('/dev/null', 'w');
    const ns = await pour(fd);
    closeSync(fd);
    return ns;
  },
  peer: async () => (await go.ask({ Do: 'start', Path: path, Argv: args, Stdout: '/dev/null' })).ns,
});
go.close();

const chunk = Buffer.alloc(65536);
const through = () =>
  timeAsync(
    () =>
      new Promise((done) => {
        const pipe = new PassThrough();
        pipe.on('data', () => {}).on('end', done);
        let left = MiB * 16;
        const write = () => {
          while (left-- > 0) if (!pipe.write(Buffer.from(chunk))) return pipe.once('drain', write);
          pipe.end();
        };
        write();
      }),
  );
await compare({
  group,
  row: `${what} through stdout to a callback, 64 KiB at a time`,
  against: 'a PassThrough of Node',
  bar: 1.5,
  note: 'the guest is up to 1 MiB ahead; 16,384 copies are made for the function, and as many to cross',
  ours: () => pour(() => {}),
  peer: through,
});
await compare({
  group,
  row: `${what} through stdout to a stream of Node`,
  against: 'a PassThrough of Node',
  ours() {
    const pipe = new PassThrough();
    pipe.resume();
    return pour(pipe);
  },
  peer: through,
});
await runtime.close();
