/**
 * The vectors as a script, for other folders of the same format:
 *   node test/conformance/run.mjs spec|wasi|hostile [folder] [--engine compiler|interpreter] [--lane sync|async] [--only part/of/name]
 * Without --engine both are run. Exits 1 if anything deviates beyond the baseline.json beside the vectors, or a hostile case does not meet its manifest.
 */
import { parseArgs } from 'node:util';
import { beyondBaseline } from './baseline.mjs';
import { runHostile } from './hostile-runner.mjs';
import { runSpec } from './spec-runner.mjs';
import { runWasi } from './wasi-runner.mjs';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    engine: { type: 'string' },
    lane: { type: 'string', default: 'sync' },
    only: { type: 'string' },
    verbose: { type: 'boolean' },
  },
});
const [kind, from] = positionals;
if (!['spec', 'wasi', 'hostile'].includes(kind)) {
  console.error(`Expected spec, wasi or hostile for the first argument but received ${kind}`);
  process.exit(2);
}
let good = true;
for (const engine of values.engine ? [values.engine] : ['compiler', 'interpreter']) {
  const started = performance.now();
  if (kind === 'spec') {
    const { total, passed, perGroup, deviations } = await runSpec({
      engine,
      lane: values.lane,
      from,
      only: values.only,
    });
    const beyond = beyondBaseline(deviations, from);
    console.log(
      `spec, ${engine}, ${values.lane}: ${passed} of ${total} assertions passed, ${deviations.length} deviations, ${beyond.length} beyond the baseline`,
      perGroup,
    );
    for (const { group, file, line, type, got } of values.verbose ? deviations : beyond)
      console.log(`  ${group}/${file}:${line} ${type}: ${got}`);
    good &&= beyond.length === 0;
  } else if (kind === 'hostile') {
    const { total, met, failures, rows, ...seen } = await runHostile({ engine, from, only: values.only });
    console.log(`hostile, ${engine}: ${met} of ${total} cases met`, seen);
    if (values.verbose) console.table(rows);
    for (const [name, problem] of Object.entries(failures)) console.log(`  ${name}: ${problem}`);
    good &&= met === total;
  } else {
    const { total, passed, failures, baseline } = await runWasi({ engine, from, only: values.only });
    const worse = Object.keys(failures).filter((program) => baseline.includes(program));
    console.log(
      `wasi, ${engine}: ${passed} of ${total} programs passed, ${worse.length} of the failed ones pass in wazero's own command line tool`,
    );
    for (const [program, problem] of Object.entries(failures))
      console.log(`  ${worse.includes(program) ? '!' : ' '} ${program}: ${problem}`);
    good &&= worse.length === 0;
  }
  console.log(`  ${Math.round(performance.now() - started)} ms`);
}
process.exitCode = good ? 0 : 1;
