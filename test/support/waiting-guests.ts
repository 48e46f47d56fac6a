/**
 * Random guests that wait: recursion through direct and indirect calls, many values of all types that live across calls, stack arguments and results,
 * memory that grows. They call env.ask(i32, i64) -> i64 and env.grow(i32), and export run(i32) -> i64, memory, g0 and g2.
 */
const types = ['i32', 'i64', 'f32', 'f64', 'v128'] as const;
type Type = (typeof types)[number];
interface Shape {
  readonly params: readonly Type[];
  readonly results: readonly Type[];
}

export function waitingGuest(number: number): string {
  let seed = number * 7919 + 13;
  const below = (n: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return (seed >>> 8) % n;
  };
  const one = <T>(list: readonly T[]): T => list[below(list.length)] as T;
  const some = (least: number, more: number): Type[] => Array.from({ length: least + below(more) }, () => one(types));
  const shapes: Shape[] = [{ params: ['i32'], results: ['i64'] }];
  for (let n = 1 + below(4); n > 0; n--) {
    const shape: Shape = { params: ['i32', ...some(0, 14)], results: some(1, below(3) > 0 ? 3 : 14) };
    shapes.push(shape);
    if (below(2) > 0) shapes.push(shape); // an indirect call has a choice
  }
  const text = [
    '(module (import "env" "ask" (func $ask (param i32 i64) (result i64)))',
    '(import "env" "grow" (func $hostgrow (param i32))) (memory (export "memory") 1 40)',
    '(global $g0 (export "g0") (mut i64) (i64.const 7)) (global $g1 (mut f64) (f64.const 1.5))',
    '(global $g2 (export "g2") (mut i32) (i32.const 3)) (global $g3 (mut v128) (v128.const i32x4 1 2 3 4))',
    '(global $fuel (mut i32) (i32.const 400))',
    ...shapes.map(
      ({ params, results }, i) => `(type $t${i} (func (param ${params.join(' ')}) (result ${results.join(' ')})))`,
    ),
    `(table ${shapes.length} funcref) (elem (i32.const 0) ${shapes.map((_, i) => `$f${i}`).join(' ')})`,
  ];
  for (const [index, shape] of shapes.entries()) text.push(body(index, shape));
  return `${text.join('\n')}\n(export "run" (func $f0)))`;

  function body(index: number, { params, results }: Shape): string {
    const locals: Type[] = [...params, ...some(6, 30), ...types, ...types];
    const pick = (type: Type): number => one([...locals.keys()].filter((i) => i > 0 && locals[i] === type));
    const address = (): string => `(i32.add (i32.and ${value('i32', 1)} (i32.const 0x3ff8)) (i32.const 64))`;
    const binary = (type: Type, ops: readonly string[], depth: number): string =>
      `(${one(ops)} ${value(type, depth)} ${value(type, depth)})`;
    function value(type: Type, depth: number): string {
      if (depth <= 0 || below(4) === 0) return below(5) > 0 ? `(local.get ${pick(type)})` : constant(type);
      const d = depth - 1;
      switch (type) {
        case 'i32':
          return one([
            () => binary('i32', ['i32.add', 'i32.xor', 'i32.mul'], d),
            () => `(i32.load offset=${below(8)} ${address()})`,
            () => `(i32.wrap_i64 ${value('i64', d)})`,
            () => `(i32x4.extract_lane ${below(4)} ${value('v128', d)})`,
            () => `(i32.trunc_sat_f64_s ${value('f64', d)})`,
            () => '(global.get $g2)',
            () => `(i32.rem_u ${value('i32', d)} (i32.or ${value('i32', d)} (i32.const 1)))`,
          ])();
        case 'i64':
          return one([
            () => binary('i64', ['i64.add', 'i64.xor', 'i64.mul', 'i64.rotl'], d),
            () => `(i64.load offset=${below(8)} ${address()})`,
            () => `(i64.extend_i32_u ${value('i32', d)})`,
            () => `(i64.trunc_sat_f64_s ${value('f64', d)})`,
            () => '(global.get $g0)',
            () => `(i64x2.extract_lane 1 ${value('v128', d)})`,
          ])();
        case 'f32':
          return one([
            () => binary('f32', ['f32.add'], d),
            () => `(f32.convert_i32_s ${value('i32', d)})`,
            () => `(f32.mul ${value('f32', d)} (f32.const 0.5))`,
          ])();
        case 'f64':
          return one([
            () => binary('f64', ['f64.add'], d),
            () => `(f64.convert_i64_s ${value('i64', d)})`,
            () => '(global.get $g1)',
            () => `(f64.promote_f32 ${value('f32', d)})`,
          ])();
        default:
          return one([
            () => binary('v128', ['i32x4.add', 'v128.xor'], d),
            () => `(i64x2.splat ${value('i64', d)})`,
            () => `(v128.load ${address()})`,
            () => '(global.get $g3)',
          ])();
      }
    }
    function constant(type: Type): string {
      if (type === 'v128') return `(v128.const i32x4 ${below(99)} ${below(99)} ${below(99)} ${below(99)})`;
      if (type === 'f32' || type === 'f64') return `(${type}.const ${below(100)}.5)`;
      return `(${type}.const ${below(100_000)})`;
    }
    /** No NaN: its bits are not the same on both engines. */
    const settled = (type: Type, x: string): string => {
      if (type === 'f32') return `(f32.convert_i32_s (i32.trunc_sat_f32_s ${x}))`;
      return type === 'f64' ? `(f64.convert_i64_s (i64.trunc_sat_f64_s ${x}))` : x;
    };
    const set = (): string => {
      const i = 1 + below(locals.length - 1);
      return `(local.set ${i} ${settled(locals[i] as Type, value(locals[i] as Type, 3))})`;
    };
    const again = '(i32.and (i32.gt_s (local.get 0) (i32.const 0)) (i32.gt_s (global.get $fuel) (i32.const 0)))';
    function call(): string {
      const to = below(shapes.length);
      const shape = shapes[to] as Shape;
      const args = shape.params.slice(1).map((type) => settled(type, value(type, 2)));
      const all = `(i32.sub (local.get 0) (i32.const 1)) ${args.join(' ')}`;
      const same = [...shapes.keys()].filter((i) => shapes[i] === shape);
      const where = `(select (i32.const ${same[0]}) (i32.const ${same.at(-1)}) (i32.and ${value('i32', 1)} (i32.const 1)))`;
      const called = below(2) > 0 ? `(call $f${to} ${all})` : `(call_indirect (type $t${to}) ${all} ${where})`;
      const taken = shape.results.toReversed().map((type) => `(local.set ${pick(type)})`);
      return `${called} ${taken.join(' ')}`;
    }
    const ask = (): string => `(i64.store ${address()} (call $ask (local.get 0) ${value('i64', 2)}))`;
    function statement(depth: number): string {
      const simple = [
        () => `(i64.store offset=${below(16)} ${address()} ${value('i64', 2)})`,
        () => `(i32.store ${address()} ${value('i32', 2)})`,
        () => `(global.set $g0 ${value('i64', 2)})`,
        () => `(v128.store ${address()} ${value('v128', 2)})`,
        () => `(global.set $g3 ${value('v128', 1)})`,
        () => `(global.set $g2 ${value('i32', 2)})`,
        set,
        set,
      ];
      const nested = [
        () =>
          `(if ${value('i32', 2)} (then ${statement(depth - 1)} ${statement(depth - 1)}) (else ${statement(depth - 1)}))`,
        ask,
        () => `(call $hostgrow (i32.const ${below(2)}))`,
        () => `(memory.fill ${address()} ${value('i32', 1)} (i32.const ${below(64)}))`,
        () => `(drop (memory.grow (i32.const ${below(2)})))`,
      ];
      return one(depth > 0 ? [...simple, ...nested] : simple)();
    }
    const lines: string[] = [];
    const add = (n: number, make: () => string) => {
      for (; n > 0; n--) lines.push(make());
    };
    for (let i = params.length; i < locals.length; i++)
      lines.push(`(local.set ${i} ${settled(locals[i] as Type, value(locals[i] as Type, 2))})`);
    add(below(5), () => statement(2));
    lines.push('(global.set $fuel (i32.sub (global.get $fuel) (i32.const 1)))');
    lines.push(`(if ${again} (then ${call()} ${statement(1)} ${below(2) > 0 ? call() : ''}) (else ${ask()}))`);
    add(2 + below(5), () => statement(2));
    if (below(2) > 0) lines.push(`(if ${again} (then ${call()}))`);
    // All live to the end.
    let mix = '(global.get $g0)';
    for (const [i, type] of locals.entries()) {
      const get = `(local.get ${i})`;
      const word = {
        i32: `(i64.extend_i32_u ${get})`,
        i64: get,
        f32: `(i64.extend_i32_u (i32.trunc_sat_f32_s ${get}))`,
        f64: `(i64.trunc_sat_f64_s ${get})`,
        v128: `(i64.add (i64x2.extract_lane 0 ${get}) (i64x2.extract_lane 1 ${get}))`,
      }[type];
      mix = `(i64.add (i64.mul ${mix} (i64.const 31)) ${word})`;
    }
    lines.push(`(global.set $g0 ${mix})`);
    for (const type of results)
      lines.push(type === 'i64' ? `(i64.xor (global.get $g0) ${value(type, 1)})` : settled(type, value(type, 2)));
    return `(func $f${index} (type $t${index}) (local ${locals.slice(params.length).join(' ')})\n ${lines.join('\n ')})`;
  }
}
