//! Who works on the store until it is killed.

use std::path::Path;
use std::sync::Arc;

use keystead::{Client, Kms, ManualClock, Timestamp};

use crate::open_with;
use crate::random::Random;
use crate::report::Report;
use crate::witness::{key_ids, portrait};

/// Does random operations and tells of each, before and after.
pub(crate) fn work(path: &Path, seed: u64, start: Timestamp, operations: usize, tell: impl FnMut(&Report)) {
    let clock = Arc::new(ManualClock::new(start));
    let (kms, client) = open_with(path, Arc::clone(&clock));
    Worker { kms, client, clock, random: Random(seed), tell }.run(operations);
}

struct Worker<T> {
    kms: Kms,
    client: Client,
    clock: Arc<ManualClock>,
    random: Random,
    tell: T,
}

impl<T: FnMut(&Report)> Worker<T> {
    fn run(&mut self, operations: usize) {
        for _ in 0..operations {
            self.clock.advance(std::time::Duration::from_secs(1));
            self.tell_time();
            let ids = key_ids(&self.client);
            match self.random.one_of(&ids).cloned() {
                Some(id) if ids.len() >= MOST_KEYS || self.random.below(10) > 0 => self.change(&id, &ids),
                _ => self.create(),
            }
        }
    }

    fn tell_time(&mut self) {
        (self.tell)(&Report::Time(keystead::Clock::now(&*self.clock).as_millis()));
    }

    fn create(&mut self) {
        (self.tell)(&Report::Begins { keys: Vec::new() });
        let number = self.random.next().to_string();
        let made = self.client.create_key().description(&number).tag("number", &number).send().unwrap();
        self.tell_key(&made.key_metadata.key_id.to_string());
        (self.tell)(&Report::Ends);
    }

    /// Outcomes are not looked at: a refusal changes nothing, and the portrait says what did change.
    fn change(&mut self, id: &str, ids: &[String]) {
        let choice = self.random.below(20);
        if choice == 0 {
            return self.sweep(ids);
        }
        let name = format!("alias/{}", self.random.below(12));
        // An alias that moves concerns the key that it leaves.
        let former = match choice {
            1..=4 => self.client.describe_key(&name).send().ok().map(|key| key.key_metadata.key_id.to_string()),
            _ => None,
        };
        let keys: Vec<String> = std::iter::once(id.to_owned()).chain(former.filter(|former| former != id)).collect();
        (self.tell)(&Report::Begins { keys: keys.clone() });
        let text = self.random.next().to_string();
        let client = &self.client;
        match choice {
            1 | 2 => drop(client.create_alias(&name, id).send()),
            3 => drop(client.update_alias(&name, id).send()),
            4 => drop(client.delete_alias(&name).send()),
            5 => drop(client.tag_resource(id).tag(&name[6..], &text).tag("both", &text).send()),
            6 => drop(client.untag_resource(id).tag_key("both").send()),
            7 => drop(client.update_key_description(id, &text).send()),
            8 => drop(client.put_key_policy(id, policy(&text)).send()),
            9 => drop(client.create_grant(id, GRANTEE).retiring_principal(GRANTEE).operation("Decrypt").send()),
            10 => {
                let grants = client.list_grants(id).send().unwrap().into_inner().grants;
                if let Some(grant) = self.random.one_of(&grants) {
                    client.revoke_grant(id, &grant.grant_id).send().unwrap();
                }
            }
            11 | 12 => drop(client.rotate_key_on_demand(id).send()),
            13 => drop(client.disable_key(id).send()),
            14 => drop(client.enable_key(id).send()),
            15 => drop(client.schedule_key_deletion(id).pending_window_in_days(7).send()),
            16 => {
                if client.cancel_key_deletion(id).send().is_ok() {
                    client.enable_key(id).send().unwrap();
                }
            }
            _ => {
                if let Ok(sealed) = client.encrypt(id, text.as_bytes()).send() {
                    let ciphertext = sealed.into_inner().ciphertext_blob;
                    (self.tell)(&Report::Sealed { id: id.to_owned(), ciphertext, plaintext: text.into_bytes() });
                }
            }
        }
        keys.iter().for_each(|key| self.tell_key(key));
        (self.tell)(&Report::Ends);
    }

    /// Lets a week pass, and deletes what was to be deleted by then.
    fn sweep(&mut self, ids: &[String]) {
        (self.tell)(&Report::Begins { keys: ids.to_vec() });
        self.clock.advance_days(8);
        self.tell_time();
        self.kms.sweep().unwrap();
        ids.iter().for_each(|id| self.tell_key(id));
        (self.tell)(&Report::Ends);
    }

    fn tell_key(&mut self, id: &str) {
        let report = match portrait(&self.client, id) {
            Some(portrait) => Report::Key { id: id.to_owned(), portrait },
            None => Report::Gone { id: id.to_owned() },
        };
        (self.tell)(&report);
    }
}

fn policy(text: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Id":"{text}","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{}:root"}},"Action":"kms:*","Resource":"*"}}]}}"#,
        crate::ACCOUNT
    )
}

const GRANTEE: &str = "arn:aws:iam::111122223333:user/bob";
const MOST_KEYS: usize = 30;
