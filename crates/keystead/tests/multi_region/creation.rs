//! CreateKey with MultiRegion.

use keystead::{Partition, Profile, QuotaProfile, RegionConfig};

use crate::support::{World, assert_code, assert_refused, outcome};
use crate::{EUROPE, HOME, roles};

/// Spec: MRK-03, MRK-07, MRK-08, MRK-10, KEY-24
#[test]
fn a_multi_region_key_begins_as_a_primary_without_replicas() {
    let world = World::new();
    let home = world.root_in(HOME);
    let key = home.create_key().multi_region(true).send().unwrap().into_inner().key_metadata;
    let id = key.key_id.to_string();
    let digits = id.strip_prefix("mrk-").unwrap();
    assert!(digits.len() == 32 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{id}");
    assert!(key.multi_region && key.enabled);
    assert_eq!(roles(&key), ("PRIMARY", HOME.to_owned(), Vec::new()));
    assert_eq!(key.multi_region_configuration.as_ref().unwrap().primary_key.arn, key.arn);

    // Everything else is as with any key.
    let other = home.create_key().send().unwrap().into_inner().key_metadata;
    assert_eq!(
        (key.key_spec, key.key_usage, key.origin, key.key_state, key.description.as_str()),
        (other.key_spec, other.key_usage, other.origin, other.key_state, other.description.as_str())
    );
    let policy = |id: &str| home.get_key_policy(id.to_owned()).send().unwrap().into_inner().policy;
    assert_eq!(policy(&id), policy(&other.key_id.to_string()));
    let blob = home.encrypt(&id, b"usable").send().unwrap().into_inner().ciphertext_blob;
    assert_eq!(home.decrypt(blob).send().unwrap().expose(), b"usable");
}

/// Spec: MRK-09
#[test]
fn other_keys_have_no_configuration() {
    let world = World::new();
    for key in [world.root.create_key(), world.root.create_key().multi_region(false)] {
        let metadata = key.send().unwrap().into_inner().key_metadata;
        assert!(!metadata.multi_region && metadata.multi_region_configuration.is_none());
        let described = world.root.describe_key(metadata.arn).send().unwrap().into_inner().key_metadata;
        assert!(described.multi_region_configuration.is_none());
        // It can never be replicated (MRK-07).
        let refused = world.root.replicate_key(metadata.arn, EUROPE).send();
        let message = format!("{} is not a multi-region primary key.", metadata.arn);
        assert_refused(refused, "UnsupportedOperationException", &message);
    }
}

/// Spec: MRK-03, MRK-05
#[test]
fn names_of_other_regions_are_not_found() {
    let world = World::new();
    let set = world.set(&[EUROPE]);
    assert_refused(
        set.home.describe_key("mrk-fake-key-id").send(),
        "NotFoundException",
        "Invalid keyId 'mrk-fake-key-id'",
    );
    let message = format!("Invalid arn {EUROPE}");
    assert_refused(set.home.describe_key(set.arn_in(EUROPE)).send(), "NotFoundException", &message);
    let message = format!("Key '{}' does not exist", set.arn_in(crate::ASIA));
    assert_refused(set.asia.describe_key(&set.id).send(), "NotFoundException", &message);
}

/// Every kind of key that the table allows, and its material in another Region.
///
/// Spec: MRK-21, MRK-22, KEY-15
#[test]
fn keys_of_every_kind_can_be_replicated() {
    let world = World::new();
    let (home, europe) = (world.root_in(HOME), world.root_in(EUROPE));
    for (spec, usage) in [
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
        ("HMAC_256", "GENERATE_VERIFY_MAC"),
        ("RSA_2048", "SIGN_VERIFY"),
        ("ECC_NIST_P256", "SIGN_VERIFY"),
        ("ECC_NIST_P384", "KEY_AGREEMENT"),
        ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY"),
        ("ML_DSA_44", "SIGN_VERIFY"),
        ("ML_KEM_768", "ENCAPSULATE_DECAPSULATE"),
    ] {
        let key = home.create_key().multi_region(true).key_spec(spec).key_usage(usage).send().unwrap();
        let id = key.key_metadata.key_id.to_string();
        home.replicate_key(&id, EUROPE).send().unwrap();
        let there = europe.describe_key(&id).send().unwrap().into_inner().key_metadata;
        assert_eq!((there.key_spec.as_str(), there.key_usage.as_str()), (spec, usage));
        let cryptographic = |key: &keystead::operations::KeyMetadata| {
            (
                (key.key_spec, key.key_usage, key.origin, key.current_key_material_id),
                (key.encryption_algorithms.clone(), key.signing_algorithms.clone(), key.mac_algorithms.clone()),
                (key.key_agreement_algorithms.clone(), key.encapsulation_algorithms.clone()),
            )
        };
        assert_eq!(cryptographic(&there), cryptographic(&key.key_metadata));
        if !matches!(spec, "SYMMETRIC_DEFAULT" | "HMAC_256") {
            let public = |client: &keystead::Client| client.get_public_key(&id).send().unwrap().into_inner().public_key;
            assert_eq!(public(&home), public(&europe), "{spec}");
        }
    }
}

/// Spec: RUL-09
#[test]
fn the_china_profile_has_none_unless_the_host_wants_them() {
    let china = "cn-north-1";
    let world = World::new();
    let refused = world.root_in(china).create_key().multi_region(true).send();
    assert_code(refused, "UnsupportedOperationException");
    assert!(world.root_in(china).create_key().send().is_ok());

    let config =
        RegionConfig { partition: Partition::AWS_CN, profile: Profile::China, hmac_keys: true, multi_region: true };
    let world = World::with(|builder| {
        let north = builder.region(china.parse().unwrap(), config);
        north.region("cn-northwest-1".parse().unwrap(), config)
    });
    let (north, west) = (world.root_in(china), world.root_in("cn-northwest-1"));
    let sm2 = north.create_key().multi_region(true).key_spec("SM2").key_usage("SIGN_VERIFY").send().unwrap();
    north.replicate_key(sm2.key_metadata.arn, "cn-northwest-1").send().unwrap();
    let key = north.create_key().multi_region(true).send().unwrap().key_metadata.arn;
    north.replicate_key(key, "cn-northwest-1").send().unwrap();
    let blob = north.encrypt(key, b"sm4").send().unwrap().into_inner().ciphertext_blob;
    assert_eq!(west.decrypt(blob).send().unwrap().expose(), b"sm4");
}

/// Keys in key stores are in one Region.
#[test]
fn keys_in_key_stores_are_in_one_region() {
    let world = World::new();
    let call = || world.root.create_key().multi_region(true).custom_key_store_id("cks-1234567890abcdef0");
    let (code, message) = outcome(call().origin("AWS_CLOUDHSM").send());
    assert_eq!(code, "UnsupportedOperationException");
    assert!(message.contains("multi-Region"), "{message}");
    let (code, _) = outcome(call().origin("EXTERNAL_KEY_STORE").xks_key_id("key").send());
    assert_eq!(code, "UnsupportedOperationException");
}

/// Scenario 21.
///
/// Spec: MRK-11, MRK-31
#[test]
fn related_keys_count_in_their_own_regions() {
    let world = World::with(|builder| builder.quotas(QuotaProfile::DEFAULT.with_keys_per_account(1)));
    let set = world.set(&[EUROPE]);
    let count = |region: &str| world.kms.key_count(region.parse().unwrap(), set.home.account()).unwrap();
    assert_eq!((count(HOME), count(EUROPE)), (1, 1));
    world.root_in(crate::ASIA).create_key().send().unwrap();
    assert_code(set.home.replicate_key(&set.id, crate::ASIA).send(), "LimitExceededException");
    assert_eq!(count(crate::ASIA), 1);
    assert_code(set.asia.describe_key(&set.id).send(), "NotFoundException");
    assert_eq!(roles(&set.described(&set.home)).2, [EUROPE]);
    assert!(
        world.records("CreateKey").iter().all(|record| record
            .request_parameters
            .as_ref()
            .unwrap()
            .get("multiRegion")
            .is_none()
            || record.aws_region.as_str() != crate::ASIA)
    );
}
