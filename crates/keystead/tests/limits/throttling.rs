//! Request rates (chapter 42, sections 3 to 6).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use keystead::hierarchy::spec::DataKeyPairSpec;
use keystead::store::{Batch, CommitError, Entry, Key as StoreKey, Range, Revision, Snapshot, Store, StoreError};
use keystead::{
    Admission, BuildError, Caller, Client, Error, KeyFamily, Kms, ManualClock, QuotaError, QuotaProfile, QuotaScope,
    QuotaStatus, Rate, Region, RequestQuota,
};
use keystead_memory::MemoryStore;

use super::support::{ACCOUNT, Key, OTHER, REGION, START, World, assert_refused};
use super::{DRY_RUN, THROTTLED, code, limited, profile};

const SYMMETRIC: RequestQuota = RequestQuota::Cryptographic(KeyFamily::Symmetric);
const RSA: RequestQuota = RequestQuota::Cryptographic(KeyFamily::Rsa);
const ECC: RequestQuota = RequestQuota::Cryptographic(KeyFamily::EccAndSm2);
const SECOND: Duration = Duration::from_secs(1);
const CHAPTER: &str = include_str!("../../../../docs/spec/42-quotas-and-throttling.md");

fn per_second(units: u32) -> Rate {
    Rate::per_second(units)
}

fn typed(client: &Client, spec: &str, usage: &str) -> Key {
    Key::of(client.create_key().key_spec(spec).key_usage(usage).send().unwrap().key_metadata.arn)
}

/// The units taken of a quota in the present interval, and whether it applies.
fn used(kms: &Kms, account: &str, quota: RequestQuota) -> u64 {
    let status = kms.quota_status(REGION.parse().unwrap(), account.parse().unwrap()).unwrap();
    let of_quota = status.iter().find_map(|status| match status {
        QuotaStatus::Request { quota: of, used, .. } if *of == quota => Some(*used),
        _ => None,
    });
    of_quota.unwrap()
}

/// Spec: QUO-01, QUO-33, QUO-38, QUO-39, API-043
#[test]
fn a_call_too_many_is_refused_at_once_and_told_when_to_come_back() {
    let world = limited(&[(RequestQuota::Operation("DescribeKey"), per_second(2))]);
    let key = world.key();
    world.root.describe_key(&key.id).send().unwrap();
    world.clock.advance(Duration::from_millis(300));
    world.root.describe_key(&key.id).send().unwrap();
    let refused = world.root.describe_key(&key.id).send();
    let Error::Throttling { retry_after, .. } = refused.as_ref().unwrap_err().error() else { panic!("not throttled") };
    assert_eq!(*retry_after, Some(Duration::from_millis(700)));
    assert!(refused.as_ref().unwrap_err().is_retryable() && refused.as_ref().unwrap_err().http_status() == 400);
    let text = "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.";
    assert_refused(refused, THROTTLED, text);
    // The record tells it; nothing else happened.
    let record = world.last_record();
    assert_eq!((&record["errorCode"], &record["eventName"]), (&THROTTLED.into(), &"DescribeKey".into()));
    world.clock.advance(Duration::from_millis(700));
    world.root.describe_key(&key.id).send().unwrap();
}

/// Scenario 1. In a Region of 10,000 per second, any mixture of operations and keys fills one bucket.
///
/// Spec: QUO-17, QUO-18
#[test]
fn any_mixture_of_symmetric_operations_fills_one_bucket() {
    let clock = Arc::new(ManualClock::at(START));
    let kms = Kms::builder().no_audit().clock(Arc::clone(&clock)).quotas(QuotaProfile::AWS_2024).build().unwrap();
    let client = kms.client("eu-central-1", Caller::account_root(ACCOUNT).unwrap()).unwrap();
    let key = Key::of(client.create_key().send().unwrap().key_metadata.arn);
    let sealed = client.encrypt(&key.id, b"x").send().unwrap().into_inner().ciphertext_blob;
    clock.advance(10 * SECOND);
    let data_keys = |count| (0..count).filter(|_| data_key(&client, &key) == "ok").count();
    assert_eq!(data_keys(7_000), 7_000);
    assert_eq!((0..2_000).filter(|_| code(client.decrypt(&sealed).send()) == "ok").count(), 2_000);
    clock.advance(10 * SECOND);
    assert_eq!(data_keys(9_500), 9_500);
    let refused = (0..1_000).filter(|_| code(client.encrypt(&key.id, b"x").send()) == THROTTLED).count();
    assert_eq!(refused, 500);
}

fn data_key(client: &Client, key: &Key) -> &'static str {
    code(client.generate_data_key_without_plaintext(&key.id).key_spec("AES_128").send())
}

/// Scenario 2.
///
/// Spec: QUO-16, QUO-17, QUO-65
#[test]
fn each_kind_of_key_has_a_bucket_of_its_own() {
    let ml = |family| (RequestQuota::Cryptographic(family), per_second(1));
    let world = limited(&[
        (SYMMETRIC, per_second(1)),
        (RSA, per_second(3)),
        (ECC, per_second(2)),
        ml(KeyFamily::MlDsa),
        ml(KeyFamily::MlKem),
        (RequestQuota::Operation("EnableKey"), per_second(1)),
    ]);
    let root = &world.root;
    let symmetric = world.key();
    let rsa = typed(root, "RSA_2048", "ENCRYPT_DECRYPT");
    let signing = typed(root, "RSA_2048", "SIGN_VERIFY");
    let ecc = typed(root, "ECC_NIST_P256", "SIGN_VERIFY");
    let agreement = typed(root, "ECC_NIST_P384", "KEY_AGREEMENT");
    let edwards = typed(root, "ECC_NIST_EDWARDS25519", "SIGN_VERIFY");
    let ml_dsa = typed(root, "ML_DSA_44", "SIGN_VERIFY");
    let ml_kem = typed(root, "ML_KEM_512", "ENCAPSULATE_DECAPSULATE");
    let sign = |key: &Key, algorithm: &'static str| {
        code(root.sign(&key.id, b"x").signing_algorithm(algorithm).dry_run(true).send())
    };
    let on_rsa = || {
        let call = root.encrypt(&rsa.id, b"x").encryption_algorithm("RSAES_OAEP_SHA_256");
        code(call.dry_run(true).send())
    };

    assert_eq!(code(root.encrypt(&symmetric.id, b"x").send()), "ok");
    assert_eq!(code(root.encrypt(&symmetric.id, b"x").send()), THROTTLED);
    assert_eq!([on_rsa(), on_rsa(), sign(&signing, "RSASSA_PSS_SHA_256")], [DRY_RUN; 3]);
    assert_eq!([on_rsa(), sign(&signing, "RSASSA_PSS_SHA_256")], [THROTTLED; 2]);
    assert_eq!(sign(&ecc, "ECDSA_SHA_256"), DRY_RUN);
    assert_eq!(sign(&edwards, "ED25519_SHA_512"), DRY_RUN);
    assert_eq!(code(root.derive_shared_secret(&agreement.id, vec![1; 100]).send()), THROTTLED);
    assert_eq!(sign(&ecc, "ECDSA_SHA_256"), THROTTLED);
    assert_eq!(sign(&ml_dsa, "ML_DSA_SHAKE_256"), DRY_RUN);
    assert_eq!(sign(&ml_dsa, "ML_DSA_SHAKE_256"), THROTTLED);
    assert_eq!(code(root.encapsulate(&ml_kem.id).send()), "ok");
    assert_eq!(code(root.encapsulate(&ml_kem.id).send()), THROTTLED);
    // Management has its own buckets too.
    assert_eq!(code(root.enable_key(&symmetric.id).send()), "ok");
    assert_eq!(code(root.enable_key(&symmetric.id).send()), THROTTLED);
    assert_eq!(code(root.disable_key(&symmetric.id).send()), "ok");
}

/// Scenario 3.
///
/// Spec: QUO-18
#[test]
fn macs_and_random_bytes_count_as_symmetric() {
    let world = limited(&[(SYMMETRIC, per_second(10))]);
    let (key, mac) = (world.key(), typed(&world.root, "HMAC_256", "GENERATE_VERIFY_MAC"));
    for _ in 0..6 {
        world.root.generate_mac(&mac.id, b"x").mac_algorithm("HMAC_SHA_256").send().unwrap();
    }
    for _ in 0..4 {
        world.root.generate_random(8).send().unwrap();
    }
    assert_eq!(code(world.root.encrypt(&key.id, b"x").send()), THROTTLED);
    assert_eq!(code(world.root.generate_random(8).send()), THROTTLED);
}

/// Scenario 4.
///
/// Spec: QUO-19, QUO-25, QUO-29
#[test]
fn data_key_pairs_count_by_their_spec() {
    let world = World::with(|builder| builder.quotas(QuotaProfile::AWS_2024));
    let key = world.key();
    let pair =
        |spec: &'static str| code(world.root.generate_data_key_pair(&key.id).key_pair_spec(spec).dry_run(true).send());
    let without = |spec: &'static str| {
        let call = world.root.generate_data_key_pair_without_plaintext(&key.id).key_pair_spec(spec);
        code(call.dry_run(true).send())
    };
    assert_eq!(pair("RSA_4096"), DRY_RUN);
    assert_eq!([pair("RSA_4096"), without("RSA_4096")], [THROTTLED; 2]);
    assert_eq!([pair("RSA_2048"), without("RSA_2048")], [DRY_RUN, THROTTLED]);
    world.clock.advance(Duration::from_millis(9_999));
    assert_eq!([pair("RSA_4096"), pair("RSA_2048")], [THROTTLED, DRY_RUN]);
    world.clock.advance(Duration::from_millis(1));
    assert_eq!([without("RSA_4096"), pair("RSA_4096")], [DRY_RUN, THROTTLED]);
    assert_eq!(used(&world.kms, ACCOUNT, SYMMETRIC), 0);
}

/// Scenario 5.
///
/// Spec: QUO-22, QUO-23, QUO-27
#[test]
fn the_account_that_calls_is_charged() {
    let world = limited(&[(SYMMETRIC, per_second(2))]);
    let everybody = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "kms:*",
        "Resource": "*"}}"#;
    let key = world.key_with_policy(everybody);
    let stranger = world.stranger(&["kms:*"]);
    // All principals and all clients of an account share the bucket.
    let another = world.client(Caller::account_root(OTHER).unwrap());
    assert_eq!(code(stranger.encrypt(&key.arn, b"x").send()), "ok");
    assert_eq!(code(another.generate_random(1).send()), "ok");
    assert_eq!(code(stranger.encrypt(&key.arn, b"x").send()), THROTTLED);
    assert_eq!((used(&world.kms, OTHER, SYMMETRIC), used(&world.kms, ACCOUNT, SYMMETRIC)), (2, 0));
    assert_eq!(code(world.root.encrypt(&key.id, b"x").send()), "ok");
    // Another Region counts by itself (QUO-01).
    let elsewhere = world.kms.client("us-east-1", Caller::account_root(OTHER).unwrap()).unwrap();
    assert_eq!(code(elsewhere.generate_random(1).send()), "ok");
}

/// Scenario 9, and the order of steps 4 to 7.
///
/// Spec: QUO-25, QUO-28, RUL-66, PRM-31
#[test]
fn every_well_formed_request_counts_and_throttling_comes_before_everything_later() {
    let fresh = || limited(&[(SYMMETRIC, per_second(1)), (RequestQuota::Operation("DescribeKey"), per_second(1))]);
    type Try<'w> = &'w dyn Fn(&World, &Key) -> &'static str;
    let tries: [(&str, Try<'_>); 4] = [
        (DRY_RUN, &|world, key| code(world.root.encrypt(&key.id, b"x").dry_run(true).send())),
        ("NotFoundException", &|world, _| code(world.root.encrypt(super::support::ABSENT, b"x").send())),
        ("AccessDeniedException", &|world, key| code(world.user(&[]).encrypt(&key.id, b"x").send())),
        ("InvalidCiphertextException", &|world, key| code(world.root.decrypt(b"x").key_id(&*key.id).send())),
    ];
    for (expected, attempt) in tries {
        let world = fresh();
        let key = world.key();
        assert_eq!(attempt(&world, &key), expected);
        for (_, attempt) in tries {
            assert_eq!(attempt(&world, &key), THROTTLED, "after {expected}");
        }
        // What is not well formed costs nothing and is told all the same; and nothing throttled was charged.
        assert_eq!(code(world.root.encrypt(&key.id, vec![0; 5000]).send()), "ValidationException");
        assert_eq!(used(&world.kms, ACCOUNT, SYMMETRIC), 1);
    }
    // Management is charged before anybody is asked or anything looked up.
    let world = fresh();
    assert_eq!(code(world.user(&[]).describe_key(super::support::ABSENT).send()), "NotFoundException");
    assert_eq!(code(world.user(&[]).describe_key(super::support::ABSENT).send()), THROTTLED);
    // An explanation costs nothing.
    let (world, key) = (fresh(), world.key());
    for _ in 0..3 {
        let _ = world.root.encrypt(&key.id, b"x").explain();
    }
    assert_eq!(used(&world.kms, ACCOUNT, SYMMETRIC), 0);
}

/// Whoever has no right to a key of another account does not learn its kind from the bucket that is charged.
///
/// Spec: QUO-28, API-014
#[test]
fn a_forbidden_foreign_key_is_charged_like_one_that_does_not_exist() {
    let world = limited(&[(SYMMETRIC, per_second(2)), (RSA, per_second(1))]);
    let rsa = typed(&world.foreign_root(), "RSA_2048", "ENCRYPT_DECRYPT");
    let stranger = world.user(&["kms:*"]);
    let encrypt = |arn: &str| {
        let call = stranger.encrypt(arn.to_owned(), b"x").encryption_algorithm("RSAES_OAEP_SHA_256");
        code(call.send())
    };
    let absent = rsa.arn.replace(&rsa.id, super::support::ABSENT);
    assert_eq!([encrypt(&rsa.arn), encrypt(&absent)], ["AccessDeniedException"; 2]);
    assert_eq!([encrypt(&rsa.arn), encrypt(&absent)], [THROTTLED; 2]);
    assert_eq!((used(&world.kms, ACCOUNT, SYMMETRIC), used(&world.kms, ACCOUNT, RSA)), (2, 0));
}

/// Spec: QUO-26, QUO-28
#[test]
fn re_encrypt_charges_each_kind_once_and_all_or_nothing() {
    let world = limited(&[(SYMMETRIC, per_second(3)), (RSA, per_second(1))]);
    let (first, second) = (world.key(), world.key());
    let rsa = typed(&world.root, "RSA_2048", "ENCRYPT_DECRYPT");
    let sealed = world.root.encrypt(&first.id, b"x").send().unwrap().into_inner().ciphertext_blob;
    let to = |key: &Key| {
        let call = world.root.re_encrypt(&sealed, key.id.clone());
        let algorithm = if key.id == rsa.id { "RSAES_OAEP_SHA_256" } else { "SYMMETRIC_DEFAULT" };
        code(call.destination_encryption_algorithm(algorithm).send())
    };
    let now = || (used(&world.kms, ACCOUNT, SYMMETRIC), used(&world.kms, ACCOUNT, RSA));
    assert_eq!((to(&second), now()), ("ok", (2, 0)));
    assert_eq!((to(&rsa), now()), ("ok", (3, 1)));
    world.clock.advance(SECOND);
    assert_eq!((to(&rsa), now()), ("ok", (1, 1)));
    assert_eq!((to(&rsa), now()), (THROTTLED, (1, 1)));
}

/// Scenario 10.
///
/// Spec: QUO-34
#[test]
fn changes_of_one_key_have_a_limit_of_their_own() {
    let world = World::with(|builder| builder.quotas(QuotaProfile::AWS_2024));
    let (first, second) = (world.key(), world.key());
    let change = |key: &Key, round: usize| {
        if round.is_multiple_of(2) {
            code(world.root.disable_key(&key.id).send())
        } else {
            code(world.root.enable_key(&key.id).send())
        }
    };
    let powerless = world.user(&[]);
    assert_eq!(code(powerless.schedule_key_deletion(&first.id).send()), "AccessDeniedException");
    let answers: Vec<_> = (0..6).map(|round| change(&first, round)).collect();
    assert_eq!(answers, ["ok", "ok", "ok", "ok", "ok", THROTTLED]);
    // Neither is the quota of the operation charged for what the key refused.
    assert_eq!(used(&world.kms, ACCOUNT, RequestQuota::Operation("EnableKey")), 2);
    world.clock.advance(2 * SECOND);
    let answers: Vec<_> = (0..6).map(|round| change(if round < 3 { &first } else { &second }, round)).collect();
    assert_eq!(answers, ["ok"; 6]);
}

/// Scenario 11.
///
/// Spec: QUO-29, QUO-31, QUO-43
#[test]
fn slow_rates_are_exact_and_only_time_that_passes_counts() {
    let world = limited(&[(RequestQuota::Operation("GetKeyPolicy"), Rate::one_per_millis(4_000))]);
    let key = world.key();
    let call = || code(world.root.get_key_policy(&key.id).send());
    assert_eq!(call(), "ok");
    world.clock.set("2025-12-31T23:00:00Z".parse::<jiff::Timestamp>().unwrap().into());
    world.clock.advance(Duration::from_millis(3_999));
    assert_eq!(call(), THROTTLED);
    world.clock.set("2036-01-01T00:00:00Z".parse::<jiff::Timestamp>().unwrap().into());
    assert_eq!(call(), THROTTLED);
    world.clock.advance(Duration::from_millis(1));
    assert_eq!([call(), call()], ["ok", THROTTLED]);
}

/// Spec: QUO-30
#[test]
fn windows_follow_each_other_until_one_was_idle() {
    let world = limited(&[(SYMMETRIC, per_second(2))]);
    let call = || code(world.root.generate_random(1).send());
    let at = |millis: u64| world.clock.advance(Duration::from_millis(millis));
    assert_eq!([call(), call(), call()], ["ok", "ok", THROTTLED]);
    at(1_900); // in the second window, which began at 1,000
    assert_eq!([call(), call(), call()], ["ok", "ok", THROTTLED]);
    at(100); // the third
    assert_eq!([call(), call(), call()], ["ok", "ok", THROTTLED]);
    at(2_500); // a whole window was idle: the next one begins now, at 4,500
    assert_eq!([call(), call()], ["ok"; 2]);
    at(999);
    assert_eq!(call(), THROTTLED);
    at(1);
    assert_eq!(call(), "ok");
}

/// Spec: QUO-30
#[test]
fn tokens_come_back_evenly() {
    let quotas = profile(&[(SYMMETRIC, per_second(4))]).with_admission(Admission::TokenBucket);
    let world = World::with(|builder| builder.quotas(quotas));
    let call = || code(world.root.generate_random(1).send());
    assert_eq!([call(), call(), call(), call(), call()], ["ok", "ok", "ok", "ok", THROTTLED]);
    for _ in 0..4 {
        world.clock.advance(Duration::from_millis(249));
        assert_eq!(call(), THROTTLED);
        world.clock.advance(Duration::from_millis(1));
        assert_eq!([call(), call()], ["ok", THROTTLED]);
    }
    world.clock.advance(10 * SECOND);
    assert_eq!([call(), call(), call(), call(), call()], ["ok", "ok", "ok", "ok", THROTTLED]);
}

/// Spec: QUO-37
#[test]
fn a_throttled_request_does_not_reach_the_backend() {
    let store = Arc::new(Counting::default());
    let rates = [
        (RequestQuota::Operation("CreateKey"), per_second(1)),
        (RequestQuota::Operation("DescribeKey"), per_second(1)),
    ];
    let world = World::with(|builder| builder.store(Arc::clone(&store)).quotas(profile(&rates)));
    let key = world.key();
    world.root.describe_key(&key.id).send().unwrap();
    let calls = store.calls.load(Ordering::SeqCst);
    assert_eq!(code(world.root.create_key().send()), THROTTLED);
    assert_eq!(code(world.root.describe_key(super::support::ABSENT).send()), THROTTLED);
    assert_eq!(store.calls.load(Ordering::SeqCst), calls);
    assert_eq!(world.root.list_keys().send().unwrap().keys.len(), 1);
}

/// A store that counts its calls.
#[derive(Debug, Default)]
struct Counting {
    store: MemoryStore,
    calls: AtomicU64,
}

impl Store for Counting {
    fn get(&self, key: &[u8]) -> Result<Option<Entry>, StoreError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.store.get(key)
    }

    fn scan(&self, range: &Range, limit: usize) -> Result<Vec<(StoreKey, Entry)>, StoreError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.store.scan(range, limit)
    }

    fn commit(&self, batch: Batch) -> Result<Revision, CommitError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.store.commit(batch)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.store.snapshot()
    }
}

/// Spec: QUO-32
#[test]
fn a_restart_begins_with_full_buckets() {
    let store = Arc::new(MemoryStore::new());
    let quotas = profile(&[(SYMMETRIC, per_second(1))]);
    for _ in 0..2 {
        let (root_key, clock) = (super::usage::root_key(), Arc::new(ManualClock::at(START)));
        let builder = Kms::builder().store(Arc::clone(&store)).root_key(root_key).clock(clock);
        let kms = builder.quotas(quotas.clone()).build().unwrap();
        let client = kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
        assert_eq!([code(client.generate_random(1).send()), code(client.generate_random(1).send())], ["ok", THROTTLED]);
    }
}

/// Every row of sections 3.1 to 3.3 and 11, as the chapter prints it.
///
/// Spec: QUO-15, QUO-41, QUO-65, RUL-64
#[test]
fn the_profiles_hold_the_published_rates() {
    let mut expected: Vec<(String, [Rate; 2])> = operation_rates();
    let pairs = [
        ("RSA_2048", [per_second(1), per_second(20)]),
        ("RSA_3072", [Rate::one_per_millis(2_000), per_second(4)]),
        ("RSA_4096", [Rate::one_per_millis(10_000), per_second(1)]),
        ("SM2", [per_second(25); 2]),
    ];
    for spec in DataKeyPairSpec::ALL {
        let rates =
            pairs.iter().find(|(name, _)| *name == spec.as_str()).map_or([per_second(100); 2], |(_, rates)| *rates);
        expected.push((format!("GenerateDataKeyPair ({spec}) request rate"), rates));
    }
    for (family, of_2024, of_2026) in
        [("RSA", 500, 1000), ("ECC and SM2", 300, 1000), ("ML-DSA", 1000, 1000), ("ML-KEM", 1000, 1000)]
    {
        let name = format!("Cryptographic operations ({family}) request rate");
        expected.push((name, [per_second(of_2024), per_second(of_2026)]));
    }
    let regions: [(&str, [u32; 2]); 7] = [
        ("ap-south-1", [5_500, 10_000]),
        ("us-east-2", [10_000, 20_000]),
        ("eu-west-2", [10_000, 20_000]),
        ("ap-northeast-1", [10_000, 20_000]),
        ("us-east-1", [50_000, 100_000]),
        ("us-west-2", [50_000, 100_000]),
        ("eu-west-1", [50_000, 100_000]),
    ];
    for (year, quotas) in [QuotaProfile::AWS_2024, QuotaProfile::AWS_2026].into_iter().enumerate() {
        let kms = Kms::builder().quotas(quotas).build().unwrap();
        for (region, symmetric) in regions {
            let found = published(&kms, region);
            assert_eq!(found.len(), expected.len() + 1, "{region}");
            for (name, rates) in &expected {
                assert_eq!(found.iter().find(|(own, _)| own == name).unwrap().1, rates[year], "{name}");
            }
            let symmetric = per_second(symmetric[year]);
            assert!(
                found.contains(&("Cryptographic operations (symmetric) request rate".to_owned(), symmetric)),
                "{region}"
            );
        }
        // Regions of China keep the rates of 2024 for RSA pairs.
        let china = published(&kms, "cn-north-1");
        for (spec, rates) in &pairs {
            assert!(china.contains(&(format!("GenerateDataKeyPair ({spec}) request rate"), rates[0])), "{spec}");
        }
    }
    for quotas in [QuotaProfile::DEFAULT, QuotaProfile::UNLIMITED] {
        let kms = Kms::builder().quotas(quotas).build().unwrap();
        assert_eq!(published(&kms, REGION), []);
    }
}

/// The request quotas that apply in a Region.
fn published(kms: &Kms, region: &str) -> Vec<(String, Rate)> {
    let status = kms.quota_status(region.parse().unwrap(), ACCOUNT.parse().unwrap()).unwrap();
    let rates = status.iter().filter_map(|status| match status {
        QuotaStatus::Request { applied, default, .. } => {
            assert_eq!(applied, default);
            Some((status.name(), (*applied)?))
        }
        _ => None,
    });
    rates.collect()
}

/// The table of section 3.3 with the changes of section 11, out of the chapter itself.
fn operation_rates() -> Vec<(String, [Rate; 2])> {
    let section = CHAPTER.split("### 3.3").nth(1).unwrap().split("- **QUO-15**").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    let cells = rows.flat_map(|row| row.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>());
    let cells: Vec<_> = cells.filter(|cell| !cell.is_empty()).collect();
    let mut rates: Vec<_> = cells
        .chunks(2)
        .map(|pair| {
            let rate = match pair[1].split(' ').next().unwrap() {
                "0.25" => Rate::one_per_millis(4_000),
                number => per_second(number.parse().unwrap()),
            };
            (pair[0].to_owned(), [rate; 2])
        })
        .collect();
    assert_eq!(rates.len(), 40, "{rates:?}");
    rates.push(("GetKeyLastUsage".to_owned(), [per_second(5); 2]));
    for (name, present) in [
        ("DeleteImportedKeyMaterial", 15),
        ("ImportKeyMaterial", 15),
        ("GetParametersForImport", 1),
        ("RetireGrant", 50),
        ("RevokeGrant", 50),
    ] {
        rates.iter_mut().find(|(own, _)| own == name).unwrap().1[1] = per_second(present);
    }
    rates.into_iter().map(|(name, rates)| (format!("{name} request rate"), rates)).collect()
}

/// Spec: QUO-42, QUO-43
#[test]
fn the_host_may_change_any_rate_for_whom_it_likes() {
    let describe = RequestQuota::Operation("DescribeKey");
    let (account, other) = (ACCOUNT.parse().unwrap(), OTHER.parse().unwrap());
    let region: Region = "us-east-1".parse().unwrap();
    let quotas = QuotaProfile::AWS_2026
        .with_rate(describe, Some(per_second(1)))
        .with_rate_in(QuotaScope::account(other), describe, None)
        .with_rate_in(QuotaScope::region(region), describe, Some(per_second(2)))
        .with_rate_in(QuotaScope::account_in_region(account, region), describe, Some(per_second(0)));
    let world = World::with(|builder| builder.quotas(quotas));
    let admitted = |region: &str, account: &str| {
        let client = world.kms.client(region, Caller::account_root(account).unwrap()).unwrap();
        (0..5).filter(|_| code(client.describe_key(super::support::ABSENT).send()) != THROTTLED).count()
    };
    assert_eq!((admitted(REGION, ACCOUNT), admitted(REGION, OTHER)), (1, 5));
    assert_eq!((admitted("us-east-1", ACCOUNT), admitted("us-east-1", OTHER)), (0, 2));
    let refused = world.kms.client("us-east-1", Caller::account_root(ACCOUNT).unwrap()).unwrap();
    let refused = refused.describe_key(super::support::ABSENT).send().unwrap_err();
    assert!(matches!(refused.error(), Error::Throttling { retry_after: None, .. }), "waiting is in vain");

    assert!(Rate::new(1, Duration::ZERO).is_err() && Rate::new(1 << 24, SECOND).is_err());
    assert!(Rate::new(1, Duration::from_secs(50 * 86_400)).is_err());
    assert_eq!(Rate::new(5, SECOND), Ok(per_second(5)));
    for name in ["Describe", "Encrypt"] {
        let quotas = QuotaProfile::DEFAULT.with_rate(RequestQuota::Operation(name), Some(per_second(1)));
        assert_eq!(world.kms.set_quotas(quotas.clone()), Err(QuotaError::UnknownOperation(name)));
        assert!(matches!(Kms::builder().quotas(quotas).build(), Err(BuildError::Quotas(_))));
    }
}

/// Spec: QUO-41, QUO-42
#[test]
fn other_quotas_hold_from_the_next_request_on() {
    let world = limited(&[(SYMMETRIC, per_second(2))]);
    let call = || code(world.root.generate_random(1).send());
    assert_eq!([call(), call(), call()], ["ok", "ok", THROTTLED]);
    world.kms.set_quotas(profile(&[(SYMMETRIC, per_second(3))])).unwrap();
    assert_eq!([call(), call(), call(), call()], ["ok", "ok", "ok", THROTTLED]);
    world.kms.set_quotas(profile(&[(SYMMETRIC, per_second(1))])).unwrap();
    assert_eq!(call(), THROTTLED);
    world.clock.advance(SECOND);
    assert_eq!([call(), call()], ["ok", THROTTLED]);
    world.kms.set_quotas(QuotaProfile::DEFAULT).unwrap();
    assert_eq!([call(), call(), call()], ["ok"; 3]);
    assert_eq!(world.kms.quotas(), QuotaProfile::DEFAULT);
}

/// Scenario 19, with a clock that stands still: one window for each quota in force.
///
/// Spec: QUO-45
#[test]
fn threads_never_exceed_the_quota() {
    let world = limited(&[(SYMMETRIC, per_second(100))]);
    let admitted = || {
        let all = AtomicU64::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                let (client, all) = (&world.root, &all);
                scope.spawn(move || {
                    let own = (0..100).filter(|_| code(client.generate_random(1).send()) == "ok").count();
                    all.fetch_add(own as u64, Ordering::Relaxed);
                });
            }
        });
        all.into_inner()
    };
    assert_eq!(admitted(), 100);
    for rate in [150, 40, 300, 20] {
        world.clock.advance(SECOND);
        world.kms.set_quotas(profile(&[(SYMMETRIC, per_second(rate))])).unwrap();
        assert_eq!(admitted(), u64::from(rate));
    }
}

/// Spec: QUO-44, QUO-45
#[test]
fn what_was_counted_is_told_and_idle_buckets_go() {
    let world = limited(&[(SYMMETRIC, per_second(2))]);
    for _ in 0..3 {
        let _ = world.root.generate_random(1).send();
    }
    world.clock.advance(SECOND);
    world.root.generate_random(1).send().unwrap();
    let (region, account) = (REGION.parse().unwrap(), ACCOUNT.parse().unwrap());
    let counts = || {
        let status = world.kms.quota_status(region, account).unwrap();
        status.into_iter().find_map(|status| match status {
            QuotaStatus::Request { quota, applied, used, counts, .. } if quota == SYMMETRIC => {
                Some((applied, used, counts.admitted, counts.refused))
            }
            _ => None,
        })
    };
    assert_eq!(counts(), Some((Some(per_second(2)), 1, 3, 1)));
    let total = || world.kms.metrics().requests.get(&SYMMETRIC).map(|counts| (counts.admitted, counts.refused));
    assert_eq!(total(), Some((3, 1)));
    world.clock.advance(10 * SECOND);
    world.kms.sweep().unwrap();
    assert_eq!(counts(), Some((Some(per_second(2)), 0, 0, 0)), "the bucket is gone");
    assert_eq!(total(), Some((3, 1)), "but not what it counted");
}

/// Spec: QUO-45
#[test]
fn quotas_on_requests_cost_no_allocation() {
    let measure = |quotas: QuotaProfile| {
        let kms = Kms::builder().no_audit().quotas(quotas).build().unwrap();
        let client = kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
        let key = client.create_key().send().unwrap().key_metadata.key_id.to_string();
        let work = || drop(client.encrypt(&key, b"x").send().unwrap());
        work();
        allocation_counter::measure(work).count_total
    };
    assert_eq!(measure(QuotaProfile::AWS_2026), measure(QuotaProfile::DEFAULT));
}
