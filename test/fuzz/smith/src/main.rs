//! Random valid modules: `smith KIND SEED FIRST COUNT` writes modules FIRST to FIRST+COUNT-1 of a seed to stdout, each behind its length
//! (4 bytes, little endian; 0: these random bytes made none). Module N of a seed is the same in every run.
//! KIND: `v8` keeps to what V8 of Node 20 runs too, `wazero` has all that wazero has.
use arbitrary::Unstructured;
use std::io::{self, Write};
use wasm_smith::{Config, Module};

/// (import "h" "a" (func (param i32) (result i32))), "b" (f64 i64) -> f64, "c" () -> (), "d" (i32 i64) -> (i32 i64)
const IMPORTS: &[u8] = &[
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, //
    1, 22, 4, 0x60, 1, 0x7f, 1, 0x7f, 0x60, 2, 0x7c, 0x7e, 1, 0x7c, 0x60, 0, 0, 0x60, 2, 0x7f, 0x7e, 2, 0x7f, 0x7e, //
    2, 25, 4, 1, b'h', 1, b'a', 0, 0, 1, b'h', 1, b'b', 0, 1, 1, b'h', 1, b'c', 0, 2, 1, b'h', 1, b'd', 0, 3,
];

/// splitmix64
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn config(state: &mut u64, wazero: bool) -> Config {
    let choice = next(state);
    let bit = |n: u32| choice >> n & 1 == 1;
    Config {
        allow_floats: bit(0) || bit(1),
        simd_enabled: bit(2),
        bulk_memory_enabled: true,
        reference_types_enabled: true,
        tail_call_enabled: bit(3),
        extended_const_enabled: wazero && bit(4),
        threads_enabled: wazero && bit(5) && bit(6),
        exceptions_enabled: wazero && bit(7),
        disallow_traps: bit(8) && bit(9),
        // Which bits a NaN has is up to the engine.
        canonicalize_nans: true,
        gc_enabled: false,
        relaxed_simd_enabled: false,
        memory64_enabled: false,
        available_imports: bit(10).then(|| IMPORTS.to_vec()),
        max_imports: if bit(10) { 4 } else { 0 },
        export_everything: true,
        allow_start_export: bit(11) && bit(17),
        min_funcs: 1,
        max_funcs: if bit(12) { 8 } else { 30 },
        max_instructions: [20, 60, 200, 800][(choice >> 13 & 3) as usize],
        max_nesting_depth: if bit(15) { 10 } else { 40 },
        max_type_size: 60,
        max_types: 20,
        min_memories: u32::from(bit(16)),
        max_memories: 1,
        max_memory32_bytes: 4 << 16,
        memory_max_size_required: true,
        max_tables: 3,
        max_table_elements: 500,
        table_max_size_required: true,
        ..Config::default()
    }
}

fn module(seed: u64, number: u64, wazero: bool) -> Option<Vec<u8>> {
    let mut state = seed ^ number.wrapping_mul(0xd6e8_feb8_6659_fd93);
    let config = config(&mut state, wazero);
    let size = 512 << (next(&mut state) % 7);
    let bytes: Vec<u8> = (0..size / 8).flat_map(|_| next(&mut state).to_le_bytes()).collect();
    let mut module = Module::new(config, &mut Unstructured::new(&bytes)).ok()?;
    module.ensure_termination(500).ok()?;
    Some(module.to_bytes())
}

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let number = |i: usize| args.get(i).and_then(|a| a.parse::<u64>().ok());
    let (Some(seed), Some(first), Some(count)) = (number(2), number(3), number(4)) else {
        eprintln!("Expected KIND SEED FIRST COUNT");
        std::process::exit(2);
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    for n in first..first + count {
        let bytes = module(seed, n, args[1] == "wazero").unwrap_or_default();
        out.write_all(&(bytes.len() as u32).to_le_bytes())?;
        out.write_all(&bytes)?;
    }
    Ok(())
}
