//! Whatever a caller writes: no panic, an answer in time, and an error of a readable length.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use common::{ACCOUNT, REGION};
use keystead::operations::*;
use keystead::types::Timestamp;
use keystead::{CallError, Caller, Client, EncryptionContext, Kms, ManualClock, Tag};
use proptest::prelude::*;
use proptest::sample::select;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Spec: KEY-22, KEY-111
    #[test]
    fn any_identifier_is_answered(identifier in identifier(), number in number()) {
        let client = client();
        let id = || identifier.as_str();
        check(|| client.encrypt(id(), b"x").send());
        check(|| client.decrypt(b"x").key_id(id()).send());
        check(|| client.re_encrypt(b"x", id()).source_key_id(id()).send());
        check(|| client.generate_data_key(id()).number_of_bytes(number).send());
        check(|| client.describe_key(id()).send());
        check(|| client.get_key_policy(id()).policy_name(id()).send());
        check(|| client.tag_resource(id()).tag(id(), id()).send());
        check(|| client.untag_resource(id()).tag_key(id()).send());
        check(|| client.create_alias(id(), id()).send());
        check(|| client.update_alias(id(), id()).send());
        check(|| client.delete_alias(id()).send());
        check(|| client.list_aliases().key_id(id()).marker(id()).limit(number).send());
        check(|| client.list_keys().marker(id()).limit(number).send());
        check(|| client.list_key_policies(id()).marker(id()).limit(number).send());
        check(|| client.list_key_rotations(id()).include_key_material(id()).limit(number).send());
        check(|| client.list_resource_tags(id()).marker(id()).limit(number).send());
        check(|| client.enable_key_rotation(id()).rotation_period_in_days(number).send());
        check(|| client.schedule_key_deletion(id()).pending_window_in_days(number).send());
        check(|| client.generate_random(0).number_of_bytes(number).custom_key_store_id(id()).send());
        check(|| client.create_key().key_spec(id()).key_usage(id()).origin(id()).send());
        check(|| client.update_key_description(id(), id()).send());
    }

    /// Spec: KEY-83, KEY-84
    #[test]
    fn any_context_is_answered(pairs in prop::collection::vec((text(), text()), 0..40)) {
        let client = client();
        let context: EncryptionContext<'_> = pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let sealed = check(|| client.encrypt("alias/hostile", b"x").encryption_context(context.clone()).send());
        if let Some(sealed) = sealed {
            let opened = check(|| client.decrypt(&sealed.ciphertext_blob).encryption_context(context.clone()).send());
            let opened = opened.unwrap();
            prop_assert_eq!(opened.expose(), b"x");
        }
    }

    /// Spec: KEY-69, KEY-71
    #[test]
    fn any_tags_are_answered(tags in prop::collection::vec((text(), text()), 0..60)) {
        let client = client();
        let tags: Vec<Tag> = tags.into_iter().map(|(key, value)| Tag::new(key, value)).collect();
        check(|| client.tag_resource("alias/hostile").tags(tags.clone()).send());
        check(|| client.create_key().tags(tags.clone()).key_spec("nonsense").send());
    }

    /// Spec: POL-85
    #[test]
    fn any_policy_is_answered(policy in policy()) {
        let client = client();
        let key = key();
        check(|| client.put_key_policy(&*key, &*policy).send());
        let parsed = check(|| client.create_key().policy(&*policy).key_spec("SM2").send());
        prop_assert!(parsed.is_none(), "no such key spec in this Region");
    }

    /// Spec: KEY-87
    #[test]
    fn any_ciphertext_is_answered(bytes in prop::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), with in 1u8..) {
        let client = client();
        check(|| client.decrypt(&bytes).send());
        check(|| client.re_encrypt(&bytes, "alias/hostile").send());
        let mut sealed = client.encrypt("alias/hostile", b"x").send().unwrap().into_inner().ciphertext_blob;
        let at = at.index(sealed.len());
        sealed[at] ^= with;
        prop_assert!(client.decrypt(&sealed).send().is_err());
    }
}

/// Spec: KEY-83
#[test]
fn very_large_requests_are_refused_quickly() {
    let client = client();
    let mebibyte = "x".repeat(1 << 20);
    let many: EncryptionContext<'_> = (0..10_000).map(|n| (format!("key {n}"), "value")).collect();
    let large: EncryptionContext<'_> = [("key", mebibyte.as_str())].into_iter().collect();
    let tags: Vec<Tag> =
        (0..10_000).map(|_| Tag::new(mebibyte.get(..200).unwrap(), mebibyte.get(..300).unwrap())).collect();
    let names: Vec<std::borrow::Cow<'_, str>> = (0..10_000).map(|_| mebibyte.get(..200).unwrap().into()).collect();
    let key = key();

    let calls: [(&str, Attempt<'_>); 16] = [
        ("many pairs", &|| client.encrypt(&*key, b"x").encryption_context(many.clone()).send().map(drop)),
        ("a large pair", &|| client.encrypt(&*key, b"x").encryption_context(large.clone()).send().map(drop)),
        ("a large plaintext", &|| client.encrypt(&*key, mebibyte.as_bytes()).send().map(drop)),
        ("a large ciphertext", &|| client.decrypt(mebibyte.as_bytes()).send().map(drop)),
        ("a large identifier", &|| client.encrypt(&*mebibyte, b"x").send().map(drop)),
        ("a large ARN", &|| client.describe_key(format!("arn:aws:kms:{mebibyte}")).send().map(drop)),
        ("a large alias", &|| client.create_alias(format!("alias/{mebibyte}"), &*key).send().map(drop)),
        ("a large description", &|| client.update_key_description(&*key, &*mebibyte).send().map(drop)),
        ("a large policy", &|| client.put_key_policy(&*key, &*mebibyte).send().map(drop)),
        ("a large policy name", &|| client.get_key_policy(&*key).policy_name(&*mebibyte).send().map(drop)),
        ("a large marker", &|| client.list_keys().marker(&*mebibyte).send().map(drop)),
        ("many tags", &|| client.tag_resource(&*key).tags(tags.clone()).send().map(drop)),
        ("many tags on a new key", &|| client.create_key().tags(tags.clone()).send().map(drop)),
        ("many tag keys", &|| client.untag_resource(&*key).tag_keys(names.clone()).send().map(drop)),
        ("many grant tokens", &|| client.encrypt(&*key, b"x").grant_tokens(names.clone()).send().map(drop)),
        ("a large key spec", &|| client.create_key().key_spec(&*mebibyte).send().map(drop)),
    ];
    for (name, call) in calls {
        assert!(check(call).is_none(), "{name} is accepted");
    }
}

/// Spec: POL-85
#[test]
fn deep_and_long_policies_are_refused_quickly() {
    let client = client();
    let statement = r#"{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}"#;
    let conditions = |operator: &str, value: &str| {
        format!(
            r#"{{"Statement":[{{"Effect":"Deny","Principal":"*","Action":"kms:Decrypt","Resource":"*",
            "Condition":{{"{operator}":{{"kms:EncryptionContext:a":[{value}]}}}}}}]}}"#
        )
    };
    let documents = [
        "[".repeat(131_072),
        "{\"Statement\":".repeat(10_000),
        format!("{{\"Statement\":[{}]}}", vec![statement; 1800].join(",")),
        format!("{{\"Statement\":[{}]}}", vec![statement; 400].join(",")),
        format!("{{\"Statement\":[{statement}]}}{}", " ".repeat(131_000)),
        conditions("StringLike", &format!("\"{}\"", "*a".repeat(15_000))),
        conditions("StringLike", &format!("\"{}\"", "?*".repeat(15_000))),
        conditions("StringEquals", &vec!["\"a\""; 8_000].join(",")),
        conditions("NumericEquals", "1e999999999"),
        conditions("DateEquals", "\"9999999999999999999999\""),
        conditions("IpAddress", "\"0.0.0.0/33\""),
        conditions(&"ForAllValues:".repeat(2_000), "\"a\""),
        "\u{0}".repeat(131_072),
        "ä".repeat(16_000),
    ];
    for document in documents {
        let key = key();
        check(|| client.put_key_policy(&*key, &*document).send());
        check(|| client.put_key_policy(&*key, &*document).bypass_policy_lockout_safety_check(true).send());
        // Whatever was accepted is decided in time too.
        let root = client.clone();
        check(|| root.encrypt(&*key, b"x").context("a", "a".repeat(4_000)).send());
        check(|| root.decrypt(b"x").key_id(&*key).send());
    }
}

/// Spec: STA-51, ROT-01
#[test]
fn numbers_and_instants_at_their_limits_are_answered() {
    let clock = Arc::new(ManualClock::at("2026-01-01T00:00:00Z"));
    let kms = Kms::builder().clock(Arc::clone(&clock)).build().unwrap();
    let client = kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
    for number in [i64::MIN, i64::MIN + 1, -1, 0, 1, 7, 90, 366, 2_560, 2_561, i64::from(u32::MAX) + 8, i64::MAX] {
        let key = client.create_key().send().unwrap().key_metadata.key_id.to_string();
        check(|| client.enable_key_rotation(&key).rotation_period_in_days(number).send());
        check(|| client.generate_data_key(&key).number_of_bytes(number).send());
        check(|| client.call(GenerateRandom::new()).number_of_bytes(number).send());
        check(|| client.list_keys().limit(number).send());
        check(|| client.schedule_key_deletion(&key).pending_window_in_days(number).send());
    }
    // Time itself at its limits: what is due by then is due, nothing overflows.
    for instant in [Timestamp::MAX, Timestamp::MIN, Timestamp::UNIX_EPOCH] {
        clock.set(instant);
        let key = check(|| client.create_key().send()).expect("a key can be created at any time");
        let key = key.key_metadata.key_id.to_string();
        check(|| client.enable_key_rotation(&key).rotation_period_in_days(2_560).send()).unwrap();
        check(|| client.get_key_rotation_status(&key).send()).unwrap();
        check(|| client.encrypt(&key, b"x").send()).unwrap();
        check(|| client.rotate_key_on_demand(&key).send());
        check(|| client.schedule_key_deletion(&key).send()).unwrap();
        check(|| client.describe_key(&key).send());
        assert!(kms.sweep().is_ok());
        clock.advance(Duration::MAX);
        check(|| client.describe_key(&key).send());
        assert!(kms.sweep().is_ok());
        assert!(kms.audit_trail().iter().all(|record| record.to_json().starts_with('{')));
    }
}

/// A call that may fail.
type Attempt<'c> = &'c dyn Fn() -> Result<(), CallError>;

/// The answer of a call, which comes in time and, as an error, in few words.
fn check<T>(call: impl FnOnce() -> Result<T, CallError>) -> Option<T> {
    let begun = Instant::now();
    let result = call();
    assert!(begun.elapsed() < Duration::from_secs(5), "took {:?}", begun.elapsed());
    if let Err(error) = &result {
        assert!(error.message().len() <= 32 * 1024, "{} bytes of message", error.message().len());
        assert_ne!(error.code(), "KMSInternalException", "{error}");
    }
    result.ok()
}

/// One system for all cases: what one leaves behind, the next one meets.
fn client() -> Client {
    SYSTEM.clone()
}

/// A new key, which a test may lock itself out of.
fn key() -> String {
    client().create_key().send().unwrap().key_metadata.key_id.to_string()
}

static SYSTEM: LazyLock<Client> = LazyLock::new(|| {
    let client = Kms::in_memory().client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
    let key = client.create_key().send().unwrap().key_metadata.key_id.to_string();
    client.create_alias("alias/hostile", &key).send().unwrap();
    client
});

/// Texts of the kinds that break programs.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z]{0,20}",
        select(vec![
            "",
            " ",
            "\0",
            "\u{202e}",
            "ä",
            "\u{1f600}",
            "e\u{301}",
            "aws:x",
            "AWS:x",
            "äws:",
            "aw\u{17f}:",
            "${aws:username}",
            "*",
            "\u{1}",
            "\u{ffff}",
            "\r\n",
            "\"}",
            "\\u0000",
            "-1",
            "NaN",
        ])
        .prop_map(str::to_owned),
        (0usize..5000).prop_map(|length| "x".repeat(length)),
        (0usize..2000).prop_map(|length| "\u{1f600}".repeat(length)),
    ]
}

/// Texts that look like names of keys.
fn identifier() -> impl Strategy<Value = String> {
    let arn = (
        select(vec!["arn", "ARN", "", "arn:"]),
        select(vec!["aws", "aws-cn", "nowhere", ""]),
        select(vec!["kms", "iam", ""]),
        select(vec![REGION, "eu-west-1", "", "us-west-2-"]),
        select(vec![ACCOUNT, "222222222222", "1111", "", "１１１１２２２２３３３３"]),
        prop_oneof![
            Just("key/00000000-0000-4000-8000-000000000000".to_owned()),
            Just("alias/hostile".to_owned()),
            Just("key/mrk-00000000000040008000000000000000".to_owned()),
            text().prop_map(|text| format!("key/{text}")),
            text().prop_map(|text| format!("alias/{text}")),
            text(),
        ],
    )
        .prop_map(|(a, b, c, d, e, f)| format!("{a}:{b}:{c}:{d}:{e}:{f}"));
    prop_oneof![
        text(),
        arn,
        text().prop_map(|text| format!("alias/{text}")),
        text().prop_map(|text| format!("alias/aws/{text}")),
        Just("mrk-".to_owned()),
        Just("alias/".to_owned()),
        Just("00000000-0000-4000-8000-00000000000".to_owned()),
        Just("00000000-0000-4000-8000-0000000000000".to_owned()),
        Just("00000000-0000-4000-8000-00000000000G".to_owned()),
    ]
}

/// Documents from fragments of policies.
fn policy() -> impl Strategy<Value = String> {
    let fragment = select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"Statement\"",
        "\"Effect\"",
        "\"Allow\"",
        "\"Deny\"",
        "\"Principal\"",
        "\"*\"",
        "\"Action\"",
        "\"kms:*\"",
        "\"Resource\"",
        "\"Condition\"",
        "\"StringLike\"",
        "\"aws:username\"",
        "\"${\"",
        "null",
        "1e5",
        "\"\\ud800\"",
        "\"Sid\"",
        "\"AWS\"",
        "\"arn:aws:iam::111122223333:root\"",
        "\u{feff}",
    ]);
    prop_oneof![
        text(),
        prop::collection::vec(fragment, 0..60).prop_map(|fragments| fragments.concat()),
        (text(), text(), text()).prop_map(|(action, operator, value)| {
            serde_json::json!({"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Resource": "*"},
                {"Sid": value, "Effect": "Deny", "Principal": {"AWS": value}, "Action": action, "Resource": value,
                 "Condition": {operator: {"kms:ViaService": value}}},
            ]})
            .to_string()
        }),
    ]
}

fn number() -> impl Strategy<Value = i64> {
    prop_oneof![any::<i64>(), select(vec![i64::MIN, -1, 0, 1, 1000, 1001, i64::MAX]), 0i64..3000]
}
