//! Who hears what the worker does, and looks for it after its death.

use std::collections::{BTreeMap, BTreeSet};

use keystead::hierarchy::spec::KeyState;
use keystead::{Client, Kms, Timestamp};

use crate::report::Report;

/// What must be there.
#[derive(Default)]
pub(crate) struct Witness {
    now: i64,
    /// Keys as they were when the last operation on them returned.
    portraits: BTreeMap<String, String>,
    /// The key, the ciphertext and the plaintext.
    ciphertexts: Vec<(String, Vec<u8>, Vec<u8>)>,
    /// What an operation is about that has not returned.
    in_flight: Option<BTreeSet<String>>,
}

impl Witness {
    /// Whether the report is the end of an operation.
    pub(crate) fn hears(&mut self, report: Report) -> bool {
        match report {
            Report::Time(millis) => self.now = millis,
            Report::Begins { keys } => self.in_flight = Some(keys.into_iter().collect()),
            Report::Key { id, portrait } => {
                self.portraits.insert(id.clone(), portrait);
                self.answered(&id);
            }
            Report::Gone { id } => {
                self.portraits.remove(&id);
                self.answered(&id);
            }
            Report::Sealed { id, ciphertext, plaintext } => self.ciphertexts.push((id, ciphertext, plaintext)),
            Report::Ends => {
                self.in_flight = None;
                return true;
            }
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

    /// Compares what is there with what was heard, and takes over what the operation that was interrupted has done.
    pub(crate) fn examines(&mut self, kms: &Kms, client: &Client, when: &str) {
        // What time has made due is done by whoever comes next.
        kms.sweep().unwrap();
        let ids = key_ids(client);
        let found: BTreeSet<&String> = ids.iter().collect();
        assert_eq!(kms.key_count(client.region(), client.account()).unwrap(), ids.len() as u64, "{when}: the counter");
        let is_creation = self.in_flight.as_ref().is_some_and(BTreeSet::is_empty);
        let in_flight = self.in_flight.take().unwrap_or_default();
        for (id, expected) in &self.portraits {
            if !in_flight.contains(id) {
                let seen = portrait(client, id);
                assert_eq!(seen.as_ref(), Some(expected), "{when}: {id} is not as it was");
            }
        }
        let unknown = found.iter().filter(|id| !self.portraits.contains_key(**id)).count();
        assert!(unknown <= usize::from(is_creation), "{when}: {unknown} keys that nobody made");

        self.aliases_agree(client, when);
        self.ciphertexts_open(client, &found, when);
        self.portraits = ids.iter().filter_map(|id| Some((id.clone(), portrait(client, id)?))).collect();
    }

    /// Aliases name keys that name them.
    fn aliases_agree(&self, client: &Client, when: &str) {
        for alias in &client.list_aliases().send().unwrap().aliases {
            let target = client.describe_key(&alias.alias_name).send().unwrap().key_metadata.key_id;
            assert_eq!(alias.target_key_id, Some(target), "{when}: {alias:?}");
            let own = client.list_aliases().key_id(target).send().unwrap();
            assert!(own.aliases.contains(alias), "{when}: {alias:?} is not among the aliases of its key");
        }
    }

    /// What was sealed opens, unless its key is not enabled, or gone.
    fn ciphertexts_open(&mut self, client: &Client, found: &BTreeSet<&String>, when: &str) {
        self.ciphertexts.retain(|(id, _, _)| found.contains(id));
        for (id, ciphertext, plaintext) in &self.ciphertexts {
            let key = client.describe_key(id).send().unwrap();
            match client.decrypt(ciphertext).send() {
                Ok(opened) => assert_eq!(opened.expose(), &plaintext[..], "{when}: {id}"),
                Err(error) => {
                    assert_ne!(key.key_metadata.key_state, KeyState::Enabled, "{when}: {id} opens no more: {error}");
                }
            }
        }
    }

    fn answered(&mut self, id: &str) {
        if let Some(keys) = &mut self.in_flight {
            keys.remove(id);
        }
    }
}

/// The identifiers of all keys.
pub(crate) fn key_ids(client: &Client) -> Vec<String> {
    let keys = client.list_keys().limit(1000).send().unwrap().into_inner();
    assert!(!keys.truncated, "more keys than the worker makes");
    keys.keys.iter().map(|key| key.key_id.to_string()).collect()
}

/// All that can be seen of a key, if it is there.
pub(crate) fn portrait(client: &Client, id: &str) -> Option<String> {
    let key = client.describe_key(id).send().ok()?.into_inner();
    let policy = client.get_key_policy(id).send().unwrap().into_inner();
    let tags = client.list_resource_tags(id).send().unwrap().into_inner();
    let aliases = client.list_aliases().key_id(id).send().unwrap().into_inner();
    let grants = client.list_grants(id).send().unwrap().into_inner();
    let rotations = client.list_key_rotations(id).include_key_material("ALL_KEY_MATERIAL").send().unwrap().into_inner();
    Some(format!("{key:?}\n{policy:?}\n{tags:?}\n{aliases:?}\n{grants:?}\n{rotations:?}"))
}
