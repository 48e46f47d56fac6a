import { Ruby } from './ruby.mjs';

const scripts = {
  'uses the library': [
    'puts JSON.generate({ words: "a rose is a rose".split.to_set.sort, at: Time.at(0).utc.iso8601 })',
  ],
  'leaves nothing': ['p defined?($left)\n$left = 1\nclass String; def upcase = "spoiled"; end'],
  'is another one': ['p defined?($left)\nputs "fresh".upcase'],
  'draws at random': ['puts rand(10**12)'],
  'does not end': ['loop {}', 300],
  'takes all memory': ['a = []\nloop { a << "x" * 10_000_000 }', 10_000],
  'goes down': ['def f = f\nf'],
  'asks for JavaScript': ['require "js"\nJS.eval("process.exit()")'],
  'looks around': ['puts Dir.children("/").sort.join(" ")\nFile.read("/etc/passwd")'],
  'is wrong': ['1 +'],
  leaves: ['puts "so far"\nexit 7'],
};

const ruby = await Ruby.create();
const line = (text) => text.split('\n')[0].slice(0, 90);
for (const [what, [script, timeoutMs]] of Object.entries(scripts)) {
  const { ended, stdout, stderr } = await ruby.run(script, { timeoutMs });
  console.log(`${what}: ${[ended, line(stdout), line(stderr)].filter(Boolean).join(' | ')}`);
}
const times = [];
for (let i = 0; i < 20; i++) {
  const begin = performance.now();
  await ruby.run(`puts ${i}`);
  times.push(performance.now() - begin);
}
console.log(`a run: ${times.sort((a, b) => a - b)[10].toFixed(1)} ms`);
await ruby.close();
