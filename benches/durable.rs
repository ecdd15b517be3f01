//! What a store on disk costs: hot operations beside those over memory, CreateKey beside the disk's own `fsync`, opening with
//! many keys. Not a criterion benchmark.
//!
//! The files are made in the folder for temporary files (`TMPDIR`): choose one on the disk that counts.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use std::fs::{self, File};
use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use allocation_counter::measure;
use keystead::Kms;
use keystead::crypto::SecretBytes;
use keystead::hierarchy::RawRootKey;
use keystead_benches::{Facade, Measure, print_ratios, timed};
use keystead_redb::{Durability, RedbStore};

fn main() {
    // `cargo test --benches` only wants to know that it runs.
    let is_test = !std::env::args().any(|argument| argument == "--bench");
    let folder = tempfile::tempdir().unwrap();
    hot_operations(&folder.path().join("hot"), if is_test { 10 } else { 20_000 });
    creation(folder.path(), if is_test { 10 } else { 500 });
    for count in if is_test { &[100][..] } else { &[1_000, 10_000, 100_000] } {
        opening(&folder.path().join(count.to_string()), *count);
    }
}

/// They do not touch the store, so the ratio is 1.
fn hot_operations(path: &Path, calls: usize) {
    let worlds = [World::of(in_memory()), World::of(on_disk(path, Durability::Immediate))];
    let measures: [(&str, Measure<World>); 4] = [
        ("Encrypt, 1 KiB", |world| timed(|| drop(black_box(world.facade.encrypt(world.key(), &[7; 1024]).unwrap())))),
        ("Decrypt, 1 KiB", |world| timed(|| drop(black_box(world.facade.decrypt(&world.blob).unwrap())))),
        ("GenerateDataKey", |world| {
            timed(|| drop(black_box(world.facade.generate_data_key(world.key(), 32).unwrap())))
        }),
        ("DescribeKey", |world| {
            timed(|| drop(black_box(world.facade.client.describe_key(world.key()).send().unwrap())))
        }),
    ];
    print_ratios(["in memory", "on disk"], [&worlds[0], &worlds[1]], &measures, calls);
}

/// A commit is one `fsync`; CreateKey is one commit.
fn creation(folder: &Path, calls: usize) {
    let mut file = File::create(folder.join("plain")).unwrap();
    let mut durable = on_disk(&folder.join("creation"), Durability::Immediate);
    let mut samples: [Vec<Duration>; 2] = Default::default();
    for _ in 0..calls {
        samples[0].push(timed(|| {
            file.write_all(&[7; 4096]).unwrap();
            file.sync_data().unwrap();
        }));
        samples[1].push(timed(|| durable.create_key().unwrap()));
    }
    let [sync, create] = samples.map(|mut samples| {
        samples.sort();
        samples[calls / 2]
    });
    let ratio = create.as_secs_f64() / sync.as_secs_f64();
    println!(
        "\n{sync:>10.1?}  append 4 KiB to a file and fsync\n{create:>10.1?}  CreateKey on disk: {ratio:.2} of that"
    );
}

fn opening(path: &Path, count: usize) {
    let mut full = on_disk(path, Durability::Eventual);
    (0..count).for_each(|_| full.create_key().unwrap());
    let keys = std::mem::take(&mut full.keys);
    let blob = full.encrypt(&keys[count / 2], b"x").unwrap().into_inner().ciphertext_blob;
    drop(full);

    let mut opened = None;
    let mut time = Duration::ZERO;
    let memory = measure(|| {
        time = timed(|| {
            let facade = on_disk(path, Durability::Immediate);
            facade.decrypt(&blob).unwrap();
            opened = Some(facade);
        });
    });
    drop(opened);
    let verified = timed(|| drop(RedbStore::builder().verify_on_open(true).open(path).unwrap()));
    println!(
        "\n{count} keys, {} MiB: {time:.1?} to open and decrypt, {} KiB of memory; {verified:.1?} to open and verify",
        fs::metadata(path).unwrap().len() >> 20,
        memory.bytes_current >> 10,
    );
}

/// An instance, a key of it, and a ciphertext of that.
struct World {
    facade: Facade,
    blob: Vec<u8>,
}

impl World {
    fn of(mut facade: Facade) -> Self {
        facade.create_key().unwrap();
        let blob = facade.encrypt(&facade.keys[0], &[7; 1024]).unwrap().into_inner().ciphertext_blob;
        Self { facade, blob }
    }

    fn key(&self) -> &str {
        &self.facade.keys[0]
    }
}

fn in_memory() -> Facade {
    Facade::of(Kms::builder()).unwrap()
}

fn on_disk(path: &Path, durability: Durability) -> Facade {
    let store = RedbStore::builder().durability(durability).open(path).unwrap();
    let root_key = RawRootKey::new(&SecretBytes::from(&[7; 32])).unwrap();
    Facade::of(Kms::builder().store(store).root_key(root_key)).unwrap()
}
