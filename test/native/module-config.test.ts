/**
 * Random configurations, every option of them, go from the builder through the flat struct and C++ to Go, and the same configuration comes
 * back. What is expected is kept beside the builder by each option as it is drawn, so it knows nothing of the code in between.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { defaultLimits, fieldsOf, moduleRecord, SINK, SOURCE } from '../../dist/internal.js';
import {
  decodedLimits,
  limitsOf,
  methodsOf,
  noLimits,
  numRuns,
  runtimeLimits,
  shown,
  text,
} from '../support/config-options.js';
import { Decoded, fake, type ModuleModel, module, none } from '../support/module-options.js';
import { binding, type Limits, ModuleConfig } from '../support/package.js';

it(`ModuleConfig, ${numRuns} of them`, () => {
  const imports = fc.uniqueArray(fc.record({ name: text, module: fc.nat() }), {
    selector: ({ name }) => name,
    maxLength: 3,
  });
  fc.assert(
    fc.property(module.sequence(), limitsOf(runtimeLimits), imports, (options, ofRuntime, imports) => {
      let config = new ModuleConfig();
      const model: ModuleModel = {
        name: null,
        args: [],
        env: new Map(),
        startFunctions: null,
        stdin: none,
        stdout: none,
        stderr: none,
        walltime: fake,
        nanotime: fake,
        nanosleep: fake,
        osyield: 'none',
        rand: none,
        mounts: [],
        tcpListeners: [],
        limits: {},
        tenant: '0',
      };
      for (const option of options) {
        config = option.apply(config);
        option.mean(model);
      }
      const seen = new Decoded();
      const record = moduleRecord(fieldsOf.moduleConfig(config)!, ofRuntime, imports, seen.callbacks);
      const decoded = JSON.parse(binding().moduleConfigDescribe(record));
      const { limits, env, ...rest } = model;
      const set = Object.fromEntries(Object.entries(ofRuntime).filter(([, value]) => value !== undefined));
      const most: Required<Limits> = { ...defaultLimits, ...set };
      // 0: that of the runtime.
      const allowed: Limits = {};
      for (const [name, value] of Object.entries(limits) as [keyof Limits, number][])
        allowed[name] = Math.min(most[name], value);
      expect(
        {
          name: decoded.name,
          args: decoded.args,
          env: decoded.env,
          startFunctions: decoded.startFunctions,
          stdin: seen.stream(SOURCE, decoded.stdin),
          stdout: seen.stream(SINK, decoded.stdout),
          stderr: seen.stream(SINK, decoded.stderr),
          walltime: seen.clock(decoded.walltime),
          nanotime: seen.clock(decoded.nanotime),
          nanosleep: seen.clock(decoded.nanosleep, false),
          osyield: seen.osyield(decoded.osyield),
          rand: seen.random(decoded),
          mounts: decoded.mounts.map((mount: Record<string, string>) => seen.mount(mount)),
          tcpListeners: decoded.tcpListeners,
          limits: decoded.limits,
          tenant: decoded.tenant,
          imports: decoded.imports,
        },
        shown(options as never),
      ).toEqual({
        ...rest,
        env: [...env].flat(),
        limits: decodedLimits({ ...noLimits, ...allowed }),
        imports: Object.fromEntries(imports.map(({ name, module }) => [name, String(module)])),
      });
    }),
    { numRuns },
  );
});

it('every option of ModuleConfig is drawn', () => {
  expect([...module.names].sort()).toEqual(methodsOf(ModuleConfig).sort());
});
