/** Numbers of one execution: those of (seed, index) are the same in every run, so an execution can be repeated alone. */
export class Random {
  #state;
  constructor(seed, index) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0;
    this.u32();
  }
  /** mulberry32 */
  u32() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return (z ^ (z >>> 14)) >>> 0;
  }
  u64() {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32());
  }
  /** 0 to n-1 */
  below(n) {
    return this.u32() % n;
  }
  /** true once in n times */
  oneIn(n) {
    return this.below(n) === 0;
  }
  pick(list) {
    return list[this.below(list.length)];
  }
  bytes(length) {
    return Uint8Array.from({ length }, () => this.u32());
  }
  /** Numbers at the edges, or any. */
  i32() {
    return this.oneIn(3) ? this.u32() | 0 : this.pick(edges32);
  }
  i64() {
    return this.oneIn(3) ? BigInt.asIntN(64, this.u64()) : this.pick(edges64);
  }
  float() {
    return this.oneIn(3) ? this.pick(edgesFloat) : (this.u32() - 2 ** 31) * 2 ** (this.below(80) - 40);
  }
}

const edges32 = [0, 1, 2, 3, 7, 8, 31, 32, 63, 255, 256, 65535, 65536, -1, -2, -8, 2 ** 31 - 1, -(2 ** 31)];
const edges64 = [...edges32.map(BigInt), 2n ** 32n, 2n ** 32n - 1n, 2n ** 63n - 1n, -(2n ** 63n), 1n << 53n];
const edgesFloat = [
  0,
  -0,
  1,
  -1,
  0.5,
  NaN,
  Infinity,
  -Infinity,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 32,
  2 ** 63,
  2 ** 64,
  5e-324,
  1.7e308,
  1e-40,
];
