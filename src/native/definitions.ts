import type { FunctionDefinition, MemoryDefinition } from '../values/types.js';
import type { FunctionRecord, MemoryRecord } from './binding.js';

// The records of native/go have the shape of the public definitions: they are frozen, not copied.
export function functionDefinition(record: FunctionRecord): FunctionDefinition {
  if (record.import) Object.freeze(record.import);
  for (const list of [record.exportNames, record.paramTypes, record.paramNames, record.resultTypes, record.resultNames])
    Object.freeze(list);
  return Object.freeze(record) as FunctionDefinition;
}
export interface DescribedMemory {
  readonly definition: MemoryDefinition;
  readonly shared: boolean;
}
export function memoryDefinition(record: MemoryRecord): DescribedMemory {
  const { shared = false, ...definition } = record;
  if (definition.import) Object.freeze(definition.import);
  Object.freeze(definition.exportNames);
  return { definition: Object.freeze(definition), shared };
}
