/**
 * wazero's numbers of errors (experimental/sys.Errno), by the code that Node gives them; from 0x1000 on the WASI number above it, for those
 * that wazero's own list lacks.
 */
const wazeroErrors =
  'EACCES EAGAIN EBADF EEXIST EFAULT EINTR EINVAL EIO EISDIR ELOOP ENAMETOOLONG ENOENT ENOSYS ENOTDIR ERANGE ENOTEMPTY ENOTSOCK ENOTSUP EPERM EROFS';
const wasiErrors: Record<string, number> = {
  EBUSY: 10,
  ECANCELED: 11,
  ECONNABORTED: 13,
  ECONNRESET: 15,
  EDQUOT: 19,
  EFBIG: 22,
  EILSEQ: 25,
  EMFILE: 33,
  EMLINK: 34,
  ENFILE: 41,
  ENODEV: 43,
  ENOMEM: 48,
  ENOSPC: 51,
  ENXIO: 60,
  EOVERFLOW: 61,
  EPIPE: 64,
  ESPIPE: 70,
  ESTALE: 72,
  ETIMEDOUT: 73,
  ETXTBSY: 74,
  EXDEV: 75,
};

const numbers = new Map<string, bigint>([
  ...wazeroErrors.split(' ').map((code, i): [string, bigint] => [code, BigInt(i + 1)]),
  ...Object.entries(wasiErrors).map(([code, wasi]): [string, bigint] => [code, BigInt(0x1000 + wasi)]),
  ['EOPNOTSUPP', 18n],
]);

/** undefined: no error of a system call. */
export function errnoOf(error: unknown): bigint | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? numbers.get(code) : undefined;
}

/** An error that only the guest hears of. */
export class FileError extends Error {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}
