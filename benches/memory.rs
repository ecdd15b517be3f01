//! How much memory a key takes, by counting what is asked of the allocator. Not a criterion benchmark: the number is exact.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use allocation_counter::measure;
use keystead_benches::Facade;

fn main() {
    let mut facade = None;
    measure(|| facade = Some(Facade::with_keys(FIRST).unwrap()));
    let mut facade = facade.unwrap();
    // The list of names is the benchmark's own; it must not grow while we measure.
    facade.keys.reserve(MORE);

    let created = measure(|| {
        for _ in 0..MORE {
            facade.create_key().unwrap();
        }
    });
    let names: usize = facade.keys[FIRST..].iter().map(String::capacity).sum();
    let created = created.bytes_current - names as i64;
    let used = measure(|| {
        for key in &facade.keys[FIRST..] {
            facade.encrypt(key, b"x").unwrap();
        }
    });
    println!("bytes per key, over {MORE} keys after the first {FIRST}");
    println!("{:>8}  at rest: record in the memory store and live form", created / MORE as i64);
    println!("{:>8}  more for its unwrapped material, once it is used", used.bytes_current / MORE as i64);
}

/// Fills what is made once.
const FIRST: usize = 1_000;
/// As many as the cache of unwrapped material holds.
const MORE: usize = 9_000;
