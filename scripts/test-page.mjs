// npm run test:page: the dashboard of examples/metrics, fed by a host under traffic, in headless Chromium. Pictures are in build/page-*.png.
import { strictEqual as equal, match, ok } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { launchChromium } from './lib/chromium.mjs';
import { root } from './lib/tools.mjs';

const phone = 375;
const browser = await launchChromium('test:page');
const probe = createServer().listen(0, '127.0.0.1');
await once(probe, 'listening');
const { port } = probe.address();
probe.close();
const host = spawn(process.execPath, ['examples/metrics/main.mjs', String(port)], {
  cwd: root,
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  await once(host.stdout, 'data'); // it listens
  await look(`http://127.0.0.1:${port}/`);
} finally {
  await browser.close();
  host.kill();
}
console.log('The dashboard shows what the host counts, live, light and dark, on a desk and on a phone.');

async function look(url) {
  const page = await browser.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  await page.setViewport({ width: 1200, height: 720 });
  await page.goto(url);
  const text = (selector) => page.$eval(selector, (element) => element.textContent);
  const row = (tenant) => `[data-tenant="${tenant}"]`;
  const width = (selector) => page.$eval(selector, (element) => element.getBoundingClientRect().width);
  const picture = (name) => page.screenshot({ path: join(root, `build/page-${name}.png`), fullPage: true });

  await page.waitForFunction(() => document.querySelectorAll('#tenants tr').length === 3, { timeout: 30_000 });
  equal(
    await page.$$eval('#tenants tr', (rows) => rows.map((line) => line.dataset.tenant).join()),
    'acme,globex,initech',
  );

  // Live: the page says what /metrics says, and goes on saying it.
  const calls = async () => {
    const metrics = await (await fetch(`${url}metrics`)).text();
    const counts = metrics.matchAll(/^wazero_tenant_calls_total\{tenant="acme",outcome="ok"\} (\d+)/gm);
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
  };
  const shown = async () => Number.parseInt(await text(`${row('acme')} .legend`), 10) || 0;
  const [countedFirst, shownFirst] = [await calls(), await shown()];
  await page.waitForFunction(
    (selector, before) => Number.parseInt(document.querySelector(selector).textContent, 10) > before + 20,
    { timeout: 60_000 },
    `${row('acme')} .legend`,
    shownFirst,
  );
  ok((await calls()) > countedFirst, 'the host counts on');
  await page.waitForFunction(
    (selector) => /\d stopped/.test(document.querySelector(selector).textContent),
    { timeout: 60_000 },
    `${row('initech')} .legend`,
  );
  match(await text(`${row('globex')} .cpu-cell`), /ms\/s\s*of 400/);
  match(await text(`${row('globex')} .memory-cell`), /of 32 MiB/);
  for (const tenant of ['globex', 'initech']) {
    await page.waitForFunction(
      (selector) => document.querySelector(selector).getBoundingClientRect().width > 0,
      { timeout: 30_000 },
      `${row(tenant)} .cpu i`,
    );
    const [bar, track] = [await width(`${row(tenant)} .cpu i`), await width(`${row(tenant)} .bar.cpu`)];
    ok(bar <= track + 0.5, `the bar of ${tenant} is ${bar} of ${track}`);
  }
  await setTimeout(Number(process.env.WAZERO_PAGE_SECONDS ?? 5) * 1_000); // for the picture: some of the curve

  const background = () => page.$eval('body', (body) => getComputedStyle(body).backgroundColor);
  const light = await background();
  await picture('light');
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
  ok((await background()) !== light, 'dark where the reader wants it dark');
  await picture('dark');
  for (const [name, scheme] of [
    ['phone', 'light'],
    ['phone-dark', 'dark'],
  ]) {
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    await page.setViewport({ width: phone, height: 800, deviceScaleFactor: 2 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    ok(wide <= phone, `it is ${wide} px wide on a phone of ${phone}`);
    const bar = await width('[data-tenant="acme"] .bar.cpu');
    ok(bar > 0.8 * phone, `bars take the width of a phone: ${bar} of ${phone}`);
    await picture(name);
  }
  equal(errors.join('\n'), '');

  // Without the host it says so, and does not go blank.
  host.kill();
  await page.waitForFunction(() => document.querySelector('#state').className === 'lost', { timeout: 30_000 });
  equal(await page.$$eval('#tenants tr', (rows) => rows.length), 3);
}
