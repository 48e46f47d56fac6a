// Part of what is published (parts.mjs): what stands for a class of a part that has not been read.

const traps = [
  'get',
  'set',
  'has',
  'deleteProperty',
  'ownKeys',
  'getOwnPropertyDescriptor',
  'defineProperty',
  'getPrototypeOf',
  'setPrototypeOf',
  'preventExtensions',
];

/**
 * For the classes of one part. Whoever looks at one has the part read, and who reads it calls `fill` with it: from then on each of these is what its class
 * is, statics, prototype and all, and `constructor` of its instances. Only calls go through a Proxy for ever: nothing else can be a class that is not
 * there yet.
 */
export function unreadClasses(read) {
  const unread = [];
  const looking = {};
  for (const trap of traps)
    looking[trap] = (...args) => {
      read();
      return Reflect[trap](...args);
    };
  return {
    of(name) {
      function shape() {} // may be constructed, and its `prototype` may be another's
      Object.defineProperty(shape, 'name', { value: name });
      const stub = new Proxy(shape, {
        __proto__: looking,
        construct(_, args, target) {
          const real = read()[name];
          return target === stub ? new real(...args) : Reflect.construct(real, args, target);
        },
        apply: (_, self, args) => Reflect.apply(read()[name], self, args), // which a class refuses
      });
      unread.push({ name, shape, stub });
      return stub;
    },
    fill(part) {
      for (const trap of traps) delete looking[trap];
      for (const { name, stub } of unread)
        Object.defineProperty(part[name].prototype, 'constructor', { value: stub, configurable: true, writable: true });
      for (const { name, shape } of unread) {
        const parent = Object.getPrototypeOf(part[name]);
        Object.setPrototypeOf(shape, parent.prototype?.constructor ?? parent); // another one of these, where it extends one
        Object.defineProperties(shape, Object.getOwnPropertyDescriptors(part[name]));
      }
    },
  };
}
