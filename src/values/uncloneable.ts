const token = {};

/** To TypeScript it makes plain objects: of a WeakRef's own nothing is left, see below. */
const Uncopied = WeakRef as unknown as new (target: object) => object;

/**
 * Base of the public classes: they stand for native things of one environment, so postMessage and structuredClone must refuse them with
 * a DataCloneError. Of an object with private fields they would make an empty one, silently. What is built here is refused because it is,
 * to the serializer, a WeakRef; it has nothing else of one. (Node 22 has markAsUncloneable, Node 20 has not.)
 *
 * By `extends`, and not by Reflect.construct in a constructor: V8 gives every object that is made so a hidden class of its own, which costs
 * 2 µs and 500 bytes for each, and all who touch them their inline caches.
 */
export class Uncloneable extends Uncopied {
  constructor() {
    super(token);
  }
}
Object.setPrototypeOf(Uncloneable.prototype, Object.prototype);
