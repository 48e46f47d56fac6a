export type { AnyWazeroError, ErrorCode, TrapKind } from './values/errors.js';
export { CompileError, ExitError, isWazeroError, LimitError, LinkError, Trap, WazeroError } from './values/errors.js';
