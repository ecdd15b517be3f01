//! Who works on the store until it is killed: some threads, each with keys of its own.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use keystead::{Client, Clock, ManualClock, Timestamp};

use crate::deeds::Deed;
use crate::instance::{Opened, REGIONS, Tell, name};
use crate::random::Random;
use crate::report::Report;

/// Does random operations, so many in each thread, and tells of each before and after.
pub(crate) fn work(path: &Path, seed: u64, start: Timestamp, operations: usize, tell: &Tell) {
    let clock = Arc::new(ManualClock::new(start));
    let opened = Opened::new(path, Arc::clone(&clock), Arc::clone(tell));
    let threads = 2 + seed % (MOST_THREADS - 1);
    let shared =
        Shared { opened, clock, tell: Arc::clone(tell), gate: RwLock::default(), backups: AtomicU64::new(seed) };
    let families = shared.families();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let families: Vec<_> = families.iter().filter(|family| family.owner % threads == thread).cloned().collect();
            let shared = &shared;
            let random = Random(seed ^ (thread << 32));
            scope.spawn(move || Worker { thread, shared, random, families, path }.run(operations));
        }
    });
}

/// What the threads share.
struct Shared {
    opened: Opened,
    clock: Arc<ManualClock>,
    tell: Tell,
    /// Held shared by all operations, and alone while time passes.
    gate: RwLock<()>,
    backups: AtomicU64,
}

/// A key, or a set of related keys. One thread alone changes it.
#[derive(Clone, Debug)]
pub(crate) struct Family {
    /// Stands in a tag that nobody touches.
    pub(crate) owner: u64,
    pub(crate) id: String,
}

impl Family {
    /// The keys that there are or may be.
    pub(crate) fn members(&self) -> Vec<String> {
        let regions = if self.id.starts_with("mrk-") { &REGIONS[..] } else { &REGIONS[..1] };
        regions.iter().map(|region| format!("{region}/{}", self.id)).collect()
    }
}

impl Shared {
    fn families(&self) -> Vec<Family> {
        let owner = |key: &String| {
            let (client, id) = self.opened.find(key);
            let tags = client.list_resource_tags(id).send().unwrap().into_inner().tags;
            let tag = tags.iter().find(|tag| tag.tag_key == "owner").unwrap();
            Family { owner: tag.tag_value.parse().unwrap(), id: id.to_owned() }
        };
        let mut families: Vec<_> = self.opened.keys().iter().map(owner).collect();
        families.sort_by(|one, other| one.id.cmp(&other.id));
        families.dedup_by(|one, other| one.id == other.id);
        families
    }

    fn tell(&self, report: Report) {
        (self.tell)(report);
    }

    fn tell_key(&self, key: &str) {
        self.tell(match self.opened.portrait(key) {
            Some(portrait) => Report::Key { key: key.to_owned(), portrait },
            None => Report::Gone { key: key.to_owned() },
        });
    }
}

struct Worker<'s> {
    thread: u64,
    shared: &'s Shared,
    random: Random,
    families: Vec<Family>,
    path: &'s Path,
}

impl Worker<'_> {
    fn run(&mut self, operations: usize) {
        for _ in 0..operations {
            match self.random.below(60) {
                0 => self.let_time_pass(),
                1 => self.rotate_domain_key(),
                2 if self.random.below(3) == 0 => self.back_up(),
                number if number < 8 && self.families.len() < MOST_FAMILIES => self.create(),
                _ => match self.random.one_of(&self.families).cloned() {
                    Some(family) => self.change(&family),
                    None => self.create(),
                },
            }
        }
    }

    fn create(&mut self) {
        let _shared = self.shared.gate.read().unwrap();
        self.shared.tell(Report::Begins { thread: self.thread, keys: Vec::new() });
        let client = &self.shared.opened.clients[0];
        let mut call = client.create_key().tag("owner", self.thread.to_string());
        let (spec, usage) = KINDS[self.random.below(KINDS.len() as u64) as usize];
        call = call.key_spec(spec).key_usage(usage);
        if self.random.below(3) == 0 {
            call = call.multi_region(true);
        }
        if self.random.below(3) == 0 && usage != "SIGN_VERIFY" {
            call = call.origin("EXTERNAL");
        }
        let made = call.send().unwrap().into_inner().key_metadata;
        self.shared.tell_key(&name(client, &made.key_id));
        self.families.push(Family { owner: self.thread, id: made.key_id.to_string() });
        self.shared.tell(Report::Ends { thread: self.thread });
    }

    fn change(&mut self, family: &Family) {
        let _shared = self.shared.gate.read().unwrap();
        let opened = &self.shared.opened;
        let members: Vec<_> = family.members().into_iter().filter(|key| opened.portrait(key).is_some()).collect();
        let Some(key) = self.random.one_of(&members).cloned() else {
            self.families.retain(|other| other.id != family.id);
            return;
        };
        let now = self.shared.clock.now();
        let mut deed = Deed { opened, key: &key, owner: family.owner, now, random: &mut self.random };
        let plan = deed.plan();
        let mut keys = family.members();
        // An alias that moves concerns the key that it leaves.
        keys.extend(deed.leaves(&plan).filter(|former| !family.members().contains(former)));
        self.shared.tell(Report::Begins { thread: self.thread, keys: keys.clone() });
        if let Some(made) = deed.carry_out(&plan) {
            self.shared.tell(made);
        }
        keys.iter().for_each(|key| self.shared.tell_key(key));
        self.shared.tell(Report::Ends { thread: self.thread });
    }

    /// Lets seconds or weeks pass, and does what is due by then.
    fn let_time_pass(&mut self) {
        let _alone = self.shared.gate.write().unwrap();
        let keys = self.shared.opened.keys();
        self.shared.tell(Report::Begins { thread: self.thread, keys: keys.clone() });
        let passes = Duration::from_secs([1, 3600, 8 * DAY, 8 * DAY, 45 * DAY][self.random.below(5) as usize]);
        let then = self.shared.clock.now().plus(passes);
        self.shared.tell(Report::Time(then.as_millis()));
        self.shared.clock.advance(passes);
        self.shared.opened.kms.sweep().unwrap();
        keys.iter().for_each(|key| self.shared.tell_key(key));
        self.shared.tell(Report::Ends { thread: self.thread });
    }

    /// Nobody sees anything of this.
    fn rotate_domain_key(&mut self) {
        let _shared = self.shared.gate.read().unwrap();
        let client: &Client = &self.shared.opened.clients[self.random.below(2) as usize];
        self.shared.opened.kms.rotate_domain_key(client.region()).unwrap();
    }

    /// Or of this, but for the file.
    fn back_up(&mut self) {
        let _shared = self.shared.gate.read().unwrap();
        let number = self.shared.backups.fetch_add(1, Ordering::Relaxed);
        self.shared.opened.store.backup_to(self.path.with_extension(format!("{number}.{BACKUP}"))).unwrap();
    }
}

/// The extension of backups.
pub(crate) const BACKUP: &str = "backup";

const KINDS: &[(&str, &str)] = &[
    ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
    ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
    ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
    ("HMAC_256", "GENERATE_VERIFY_MAC"),
    ("ECC_NIST_P256", "SIGN_VERIFY"),
];
const MOST_THREADS: u64 = 4;
/// Of one thread.
const MOST_FAMILIES: usize = 8;
const DAY: u64 = 86_400;
