//! Whether operations stay as fast with many keys.
#![allow(missing_docs, clippy::unwrap_used)]

use std::cell::RefCell;
use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use keystead_benches::Facade;

criterion_main!(benches);
criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .measurement_time(Duration::from_secs(2))
        .warm_up_time(Duration::from_millis(500));
    targets = scale
}

fn scale(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scale");
    for count in [1, 10_000, 100_000] {
        let facade = Facade::with_keys(count).unwrap();
        let plaintext = vec![7; 1024];
        let mut keys = Walk { at: 0, count };
        group.bench_function(BenchmarkId::new("describe_key", count), |bencher| {
            bencher.iter(|| facade.client.describe_key(black_box(&facade.keys[keys.next()])).send().unwrap());
        });
        // Always the same key: what a busy key costs among many.
        group.bench_function(BenchmarkId::new("encrypt_one", count), |bencher| {
            bencher.iter(|| facade.encrypt(black_box(&facade.keys[0]), black_box(&plaintext)).unwrap());
        });
        // Another key every time: with more than 10,000, most have left the cache of unwrapped material.
        group.bench_function(BenchmarkId::new("encrypt_all", count), |bencher| {
            bencher.iter(|| facade.encrypt(black_box(&facade.keys[keys.next()]), black_box(&plaintext)).unwrap());
        });
        // Last, because it makes more keys.
        let facade = RefCell::new(facade);
        group.bench_function(BenchmarkId::new("create_key", count), |bencher| {
            bencher.iter(|| facade.borrow_mut().create_key().unwrap());
        });
    }
}

/// Goes through all positions in an order that no cache foresees.
struct Walk {
    at: usize,
    count: usize,
}

impl Walk {
    fn next(&mut self) -> usize {
        self.at = (self.at + STRIDE) % self.count;
        self.at
    }
}

/// A prime, so that it meets every position.
const STRIDE: usize = 7_919;
