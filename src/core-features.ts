const BulkMemoryOperations = 1n << 0n;
const MultiValue = 1n << 1n;
const MutableGlobal = 1n << 2n;
const NonTrappingFloatToIntConversion = 1n << 3n;
const ReferenceTypes = 1n << 4n;
const SignExtensionOps = 1n << 5n;
const SIMD = 1n << 6n;

/**
 * Bit flags for `RuntimeConfig.withCoreFeatures` (wazero: api.CoreFeatures, and those of package experimental). `V2` is the default.
 * One off: `CoreFeatures.V2 & ~CoreFeatures.SIMD`; one on: `CoreFeatures.V2 | CoreFeatures.Threads`.
 */
export const CoreFeatures = Object.freeze({
  /** WebAssembly 1.0: MutableGlobal. */
  V1: MutableGlobal,
  /** WebAssembly 2.0: all that are not experimental. */
  V2:
    MutableGlobal |
    BulkMemoryOperations |
    MultiValue |
    NonTrappingFloatToIntConversion |
    ReferenceTypes |
    SignExtensionOps |
    SIMD,
  /** Goes together with ReferenceTypes. */
  BulkMemoryOperations,
  MultiValue,
  MutableGlobal,
  NonTrappingFloatToIntConversion,
  /** Goes together with BulkMemoryOperations. */
  ReferenceTypes,
  SignExtensionOps,
  SIMD,
  /** Experimental: shared memories and atomics. */
  Threads: SIMD << 1n,
  /** Experimental. */
  TailCall: SIMD << 2n,
  /** Experimental. */
  ExtendedConst: SIMD << 3n,
  /** Experimental. */
  ExceptionHandling: SIMD << 4n,
  /** Experimental. */
  TypedFunctionReferences: SIMD << 5n,
});
