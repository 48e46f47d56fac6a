// What the tracing channels cost where nobody listens: beside the same build without the question whether anybody does.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as asBuilt from '../../dist/wazero.mjs';
import { wat } from '../../test/support/wat.mjs';
import { compare, quick, time } from '../measure.mjs';

const questions =
  / \|\| traced\.call\.hasSubscribers(?= \|\|)|!traced\.call\.hasSubscribers(?=\) return this\.#callArgsSync\()/g;
const source = readFileSync(new URL('../../dist/wazero.mjs', import.meta.url), 'utf8');
const places = source.match(questions)?.length;
if (places !== 2) throw new Error(`Expected two places where callSync looks for listeners but found ${places}`);
// In build, as far from build/Release as dist is.
const file = fileURLToPath(new URL('../../build/untraced.mjs', import.meta.url));
writeFileSync(
  file,
  source.replace(questions, (question) => (question.startsWith('!') ? 'true' : '')),
);
const untraced = await import(file);
rmSync(file);

const binary = wat('(module (func (export "empty")))');
const opened = [];
async function caller({ Runtime, RuntimeConfig }) {
  const runtime = new Runtime(new RuntimeConfig());
  opened.push(runtime);
  const empty = (await runtime.instantiate(binary)).exportedFunction('empty', [], []);
  return () => time(() => empty.callSync(), quick ? 100_000 : 1_000_000);
}
await compare({
  group: 'Calls',
  row: 'callSync of an empty function, with tracing that nobody listens to',
  against: 'the same build without tracing',
  bar: 1.1,
  ours: await caller(asBuilt),
  peer: await caller(untraced),
});
for (const runtime of opened) await runtime.close();
