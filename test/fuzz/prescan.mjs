/**
 * The target `prescan`, which Go fuzzes. Go ends its worker, without saying so, when one execution takes 10 s (internal/fuzz/worker.go), and may find no
 * end at its deadline ("context deadline exceeded", golang/go#51484): on a busy machine neither says anything about the input. So an input that is
 * accused is run again, alone: if that passes, it was the machine, and the fuzzing goes on.
 */
import { spawn, spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const cwd = fileURLToPath(new URL('../../native/go/prescan/', import.meta.url));
const test = ['test', '-modfile=../../../build/edited.mod', '.'];

/** How many findings there were. */
export async function fuzzPrescan(seconds) {
  const end = performance.now() + seconds * 1000;
  for (let restarts = 0; restarts < 20; restarts++) {
    const left = Math.ceil((end - performance.now()) / 1000);
    if (left <= 0) return 0;
    const { code, output } = await fuzz(left);
    if (code === 0) return 0;
    const [, input] = /Failing input written to (testdata\S+)/.exec(output) ?? [];
    if (input === undefined) {
      if (/context deadline exceeded|hung or terminated unexpectedly/.test(output)) continue;
      return 1; // it does not compile, say
    }
    const name = input.replace('testdata/fuzz/', '');
    if (spawnSync('go', [...test, '-count=1', `-run=^${name}$`], { cwd, stdio: 'inherit' }).status !== 0) return 1;
    console.log(`${name} passes alone: the worker was ended because an execution took 10 s on this machine`);
    rmSync(`${cwd}/${input}`);
  }
  return 1;
}

function fuzz(seconds) {
  // 1 s to make an input smaller that reaches something new: a minute each, Go's default, is most of the time.
  const flags = ['-run=^$', '-fuzz=FuzzCheck', '-parallel=1', `-fuzztime=${seconds}s`, '-fuzzminimizetime=1s'];
  const child = spawn('go', [...test, ...flags], { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (data) => {
    process.stdout.write(data);
    output = (output + data).slice(-10_000);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}
