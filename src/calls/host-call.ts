import { isPromiseLike } from '../io/callbacks.js';
import { decode, encodeWhole, hostResults } from '../values/values.js';
import type { HostFunction } from './host-functions.js';
import { publicly } from './lent.js';
import { type Frame, type Instance, Lease } from './link-group.js';
import { traced, traceEither } from './tracing.js';

/** Calls a host function for a frame: parameters are in words, results go over them. A Promise where they come later. */
export function callHost(
  frame: Frame,
  module: Instance,
  host: HostFunction,
  words: BigUint64Array,
  sync: boolean,
): void | PromiseLike<void> {
  const { references } = module.group;
  const args: unknown[] = decode(host.params, words, references);
  const lease = host.withCaller ? new Lease(frame, host) : undefined;
  if (lease) args.unshift(publicly.caller(module, lease));
  frame.inHost = true;
  frame.restoring = false;
  const answered = () => {
    frame.inHost = false;
    lease?.expire();
  };
  const take = (result: unknown) => {
    answered();
    if (frame.restoring) return;
    const position = (i: number) =>
      host.results.length === 1 ? `the result of ${host.name}` : `result ${i} of ${host.name}`;
    const list = hostResults(host.results, result, `the results of ${host.name}`);
    encodeWhole(host.results, list, words, references, position);
  };
  try {
    const result: unknown = traced.host.hasSubscribers
      ? traceEither(traced.host, { module: host.moduleName, function: host.exportName, context: frame.context }, () =>
          Reflect.apply(host.fn, undefined, args),
        )
      : Reflect.apply(host.fn, undefined, args);
    if (!isPromiseLike(result)) {
      take(result);
      return undefined;
    }
    if (sync) answered();
    return Promise.resolve(result).then(take, (error: unknown) => {
      answered();
      throw error;
    });
  } catch (error) {
    answered();
    throw error;
  }
}
