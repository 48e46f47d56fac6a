function handle({ how }) {
  if (how === 'loop') for (;;);
  if (how === 'memory') for (const all = []; ; ) all.push(new Uint8Array(2 ** 20).fill(1));
  throw new Error(how);
}
