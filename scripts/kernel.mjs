// Assembles src/extism/kernel.wat into src/extism/kernel-binary.ts, which is committed: the build needs no assembler. A test compares the two.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { wat } from '../test/support/wat.mjs';
import { root } from './lib/tools.mjs';

const source = join(root, 'src/extism/kernel.wat');
const base64 = Buffer.from(wat(readFileSync(source, 'utf8'))).toString('base64');
writeFileSync(
  join(root, 'src/extism/kernel-binary.ts'),
  `// Made by scripts/kernel.mjs from kernel.wat.\nexport const kernelBinary =\n  '${base64}';\n`,
);
