export type { AnyWazeroError, ErrorCode, TrapKind } from './internal/errors.js';
export { CompileError, ExitError, isWazeroError, LimitError, LinkError, Trap, WazeroError } from './internal/errors.js';
