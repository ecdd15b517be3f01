//! Keys that go from one instance to another.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
mod support;

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use common::{copy_of, everything_in, root_key};
use keystead::store::{Fault, FaultyStore, Range, Store};
use keystead::{
    Answer, AuditRecord, CallError, CallbackSink, Caller, Client, Kms, KmsBuilder, ManualClock, QuotaProfile,
    SinkError, TransferError, TransferRequest,
};
use keystead_memory::MemoryStore;
use support::parameters::{OAEP, ParameterSet};
use support::{ACCOUNT, Key, REGION, START};

/// A key with everything that can belong to one is the same at the receiver, also after a restart there, and stays as it
/// was at the sender.
///
/// Spec: ROT-03
#[test]
fn a_key_comes_with_all_that_belongs_to_it() {
    let pair = Pair::new();
    let (from, to) = (&pair.from(REGION), &pair.to(REGION));
    let key = from.create_key().description("orders").tag("team", "sales").send().unwrap().key_metadata.arn;
    from.create_alias("alias/orders", key).send().unwrap();
    from.create_alias("alias/bills", key).send().unwrap();
    let policy = from.get_key_policy(key).send().unwrap().policy.replace("key-default-1", "own");
    from.put_key_policy(key, policy).send().unwrap();
    from.create_grant(key, BOB).operation("Decrypt").retiring_principal(BOB).send().unwrap();
    from.create_grant(key, BOB).operation("Encrypt").name("second").send().unwrap();
    from.enable_key_rotation(key).rotation_period_in_days(90).send().unwrap();
    let mut sealed = vec![seal(from, &key.to_string())];
    from.rotate_key_on_demand(key).send().unwrap();
    sealed.push(seal(from, "alias/orders"));
    pair.clock.advance_days(91);
    sealed.push(seal(from, "alias/bills"));

    let before = portrait(from, &sealed);
    let envelope = pair.export(&key).unwrap();
    assert_eq!(portrait(from, &sealed), before, "the sender's key has changed");
    assert_eq!(pair.receiver.import_key(&envelope).unwrap(), key);
    assert_eq!(portrait(to, &sealed), before);
    assert_eq!(portrait(&pair.reopened(REGION), &sealed), before, "after a restart");

    // Grants, aliases and the schedule work on.
    let bob = pair.receiver.client(REGION, Caller::user(ACCOUNT, "bob").unwrap()).unwrap();
    assert_eq!(bob.decrypt(&sealed[0]).send().unwrap().expose(), SECRET);
    assert_eq!(to.list_retirable_grants(BOB).send().unwrap().grants.len(), 1);
    assert_eq!(from.decrypt(seal(to, "alias/orders")).send().unwrap().expose(), SECRET);
    to.update_alias("alias/bills", to.create_key().send().unwrap().key_metadata.key_id).send().unwrap();
    pair.clock.advance_days(90);
    assert_eq!(pair.receiver.sweep().unwrap().rotated, 1);
    assert_eq!(pair.receiver.key_count(to.region(), to.account()).unwrap(), 2);
    assert!(pair.receiver.check_records().is_ok_and(|check| check.altered.is_empty()));
}

#[test]
fn keys_of_every_kind_come_across() {
    let pair = Pair::new();
    let (from, to) = (&pair.from(REGION), &pair.to(REGION));
    let create =
        |spec: &str, usage: &str| from.create_key().key_spec(spec).key_usage(usage).send().unwrap().key_metadata.arn;
    let (mac, signing) = (create("HMAC_384", "GENERATE_VERIFY_MAC"), create("ECC_NIST_P521", "SIGN_VERIFY"));
    let (post_quantum, agreement) = (create("ML_DSA_44", "SIGN_VERIFY"), create("ECC_NIST_P256", "KEY_AGREEMENT"));
    let tag = from.generate_mac(mac, SECRET).mac_algorithm("HMAC_SHA_384").send().unwrap().mac.clone();
    let signature = from.sign(signing, SECRET).signing_algorithm("ECDSA_SHA_512").send().unwrap().signature.clone();
    let other = from.sign(post_quantum, SECRET).signing_algorithm("ML_DSA_SHAKE_256").send().unwrap();
    from.disable_key(agreement).send().unwrap();
    for key in [mac, signing, post_quantum, agreement] {
        pair.receiver.import_key(&pair.export(&key).unwrap()).unwrap();
    }
    to.verify_mac(mac, SECRET, &tag).mac_algorithm("HMAC_SHA_384").send().unwrap();
    to.verify(signing, SECRET, &signature).signing_algorithm("ECDSA_SHA_512").send().unwrap();
    to.verify(post_quantum, SECRET, &other.signature).signing_algorithm("ML_DSA_SHAKE_256").send().unwrap();
    to.sign(signing, SECRET).signing_algorithm("ECDSA_SHA_512").send().unwrap();
    assert_eq!(to.describe_key(agreement).send().unwrap().key_metadata.key_state.as_str(), "Disabled");
    assert_eq!(portrait(to, &[]), portrait(from, &[]));

    // In the China profile as well.
    let (from, to) = (&pair.from(CHINA), &pair.to(CHINA));
    let key = from.create_key().send().unwrap().key_metadata.arn;
    let sealed = seal(from, &key.to_string());
    let request = pair.receiver.transfer_request(CHINA.parse().unwrap()).unwrap();
    pair.receiver.import_key(&pair.sender.export_key(&key, &request).unwrap()).unwrap();
    assert_eq!(to.decrypt(&sealed).send().unwrap().expose(), SECRET);
}

/// Imported material keeps its expiry, and a key knows at the receiver which material it may take.
///
/// Spec: IMP-08
#[test]
fn imported_material_keeps_its_expiry_and_its_fingerprint() {
    let pair = Pair::new();
    let (from, to) = (&pair.from(REGION), &pair.to(REGION));
    let empty = || Key::of(from.create_key().origin("EXTERNAL").send().unwrap().key_metadata.arn);
    let import = |client: &Client, key: &Key, material: &[u8]| {
        ParameterSet::of(client, key, OAEP, "RSA_2048").import(client, key, material)
    };
    let (waiting, expiring, deleted) = (empty(), empty(), empty());
    let set = ParameterSet::of(from, &expiring, OAEP, "RSA_2048");
    let call = from.import_key_material(&expiring.id, set.token(), set.wrap(&[1; 32]));
    call.valid_to(pair.clock_in_days(10)).send().unwrap();
    let sealed = seal(from, &expiring.id);
    import(from, &deleted, &[2; 32]).unwrap();
    from.delete_imported_key_material(&deleted.id).send().unwrap();
    for key in [&waiting, &expiring, &deleted] {
        pair.receiver.import_key(&pair.export(&key.arn.parse().unwrap()).unwrap()).unwrap();
    }
    assert_eq!(portrait(to, std::slice::from_ref(&sealed)), portrait(from, std::slice::from_ref(&sealed)));

    import(to, &waiting, &[3; 32]).unwrap();
    assert_eq!(import(to, &deleted, &[9; 32]).unwrap_err().code(), "IncorrectKeyMaterialException");
    import(to, &deleted, &[2; 32]).unwrap();
    pair.clock.advance_days(10);
    assert_eq!(pair.receiver.sweep().unwrap().expired, 1);
    assert_eq!(to.decrypt(&sealed).send().unwrap_err().code(), "KMSInvalidStateException");
    assert_eq!(import(to, &expiring, &[9; 32]).unwrap_err().code(), "IncorrectKeyMaterialException");
    import(to, &expiring, &[1; 32]).unwrap();
    assert_eq!(to.decrypt(&sealed).send().unwrap().expose(), SECRET);
}

/// A set travels as a whole, whichever of its keys is named, and is a set at the receiver: one that rotates, is replicated,
/// changes its primary and is deleted by the rules.
///
/// Spec: MRK-02
#[test]
fn a_multi_region_set_travels_as_a_whole() {
    let pair = Pair::new();
    let [from, from_europe] = [REGION, EUROPE].map(|region| pair.from(region));
    let [to, to_europe] = [REGION, EUROPE].map(|region| pair.to(region));
    let key = from.create_key().multi_region(true).send().unwrap().key_metadata.arn;
    let id = key.key_id.to_string();
    from.replicate_key(&id, EUROPE).description("a replica").tag("a", "b").send().unwrap();
    from.create_alias("alias/set", &id).send().unwrap();
    from_europe.create_alias("alias/set", &id).send().unwrap();
    from_europe.create_grant(&id, BOB).operation("Decrypt").send().unwrap();
    from.rotate_key_on_demand(&id).send().unwrap();
    pair.sender.sweep().unwrap();
    let sealed = [seal(&from, &id), seal(&from_europe, &id)];

    let replica = keystead::KeyArn { region: EUROPE.parse().unwrap(), ..key };
    let envelope = pair.export(&replica).unwrap();
    assert_eq!(pair.receiver.import_key(&envelope).unwrap(), key, "the primary is named");
    assert_eq!(portrait(&to, &sealed), portrait(&from, &sealed));
    assert_eq!(portrait(&to_europe, &sealed), portrait(&from_europe, &sealed));
    for region in [&to, &to_europe] {
        assert_eq!(pair.receiver.key_count(region.region(), region.account()).unwrap(), 1);
    }

    to.rotate_key_on_demand(&id).send().unwrap();
    let current = |client: &Client| client.describe_key(&id).send().unwrap().key_metadata.current_key_material_id;
    assert_eq!(current(&to), current(&to_europe));
    assert_eq!(to_europe.decrypt(seal(&to, &id)).send().unwrap().expose(), SECRET);
    to.replicate_key(&id, ASIA).send().unwrap();
    to.update_primary_region(&id, EUROPE).send().unwrap();
    assert_eq!(to.replicate_key(&id, "us-east-1").send().unwrap_err().code(), "UnsupportedOperationException");
    to_europe.schedule_key_deletion(&id).pending_window_in_days(7).send().unwrap();
    let state = |client: &Client| client.describe_key(&id).send().unwrap().key_metadata.key_state.as_str();
    assert_eq!(state(&to_europe), "PendingReplicaDeletion");
    for client in [&to, &pair.to(ASIA)] {
        client.schedule_key_deletion(&id).pending_window_in_days(7).send().unwrap();
    }
    pair.clock.advance_days(7);
    assert_eq!(pair.receiver.sweep().unwrap().deleted, 2);
    assert_eq!(state(&to_europe), "PendingDeletion");
}

/// One key of a set at the receiver keeps out the whole set, in whatever Region it is: two sets of one ID would break
/// the rules of related keys.
///
/// Spec: MRK-02
#[test]
fn a_set_is_taken_whole_or_not_at_all() {
    let pair = Pair::new();
    let from = pair.from(REGION);
    let key = from.create_key().multi_region(true).send().unwrap().key_metadata.arn;
    let first = pair.export(&key).unwrap();
    from.replicate_key(key, EUROPE).send().unwrap();
    pair.sender.sweep().unwrap();
    let second = pair.export(&key).unwrap();
    pair.receiver.import_key(&first).unwrap();
    let error = pair.receiver.import_key(&second).unwrap_err();
    assert!(matches!(&error, TransferError::KeyExists(found) if *found == key), "{error}");
    assert_eq!(pair.to(EUROPE).list_keys().send().unwrap().keys.len(), 0);

    // The receiver has a key of the set in another Region only.
    let pair = Pair::new();
    let key = pair.from(REGION).create_key().multi_region(true).send().unwrap().key_metadata.arn;
    pair.receiver.import_key(&pair.export(&key).unwrap()).unwrap();
    let to = pair.to(REGION);
    to.replicate_key(key, EUROPE).send().unwrap();
    to.update_primary_region(key, EUROPE).send().unwrap();
    to.schedule_key_deletion(key).pending_window_in_days(7).send().unwrap();
    pair.clock.advance_days(7);
    pair.receiver.sweep().unwrap();
    assert!(to.list_keys().send().unwrap().keys.is_empty());
    let error = pair.receiver.import_key(&pair.export(&key).unwrap()).unwrap_err();
    let left = keystead::KeyArn { region: EUROPE.parse().unwrap(), ..key };
    assert!(matches!(&error, TransferError::KeyExists(found) if *found == left), "{error}");
}

/// Each refusal says what to do, changes nothing, and leaves the request to be used when that was done.
#[test]
fn what_stands_in_the_way_is_said_and_nothing_changes() {
    let pair = Pair::new();
    let (from, to) = (&pair.from(REGION), &pair.to(REGION));
    let key = from.create_key().send().unwrap().key_metadata.arn;
    from.create_alias("alias/orders", key).send().unwrap();
    let other = to.create_key().send().unwrap().key_metadata.arn;
    to.create_alias("alias/orders", other).send().unwrap();
    let envelope = pair.export(&key).unwrap();
    let refused = |expected: &str| {
        let before = everything_in(&pair.store);
        let error = pair.receiver.import_key(&envelope).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(everything_in(&pair.store), before, "{expected}");
    };
    refused("alias/orders is taken here");
    to.delete_alias("alias/orders").send().unwrap();
    pair.receiver.set_quotas(QuotaProfile::DEFAULT.with_keys_per_account(1)).unwrap();
    refused("LimitExceededException");
    pair.receiver.set_quotas(QuotaProfile::DEFAULT).unwrap();
    pair.receiver.import_key(&envelope).unwrap();
    refused("no transfer request of this instance that is still open");
    let again = pair.export(&key).unwrap();
    let error = pair.receiver.import_key(&again).unwrap_err();
    assert!(matches!(&error, TransferError::KeyExists(found) if *found == key), "{error}");

    let third = Kms::builder().clock(Arc::clone(&pair.clock)).build().unwrap();
    assert!(matches!(third.import_key(&again), Err(TransferError::UnknownRequest)));
    assert!(matches!(third.import_key(b"KSTE"), Err(TransferError::NotAnEnvelope)));
    assert!(matches!(TransferRequest::from_bytes(b"KSTR\x01\x01".to_vec()), Err(TransferError::NotARequest)));
    let newer = TransferRequest::from_bytes(b"KSTR\x02\x01".to_vec());
    assert!(matches!(newer, Err(TransferError::NewerFormat { found: 2, known: 1 })));
}

#[test]
fn a_key_that_has_died_at_the_receiver_may_come_again() {
    let pair = Pair::new();
    let (from, to) = (&pair.from(REGION), &pair.to(REGION));
    let key = from.create_key().send().unwrap().key_metadata.arn;
    pair.receiver.import_key(&pair.export(&key).unwrap()).unwrap();
    to.schedule_key_deletion(key).pending_window_in_days(7).send().unwrap();
    pair.clock.advance_days(7);
    pair.receiver.import_key(&pair.export(&key).unwrap()).unwrap();
    assert_eq!(to.describe_key(key).send().unwrap().key_metadata.key_state.as_str(), "Enabled");
    assert_eq!(pair.receiver.key_count(to.region(), to.account()).unwrap(), 1);
}

#[test]
fn what_cannot_travel_stays() {
    let pair = Pair::new();
    let from = &pair.from(REGION);
    let refusal = |arn| pair.export(&arn).unwrap_err();
    pair.sender.register_aws_managed_key("s3", from.region(), from.account()).unwrap();
    let managed = from.describe_key("alias/aws/s3").send().unwrap().key_metadata.arn;
    assert!(matches!(refusal(managed), TransferError::AwsManaged(arn) if arn == managed));
    let leaving = from.create_key().send().unwrap().key_metadata.arn;
    from.schedule_key_deletion(leaving).pending_window_in_days(7).send().unwrap();
    assert!(matches!(refusal(leaving), TransferError::PendingDeletion(arn) if arn == leaving));
    pair.clock.advance_days(7);
    assert!(refusal(leaving).to_string().contains("NotFoundException"));

    let slow = Pair::with(|builder| builder.multi_region_delay(std::time::Duration::from_secs(60)));
    let from = slow.from(REGION);
    let set = from.create_key().multi_region(true).send().unwrap().key_metadata.arn;
    from.replicate_key(set, EUROPE).send().unwrap();
    let replica = keystead::KeyArn { region: EUROPE.parse().unwrap(), ..set };
    assert!(matches!(slow.export(&set).unwrap_err(), TransferError::Unfinished(arn) if arn == replica));
    slow.clock.advance(std::time::Duration::from_secs(60));
    slow.receiver.import_key(&slow.export(&set).unwrap()).unwrap();
}

/// The private half of a request is gone once it was used or has expired.
#[test]
fn a_request_serves_once_and_for_a_day() {
    let pair = Pair::new();
    let key = pair.from(REGION).create_key().send().unwrap().key_metadata.arn;
    let left = || pair.store.scan(&Range::prefix(b"aws\0us-west-2\0transfer"), 10).unwrap().len();
    let envelope = pair.export(&key).unwrap();
    let unused = pair.receiver.transfer_request(REGION.parse().unwrap()).unwrap();
    assert_eq!(left(), 2);
    pair.receiver.import_key(&envelope).unwrap();
    assert_eq!(left(), 1);
    pair.clock.advance_days(1);
    let late = pair.sender.export_key(&key, &unused).unwrap();
    pair.clock.advance(std::time::Duration::from_millis(1));
    assert!(matches!(pair.receiver.import_key(&late), Err(TransferError::Expired { .. })));
    assert!(matches!(pair.sender.export_key(&key, &unused), Err(TransferError::Expired { .. })));
    pair.receiver.sweep().unwrap();
    assert_eq!(left(), 0);
}

/// Spec: OVR-17
#[test]
fn a_request_outlives_rotations_of_the_domain_key() {
    let pair = Pair::new();
    let from = pair.from(REGION);
    let key = from.create_key().send().unwrap().key_metadata.arn;
    let sealed = seal(&from, &key.to_string());
    let envelope = pair.export(&key).unwrap();
    let done = pair.receiver.rotate_domain_key(REGION.parse().unwrap()).unwrap();
    assert_eq!((done.rewrapped, done.retired), (1, 1));
    pair.receiver.import_key(&envelope).unwrap();
    pair.receiver.rotate_domain_key(REGION.parse().unwrap()).unwrap();
    assert_eq!(pair.reopened(REGION).decrypt(&sealed).send().unwrap().expose(), SECRET);
}

/// Whichever commit of an import fails, all of a set is there or nothing, and the request with it.
///
/// Spec: MRK-02
#[test]
fn an_import_that_is_interrupted_has_happened_or_not() {
    let pair = Pair::new();
    let from = pair.from(REGION);
    let key = from.create_key().multi_region(true).send().unwrap().key_metadata.arn;
    from.replicate_key(key, EUROPE).send().unwrap();
    from.create_alias("alias/set", key).send().unwrap();
    pair.sender.sweep().unwrap();
    // The Regions are open, so that the import is all that is committed.
    drop((pair.to(REGION), pair.to(EUROPE)));
    let envelope = pair.export(&key).unwrap();
    for fault in [Fault::Before, Fault::After] {
        let store = Arc::new(FaultyStore::new(copy_of(&pair.store)));
        let kms = pair.builder().store(Arc::clone(&store)).build().unwrap();
        drop((client(&kms, REGION), client(&kms, EUROPE)));
        let before = store.commits();
        store.crash_at(1, fault);
        kms.import_key(&envelope).unwrap_err();
        assert_eq!(store.commits(), before + 1, "an import is one commit");
        store.recover();
        let next = pair.builder().store(copy_of(store.inner())).build().unwrap();
        let found = [REGION, EUROPE].map(|region| client(&next, region).list_keys().send().unwrap().keys.len());
        let expected = usize::from(fault == Fault::After);
        assert_eq!(found, [expected; 2], "{fault:?}");
        assert_eq!(next.import_key(&envelope).is_ok(), fault == Fault::Before, "{fault:?}");
        assert_eq!(client(&next, REGION).list_aliases().send().unwrap().aliases.len(), 1);
    }
}

/// Spec: AUD-06
#[test]
fn both_sides_leave_a_record() {
    let pair = Pair::new();
    let from = pair.from(REGION);
    let key = from.create_key().multi_region(true).send().unwrap().key_metadata.arn;
    from.replicate_key(key, EUROPE).send().unwrap();
    pair.sender.sweep().unwrap();
    let request = pair.receiver.transfer_request(REGION.parse().unwrap()).unwrap();
    pair.receiver.import_key(&pair.sender.export_key(&key, &request).unwrap()).unwrap();
    for (kms, name) in [(&pair.sender, "ExportKey"), (&pair.receiver, "ImportKey")] {
        let records: Vec<_> = kms.audit_trail().into_iter().filter(|record| record.event_name == name).collect();
        assert_eq!(records.len(), 2, "one for each key of the set");
        assert!(records.iter().all(|record| record.to_json().contains(request.fingerprint())));
    }
}

/// An import whose record a required sink refuses has not happened, and can be repeated; an export gives nothing away.
///
/// Spec: AUD-06
#[test]
fn nothing_moves_without_its_record() {
    let deaf = Arc::new(AtomicBool::new(false));
    let pair = Pair::with(|builder| {
        let deaf = Arc::clone(&deaf);
        builder.audit_sink(CallbackSink::new(move |_: &Arc<AuditRecord>| {
            if deaf.load(Ordering::SeqCst) { Err(SinkError::new("full")) } else { Ok(()) }
        }))
    });
    let from = pair.from(REGION);
    let key = from.create_key().multi_region(true).send().unwrap().key_metadata.arn;
    from.replicate_key(key, EUROPE).send().unwrap();
    from.create_alias("alias/set", key).send().unwrap();
    pair.sender.sweep().unwrap();
    let envelope = pair.export(&key).unwrap();
    deaf.store(true, Ordering::SeqCst);
    assert!(matches!(pair.export(&key), Err(TransferError::Kms(_))));
    assert!(matches!(pair.receiver.import_key(&envelope), Err(TransferError::Kms(_))));
    deaf.store(false, Ordering::SeqCst);
    for region in [REGION, EUROPE] {
        let to = pair.to(region);
        assert!(to.list_keys().send().unwrap().keys.is_empty() && to.list_aliases().send().unwrap().aliases.is_empty());
        assert_eq!(pair.receiver.key_count(to.region(), to.account()).unwrap(), 0);
    }
    pair.receiver.import_key(&envelope).unwrap();
    assert_eq!(pair.to(EUROPE).list_keys().send().unwrap().keys.len(), 1);
}

/// An envelope that names a Region where nobody has asked for anything leaves no trace.
#[test]
fn a_foreign_envelope_opens_no_region() {
    let pair = Pair::new();
    let key = pair.from(REGION).create_key().send().unwrap().key_metadata.arn;
    let stranger = Kms::builder().clock(Arc::clone(&pair.clock)).build().unwrap();
    let request = stranger.transfer_request("mars-north-1".parse().unwrap()).unwrap();
    let envelope = pair.sender.export_key(&key, &request).unwrap();
    let before = everything_in(&pair.store);
    assert!(matches!(pair.receiver.import_key(&envelope), Err(TransferError::UnknownRequest)));
    assert_eq!(everything_in(&pair.store), before);
}

/// What the hosts carry to and fro shows nothing of the key, and neither do their stores of its material.
///
/// Spec: OVR-04
#[test]
fn an_envelope_shows_nothing() {
    let pair = Pair::new();
    let from = pair.from(REGION);
    let key = from.create_key().origin("EXTERNAL").description("orders").send().unwrap().key_metadata.arn;
    let material: Vec<u8> = (0..32_u8).map(|n| n.wrapping_mul(151) ^ 0x5a).collect();
    let named = Key::of(key);
    ParameterSet::of(&from, &named, OAEP, "RSA_2048").import(&from, &named, &material).unwrap();
    let envelope = pair.export(&key).unwrap();
    pair.receiver.import_key(&envelope).unwrap();
    let finds = |bytes: &[u8], wanted: &[u8]| bytes.windows(wanted.len()).any(|window| window == wanted);
    for text in [ACCOUNT, "orders", "Statement", "kms:", &named.id] {
        assert!(!finds(&envelope, text.as_bytes()), "`{text}` is in clear");
    }
    assert!(!finds(&envelope, &material), "the material is in clear");
    assert!(everything_in(&pair.store).iter().all(|(_, entry)| !finds(&entry.value, &material)));
    assert_ne!(envelope, pair.export(&key).unwrap());
}

/// A sender and a receiver that keeps its store.
struct Pair {
    clock: Arc<ManualClock>,
    sender: Kms,
    receiver: Kms,
    store: Arc<MemoryStore>,
}

impl Pair {
    fn new() -> Self {
        Self::with(|builder| builder)
    }

    fn with(choose: impl Fn(KmsBuilder) -> KmsBuilder) -> Self {
        let (clock, store) = (Arc::new(ManualClock::at(START)), Arc::new(MemoryStore::new()));
        let sender = choose(Kms::builder().clock(Arc::clone(&clock))).build().unwrap();
        let receiver = choose(Kms::builder().clock(Arc::clone(&clock)));
        let receiver = receiver.root_key(root_key()).store(Arc::clone(&store)).build().unwrap();
        Self { clock, sender, receiver, store }
    }

    fn builder(&self) -> KmsBuilder {
        Kms::builder().clock(Arc::clone(&self.clock)).root_key(root_key())
    }

    fn from(&self, region: &str) -> Client {
        client(&self.sender, region)
    }

    fn to(&self, region: &str) -> Client {
        client(&self.receiver, region)
    }

    /// A client of an instance that finds what the receiver has stored.
    fn reopened(&self, region: &str) -> Client {
        client(&self.builder().store(copy_of(&self.store)).build().unwrap(), region)
    }

    /// Requests and exports.
    fn export(&self, key: &keystead::KeyArn) -> Result<Vec<u8>, TransferError> {
        let request = self.receiver.transfer_request(REGION.parse().unwrap()).unwrap();
        let request = TransferRequest::from_bytes(request.as_bytes()).unwrap();
        self.sender.export_key(key, &request)
    }

    fn clock_in_days(&self, days: u32) -> keystead::Timestamp {
        keystead::Clock::now(self.clock.as_ref()).plus_days(days)
    }
}

fn client(kms: &Kms, region: &str) -> Client {
    kms.client(region, Caller::account_root(ACCOUNT).unwrap()).unwrap()
}

fn seal(client: &Client, key: &str) -> Vec<u8> {
    client.encrypt(key, SECRET).send().unwrap().into_inner().ciphertext_blob
}

/// Everything that can be seen of the keys in a Region.
fn portrait(client: &Client, ciphertexts: &[Vec<u8>]) -> String {
    let mut lines = Vec::new();
    for key in &client.list_keys().send().unwrap().keys {
        let id = key.key_id;
        lines.push(text(client.describe_key(id).send()));
        lines.push(text(client.get_key_policy(id).send()));
        lines.push(text(client.list_resource_tags(id).send()));
        lines.push(text(client.list_grants(id).send()));
        lines.push(text(client.list_aliases().key_id(id).send()));
        lines.push(text(client.get_key_rotation_status(id).send()));
        lines.push(text(client.list_key_rotations(id).include_key_material("ALL_KEY_MATERIAL").send()));
        lines.push(text(client.get_public_key(id).send()));
    }
    lines.push(text(client.list_aliases().send()));
    for ciphertext in ciphertexts {
        let opened = client.decrypt(ciphertext).send();
        lines.push(opened.map_or_else(|error| error.code().to_owned(), |opened| format!("{:?}", opened.expose())));
    }
    lines.join("\n")
}

/// The answer or the error, without what differs from call to call.
fn text<R: Debug>(result: Result<Answer<R>, CallError>) -> String {
    match result {
        Ok(answer) => format!("{:?}", answer.into_inner()),
        Err(error) => error.code().to_owned(),
    }
}

const SECRET: &[u8] = b"4111 1111 1111 1111";
const EUROPE: &str = "eu-west-1";
const ASIA: &str = "ap-southeast-2";
const CHINA: &str = "cn-north-1";
const BOB: &str = "arn:aws:iam::111122223333:user/bob";
