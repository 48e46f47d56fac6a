/**
 * A Map that most of its kind never put anything into: it is made with its first entry. An instance of a guest would else have a dozen,
 * which take as long as the instance and more memory.
 */
export class RareMap<K, V> {
  #map: Map<K, V> | undefined;

  get size(): number {
    return this.#map === undefined ? 0 : this.#map.size;
  }
  get(key: K): V | undefined {
    return this.#map?.get(key);
  }
  has(key: K): boolean {
    return this.#map?.has(key) ?? false;
  }
  set(key: K, value: V): void {
    this.#map ??= new Map();
    this.#map.set(key, value);
  }
  delete(key: K): boolean {
    return this.#map?.delete(key) ?? false;
  }
  clear(): void {
    this.#map = undefined;
  }
  values(): Iterable<V> {
    return this.#map === undefined ? [] : this.#map.values();
  }
  [Symbol.iterator](): Iterator<[K, V]> {
    return this.#map === undefined ? [][Symbol.iterator]() : this.#map[Symbol.iterator]();
  }
}
