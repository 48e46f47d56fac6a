/**
 * Values of the spec vectors as bit patterns, as callWithStackSync takes and gives them: i32 and f32 in the low 32 bits, v128 in two
 * words. Floats are compared on bits; only the two NaN classes of the format leave bits open.
 */
const laneBits = { i8: 8, i16: 16, i32: 32, i64: 64, f32: 32, f64: 64 };

export const isReference = (type) =>
  type === 'externref' || type === 'funcref' || type === 'exnref' || type === 'refnull';
export const wordsOf = (type) => (type === 'v128' ? 2 : 1);

/** The words of one value of a numeric or vector type. */
export function encode({ type, lane_type: lane, value }) {
  if (type !== 'v128') return [BigInt.asUintN(laneBits[type], BigInt(value))];
  let bits = 0n;
  value.forEach((text, i) => {
    bits |= BigInt.asUintN(laneBits[lane], BigInt(text)) << BigInt(i * laneBits[lane]);
  });
  return [bits & 0xffff_ffff_ffff_ffffn, bits >> 64n];
}

/** Whether the words of a result are what `expected` says; upper halves of 32-bit values do not count. */
export function matches(expected, words) {
  const { type, lane_type: lane, value } = expected;
  if (type !== 'v128') return scalarMatches(type, value, BigInt.asUintN(laneBits[type], words[0]));
  const bits = words[0] | (words[1] << 64n);
  return value.every((text, i) =>
    scalarMatches(lane, text, BigInt.asUintN(laneBits[lane], bits >> BigInt(i * laneBits[lane]))),
  );
}

function scalarMatches(type, text, bits) {
  if (!text.startsWith('nan:')) return bits === BigInt.asUintN(laneBits[type], BigInt(text));
  const [sign, quiet, exponent] = type === 'f32' ? [31n, 1n << 22n, 0xffn << 23n] : [63n, 1n << 51n, 0x7ffn << 52n];
  const magnitude = bits & ((1n << sign) - 1n);
  // canonical: exactly the quiet bit; arithmetic: the quiet bit and anything below it
  return text === 'nan:canonical'
    ? magnitude === (exponent | quiet)
    : (magnitude & (exponent | quiet)) === (exponent | quiet);
}

/** A JavaScript number, bigint or v128 bytes as words: for exports that are read as values (globals, results beside references). */
export function wordsFromValue(type, value) {
  const view = new DataView(new ArrayBuffer(16));
  if (type === 'i32') return [BigInt.asUintN(32, BigInt(value))];
  if (type === 'i64') return [BigInt.asUintN(64, value)];
  if (type === 'f32') view.setFloat32(0, value, true);
  else if (type === 'f64') view.setFloat64(0, value, true);
  else new Uint8Array(view.buffer).set(value);
  return type === 'f32'
    ? [BigInt(view.getUint32(0, true))]
    : [view.getBigUint64(0, true), view.getBigUint64(8, true)].slice(0, wordsOf(type));
}

/** The JavaScript value of an argument, for functions that have references beside numbers. Host references are one object per number. */
export function toValue(argument, references) {
  const { type, value } = argument;
  if (isReference(type)) {
    if (value === 'null' || type === 'refnull') return null;
    if (!references.has(value)) references.set(value, { reference: value });
    return references.get(value);
  }
  const words = encode(argument);
  const view = new DataView(new ArrayBuffer(16));
  words.forEach((word, i) => {
    view.setBigUint64(8 * i, word, true);
  });
  switch (type) {
    case 'i32':
      return view.getInt32(0, true);
    case 'i64':
      return view.getBigInt64(0, true);
    case 'f32':
      return view.getFloat32(0, true);
    case 'f64':
      return view.getFloat64(0, true);
    default:
      return new Uint8Array(view.buffer);
  }
}

export function valueMatches(expected, value, references) {
  const { type } = expected;
  if (!isReference(type)) return matches(expected, wordsFromValue(type, value));
  if (expected.value === 'null' || type === 'refnull') return value === null;
  if (expected.value === undefined) return value !== null && value !== undefined;
  return value === references.get(expected.value);
}
