// What is printed on the parcel. Built with AssemblyScript 0.28.20 from npm:
//   asc label.ts --outFile label.wasm --optimizeLevel 3 --shrinkLevel 2 --runtime minimal --use abort=label/abort

@external("host", "log")
declare function hostLog(text: usize, length: usize): void;

// Instead of importing env.abort: tell the host, then trap.
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  const bytes = String.UTF8.encode("abort: " + (message ? message : "") + " at line " + line.toString());
  hostLog(changetype<usize>(bytes), bytes.byteLength);
  unreachable();
}

export function alloc(size: usize): usize {
  return heap.alloc(size);
}

export function dealloc(pointer: usize, size: usize): void {
  heap.free(pointer);
}

function field(json: string, key: string): string {
  const from = json.indexOf('"' + key + '":');
  assert(from >= 0, key + " is missing");
  const start = from + key.length + 3;
  if (json.charAt(start) == '"') return json.substring(start + 1, json.indexOf('"', start + 1));
  let end = start;
  while (end < json.length && json.charAt(end) != "," && json.charAt(end) != "}") end++;
  return json.substring(start, end);
}

export function handle(request: usize, length: usize): u64 {
  const order = String.UTF8.decodeUnsafe(request, length);
  const label = field(order, "quantity") + " x " + field(order, "item").toUpperCase() + " -> " + field(order, "city");
  const answer = String.UTF8.encode('{"label":"' + label + '"}');
  // The collector may reclaim `answer` at the next call: the host gets a copy that lives until it calls dealloc.
  const copy = heap.alloc(answer.byteLength);
  memory.copy(copy, changetype<usize>(answer), answer.byteLength);
  return ((copy as u64) << 32) | (answer.byteLength as u64);
}
