import { readFileSync } from 'node:fs';

/** Of this package. Here, and not in cli/, as the path is as from dist. */
export function packageVersion(): string {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
}
