import { resolve } from 'node:path';
import { FSConfig } from '../index.js';

const readOnly = 'ro:';

/** Guest path to directory or file of the host; with `ro:` in front of the latter read-only. */
export function fsConfig(allowedPaths: Readonly<Record<string, string>>): FSConfig {
  let config = new FSConfig();
  for (const [guest, path] of Object.entries(allowedPaths)) {
    const isReadOnly = path.startsWith(readOnly);
    const host = resolve(isReadOnly ? path.slice(readOnly.length) : path);
    config = isReadOnly ? config.withReadOnlyDirMount(host, guest) : config.withDirMount(host, guest);
  }
  return config;
}
