// Plugins of Extism's kits: `node examples/extism/main.mjs`. The same host for both, whatever they are written in.
import createPlugin from 'node-wazero/extism';

const wasm = (name) => ({ wasm: [{ url: new URL(`plugins/receipt-${name}.wasm`, import.meta.url) }] });
/** A database, say: it answers later, and the plugin waits. */
const discounts = new Map([
  [10, 10],
  [100, 25],
]);
const discountFor = async (pieces) => {
  const [, percent] = [...discounts].findLast(([from]) => pieces >= from) ?? [0, 0];
  return percent;
};

const options = {
  useWasi: true, // what is written in Go wants it
  timeoutMs: 500,
  config: { currency: 'EUR' },
  functions: {
    'extism:host/user': {
      async discount(context, at) {
        const pieces = Number(context.read(at).text());
        return context.store(String(await discountFor(pieces)));
      },
    },
  },
};

const plugin = await createPlugin(wasm('rust'), options);
const say = async (order) => {
  const answer = await plugin.call('receipt', order).then(
    (output) => output.text(),
    (error) => error.message,
  );
  console.log(`${order} -> ${answer}`);
};
await say('2 x 250');
await say('12 x 250');
await say('twelve');
await plugin.call('hang').catch((error) => console.log(`hang -> ${error.message}`));
await say('100 x 5'); // the numbers go on: vars are kept
await plugin.replace(wasm(process.argv[2] ?? 'assemblyscript')); // the same in another language, while it runs
await say('100 x 5');
await plugin.call('hang').catch((error) => console.log(`hang -> ${error.message}`));
await say('1 x 99');
await plugin.close();
