const token = {};

/**
 * Base of the public classes: they stand for native things of one environment, so postMessage and structuredClone must refuse them with
 * a DataCloneError. Of an object with private fields they would make an empty one, silently. What is built here is refused because it is,
 * to the serializer, a WeakRef; it has nothing else of one. (Node 22 has markAsUncloneable, Node 20 has not.)
 */
export class Uncloneable {
  constructor() {
    // biome-ignore lint/correctness/noConstructorReturn: this is how the fields of a subclass get onto another kind of object
    return Reflect.construct(WeakRef, [token], new.target) as Uncloneable;
  }
}
