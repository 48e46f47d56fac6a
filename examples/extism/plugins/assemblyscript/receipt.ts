// The same plugin, in AssemblyScript: pieces and a price in cents, as "12 x 250"; the bill as text, with a number that goes up.
import { Config, Host, Memory, Var } from "@extism/as-pdk";

// @ts-ignore: decorators of AssemblyScript
@external("extism:host/user", "discount")
declare function discount(pieces: u64): u64;
// @ts-ignore
@external("extism:host/env", "error_set")
declare function error_set(handle: u64): void;
// @ts-ignore
@external("extism:host/env", "length")
declare function length(handle: u64): u64;

export function receipt(): i32 {
  const order = Host.inputString().split(" x ");
  if (order.length != 2) {
    error_set(Memory.allocateString('Expected "pieces x cents"').offset);
    return 1;
  }
  const pieces = I64.parseInt(order[0]);
  const answer = discount(Memory.allocateString(order[0]).offset);
  const percent = I64.parseInt(new Memory(answer, length(answer)).toString());
  // Eight bytes, as the kit for Rust keeps a number.
  let number: i64 = 1;
  const before = Var.get("number");
  if (before !== null) number += load<i64>(before.dataStart);
  const after = new Uint8Array(8);
  store<i64>(after.dataStart, number);
  Var.set("number", after);
  const currency = Config.get("currency");
  const total = (pieces * I64.parseInt(order[1]) * (100 - percent)) / 100;
  const cents = (total % 100).toString().padStart(2, "0");
  Host.outputString(`No. ${number}: ${total / 100}.${cents} ${currency === null ? "" : currency}`);
  return 0;
}

export function hang(): i32 {
  while (true) {}
}

function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  unreachable();
}
