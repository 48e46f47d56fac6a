// Maps and sets that most of their kind put nothing into, or one thing: a table is made with the second. An instance of a guest would else have
// a dozen, which take as long as the instance and more memory; and a Set of V8's that has one thing now and none then is made anew each time.

const none: readonly never[] = [];
/** As a Map compares its keys: NaN is itself. */
const same = (a: unknown, b: unknown): boolean => a === b || Object.is(a, b);

export class RareMap<K, V> {
  #first: { readonly key: K; value: V } | undefined;
  /** Of all, once there are several. */
  #map: Map<K, V> | undefined;

  get size(): number {
    if (this.#map !== undefined) return this.#map.size;
    return this.#first === undefined ? 0 : 1;
  }
  get(key: K): V | undefined {
    if (this.#map !== undefined) return this.#map.get(key);
    return this.#first !== undefined && same(this.#first.key, key) ? this.#first.value : undefined;
  }
  has(key: K): boolean {
    if (this.#map !== undefined) return this.#map.has(key);
    return this.#first !== undefined && same(this.#first.key, key);
  }
  set(key: K, value: V): void {
    const first = this.#first;
    if (this.#map !== undefined) this.#map.set(key, value);
    else if (first === undefined) this.#first = { key, value };
    else if (same(first.key, key)) first.value = value;
    else {
      this.#map = new Map([[first.key, first.value]]).set(key, value);
      this.#first = undefined;
    }
  }
  delete(key: K): boolean {
    if (this.#map !== undefined) return this.#map.delete(key);
    if (this.#first === undefined || !same(this.#first.key, key)) return false;
    this.#first = undefined;
    return true;
  }
  clear(): void {
    this.#first = undefined;
    this.#map = undefined;
  }
  values(): Iterable<V> {
    if (this.#map !== undefined) return this.#map.values();
    return this.#first === undefined ? none : [this.#first.value];
  }
  [Symbol.iterator](): Iterator<[K, V]> {
    if (this.#map !== undefined) return this.#map[Symbol.iterator]();
    const first = this.#first;
    return (first === undefined ? none : [[first.key, first.value] as [K, V]])[Symbol.iterator]();
  }
}

export class RareSet<T extends object> {
  #first: T | undefined;
  /** Of all, once there are several. */
  #set: Set<T> | undefined;

  get size(): number {
    if (this.#set !== undefined) return this.#set.size;
    return this.#first === undefined ? 0 : 1;
  }
  has(item: T): boolean {
    return this.#set !== undefined ? this.#set.has(item) : this.#first === item;
  }
  add(item: T): void {
    if (this.#set !== undefined) this.#set.add(item);
    else if (this.#first === undefined) this.#first = item;
    else if (this.#first !== item) {
      this.#set = new Set([this.#first, item]);
      this.#first = undefined;
    }
  }
  delete(item: T): boolean {
    if (this.#set !== undefined) return this.#set.delete(item);
    if (this.#first !== item) return false;
    this.#first = undefined;
    return true;
  }
  [Symbol.iterator](): Iterator<T> {
    if (this.#set !== undefined) return this.#set[Symbol.iterator]();
    return (this.#first === undefined ? none : [this.#first])[Symbol.iterator]();
  }
}
