//! What the facade adds to the cryptography of Encrypt, Decrypt and GenerateDataKey, and the ratio at the end.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput};
use keystead_benches::{Bare, Facade};

const LENGTHS: [usize; 3] = [32, 1024, 4096];
/// GenerateDataKey makes 1,024 bytes at most.
const DATA_KEY_LENGTHS: [usize; 2] = [32, 1024];

fn main() {
    let results = results();
    let mut criterion = Criterion::default()
        .output_directory(&results)
        .measurement_time(Duration::from_secs(3))
        .warm_up_time(Duration::from_secs(1))
        .configure_from_args();
    let facade = Facade::with_keys(1).unwrap();
    let bare = Bare::new().unwrap();
    encrypt(&mut criterion, &facade, &bare);
    decrypt(&mut criterion, &facade, &bare);
    generate_data_key(&mut criterion, &facade, &bare);
    criterion.final_summary();
    print_ratios(&results);
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

/// Reads criterion's estimates back; pairs that a filter left out of this and every earlier run are not there.
fn print_ratios(results: &Path) {
    println!("{:<28} {:>10} {:>10} {:>7}", "median", "keystead", "bare", "ratio");
    let encrypting = ["encrypt", "decrypt"].into_iter().flat_map(|group| LENGTHS.map(|length| (group, length)));
    for (group, length) in encrypting.chain(DATA_KEY_LENGTHS.map(|length| ("generate_data_key", length))) {
        let median = |function: &str| median(&results.join(group).join(function).join(length.to_string()));
        if let (Some(keystead), Some(bare)) = (median("keystead"), median("bare")) {
            let name = format!("{group}/{length}");
            println!("{name:<28} {keystead:>7.0} ns {bare:>7.0} ns {:>7.2}", keystead / bare);
        }
    }
}

/// The median of the latest run, in nanoseconds.
fn median(benchmark: &Path) -> Option<f64> {
    let text = std::fs::read_to_string(benchmark.join("new/estimates.json")).ok()?;
    let (_, median) = text.split_once(r#""median":"#)?;
    let (_, estimate) = median.split_once(r#""point_estimate":"#)?;
    estimate.split([',', '}']).next()?.trim().parse().ok()
}

/// Where criterion keeps its results: in the target folder.
fn results() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target")).join("criterion")
}
