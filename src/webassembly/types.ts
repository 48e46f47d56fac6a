import type { CompilationCache, Limits, Runtime, Tenant, ValueType } from '../index.js';

/** A value type: one that JavaScript knows, or the bytes of one that only guests have among themselves. */
export type Type = ValueType | 'exnref' | `ref ${string}`;

export interface FunctionType {
  readonly params: readonly Type[];
  readonly results: readonly Type[];
}
/** Pages of a memory, elements of a table. */
export interface Size {
  readonly min: number;
  readonly max: number | undefined;
  readonly shared: boolean;
  /** Addressed by 64 bits, which the engine does not have. */
  readonly wide: boolean;
}
export interface TableType {
  readonly type: Type;
  readonly size: Size;
}
export interface GlobalType {
  readonly type: Type;
  readonly mutable: boolean;
}
export type ExternKind = 'function' | 'table' | 'memory' | 'global' | 'tag';

/** For createWebAssembly. */
export interface WebAssemblyOptions {
  /**
   * Runs everything; it stays yours, and must have `withCloseOnContextDone(true)` where `timeoutMs` or `signal` is given. Default: one of
   * the namespace's own, with the features that V8 has, too, which ends with the namespace.
   */
  readonly runtime?: Runtime | undefined;
  /**
   * Milliseconds that an outermost call, an instantiation or an asynchronous compilation may take. Past it: WebAssembly.RuntimeError, and the
   * instance is closed. Default: none.
   */
  readonly timeoutMs?: number | undefined;
  /** Milliseconds that an asynchronous compilation may take, Infinity for as long as it takes. Default: `timeoutMs`. */
  readonly compileTimeoutMs?: number | undefined;
  /** As RuntimeConfig.withLimits; not together with `runtime`. Default: those of SECURITY.md. */
  readonly limits?: Limits | undefined;
  /** Where machine code is kept: a CompilationCache, which stays yours, or a directory; not together with `runtime`. Default: nowhere. */
  readonly cache?: CompilationCache | string | undefined;
  /** On whose account everything runs that is made with the namespace; it stays yours. Default: nobody's. */
  readonly tenant?: Tenant | undefined;
  /** When it aborts, what runs asynchronously ends: compile, instantiate, calls of `promising`. */
  readonly signal?: AbortSignal | undefined;
}

/** The options of the Module constructor and its like that V8 has for string builtins. */
export interface CompileOptions {
  readonly builtins?: readonly string[] | undefined;
  readonly importedStringConstants?: string | null | undefined;
}
