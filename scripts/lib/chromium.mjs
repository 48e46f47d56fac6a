// Headless Chromium for what looks at pages: Debian's package, or what CHROMIUM names.
import { existsSync } from 'node:fs';
import puppeteer from 'puppeteer-core';
import { fail } from './tools.mjs';

const browsers = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
export const executablePath = browsers.find((path) => path && existsSync(path));

/** Closed by whoever asked for it. `command`: which needs it. */
export function launchChromium(command) {
  if (!executablePath) fail(`npm run ${command} needs Chromium: apt-get install chromium, or CHROMIUM=path.`);
  return puppeteer.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
}
