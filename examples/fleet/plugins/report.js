// Asks the host for something that takes a while to come; the guest stands still meanwhile, the host process does not.
function handle({ day, times = 1 }) {
  let orders = 0;
  for (let i = 0; i < times; i++) orders += JSON.parse(host.fetch(`/orders/${day}`)).length;
  return { day, orders };
}
