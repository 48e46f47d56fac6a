import type { Handle, ReferenceRecord } from '../native/binding.js';
import { native } from '../native/native.js';
import { closedError } from '../values/errors.js';
import type { Referred } from '../values/references.js';
import type { FunctionDefinition } from '../values/types.js';

interface Owner {
  readonly closed: boolean;
  readonly handle: Handle;
}

/** The function that those bits refer to: any module of the group that is open can say. */
export function referredIn<O extends Owner>(
  group: { readonly modules: Iterable<O>; readonly byHandle: { get(handle: Handle): O | undefined } },
  bits: bigint,
): Referred {
  for (const { closed, handle } of group.modules)
    if (!closed && handle !== 0) {
      const {
        module,
        function: callee,
        ...definition
      } = JSON.parse(native().functionReference(handle, bits)) as ReferenceRecord;
      const owner = module === undefined ? undefined : group.byHandle.get(module);
      return { definition: Object.freeze(definition) as FunctionDefinition, owner, handle: callee ?? 0 };
    }
  throw closedError('the module that the function reference came from is closed');
}
