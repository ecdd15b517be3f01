//! Random histories of two accounts in four Regions, compared step by step with a model.
//!
//! The model in `model/` is written from the chapters of the specification, shares nothing with the library but what a
//! caller sees, and keeps everything in maps, strings and integers. A history is a list of abstract steps; each becomes
//! a call of the root, a role session or a user of an account, which the library and the model answer. The answers must
//! be equal (members of responses, exception codes, and messages where chapter 50 fixes them), and so must the audit
//! records of each call, in whichever accounts and Regions they belong. At the end so must the records and events of all
//! that happened without a call. The histories know every operation but those on custom key stores.
//!
//! Now and then an instance ends and another one begins on the same store, its keys are replaced, or a backup takes the
//! place of the store; the model knows nothing of it. Some histories are about that, or about a store that fails.
//!
//! `KEYSTEAD_MODEL_STEPS` says how many steps are taken, `KEYSTEAD_MODEL_SEED` which ones; `scripts/soak` takes many.
#![allow(clippy::unwrap_used, clippy::expect_used, unreachable_pub, missing_docs)]

#[path = "model/access.rs"]
mod access;
#[path = "model/audit.rs"]
mod audit;
#[path = "model/bench.rs"]
mod bench;
#[path = "model/call.rs"]
mod call;
#[path = "model/choice.rs"]
mod choice;
#[path = "model/choice_grants.rs"]
mod choice_grants;
#[path = "model/choice_imports.rs"]
mod choice_imports;
#[path = "model/ciphertexts.rs"]
mod ciphertexts;
#[path = "model/disk.rs"]
mod disk;
#[path = "model/events.rs"]
mod events;
#[path = "model/grants.rs"]
mod grants;
#[path = "model/imports.rs"]
mod imports;
#[path = "model/instance.rs"]
mod instance;
#[path = "model/keys.rs"]
mod keys;
#[path = "model/kinds.rs"]
mod kinds;
#[path = "model/managed.rs"]
mod managed;
#[path = "model/names.rs"]
mod names;
#[path = "model/outcome.rs"]
mod outcome;
#[path = "model/pairs.rs"]
mod pairs;
#[path = "model/provider.rs"]
mod provider;
#[path = "model/related.rs"]
mod related;
#[path = "model/rotation.rs"]
mod rotation;
#[path = "model/rules.rs"]
mod rules;
#[path = "model/run.rs"]
mod run;
#[path = "model/send.rs"]
mod send;
#[path = "model/step.rs"]
mod step;
#[path = "model/themes.rs"]
mod themes;
#[path = "model/upheavals.rs"]
mod upheavals;
#[path = "model/values.rs"]
mod values;
#[path = "model/who.rs"]
mod who;
#[path = "model/world.rs"]
mod world;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::env;

use disk::Backend;
use instance::Setting;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use run::{Answers, Upkeep, run};
use step::{Step, Verb};
use upheavals::Turmoil;

/// Every answer of every operation is the model's, every call leaves the records that it must, and rotations, deletions
/// and expirations are recorded and announced exactly once.
///
/// Spec: KEY-08, KEY-10, KEY-16, KEY-19..KEY-25, KEY-30..KEY-33, KEY-40..KEY-42, KEY-44, KEY-51..KEY-56, KEY-58, KEY-59, KEY-63,
/// KEY-65, KEY-68, KEY-69, KEY-71..KEY-75, KEY-81, KEY-87..KEY-90, KEY-103..KEY-105, KEY-112, ROT-01..ROT-03, ROT-05,
/// ROT-12, ROT-15, ROT-17, ROT-18, ROT-20..ROT-29, ROT-32..ROT-35, ROT-39, ROT-42..ROT-46, ROT-48..ROT-52, ROT-55,
/// STA-05..STA-09, STA-18, STA-20, STA-21, STA-38, STA-43, STA-48, STA-50, STA-51..STA-56, STA-58, STA-61..STA-66, STA-68,
/// STA-70, STA-72, STA-77..STA-82, STA-86, STA-102, API-013, API-014, API-020..API-022, API-037..API-040, POL-94,
/// POL-99, POL-114, POL-117, POL-119, RUL-23, RUL-24, GRA-01, GRA-05, GRA-07, GRA-10, GRA-11, GRA-19, GRA-22, GRA-24..GRA-28,
/// GRA-31..GRA-34, GRA-37, GRA-38, GRA-45..GRA-47, GRA-49, GRA-51, GRA-54..GRA-57, GRA-61, GRA-74, MRK-04, MRK-05,
/// MRK-08, MRK-09, MRK-13, MRK-14, MRK-16, MRK-19, MRK-20, MRK-24..MRK-27, MRK-29, MRK-33..MRK-36, MRK-39, MRK-43,
/// MRK-45, MRK-46, MRK-48..MRK-54, MRK-58, MRK-60..MRK-65, MRK-68, MRK-76..MRK-78, IMP-02, IMP-05..IMP-07, IMP-09, IMP-11, IMP-12, IMP-16, IMP-39, IMP-41,
/// IMP-46..IMP-51, IMP-53, ASY-06, ASY-10, ASY-19, ASY-22, ASY-26, ASY-60..ASY-63, ASY-65, ASY-66, ASY-70, ASY-71, ASY-74,
/// ASY-77, ASY-78, ASY-84, AUD-01..AUD-04, AUD-11, AUD-21, AUD-22, AUD-29, AUD-30, AUD-35
#[test]
fn random_histories_are_answered_as_the_chapters_say() {
    let histories = histories(Turmoil::Little, Backend::Memory);
    let (answers, feats) = (RefCell::new(Answers::new()), RefCell::new(Feats::new()));
    check(100_000, &histories, |(steps, setting, upkeep)| {
        let outcome = run(setting, upkeep, &steps)?;
        for (answer, count) in outcome.answers {
            *answers.borrow_mut().entry(answer).or_default() += count;
        }
        add(&mut feats.borrow_mut(), outcome.feats);
        Ok(())
    });
    let answers = answers.borrow();
    let missing: Vec<_> = ANSWERS
        .iter()
        .flat_map(|(verb, codes)| codes.iter().chain(&["ok"]).map(move |code| (*verb, (*code).to_owned())))
        .filter(|answer| !answers.contains_key(answer))
        .collect();
    // A handful of histories cannot come to everything.
    let few = answers.values().sum::<u64>() < 50_000;
    assert!(few || missing.is_empty(), "the histories never came to {missing:?}, only to {answers:#?}");
    if !few {
        assert_came_to(FEATS, &feats.borrow());
    }
}

/// A key that somebody looks at after each passage of time and one that a sweep brings up to date go the same way.
///
/// Spec: STA-02, RUL-15
#[test]
fn touching_and_sweeping_lead_to_the_same_outcome() {
    check(15_000, &(step::steps(Turmoil::Little), setting(Backend::Memory)), |(steps, setting)| {
        let swept = run(setting, Upkeep::Sweep, &steps)?;
        let touched = run(setting, Upkeep::Touch, &steps)?;
        prop_assert_eq!(swept, touched);
        Ok(())
    });
}

/// Processes end and others begin all the time, with other domain keys and another root key: nobody notices.
///
/// Spec: KEY-25, KEY-36, ROT-03, ROT-55, STA-96, STA-102, OVR-12, OVR-17, OVR-18, AUD-46
#[test]
fn an_instance_goes_on_where_the_last_one_has_ended() {
    survive(30_000, Backend::Memory, UPHEAVALS);
}

/// The same on files and on backups of them.
///
/// Spec: KEY-25, KEY-36, ROT-03, ROT-55, STA-96, OVR-12, OVR-17, OVR-18, AUD-46
#[test]
fn a_file_holds_all_that_an_instance_knows() {
    survive(12_000, Backend::File, UPHEAVALS);
}

/// A call that meets a failing store changes nothing; or all of it, where the store does not know itself.
///
/// Spec: KEY-35, KEY-107, ROT-10, ROT-59, API-041, STA-96, AUD-46
#[test]
fn a_failing_store_leaves_nothing_half_done() {
    survive(20_000, Backend::Unreliable, FAILURES);
}

/// Runs histories in turmoil, which must come to certain things.
fn survive(steps: usize, backend: Backend, expected: &[&str]) {
    let feats = RefCell::new(Feats::new());
    check(steps, &histories(Turmoil::Much, backend), |(steps, setting, upkeep)| {
        add(&mut feats.borrow_mut(), run(setting, upkeep, &steps)?.feats);
        Ok(())
    });
    // A handful of histories cannot come to everything.
    let few = feats.borrow().get("a restart").is_none_or(|restarts| *restarts < 100);
    if !few {
        assert_came_to(expected, &feats.borrow());
    }
}

type Feats = BTreeMap<&'static str, u64>;

fn add(all: &mut Feats, some: Feats) {
    for (feat, count) in some {
        *all.entry(feat).or_default() += count;
    }
}

fn assert_came_to(expected: &[&str], feats: &Feats) {
    let missing: Vec<_> = expected.iter().filter(|feat| !feats.contains_key(*feat)).collect();
    assert!(missing.is_empty(), "the histories never came to {missing:?}, only to {feats:#?}");
}

fn histories(turmoil: Turmoil, backend: Backend) -> impl Strategy<Value = (Vec<Step>, Setting, Upkeep)> {
    (step::steps(turmoil), setting(backend), any::<bool>())
        .prop_map(|(steps, setting, swept)| (steps, setting, if swept { Upkeep::Sweep } else { Upkeep::None }))
}

fn setting(backend: Backend) -> impl Strategy<Value = Setting> {
    let delay = prop_oneof![Just(0_i64), Just(world::MINUTE)];
    (any::<u64>().no_shrink(), any::<bool>(), any::<bool>(), delay)
        .prop_map(move |(seed, strict, required_sink, delay)| Setting { seed, strict, required_sink, delay, backend })
}

/// Runs as many histories as give about `steps` steps, or the number that the environment asks for.
fn check<S: Strategy>(steps: usize, histories: &S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let number = |name: &str| env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let steps = number("KEYSTEAD_MODEL_STEPS").unwrap_or(steps as u64);
    let seed = number("KEYSTEAD_MODEL_SEED").unwrap_or(0);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        cases: u32::try_from(steps / (step::MAX_STEPS as u64 / 2)).unwrap().max(1),
        max_shrink_iters: 20_000,
        max_shrink_time: number("KEYSTEAD_MODEL_SHRINK_SECONDS").map_or(8_000, |seconds| seconds as u32 * 1000),
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    if let Err(failure) = runner.run(histories, test) {
        panic!("{failure}");
    }
}

/// What the histories must have come to that no answer tells.
const FEATS: &[&str] = &[
    "an AWS managed key is made",
    "an AWS managed key rotates",
    "a token of a related key is refused",
    "other material than the set's is refused to a replica",
    "a rotation waits for a replica",
    "an imported set rotates",
    "a primary withdraws pending material from its set",
    "a replica gives up pending material",
    "pending material of a primary expires",
    "pending material of a replica expires",
];

/// What must have befallen instances, and what must have failed, in the histories that are about that.
const UPHEAVALS: &[&str] = &[
    "a restart",
    "an inspection after a restart",
    "a rotation of a domain key",
    "a replacement of the root key",
    "a restored backup",
    "a sink of events that refuses",
];
const FAILURES: &[&str] = &[
    "a call whose commit was refused",
    "a call with a commit of unknown outcome",
    "a call without a store",
    "something new that nobody was told of",
    "a sweep that failed",
    "a domain key whose rotation failed",
];

/// What the calls must have been answered with, apart from success.
const ANSWERS: &[(Verb, &[&str])] = {
    use Verb::*;
    const DENIED: &str = "AccessDeniedException";
    const ABSENT: &str = "NotFoundException";
    const ARN: &str = "InvalidArnException";
    const STATE: &str = "KMSInvalidStateException";
    const DISABLED: &str = "DisabledException";
    const SHAPE: &str = "ValidationException";
    const LIMIT: &str = "LimitExceededException";
    const WRONG: &str = "IncorrectKeyException";
    const DAMAGED: &str = "InvalidCiphertextException";
    const DRY: &str = "DryRunOperationException";
    const TAG: &str = "TagException";
    const KIND: &str = "UnsupportedOperationException";
    const USAGE: &str = "InvalidKeyUsageException";
    const TOKEN: &str = "InvalidGrantTokenException";
    const GRANT: &str = "InvalidGrantIdException";
    const EXISTS: &str = "AlreadyExistsException";
    const POLICY: &str = "MalformedPolicyDocumentException";
    const MATERIAL: &str = "IncorrectKeyMaterialException";
    &[
        (CreateKey, &[DENIED, SHAPE, TAG, LIMIT, KIND]),
        (DescribeKey, &[DENIED, ABSENT, ARN, TOKEN]),
        (ListKeys, &[DENIED, SHAPE]),
        (UpdateKeyDescription, &[DENIED, ABSENT, ARN, STATE, SHAPE]),
        (EnableKey, &[DENIED, ABSENT, ARN, STATE]),
        (DisableKey, &[DENIED, ABSENT, ARN, STATE]),
        (ScheduleKeyDeletion, &[DENIED, ABSENT, ARN, STATE, SHAPE]),
        (CancelKeyDeletion, &[DENIED, ABSENT, ARN, STATE]),
        (GetKeyLastUsage, &[DENIED, ABSENT, ARN]),
        (CreateAlias, &[DENIED, ABSENT, STATE, SHAPE, LIMIT, EXISTS]),
        (UpdateAlias, &[DENIED, ABSENT, STATE, SHAPE, LIMIT]),
        (DeleteAlias, &[DENIED, ABSENT]),
        (ListAliases, &[DENIED, ABSENT, ARN, SHAPE]),
        (TagResource, &[DENIED, ABSENT, ARN, STATE, SHAPE, LIMIT, TAG]),
        (UntagResource, &[DENIED, ABSENT, ARN, STATE, SHAPE]),
        (ListResourceTags, &[DENIED, ABSENT, ARN, SHAPE]),
        (GetKeyPolicy, &[DENIED, ABSENT, ARN]),
        (PutKeyPolicy, &[DENIED, ABSENT, ARN, SHAPE, LIMIT, POLICY]),
        (EnableKeyRotation, &[DENIED, ABSENT, ARN, STATE, DISABLED, SHAPE, KIND]),
        (DisableKeyRotation, &[DENIED, ABSENT, ARN, STATE, DISABLED, KIND]),
        (GetKeyRotationStatus, &[DENIED, ABSENT, ARN]),
        (RotateKeyOnDemand, &[DENIED, ABSENT, ARN, STATE, DISABLED, LIMIT, KIND, "ConflictException"]),
        (ListKeyRotations, &[DENIED, ABSENT, ARN, SHAPE, KIND]),
        (Encrypt, &[DENIED, ABSENT, STATE, DISABLED, SHAPE, DRY, USAGE, TOKEN]),
        (Decrypt, &[DENIED, ABSENT, STATE, DISABLED, SHAPE, DRY, WRONG, DAMAGED, USAGE]),
        (ReEncrypt, &[DENIED, ABSENT, STATE, DISABLED, SHAPE, DRY, WRONG, DAMAGED, USAGE]),
        (GenerateDataKey, &[DENIED, ABSENT, STATE, DISABLED, SHAPE, USAGE]),
        (GenerateDataKeyPair, &[DENIED, ABSENT, STATE, DISABLED, USAGE, KIND]),
        (GenerateRandom, &[DENIED, SHAPE]),
        (CreateGrant, &[DENIED, ABSENT, ARN, STATE, DISABLED, SHAPE, LIMIT, DRY, TOKEN]),
        (ListGrants, &[DENIED, ABSENT, ARN, SHAPE, GRANT]),
        (ListRetirableGrants, &[DENIED, SHAPE]),
        (RetireGrant, &[DENIED, ABSENT, GRANT, TOKEN, DRY]),
        (RevokeGrant, &[DENIED, ABSENT, GRANT, DRY]),
        (Sign, &[DENIED, ABSENT, STATE, DISABLED, SHAPE, USAGE]),
        (Verify, &[DENIED, ABSENT, STATE, DISABLED, SHAPE, USAGE, "KMSInvalidSignatureException"]),
        (GenerateMac, &[DENIED, ABSENT, STATE, DISABLED, SHAPE, USAGE]),
        (VerifyMac, &[DENIED, ABSENT, STATE, DISABLED, SHAPE, USAGE, "KMSInvalidMacException"]),
        (GetPublicKey, &[DENIED, ABSENT, STATE, DISABLED, KIND]),
        (DeriveSharedSecret, &[DENIED, ABSENT, STATE, DISABLED, SHAPE, USAGE]),
        (Encapsulate, &[DENIED, ABSENT, STATE, DISABLED, USAGE]),
        (Decapsulate, &[DENIED, ABSENT, STATE, DISABLED, USAGE]),
        (ReplicateKey, &[DENIED, ABSENT, ARN, STATE, DISABLED, SHAPE, LIMIT, KIND, EXISTS]),
        (UpdatePrimaryRegion, &[DENIED, ABSENT, ARN, STATE, DISABLED, KIND]),
        (GetParametersForImport, &[DENIED, ABSENT, ARN, STATE, KIND]),
        (
            ImportKeyMaterial,
            &[
                DENIED,
                ABSENT,
                ARN,
                STATE,
                SHAPE,
                KIND,
                MATERIAL,
                "ExpiredImportTokenException",
                "InvalidImportTokenException",
            ],
        ),
        (DeleteImportedKeyMaterial, &[DENIED, ABSENT, ARN, KIND]),
    ]
};
