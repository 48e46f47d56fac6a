// How long a program's import takes: of what argv names, in a process that has imported nothing else. Prints ms; and, for the package, those of
// the first runtime.
const began = performance.now();
const { Runtime } = await import(process.argv[2]);
const imported = performance.now();
const runtime = Runtime && new Runtime();
console.log(JSON.stringify([imported - began, performance.now() - imported]));
await runtime?.close();
