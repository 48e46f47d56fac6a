// npm run test:site: builds the site (npm run docs), follows every link in it, and looks at it in headless Chromium: Debian's package, or what CHROMIUM names.
import { strictEqual as equal, match, ok } from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { executablePath, launchChromium } from './lib/chromium.mjs';
import { fail, root, run } from './lib/tools.mjs';

const site = join(root, 'build/site');
const phone = 375;
run(process.execPath, ['node_modules/typedoc/bin/typedoc']);
const pages = readdirSync(site, { recursive: true }).filter((file) => file.endsWith('.html'));
checkLinks();

const browser = await launchChromium('test:site');
try {
  await look();
} finally {
  await browser.close();
}
console.log(`${pages.length} pages: no dead link, looked at in ${executablePath}.`);

/** Files and fragments of all relative links. */
function checkLinks() {
  const ids = new Map();
  const idsOf = (file) => {
    if (!ids.has(file))
      ids.set(file, new Set([...readFileSync(file, 'utf8').matchAll(/\s(?:id|name)="([^"]+)"/g)].map(([, id]) => id)));
    return ids.get(file);
  };
  const dead = [];
  for (const page of pages) {
    const from = join(site, page);
    for (const [, link] of readFileSync(from, 'utf8').matchAll(/\s(?:href|src)="([^"]+)"/g)) {
      if (/^[a-z]+:|^\/\//i.test(link)) continue;
      const [path, fragment] = link.replaceAll('&amp;', '&').split('#');
      const to = path === '' ? from : resolve(dirname(from), decodeURIComponent(path.split('?')[0]));
      const lost = !existsSync(to) || relative(site, to).startsWith('..');
      if (lost || (fragment && to.endsWith('.html') && !idsOf(to).has(decodeURIComponent(fragment))))
        dead.push(`${page}: ${link}`);
    }
  }
  if (dead.length > 0) fail(`Dead links:\n${dead.join('\n')}`);
}

async function look() {
  const page = await browser.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  const open = (name, width) =>
    page.setViewport({ width, height: 800 }).then(() => page.goto(pathToFileURL(join(site, name)).href));

  await open('index.html', 1280);
  match(await page.title(), /node-wazero/);
  const pictures = await page.$$eval('.tsd-typography img', (images) => images.map((image) => image.naturalWidth));
  ok(pictures.length > 0 && pictures.every((width) => width > 0), 'the front page shows the pictures of the benchmark');
  await page.screenshot({ path: join(root, 'build/site-light.png') });

  await page.click('#tsd-search-trigger');
  await page.waitForSelector('#tsd-search-input', { visible: true });
  await page.type('#tsd-search-input', 'limit memory');
  await page.waitForFunction(() => document.querySelectorAll('#tsd-search-results li a').length > 0, {
    timeout: 30_000,
  });
  const found = await page.$$eval('#tsd-search-results li', (items) => items.map((item) => item.textContent));
  ok(
    found.some((text) => text.includes('Deadlines and limits')),
    `the search finds the page about limits: ${found.join(' | ')}`,
  );

  const background = () => page.$eval('body', (body) => getComputedStyle(body).backgroundColor);
  const light = await background();
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
  await open('index.html', 1280);
  ok((await background()) !== light, 'dark where the reader wants it dark');
  await page.screenshot({ path: join(root, 'build/site-dark.png') });

  for (const name of ['index.html', ...pages.filter((file) => file.startsWith('documents/'))]) {
    await open(name, phone);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    ok(wide <= phone, `${name} is ${wide} px wide on a phone of ${phone}`);
  }
  await page.screenshot({ path: join(root, 'build/site-phone.png') });
  equal(errors.join('\n'), '');
}
