/**
 * Modules that have many floats and vectors alive around calls, selects and branches: wazero's compiler against V8 and against the interpreter. What
 * wasm-smith makes has few of them; a select of floats that lost an operand (wazero 2534) had to be found by a user.
 */
import { wat } from '../../support/wat.mjs';
import { difference, finding, planOf, V8, Wazero } from '../differential.mjs';

/** Vectors by what is in them: half of an f64x2 made of NaNs of f32 is a number. */
const types = ['f32', 'f64', 'f32x4', 'f64x2'];
const lanes = { f32x4: 'f32', f64x2: 'f64' };
const wasm = (type) => (lanes[type] ? 'v128' : type);

/** The text of one function body and its helpers. The bits of a NaN are an engine's own affair: nothing here makes a number of them. */
class Generator {
  #random;
  #locals = [];
  #labels = 0;
  constructor(random) {
    this.#random = random;
  }

  module() {
    const random = this.#random;
    const usual = random.pick([['f64'], ['f32'], ['f64', 'f32'], ['f32x4'], ['f64x2'], types]);
    const params = Array.from({ length: 1 + random.below(8) }, () => random.pick(['f64', 'f32']));
    this.#locals = params.map((type, i) => ({ type, name: `$p${i}` }));
    for (let n = 2 + random.below(19); n > 0; n--)
      this.#locals.push({ type: random.pick(usual), name: `$l${this.#locals.length}` });
    const own = this.#locals.slice(params.length);
    const helpers = types.map(
      (type) => `(func $nothing_${type} (param ${wasm(type)}))
        (func $same_${type} (param ${wasm(type)}) (result ${wasm(type)}) (local.get 0))
        (func $second_${type} (param ${wasm(type)} ${wasm(type)}) (result ${wasm(type)}) (local.get 1))
        (func $chosen_${type} (param i32 ${wasm(type)} ${wasm(type)}) (result ${wasm(type)}) (select (result ${wasm(type)}) (local.get 1) (local.get 2) (local.get 0)))`,
    );
    const begin = own.map(({ type, name }) => `(local.set ${name} ${this.#expression(type, 1)})`);
    const results = this.#locals.map(({ type }) => lanes[type] ?? type);
    const end = this.#locals.map(({ type, name }) =>
      lanes[type] ? `(${type}.extract_lane ${random.below(2)} (local.get ${name}))` : `(local.get ${name})`,
    );
    return `(module ${helpers.join(' ')}
      (func (export "f") (param $c i32) (param $d i32) ${params.map((type, i) => `(param $p${i} ${type})`).join(' ')} (result ${results.join(' ')})
      (local $n i32) ${own.map(({ type, name }) => `(local ${name} ${wasm(type)})`).join(' ')}
      ${begin.join('\n')} ${this.#statements(4 + random.below(12), 2)} ${end.join('\n')}))`;
  }

  #statements(count, depth) {
    return Array.from({ length: count }, () => this.#statement(depth)).join('\n');
  }

  #statement(depth) {
    const random = this.#random;
    const type = random.pick(this.#locals).type;
    const kind = random.below(depth > 0 ? 8 : 5);
    if (kind === 0) return `(call $nothing_${type} ${this.#expression(type, 1)})`;
    if (kind === 1) return `(drop (call $second_${type} ${this.#expression(type, 1)} ${this.#expression(type, 1)}))`;
    if (kind < 6) return `(local.set ${this.#local(type)} ${this.#expression(type, 3)})`;
    if (kind === 6)
      return `(if ${this.#condition(2)} (then ${this.#statements(1 + random.below(3), depth - 1)}) (else ${this.#statements(1 + random.below(3), depth - 1)}))`;
    const label = `$loop${this.#labels++}`;
    return `(local.set $n (i32.const ${1 + random.below(3)})) (loop ${label} ${this.#statements(1 + random.below(3), 0)}
      (br_if ${label} (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 0))))`;
  }

  #local(type) {
    const { name } = this.#random.pick(this.#locals.filter((local) => local.type === type));
    return name;
  }

  #condition(depth) {
    const random = this.#random;
    const scalar = random.pick(['f32', 'f64']);
    const compare = random.pick(['eq', 'ne', 'lt', 'gt', 'le', 'ge']);
    switch (depth > 0 ? random.below(6) : 0) {
      case 0:
      case 1:
        return random.pick(['(local.get $c)', '(local.get $d)']);
      case 2:
        return `(i32.eqz ${this.#condition(depth - 1)})`;
      case 3:
        return `(i32.${random.pick(['and', 'or', 'lt_s', 'ne'])} ${this.#condition(depth - 1)} ${this.#condition(depth - 1)})`;
      default:
        return `(${scalar}.${compare} ${this.#expression(scalar, depth - 1)} ${this.#expression(scalar, depth - 1)})`;
    }
  }

  #expression(type, depth) {
    const random = this.#random;
    const one = () => this.#expression(type, depth - 1);
    if (depth <= 0 || random.oneIn(4)) {
      const known = this.#locals.some((local) => local.type === type);
      return known && !random.oneIn(8) ? `(local.get ${this.#local(type)})` : this.#constant(type);
    }
    switch (random.below(8)) {
      case 0:
      case 1:
        return `(select (result ${wasm(type)}) ${one()} ${one()} ${this.#condition(depth - 1)})`;
      case 2:
        return random.oneIn(2) ? `(call $same_${type} ${one()})` : `(call $second_${type} ${one()} ${one()})`;
      case 3:
        return `(call $chosen_${type} ${this.#condition(depth - 1)} ${one()} ${one()})`;
      case 4:
        return `(if (result ${wasm(type)}) ${this.#condition(depth - 1)} (then ${one()}) (else ${one()}))`;
      default:
        return lanes[type] ? this.#vector(type, depth) : this.#scalar(type, depth);
    }
  }

  #constant(type) {
    const value = this.#random.pick(['0', '-0', '1', '-1', '0.5', '3', '1e10', '-2.5', 'inf', '-inf', 'nan', '1e-40']);
    if (!lanes[type]) return `(${type}.const ${value})`;
    return `(v128.const ${type} ${Array.from({ length: type === 'f32x4' ? 4 : 2 }, () => value).join(' ')})`;
  }

  #scalar(type, depth) {
    const random = this.#random;
    const one = () => this.#expression(type, depth - 1);
    const vector = type === 'f32' ? 'f32x4' : 'f64x2';
    switch (random.below(8)) {
      case 0:
        return `(${type}.${random.pick(['abs', 'neg', 'sqrt', 'ceil', 'floor', 'trunc', 'nearest'])} ${one()})`;
      case 1:
        // of a number: the sign of a NaN would be seen
        return `(${type}.copysign ${one()} (${type}.max (${type}.min (${type}.convert_i32_s ${this.#condition(1)}) (${type}.const 1)) (${type}.const -1)))`;
      case 2:
        return type === 'f32'
          ? `(f32.demote_f64 ${this.#expression('f64', depth - 1)})`
          : `(f64.promote_f32 ${this.#expression('f32', depth - 1)})`;
      case 3:
        return `(${vector}.extract_lane ${random.below(2)} ${this.#expression(vector, depth - 1)})`;
      case 4:
        return `(${type}.convert_i32_${random.pick(['s', 'u'])} ${this.#condition(depth - 1)})`;
      default:
        return `(${type}.${random.pick(['add', 'sub', 'mul', 'div', 'min', 'max'])} ${one()} ${one()})`;
    }
  }

  #vector(shape, depth) {
    const random = this.#random;
    const lane = lanes[shape];
    const one = () => this.#expression(shape, depth - 1);
    switch (random.below(6)) {
      case 0:
        return `(${shape}.splat ${this.#expression(lane, depth - 1)})`;
      case 1:
        return `(${shape}.replace_lane ${random.below(2)} ${one()} ${this.#expression(lane, depth - 1)})`;
      case 2:
        return `(${shape}.${random.pick(['abs', 'neg', 'sqrt', 'ceil', 'trunc'])} ${one()})`;
      default:
        return `(${shape}.${random.pick(['add', 'sub', 'mul', 'div', 'min', 'max', 'pmin', 'pmax'])} ${one()} ${one()})`;
    }
  }
}

export function open() {
  const compiler = new Wazero('compiler', Wazero.features.v8);
  const interpreter = new Wazero('interpreter', Wazero.features.v8);
  const v8 = new V8();
  const counts = { modules: 0, calls: 0 };
  return {
    counts,
    async run(random) {
      const bytes = wat(new Generator(random).module());
      const compiled = await compiler.compile(bytes);
      const functions = compiled.exportedFunctions();
      const calls = [0, 1, 2]
        .flatMap(() => planOf(functions, random))
        .map((call, i) => ({ ...call, args: [i & 1, i >> 1, ...call.args.slice(2)] }));
      const one = await compiler.run(compiled, calls, random.oneIn(4));
      const different = difference(one, v8.run(bytes, calls), calls);
      if (different) throw finding(`compiler / V8: ${different}`, bytes);
      const other = await interpreter.run(await interpreter.compile(bytes), calls, false);
      const again = difference(one, other, calls);
      if (again) throw finding(`compiler / interpreter: ${again}`, bytes);
      counts.modules++;
      counts.calls += one.calls.length;
    },
    async close() {
      await compiler.close();
      await interpreter.close();
    },
  };
}
