// How long a program's import takes: of what argv names, in a process that has imported nothing else. Prints ms; and, for the package, those of
// the first runtime, and of the first module and its first call.
const bytes = Buffer.from('0061736d01000000010401600000030201000707010372756e00000a040102000b', 'hex'); // exports `run`, which does nothing
const began = performance.now();
const { Runtime } = await import(process.argv[2]);
const imported = performance.now();
const runtime = Runtime && new Runtime();
const made = performance.now();
runtime?.instantiateSync(bytes).exportedFunction('run').callSync();
console.log(JSON.stringify([imported - began, made - imported, performance.now() - made]));
await runtime?.close();
