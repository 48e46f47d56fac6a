// clang --target=wasm32 -O2 -msimd128 -nostdlib -Wl,--no-entry -Wl,--export-dynamic -o kernels.wasm kernels.c
// What a guest computes: each kernel takes how much, and gives something that depends on all of it.
#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(#name)))
typedef unsigned int u32;
typedef unsigned long long u64;
typedef unsigned char u8;

static u8 bytes[1 << 20];
static float floats[3][256 * 256];

// integer: SHA-256 of a block, again and again
static const u32 k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
static u32 rotate(u32 x, int n) { return x >> n | x << (32 - n); }
EXPORT(sha256) u32 sha256(u32 blocks) {
  u32 h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  u32 w[64];
  for (u32 block = 0; block < blocks; block++) {
    for (int i = 0; i < 16; i++) w[i] = h[i & 7] + block + i;
    for (int i = 16; i < 64; i++) {
      u32 a = w[i - 15], b = w[i - 2];
      w[i] = w[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + w[i - 7] + (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
    }
    u32 s[8];
    for (int i = 0; i < 8; i++) s[i] = h[i];
    for (int i = 0; i < 64; i++) {
      u32 t1 = s[7] + (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)) + ((s[4] & s[5]) ^ (~s[4] & s[6])) + k[i] + w[i];
      u32 t2 = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)) + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
      s[7] = s[6], s[6] = s[5], s[5] = s[4], s[4] = s[3] + t1, s[3] = s[2], s[2] = s[1], s[1] = s[0], s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) h[i] += s[i];
  }
  return h[0];
}

// floating point: points of the Mandelbrot set
EXPORT(mandelbrot) u32 mandelbrot(u32 size) {
  u32 inside = 0;
  for (u32 y = 0; y < size; y++)
    for (u32 x = 0; x < size; x++) {
      double cr = 3.0 * x / size - 2.0, ci = 2.0 * y / size - 1.0, zr = 0, zi = 0;
      int i = 0;
      for (; i < 200 && zr * zr + zi * zi < 4; i++) {
        double next = zr * zr - zi * zi + cr;
        zi = 2 * zr * zi + ci;
        zr = next;
      }
      inside += i == 200;
    }
  return inside;
}

// memory: reads and writes all over a megabyte
EXPORT(shuffle) u32 shuffle(u32 n) {
  u64 seed = 88172645463325252ull;
  u32 sum = 0;
  for (u32 i = 0; i < n; i++) {
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    u32 a = (u32)seed & 0xfffff, b = (u32)(seed >> 32) & 0xfffff;
    u8 t = bytes[a];
    bytes[a] = bytes[b] + 1;
    bytes[b] = t;
    sum += t;
  }
  return sum;
}

// SIMD: product of two matrices, four columns at a time
EXPORT(matrix) float matrix(u32 n) {
  for (u32 i = 0; i < 256 * 256; i++) floats[0][i] = (float)(i % 7), floats[1][i] = (float)(i % 5);
  for (u32 i = 0; i < n; i++)
    for (u32 j = 0; j < n; j += 4) {
      v128_t sum = wasm_f32x4_splat(0);
      for (u32 l = 0; l < n; l++)
        sum = wasm_f32x4_add(sum, wasm_f32x4_mul(wasm_f32x4_splat(floats[0][i * n + l]), wasm_v128_load(&floats[1][l * n + j])));
      wasm_v128_store(&floats[2][i * n + j], sum);
    }
  return floats[2][n + 1];
}

// recursion
EXPORT(fib) u64 fib(u32 n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }

// branches: a machine for a small language
EXPORT(machine) u32 machine(u32 steps) {
  u32 at = 0, r[4] = {1, 2, 3, 4};
  for (u32 i = 0; i < steps; i++) {
    switch ((at ^ r[0]) & 7) {
      case 0: r[0] += r[1]; at += 3; break;
      case 1: r[1] ^= r[2] << 1; at += 5; break;
      case 2: r[2] -= r[3]; at ^= r[2]; break;
      case 3: if (r[3] & 1) at += 7; else at += 1; r[3] = r[3] * 5 + 1; break;
      case 4: r[0] = rotate(r[0], 7); at = at * 3 + 1; break;
      case 5: if (r[1] > r[2]) r[1] -= 9; else r[2] -= 5; at++; break;
      case 6: r[3] ^= at; at += r[1] & 3; break;
      default: r[0] ^= i; at -= 1; break;
    }
  }
  return r[0] + r[1] + r[2] + r[3] + at;
}

// a sort, through a function pointer
typedef int (*compare)(u32, u32);
static int up(u32 a, u32 b) { return a < b; }
static int down(u32 a, u32 b) { return a > b; }
static void quick(u32 *list, int from, int to, compare before) {
  while (from < to) {
    u32 pivot = list[(from + to) / 2];
    int i = from, j = to;
    while (i <= j) {
      while (before(list[i], pivot)) i++;
      while (before(pivot, list[j])) j--;
      if (i <= j) {
        u32 t = list[i];
        list[i++] = list[j];
        list[j--] = t;
      }
    }
    quick(list, from, j, before);
    from = i;
  }
}
EXPORT(sort) u32 sort(u32 n) {
  u32 *list = (u32 *)bytes, seed = 1;
  for (u32 i = 0; i < n; i++) list[i] = seed = seed * 1664525 + 1013904223;
  quick(list, 0, (int)n - 1, n & 1 ? down : up);
  return list[n / 3];
}

// a counting loop, which nothing hides the check for a deadline in
EXPORT(count) u32 count(u32 n) {
  volatile u32 sum = 0;
  for (u32 i = 0; i < n; i++) sum += i;
  return sum;
}
