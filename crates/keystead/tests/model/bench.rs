//! The library under test: an instance that can be moved in time, swept and opened anew, and what it has recorded.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use keystead::{AuditRecord, Caller, Client, DomainRotation, Error, EventKind, Kms, Sweep};
use serde_json::Value;

use super::access::{ROLES, Role, Seat, clerk_policy};
use super::audit::Entry;
use super::call::{Call, Refusal, Reply};
use super::disk::Failure;
use super::events::Happening;
use super::instance::{Log, Parts, Setting};
use super::managed::SERVICE;
use super::world::PLACES;

pub struct Bench {
    parts: Parts,
    /// `None` while one instance has ended and the next not begun.
    kms: Option<Kms>,
    /// By place, then by role.
    clients: Vec<Client>,
    /// Records of the log that were looked at.
    read: AtomicUsize,
    /// Whether the instance is new and may deliver records again that an earlier one has delivered (AUD-07).
    fresh: AtomicBool,
    /// Where the walk over aliases stands, by place.
    pub markers: Mutex<Vec<Option<String>>>,
}

impl Bench {
    pub fn new(setting: Setting, now: i64) -> Self {
        let mut bench = Self {
            parts: Parts::new(setting, now),
            kms: None,
            clients: Vec::new(),
            read: AtomicUsize::new(0),
            fresh: AtomicBool::new(false),
            markers: Mutex::new(vec![None; PLACES.len()]),
        };
        bench.open();
        bench
    }

    pub fn advance(&self, millis: i64) {
        self.parts.clock.advance(Duration::from_millis(millis.unsigned_abs()));
    }

    /// Sweeps. Only a new instance may deliver a record again.
    pub fn sweep(&self) -> Result<Sweep, &'static str> {
        let repeated = || self.parts.log.lock().unwrap().repeated;
        let before = repeated();
        let sweep = self.kms().sweep().unwrap();
        let fresh = self.fresh.swap(false, Ordering::Relaxed);
        (fresh || repeated() == before).then_some(sweep).ok_or("a record was delivered twice by one instance")
    }

    /// Sweeps while the store fails at the `n`-th commit, or altogether. Whether the sweep noticed.
    pub fn sweep_failing(&self, failure: Failure, n: u64) -> bool {
        let sweep = self.while_failing(failure, n, || self.kms().sweep());
        // Whatever was delivered may not have been taken out of the store.
        self.fresh.store(true, Ordering::Relaxed);
        !sweep.is_ok_and(|sweep| sweep.failed == 0)
    }

    /// Forgets everything but the store, as a process does that ends in peace.
    pub fn restart(&mut self) {
        self.restart_after(|_| ());
    }

    /// Puts the store under another root key before it starts again.
    pub fn replace_root_key(&mut self) {
        self.restart_after(Parts::replace_root_key);
    }

    /// Goes on with a backup instead of the store, if that is a file.
    pub fn restore_backup(&mut self) {
        self.parts.disk.back_up();
        self.restart_after(|parts| parts.disk.restore());
    }

    pub fn rotate_domain_key(&self, at: usize) -> DomainRotation {
        self.try_to_rotate_domain_key(at).unwrap()
    }

    /// The same while the store fails at the `n`-th commit, or altogether.
    pub fn rotate_domain_key_failing(&self, at: usize, failure: Failure, n: u64) -> Result<DomainRotation, Error> {
        self.while_failing(failure, n, || self.try_to_rotate_domain_key(at))
    }

    /// Whether the sink of events refuses them from now on.
    pub fn listen(&self, listens: bool) {
        self.parts.events.deaf.store(!listens, Ordering::Relaxed);
    }

    pub fn listens(&self) -> bool {
        !self.parts.events.deaf.load(Ordering::Relaxed)
    }

    /// Keys counted in a place.
    pub fn key_count(&self, at: usize) -> u64 {
        let client = self.client(Seat { at, role: Role::Root });
        self.kms().key_count(client.region(), client.account()).unwrap()
    }

    /// Rotations, deletions and expirations as the audit trail has them.
    pub fn service_records(&self) -> Vec<Happening> {
        let Log { records, .. } = &*self.parts.log.lock().unwrap();
        let service = records.iter().filter(|record| record.event_type == "AwsServiceEvent");
        service.map(|record| service_record(record)).collect()
    }

    /// The same as the event sink has them.
    pub fn events(&self) -> Vec<Happening> {
        let happening = |event: &keystead::LifecycleEvent| Happening {
            arn: event.key_arn.to_string(),
            at: event.time.as_millis(),
            kind: match event.kind {
                EventKind::Rotation => "Rotation",
                EventKind::Deletion => "Deletion",
                EventKind::MaterialExpiration => "Expiration",
                _ => "unknown",
            },
        };
        let mut seen = HashSet::new();
        self.parts
            .events
            .heard
            .events()
            .iter()
            .filter(|event| seen.insert(event.id.to_string()))
            .map(happening)
            .collect()
    }

    /// Carries out a call; answers what it answered. A failed one is in the record that bears its ID.
    pub fn call(&self, seat: Seat, call: &Call) -> Result<Reply, Refusal> {
        match self.send(seat, call) {
            Ok(reply) => Ok(reply),
            Err(error) => {
                let log = self.parts.log.lock().unwrap();
                let mut latest = log.records.iter().rev();
                let record = latest.find(|record| record.request_id.as_ref() == Some(error.request_id().as_uuid()));
                assert_eq!(record.unwrap().error_code.as_deref(), Some(error.audit_code()));
                Err(Refusal::new(error.code(), error.message()))
            }
        }
    }

    /// Carries out a call whose records the audit sink refuses.
    pub fn call_unheard(&self, seat: Seat, call: &Call) -> Result<Reply, Refusal> {
        self.parts.deaf.store(true, Ordering::Relaxed);
        let answer = self.send(seat, call);
        self.parts.deaf.store(false, Ordering::Relaxed);
        answer.map_err(|error| Refusal::new(error.code(), error.message()))
    }

    /// Carries out a call while the store fails at the first commit, or altogether. Also whether a commit was tried.
    pub fn call_failing(&self, seat: Seat, call: &Call, failure: Failure) -> (Result<Reply, Refusal>, bool) {
        let before = self.parts.disk.commits();
        let answer = self.while_failing(failure, 1, || self.call(seat, call));
        let own = u64::from(failure == Failure::Absent);
        (answer, self.parts.disk.commits() > before + own)
    }

    /// The records of calls that were not looked at before. Of a list that was read page by page, those of the first
    /// page; of a continuation that needs another call before it, those of the last.
    pub fn new_records(&self, call: &Call) -> Vec<Entry> {
        let Log { records, .. } = &*self.parts.log.lock().unwrap();
        let read = self.read.swap(records.len(), Ordering::Relaxed);
        let calls = records[read..].iter().filter(|record| record.event_type == "AwsApiCall");
        let calls: Vec<_> = calls.filter(|record| record.event_name != "SynchronizeMultiRegionKey").collect();
        let told = if matches!(call, Call::ForeignMarker { .. }) { calls.last() } else { calls.first() };
        let first = told.and_then(|record| record.request_id);
        let of_first =
            calls.iter().filter(|record| !record.event_name.starts_with("List") || record.request_id == first);
        of_first.map(|record| entry(record)).collect()
    }

    /// Looks at no record that there is now.
    pub fn skip_records(&self) {
        self.read.store(self.parts.log.lock().unwrap().records.len(), Ordering::Relaxed);
    }

    pub fn client(&self, seat: Seat) -> &Client {
        &self.clients[seat.at * ROLES.len() + seat.role as usize]
    }

    fn kms(&self) -> &Kms {
        self.kms.as_ref().unwrap()
    }

    /// Ends the instance, does something to the parts, begins another.
    fn restart_after(&mut self, act: impl FnOnce(&mut Parts)) {
        self.clients.clear();
        self.kms = None;
        self.parts.disk.close();
        act(&mut self.parts);
        self.fresh.store(true, Ordering::Relaxed);
        self.open();
    }

    fn open(&mut self) {
        let kms = self.parts.open();
        self.clients = clients(&kms);
        // Hosts say it whenever they start.
        for client in self.clients.iter().step_by(ROLES.len()) {
            kms.register_aws_managed_key(SERVICE, client.region(), client.account()).unwrap();
        }
        self.kms = Some(kms);
    }

    fn try_to_rotate_domain_key(&self, at: usize) -> Result<DomainRotation, Error> {
        self.kms().rotate_domain_key(self.client(Seat { at, role: Role::Root }).region())
    }

    fn while_failing<T>(&self, failure: Failure, n: u64, act: impl FnOnce() -> T) -> T {
        self.parts.disk.fail(failure, n);
        let result = act();
        self.parts.disk.recover();
        result
    }
}

fn clients(kms: &Kms) -> Vec<Client> {
    let caller = |account: &str, role: Role| match role {
        Role::Root => Caller::account_root(account).unwrap(),
        Role::Clerk => {
            Caller::role_session(account, "clerk", "desk").unwrap().identity_policy(&clerk_policy()).unwrap()
        }
        Role::Guest => Caller::user(account, "guest").unwrap(),
    };
    let seats = PLACES.iter().flat_map(|place| ROLES.map(|role| (place, role)));
    seats.map(|(place, role)| kms.client(place.region, caller(place.account, role)).unwrap()).collect()
}

fn entry(record: &AuditRecord) -> Entry {
    let json: Value = serde_json::from_str(&record.to_json()).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let identity = &json["userIdentity"];
    let identity = match identity["arn"].as_str() {
        Some(arn) => arn.to_owned(),
        None => format!("account {}", text(&identity["accountId"])),
    };
    Entry {
        name: text(&json["eventName"]),
        region: text(&json["awsRegion"]),
        identity,
        code: json["errorCode"].as_str().map(str::to_owned),
        message: json["errorMessage"].as_str().map(str::to_owned),
        parameters: json["requestParameters"].clone(),
        response: json["responseElements"].clone(),
        resources: json["resources"].as_array().into_iter().flatten().map(|entry| text(&entry["ARN"])).collect(),
        recipient: text(&json["recipientAccountId"]),
        read_only: json["readOnly"] == true,
        found: Vec::new(),
        named: None,
        additional: json["additionalEventData"].clone(),
        at: text(&json["eventTime"]),
    }
}

fn service_record(record: &AuditRecord) -> Happening {
    let detail = |name: &str| {
        let json: Value = serde_json::from_str(&record.to_json()).unwrap();
        json["serviceEventDetails"][name].as_str().map(str::to_owned)
    };
    assert!(record.request_id.is_none() && record.error_code.is_none(), "{record:?}");
    Happening {
        arn: record.resources.iter().flatten().map(|resource| resource.arn.clone()).collect(),
        at: record.event_time.as_millis(),
        kind: match (&*record.event_name, detail("rotationType").as_deref()) {
            ("RotateKey", Some("AUTOMATIC")) => "AUTOMATIC",
            ("RotateKey", Some("ON_DEMAND")) => "ON_DEMAND",
            ("DeleteKey", _) => "DeleteKey",
            ("DeleteExpiredKeyMaterial", _) => "DeleteExpiredKeyMaterial",
            _ => "unknown",
        },
    }
}
