//! Who hears what the worker does, and looks for it after its death.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use keystead::{Client, KeyId, ManualClock, Timestamp};

use crate::inspection::inspect;
use crate::instance::{Opened, name};
use crate::report::{Report, Work};

/// What must be there.
#[derive(Default)]
pub(crate) struct Witness {
    now: i64,
    /// Keys as they were when the last operation on them returned.
    portraits: BTreeMap<String, String>,
    /// What keys have made, and of what.
    products: Vec<Product>,
    /// What the operation of a thread is about that has not returned.
    in_flight: BTreeMap<u64, InFlight>,
    /// Keys of whose deletion an event has told.
    announced: BTreeSet<String>,
    /// Every key that there ever was.
    known: BTreeSet<String>,
    /// What of all this has occurred.
    pub(crate) met: BTreeSet<&'static str>,
}

struct Product {
    key: String,
    work: Work,
    product: Vec<u8>,
    source: Vec<u8>,
}

#[derive(Default)]
struct InFlight {
    makes_key: bool,
    keys: BTreeSet<String>,
}

impl Witness {
    /// Whether the report is the end of an operation.
    pub(crate) fn hears(&mut self, report: Report) -> bool {
        match report {
            Report::Time(millis) => self.now = millis,
            Report::Begins { thread, keys } => {
                let in_flight = InFlight { makes_key: keys.is_empty(), keys: keys.into_iter().collect() };
                self.in_flight.insert(thread, in_flight);
            }
            Report::Key { key, portrait } => {
                self.known.insert(key.clone());
                self.answered(&key);
                self.portraits.insert(key, portrait);
            }
            Report::Gone { key } => {
                self.portraits.remove(&key);
                self.answered(&key);
            }
            Report::Made { key, work, product, source } => {
                self.products.push(Product { key, work, product, source });
            }
            Report::Ends { thread } => {
                self.in_flight.remove(&thread);
                return true;
            }
            Report::Announced { key } => drop(self.announced.insert(key)),
            Report::Noise => {}
        }
        false
    }

    /// The time at which the worker was last.
    pub(crate) fn clock(&self) -> Timestamp {
        Timestamp::from_millis(self.now).unwrap()
    }

    pub(crate) fn keys(&self) -> usize {
        self.portraits.len()
    }

    /// Compares what is there with what was heard, and takes over what the operations that were interrupted have done.
    pub(crate) fn examines(&mut self, path: &Path, when: &str) {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hears = Arc::clone(&heard);
        let tell = Arc::new(move |report| hears.lock().unwrap().push(report));
        let opened = Opened::new(path, Arc::new(ManualClock::new(self.clock())), tell);
        // What time has made due, and what was to be announced, is done by whoever comes next.
        let sweep = opened.kms.sweep().unwrap();
        assert_eq!(sweep.failed, 0, "{when}: {sweep:?}");
        std::mem::take(&mut *heard.lock().unwrap()).into_iter().for_each(|report| _ = self.hears(report));

        let found: BTreeSet<String> = opened.keys().into_iter().collect();
        let in_flight = std::mem::take(&mut self.in_flight);
        let is_in_flight = |key: &String| in_flight.values().any(|operation| operation.keys.contains(key));
        for (key, expected) in self.portraits.iter().filter(|(key, _)| !is_in_flight(key)) {
            assert_eq!(opened.portrait(key).as_ref(), Some(expected), "{when}: {key} is not as it was");
        }
        let unknown = found.iter().filter(|key| !self.portraits.contains_key(*key) && !is_in_flight(key)).count();
        let created = in_flight.values().filter(|operation| operation.makes_key).count();
        assert!(unknown <= created, "{when}: {unknown} keys that nobody made, but {created} were being made");
        let silent: Vec<_> = self.known.difference(&found).filter(|key| !self.announced.contains(*key)).collect();
        assert!(silent.is_empty(), "{when}: nobody was told that these were deleted: {silent:?}");

        inspect(&opened, when, &mut self.met);
        self.finds_products_good(&opened, &found, when);
        self.known.extend(found.iter().cloned());
        self.portraits = found.into_iter().filter_map(|key| Some((key.clone(), opened.portrait(&key)?))).collect();
    }

    /// What was made opens or verifies in every Region where the key is, unless it cannot be used there.
    fn finds_products_good(&mut self, opened: &Opened, found: &BTreeSet<String>, when: &str) {
        let everywhere = |key: &str| {
            let (_, id) = key.split_once('/').unwrap();
            opened.clients.iter().map(|client| name(client, &id.parse::<KeyId>().unwrap())).collect::<Vec<_>>()
        };
        self.products.retain(|product| everywhere(&product.key).iter().any(|key| found.contains(key)));
        for product in &self.products {
            for key in everywhere(&product.key).iter().filter(|key| found.contains(*key)) {
                let (client, id) = opened.find(key);
                let described = client.describe_key(id).send().unwrap().into_inner().key_metadata;
                let works = described.key_state.is_usable();
                match product.is_good(client, id) {
                    Ok(is_same) => {
                        assert!(is_same, "{when}: {key} opens {:?} to something else", product.work);
                        self.met.insert(product.work.done());
                    }
                    Err(error) => assert!(!works, "{when}: {key}, {:?}: {error}", product.work),
                }
            }
        }
    }

    fn answered(&mut self, key: &str) {
        for operation in self.in_flight.values_mut() {
            operation.keys.remove(key);
        }
    }
}

impl Product {
    fn is_good(&self, client: &Client, id: &str) -> Result<bool, keystead::CallError> {
        let Self { product, source, .. } = self;
        match self.work {
            Work::Encrypts => client.decrypt(product).key_id(id).send().map(|opened| opened.expose() == &source[..]),
            Work::Signs => {
                let call = client.verify(id, source, product).signing_algorithm("ECDSA_SHA_256");
                call.send().map(|answer| answer.signature_valid)
            }
            Work::Authenticates => {
                let call = client.verify_mac(id, source, product).mac_algorithm("HMAC_SHA_256");
                call.send().map(|answer| answer.mac_valid)
            }
        }
    }
}
