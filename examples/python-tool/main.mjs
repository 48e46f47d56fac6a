import { PythonTool } from './tool.mjs';

const scripts = {
  'counts words': [
    'import words, json\nprint(json.dumps(words.count(open("in.txt").read())))\nopen("out.json", "w").write("[1]")',
    { 'in.txt': 'a rose is a rose' },
  ],
  'is another one': ['import os\nprint(os.listdir("."))'],
  'draws at random': ['import random\nprint(random.random())'],
  'does not end': ['while True: pass', {}, 500],
  'takes all memory': ['x = []\nwhile True: x.append(bytearray(10 ** 7))'],
  'looks around': ['import os\nprint(sorted(os.listdir("/")))\nopen("/etc/passwd")'],
  'changes a package': ['open("/packages/words/__init__.py", "a").write("x")'],
  'prints without end': ['while True: print("x" * 1000)'],
  'goes down': ['def f(): return f()\nf()'],
  leaves: ['import os\nos._exit(7)'],
};

const tool = await PythonTool.create();
const lastLine = (text) => text.trimEnd().split('\n').at(-1);
for (const [what, [script, files, timeoutMs]] of Object.entries(scripts)) {
  const { ended, stdout, stderr, files: left } = await tool.run(script, files, timeoutMs);
  const said = [lastLine(stdout).slice(0, 60), lastLine(stderr).slice(0, 60), Object.keys(left).join()].filter(Boolean);
  console.log(`${what}: ${ended} | ${said.join(' | ')}`);
}
const times = [];
for (let i = 0; i < 10; i++) {
  const begin = performance.now();
  await tool.run(`print(${i})`);
  times.push(performance.now() - begin);
}
console.log(`a run: ${Math.round(times.sort((a, b) => a - b)[5])} ms`);
await tool.close();
