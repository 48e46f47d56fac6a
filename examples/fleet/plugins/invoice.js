// Runs in QuickJS. The table takes a while to build: it is in the image, and so in every job.
const prices = new Map();
for (let i = 0; i < 20000; i++) prices.set(`item${i}`, (i * 37) % 1000);

function handle({ item, quantity, rounds = 1 }) {
  let checksum = 0;
  for (let i = 0; i < rounds; i++) checksum = (checksum * 31 + i) % 65521;
  return { item, cents: prices.get(item) * quantity, checksum };
}
