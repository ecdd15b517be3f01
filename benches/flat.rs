//! Whether calls cost the same with 100,000 keys, 50 aliases on a key, or 500 versions of its material.
//!
//! Grants have a benchmark of their own. This one prints ratios and keeps no history.
#![allow(missing_docs, clippy::unwrap_used)]

use std::cell::Cell;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use keystead::{Caller, Client, Kms, ManualClock, QuotaProfile};
use keystead_benches::{ACCOUNT, Measure, REGION, print_ratios, timed};

fn main() {
    let few = World::new(Size { keys: 100, aliases: 1, versions: 1 });
    let many_keys = World::new(Size { keys: 100_000, aliases: 1, versions: 1 });
    print_ratios(["100 keys", "100,000 keys"], [&few, &many_keys], BY_KEYS, CALLS);
    drop(many_keys);
    let crowded = World::bounded(Size { keys: 100_000, aliases: 1, versions: 1 }, 1_000);
    print_ratios(["all live", "1,000 of 100k"], [&few, &crowded], UNDER_PRESSURE, CALLS);
    drop(crowded);
    let many_aliases = World::new(Size { keys: 100, aliases: 50, versions: 1 });
    print_ratios(["1 alias", "50 aliases"], [&few, &many_aliases], BY_ALIASES, CALLS);
    let many_versions = World::new(Size { keys: 100, aliases: 1, versions: 500 });
    print_ratios(["1 version", "500 versions"], [&few, &many_versions], BY_VERSIONS, CALLS);
}

const BY_KEYS: &[(&str, Measure<World>)] = &[
    ("Encrypt", |world| world.encrypt(&world.key)),
    ("Encrypt by alias", |world| world.encrypt("alias/name-0")),
    ("Decrypt", |world| world.decrypt(&world.newest)),
    ("DescribeKey", World::describe),
    ("TagResource", World::tag),
    ("UpdateAlias there and back", World::move_alias),
    ("ListKeys, a page of 100", |world| timed(|| world.client.list_keys().limit(100).send().unwrap())),
    ("ListAliases of a key", World::list_aliases),
    ("sweep, nothing due", |world| timed(|| world.kms.sweep().unwrap())),
];

/// One call on a key that is always in use, after each on one that has to be read from the store.
const UNDER_PRESSURE: &[(&str, Measure<World>)] = &[
    ("Encrypt", |world| {
        world.encrypt_cold();
        world.encrypt(&world.key)
    }),
    ("Encrypt by alias", |world| {
        world.encrypt_cold();
        world.encrypt("alias/name-0")
    }),
    ("Encrypt with a cold key", World::encrypt_cold),
];

const BY_ALIASES: &[(&str, Measure<World>)] = &[
    ("Encrypt", |world| world.encrypt(&world.key)),
    ("Encrypt by alias", |world| world.encrypt("alias/name-0")),
    ("Decrypt", |world| world.decrypt(&world.newest)),
    ("DescribeKey", World::describe),
    ("TagResource", World::tag),
    ("UpdateAlias there and back", World::move_alias),
];

const BY_VERSIONS: &[(&str, Measure<World>)] = &[
    ("Encrypt", |world| world.encrypt(&world.key)),
    ("Decrypt, newest material", |world| world.decrypt(&world.newest)),
    ("Decrypt, oldest material", |world| world.decrypt(&world.oldest)),
    ("DescribeKey", World::describe),
    ("TagResource", World::tag),
];

/// An instance with many keys, one of which is looked at.
struct World {
    kms: Kms,
    client: Client,
    key: String,
    /// Another key of the same kind.
    other: String,
    oldest: Vec<u8>,
    newest: Vec<u8>,
    all: Vec<String>,
    /// The key among them that comes next.
    next: Cell<usize>,
}

#[derive(Clone, Copy)]
struct Size {
    keys: usize,
    aliases: usize,
    versions: usize,
}

impl World {
    fn new(size: Size) -> Self {
        Self::bounded(size, size.keys)
    }

    fn bounded(size: Size, live: usize) -> Self {
        let clock = Arc::new(ManualClock::at("2026-01-01T00:00:00Z"));
        let kms = Kms::builder().clock(Arc::clone(&clock)).no_audit().quotas(QuotaProfile::UNLIMITED).live_keys(live);
        let kms = kms.build().unwrap();
        let client = kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
        let create = || client.create_key().send().unwrap().key_metadata.key_id.to_string();
        let (key, other) = (create(), create());
        let all = (2..size.keys).map(|_| create()).collect();
        for number in 0..size.aliases {
            client.create_alias(format!("alias/name-{number}"), &key).send().unwrap();
        }
        client.create_alias("alias/moving", &other).send().unwrap();
        let seal = || client.encrypt(&key, PLAINTEXT).send().unwrap().into_inner().ciphertext_blob;
        let oldest = seal();
        client.enable_key_rotation(&key).rotation_period_in_days(90).send().unwrap();
        for _ in 1..size.versions {
            clock.advance_days(90);
            kms.sweep().unwrap();
        }
        client.disable_key_rotation(&key).send().unwrap();
        let newest = seal();
        Self { kms, client, key, other, oldest, newest, all, next: Cell::default() }
    }

    fn encrypt(&self, key: &str) -> Duration {
        timed(|| self.client.encrypt(black_box(key), black_box(PLAINTEXT)).send().unwrap())
    }

    fn encrypt_cold(&self) -> Duration {
        let next = self.next.get();
        self.next.set((next + 1) % self.all.len());
        self.encrypt(&self.all[next])
    }

    fn decrypt(&self, blob: &[u8]) -> Duration {
        timed(|| self.client.decrypt(black_box(blob)).send().unwrap())
    }

    fn describe(&self) -> Duration {
        timed(|| self.client.describe_key(black_box(&self.key)).send().unwrap())
    }

    fn tag(&self) -> Duration {
        timed(|| self.client.tag_resource(&self.key).tag("a", "b").send().unwrap())
    }

    fn move_alias(&self) -> Duration {
        timed(|| {
            self.client.update_alias("alias/moving", &self.key).send().unwrap();
            self.client.update_alias("alias/moving", &self.other).send().unwrap();
        })
    }

    fn list_aliases(&self) -> Duration {
        timed(|| self.client.list_aliases().key_id(&self.key).send().unwrap())
    }
}

const PLAINTEXT: &[u8] = &[7; 32];
const CALLS: usize = 2_000;
