// A plugin that never answers when somebody orders tea. Nobody asked it to be polite.
function handle(order) {
  let spins = 0;
  while (order.item === 'tea') spins++;
  return { spins };
}
