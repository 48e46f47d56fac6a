// A plugin in JavaScript, run by QuickJS inside the sandbox. It sees `host` and nothing else of Node. host.fetch looks synchronous here: the guest
// stands still, the server does not.
function handle(order) {
  const coupons = JSON.parse(host.fetch('/shop/coupons.json'));
  const best = coupons
    .filter(({ item, from }) => new RegExp(`^${item}$`).test(order.item) && order.quantity >= from)
    .sort((a, b) => b.percent - a.percent)[0];
  const used = Number(host.kvGet('coupons used') ?? 0) + (best ? 1 : 0);
  host.kvSet('coupons used', String(used));
  host.log(`${used} coupon(s) used so far`);
  return { coupon: best?.code ?? null, percent: best?.percent ?? 0 };
}
