/** The format of native/go/codecache/entry.go. */
const lengthsAt = 8 + 32;
const sumAt = lengthsAt + 16;
export const headerBytes = sumAt + 8;
const pieceBytes = 2 << 20;

/** How many bytes behind the header are data; the rest is code. */
export const dataBytes = (entry) => Number(entry.readBigUInt64LE(lengthsAt));

const u64 = (n) => BigInt.asUintN(64, n);
const rotate = (n, by) => u64((n << by) | (n >> (64n - by)));
const [p1, p2, p3, p4, p5] = [
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
];
const round = (acc, word) => u64(rotate(u64(acc + word * p2), 31n) * p1);

/** XXH64 with a seed of 0, as its specification has it. */
export function xxh64(bytes) {
  let at = 0;
  let hash = p5;
  if (bytes.length >= 32) {
    const lanes = [u64(p1 + p2), p2, 0n, u64(-p1)];
    for (; at + 32 <= bytes.length; at += 32) {
      for (let i = 0; i < 4; i++) lanes[i] = round(lanes[i], bytes.readBigUInt64LE(at + 8 * i));
    }
    hash = u64(lanes.reduce((sum, lane, i) => sum + rotate(lane, [1n, 7n, 12n, 18n][i]), 0n));
    for (const lane of lanes) hash = u64((hash ^ round(0n, lane)) * p1 + p4);
  }
  hash = u64(hash + BigInt(bytes.length));
  for (; at + 8 <= bytes.length; at += 8)
    hash = u64(rotate(hash ^ round(0n, bytes.readBigUInt64LE(at)), 27n) * p1 + p4);
  if (at + 4 <= bytes.length) {
    hash = u64(rotate(hash ^ u64(BigInt(bytes.readUInt32LE(at)) * p1), 23n) * p2 + p3);
    at += 4;
  }
  for (; at < bytes.length; at++) hash = u64(rotate(hash ^ u64(BigInt(bytes[at]) * p5), 11n) * p1);
  hash = u64((hash ^ (hash >> 33n)) * p2);
  hash = u64((hash ^ (hash >> 29n)) * p3);
  return hash ^ (hash >> 32n);
}

/** Makes the lengths of an entry, and its checksum, fit so many bytes of data. */
export function seal(entry, data) {
  entry.writeBigUInt64LE(BigInt(data), lengthsAt);
  entry.writeBigUInt64LE(BigInt(entry.length - headerBytes - data), lengthsAt + 8);
  const sums = [];
  for (const part of [entry.subarray(headerBytes, headerBytes + data), entry.subarray(headerBytes + data)])
    for (let at = 0; at < part.length; at += pieceBytes) {
      const sum = Buffer.alloc(8);
      sum.writeBigUInt64LE(xxh64(part.subarray(at, at + pieceBytes)));
      sums.push(sum);
    }
  entry.writeBigUInt64LE(xxh64(Buffer.concat([entry.subarray(0, sumAt), ...sums])), sumAt);
}
