//! Whether two threads that share a key do twice the work of one.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use std::hint::black_box;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use keystead_benches::Facade;

fn main() {
    let facade = Facade::with_keys(1).unwrap();
    let mut criterion = Criterion::default()
        .measurement_time(Duration::from_secs(4))
        .warm_up_time(Duration::from_secs(1))
        .configure_from_args();
    encrypt(&mut criterion, &facade);
    criterion.final_summary();
    print_speedup(&facade);
}

fn encrypt(criterion: &mut Criterion, facade: &Facade) {
    let mut group = criterion.benchmark_group("threads");
    for threads in [1, 2] {
        // Every thread does all iterations: perfect scaling shows the same time and twice the throughput.
        group.throughput(Throughput::Elements(threads as u64));
        group.bench_function(BenchmarkId::new("encrypt", threads), |bencher| {
            bencher.iter_custom(|iterations| in_parallel(threads, || encrypt_often(facade, iterations)));
        });
    }
}

/// The work of two threads against that of one, from the quickest of many short turns: a busy machine lengthens most of them.
fn print_speedup(facade: &Facade) {
    let mut quickest = [Duration::MAX; 2];
    for _ in 0..TURNS {
        for (threads, quickest) in (1..).zip(&mut quickest) {
            *quickest = in_parallel(threads, || encrypt_often(facade, CALLS_PER_TURN)).min(*quickest);
        }
    }
    let [one, two] = quickest.map(|turn| turn.as_secs_f64());
    println!("two threads do {:.2} times the work of one", 2.0 * one / two);
}

fn encrypt_often(facade: &Facade, calls: u64) {
    let plaintext = [7; 1024];
    for _ in 0..calls {
        black_box(facade.encrypt(black_box(&facade.keys[0]), black_box(&plaintext)).unwrap());
    }
}

/// The time from the first start to the last end.
fn in_parallel(threads: usize, work: impl Fn() + Sync) -> Duration {
    let start = Barrier::new(threads);
    let timed = || {
        start.wait();
        let begin = Instant::now();
        work();
        (begin, Instant::now())
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(timed)).collect();
        let times: Vec<_> = running.into_iter().map(|thread| thread.join().unwrap()).collect();
        let first = times.iter().map(|(begin, _)| *begin).min().unwrap();
        let last = times.iter().map(|(_, end)| *end).max().unwrap();
        last.duration_since(first)
    })
}

const TURNS: u32 = 2_000;
const CALLS_PER_TURN: u64 = 300;
