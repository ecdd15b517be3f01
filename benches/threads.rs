//! Whether two threads that share a key do twice the work of one.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use keystead_benches::Facade;

criterion_main!(benches);
criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(4)).warm_up_time(Duration::from_secs(1));
    targets = encrypt
}

fn encrypt(criterion: &mut Criterion) {
    let facade = Facade::with_keys(1).unwrap();
    let plaintext = vec![7; 1024];
    let mut group = criterion.benchmark_group("threads");
    for threads in [1, 2] {
        // Every thread does all iterations: perfect scaling shows the same time and twice the throughput.
        group.throughput(Throughput::Elements(threads as u64));
        group.bench_function(BenchmarkId::new("encrypt", threads), |bencher| {
            bencher.iter_custom(|iterations| {
                in_parallel(threads, || {
                    for _ in 0..iterations {
                        black_box(facade.encrypt(black_box(&facade.keys[0]), black_box(&plaintext)).unwrap());
                    }
                })
            });
        });
    }
}

/// The time from the common start to the end of the slowest.
fn in_parallel(threads: usize, work: impl Fn() + Sync) -> Duration {
    let start = Barrier::new(threads);
    let timed = || {
        start.wait();
        let begin = Instant::now();
        work();
        begin.elapsed()
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(timed)).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).max().unwrap_or_default()
    })
}
