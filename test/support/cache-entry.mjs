/** The format of native/go/codecache/entry.go. */
import { createHash } from 'node:crypto';

const lengthsAt = 8 + 32;
const digestAt = lengthsAt + 16;
export const headerBytes = digestAt + 32;
const pieceBytes = 2 << 20;

/** How many bytes behind the header are data; the rest is code. */
export const dataBytes = (entry) => Number(entry.readBigUInt64LE(lengthsAt));

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();

/** Makes the lengths of an entry, and its checksum, fit so many bytes of data. */
export function seal(entry, data) {
  entry.writeBigUInt64LE(BigInt(data), lengthsAt);
  entry.writeBigUInt64LE(BigInt(entry.length - headerBytes - data), lengthsAt + 8);
  const sums = [];
  for (const part of [entry.subarray(headerBytes, headerBytes + data), entry.subarray(headerBytes + data)])
    for (let at = 0; at < part.length; at += pieceBytes) sums.push(sha256(part.subarray(at, at + pieceBytes)));
  sha256(entry.subarray(0, digestAt), ...sums).copy(entry, digestAt);
}
