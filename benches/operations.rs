//! What the facade adds to the cryptography of Encrypt, Decrypt and GenerateDataKey, and the ratio at the end.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use keystead_benches::{Bare, Facade};

const LENGTHS: [usize; 3] = [32, 1024, 4096];
/// GenerateDataKey makes 1,024 bytes at most.
const DATA_KEY_LENGTHS: [usize; 2] = [32, 1024];

fn main() {
    let mut criterion = Criterion::default()
        .measurement_time(Duration::from_secs(3))
        .warm_up_time(Duration::from_secs(1))
        .configure_from_args();
    let facade = Facade::with_keys(1).unwrap();
    let bare = Bare::new().unwrap();
    encrypt(&mut criterion, &facade, &bare);
    decrypt(&mut criterion, &facade, &bare);
    generate_data_key(&mut criterion, &facade, &bare);
    criterion.final_summary();
    print_ratios(&facade, &bare);
}

fn encrypt(criterion: &mut Criterion, facade: &Facade, bare: &Bare) {
    let mut group = criterion.benchmark_group("encrypt");
    for length in LENGTHS {
        let plaintext = vec![7; length];
        group.throughput(Throughput::Bytes(length as u64));
        group.bench_function(BenchmarkId::new("bare", length), |bencher| {
            bencher.iter(|| bare.encrypt(black_box(&plaintext)).unwrap());
        });
        group.bench_function(BenchmarkId::new("keystead", length), |bencher| {
            bencher.iter(|| facade.encrypt(black_box(&facade.keys[0]), black_box(&plaintext)).unwrap());
        });
    }
}

fn decrypt(criterion: &mut Criterion, facade: &Facade, bare: &Bare) {
    let mut group = criterion.benchmark_group("decrypt");
    for length in LENGTHS {
        let plaintext = vec![7; length];
        group.throughput(Throughput::Bytes(length as u64));
        let blob = bare.encrypt(&plaintext).unwrap();
        group.bench_function(BenchmarkId::new("bare", length), |bencher| {
            bencher.iter(|| bare.decrypt(black_box(&blob)).unwrap());
        });
        let blob = facade.encrypt(&facade.keys[0], &plaintext).unwrap().into_inner().ciphertext_blob;
        group.bench_function(BenchmarkId::new("keystead", length), |bencher| {
            bencher.iter(|| facade.decrypt(black_box(&blob)).unwrap());
        });
    }
}

fn generate_data_key(criterion: &mut Criterion, facade: &Facade, bare: &Bare) {
    let mut group = criterion.benchmark_group("generate_data_key");
    for length in DATA_KEY_LENGTHS {
        group.throughput(Throughput::Bytes(length as u64));
        group.bench_function(BenchmarkId::new("bare", length), |bencher| {
            bencher.iter(|| bare.generate_data_key(black_box(length)).unwrap());
        });
        group.bench_function(BenchmarkId::new("keystead", length), |bencher| {
            bencher.iter(|| facade.generate_data_key(black_box(&facade.keys[0]), black_box(length)).unwrap());
        });
    }
}

/// Prints what the facade takes beyond its cryptography. Criterion measures one function for seconds, then the other, while a
/// busy machine may have changed in between; here both take turns, and the quickest turn of each counts.
fn print_ratios(facade: &Facade, bare: &Bare) {
    println!("{:<28} {:>10} {:>10} {:>7}", "quickest turn", "keystead", "bare", "ratio");
    let key = facade.keys[0].as_str();
    for length in LENGTHS {
        let plaintext = vec![7; length];
        print_ratio(
            "encrypt",
            length,
            || facade.encrypt(key, &plaintext).unwrap(),
            || bare.encrypt(&plaintext).unwrap(),
        );
    }
    for length in LENGTHS {
        let plaintext = vec![7; length];
        let sealed = facade.encrypt(key, &plaintext).unwrap().into_inner().ciphertext_blob;
        let sealed_bare = bare.encrypt(&plaintext).unwrap();
        print_ratio("decrypt", length, || facade.decrypt(&sealed).unwrap(), || bare.decrypt(&sealed_bare).unwrap());
    }
    for length in DATA_KEY_LENGTHS {
        let keystead = || facade.generate_data_key(key, length).unwrap();
        print_ratio("generate_data_key", length, keystead, || bare.generate_data_key(length).unwrap());
    }
}

fn print_ratio<K, B>(operation: &str, length: usize, keystead: impl Fn() -> K, bare: impl Fn() -> B) {
    let mut quickest = [f64::INFINITY; 2];
    for _ in 0..TURNS {
        quickest[0] = quickest[0].min(turn(&keystead));
        quickest[1] = quickest[1].min(turn(&bare));
    }
    let [keystead, bare] = quickest;
    let name = format!("{operation}/{length}");
    println!("{name:<28} {keystead:>7.0} ns {bare:>7.0} ns {:>7.2}", keystead / bare);
}

/// Nanoseconds per call in one turn.
fn turn<R>(call: impl Fn() -> R) -> f64 {
    let begin = Instant::now();
    for _ in 0..CALLS_PER_TURN {
        black_box(call());
    }
    begin.elapsed().as_nanos() as f64 / f64::from(CALLS_PER_TURN)
}

const TURNS: u32 = 3_000;
/// Short enough that many turns pass without an interruption.
const CALLS_PER_TURN: u32 = 50;
