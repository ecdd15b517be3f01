//! The table of key types (chapter 41, sections 3 and 10), cell by cell.

use keystead::{CallError, Client};

use crate::support::{Key, World, assert_code};
use crate::{QUICK, SM2_USAGES, typed_key};

/// The columns of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Symmetric,
    Hmac,
    AsymmetricEncrypt,
    AsymmetricSign,
    Agreement,
    Encapsulation,
}

impl Column {
    fn of(spec: &str, usage: &str) -> Self {
        match usage {
            "ENCRYPT_DECRYPT" if spec == "SYMMETRIC_DEFAULT" => Self::Symmetric,
            "ENCRYPT_DECRYPT" => Self::AsymmetricEncrypt,
            "SIGN_VERIFY" => Self::AsymmetricSign,
            "GENERATE_VERIFY_MAC" => Self::Hmac,
            "KEY_AGREEMENT" => Self::Agreement,
            _ => Self::Encapsulation,
        }
    }
}

use Column::{Agreement, AsymmetricEncrypt, AsymmetricSign, Encapsulation, Hmac, Symmetric};

const ALL: &[Column] = &[Symmetric, Hmac, AsymmetricEncrypt, AsymmetricSign, Agreement, Encapsulation];
const PAIRS: &[Column] = &[AsymmetricEncrypt, AsymmetricSign, Agreement, Encapsulation];
const USAGE: &str = "InvalidKeyUsageException";
const UNSUPPORTED: &str = "UnsupportedOperationException";

/// What an attempt needs.
struct Attempt<'a> {
    client: &'a Client,
    key: &'a str,
    spec: &'a str,
}

type Row = (&'static str, &'static [Column], &'static str, fn(&Attempt<'_>) -> Result<(), CallError>);

/// The operations, the kinds of key that they work with, and the exception for all others.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    ("CreateAlias", ALL, "", |a| a.client.create_alias("alias/a", a.key).send().map(drop)),
    ("UpdateAlias", ALL, "", |a| a.client.update_alias("alias/a", a.key).send().map(drop)),
    ("DeleteAlias", ALL, "", |a| a.client.delete_alias("alias/a").send().map(drop)),
    ("DescribeKey", ALL, "", |a| a.client.describe_key(a.key).send().map(drop)),
    ("DisableKey", ALL, "", |a| a.client.disable_key(a.key).send().map(drop)),
    ("EnableKey", ALL, "", |a| a.client.enable_key(a.key).send().map(drop)),
    ("Encrypt", &[Symmetric, AsymmetricEncrypt], USAGE, |a| {
        a.client.encrypt(a.key, b"x").encryption_algorithm(a.encryption()).send().map(drop)
    }),
    ("ReEncrypt", &[Symmetric, AsymmetricEncrypt], USAGE, |a| {
        let sealed = a.symmetric_blob();
        a.client.re_encrypt(sealed, a.key).destination_encryption_algorithm(a.encryption()).send().map(drop)
    }),
    ("GenerateDataKey", &[Symmetric], USAGE, |a| a.client.generate_data_key(a.key).key_spec("AES_256").send().map(drop)),
    ("GenerateDataKeyWithoutPlaintext", &[Symmetric], USAGE, |a| {
        a.client.generate_data_key_without_plaintext(a.key).key_spec("AES_256").send().map(drop)
    }),
    ("GenerateDataKeyPair", &[Symmetric], USAGE, |a| {
        a.client.generate_data_key_pair(a.key).key_pair_spec("ECC_NIST_P256").send().map(drop)
    }),
    ("GenerateDataKeyPairWithoutPlaintext", &[Symmetric], USAGE, |a| {
        a.client.generate_data_key_pair_without_plaintext(a.key).key_pair_spec("ECC_NIST_P256").send().map(drop)
    }),
    ("GenerateMac", &[Hmac], USAGE, |a| a.client.generate_mac(a.key, b"m").mac_algorithm(a.mac()).send().map(drop)),
    ("VerifyMac", &[Hmac], USAGE, |a| {
        let made = a.client.generate_mac(a.key, b"m").mac_algorithm(a.mac()).send();
        let mac = made.map_or(vec![0], |made| made.into_inner().mac);
        a.client.verify_mac(a.key, b"m", mac).mac_algorithm(a.mac()).send().map(drop)
    }),
    ("Sign", &[AsymmetricSign], USAGE, |a| a.client.sign(a.key, b"m").signing_algorithm(a.signing()).send().map(drop)),
    ("Verify", &[AsymmetricSign], USAGE, |a| {
        let made = a.client.sign(a.key, b"m").signing_algorithm(a.signing()).send();
        let signature = made.map_or(vec![0], |made| made.into_inner().signature);
        a.client.verify(a.key, b"m", signature).signing_algorithm(a.signing()).send().map(drop)
    }),
    ("GetPublicKey", PAIRS, UNSUPPORTED, |a| a.client.get_public_key(a.key).send().map(drop)),
    ("DeriveSharedSecret", &[Agreement], USAGE, |a| {
        let own = a.client.get_public_key(a.key).send().map_or(vec![0], |key| key.into_inner().public_key);
        a.client.derive_shared_secret(a.key, own).send().map(drop)
    }),
    ("Encapsulate", &[Encapsulation], USAGE, |a| a.client.encapsulate(a.key).send().map(drop)),
    ("Decapsulate", &[Encapsulation], USAGE, |a| {
        let made = a.client.encapsulate(a.key).send();
        let blob = made.map_or(vec![0], |made| made.into_inner().shared_secret_ciphertext_blob);
        a.client.decapsulate(a.key, blob).send().map(drop)
    }),
    ("EnableKeyRotation", &[Symmetric], UNSUPPORTED, |a| a.client.enable_key_rotation(a.key).send().map(drop)),
    ("DisableKeyRotation", &[Symmetric], UNSUPPORTED, |a| a.client.disable_key_rotation(a.key).send().map(drop)),
    ("RotateKeyOnDemand", &[Symmetric], UNSUPPORTED, |a| a.client.rotate_key_on_demand(a.key).send().map(drop)),
    ("ListKeyRotations", &[Symmetric], UNSUPPORTED, |a| a.client.list_key_rotations(a.key).send().map(drop)),
    ("GetKeyRotationStatus", ALL, "", |a| a.client.get_key_rotation_status(a.key).send().map(drop)),
    ("GetKeyPolicy", ALL, "", |a| a.client.get_key_policy(a.key).send().map(drop)),
    ("ListKeyPolicies", ALL, "", |a| a.client.list_key_policies(a.key).send().map(drop)),
    ("ListResourceTags", ALL, "", |a| a.client.list_resource_tags(a.key).send().map(drop)),
    ("ListGrants", ALL, "", |a| a.client.list_grants(a.key).send().map(drop)),
    ("TagResource", ALL, "", |a| a.client.tag_resource(a.key).tag("a", "b").send().map(drop)),
    ("UntagResource", ALL, "", |a| a.client.untag_resource(a.key).tag_key("a").send().map(drop)),
    ("UpdateKeyDescription", ALL, "", |a| a.client.update_key_description(a.key, "d").send().map(drop)),
    ("ScheduleKeyDeletion", ALL, "", |a| a.client.schedule_key_deletion(a.key).send().map(drop)),
    ("CancelKeyDeletion", ALL, "", |a| a.client.cancel_key_deletion(a.key).send().map(drop)),
];

/// Spec: TYP-01, TYP-02, KEY-12, OVR-08
#[test]
fn each_operation_works_with_the_kinds_of_key_in_its_row() {
    let world = World::new();
    let china = world.china();
    let sm2 = SM2_USAGES.map(|usage| ("SM2", usage));
    let cases = QUICK.iter().map(|case| (&world.root, *case)).chain(sm2.iter().map(|case| (&china, *case)));
    for (client, (spec, usage)) in cases {
        let key = typed_key(client, spec, usage);
        let column = Column::of(spec, usage);
        for (operation, works_with, exception, call) in TABLE {
            let result = call(&Attempt { client, key: &key.id, spec });
            if works_with.contains(&column) {
                assert!(result.is_ok(), "{operation} with {spec} {usage}: {result:?}");
            } else {
                assert_code(result, exception);
            }
        }
    }
}

/// Both tables must admit a cell: multi-Region keys do what their kind does, imported ones do not rotate by themselves,
/// and what is only for related keys does not work with others of any kind.
///
/// Spec: TYP-12
#[test]
fn features_restrict_what_the_kind_allows_and_never_widen_it() {
    let world = World::new();
    let quick = QUICK.iter().filter(|(spec, _)| !spec.starts_with("RSA"));
    for (spec, usage) in quick {
        let column = Column::of(spec, usage);
        let create = || world.root.create_key().key_spec(*spec).key_usage(*usage);
        let related = create().multi_region(true).send().unwrap().key_metadata.key_id.to_string();
        for (operation, works_with, exception, call) in TABLE {
            let result = call(&Attempt { client: &world.root, key: &related, spec });
            match works_with.contains(&column) {
                true => assert!(result.is_ok(), "{operation} with {spec}: {result:?}"),
                false => assert_code(result, exception),
            }
        }
        let imported = create().origin("EXTERNAL").send().unwrap().key_metadata.key_id.to_string();
        assert_code(world.root.enable_key_rotation(&imported).send(), UNSUPPORTED);
        assert_code(world.root.disable_key_rotation(&imported).send(), UNSUPPORTED);
        if column != Symmetric {
            assert_code(world.root.rotate_key_on_demand(&imported).send(), UNSUPPORTED);
            assert_code(world.root.list_key_rotations(&imported).send(), UNSUPPORTED);
        }
        for single in [&create().send().unwrap().key_metadata.key_id.to_string(), &imported] {
            assert_code(world.root.replicate_key(single, "eu-west-1").send(), UNSUPPORTED);
            assert_code(world.root.update_primary_region(single, "eu-west-1").send(), UNSUPPORTED);
        }
    }
}

/// Spec: TYP-08
#[test]
fn operations_without_a_key_work_where_there_is_none() {
    let world = World::new();
    assert!(world.root.list_keys().send().unwrap().keys.is_empty());
    assert!(world.root.list_aliases().send().unwrap().aliases.is_empty());
    assert_eq!(world.root.generate_random(7).send().unwrap().expose().len(), 7);
}

/// Spec: TYP-02, ASY-81
#[test]
fn capability_comes_before_state_and_state_before_usage() {
    let world = World::new();
    for (spec, usage) in QUICK {
        let key = world.typed_key(spec, usage);
        let column = Column::of(spec, usage);
        world.root.disable_key(&key.id).send().unwrap();
        let uses_material = TABLE.iter().filter(|(_, works_with, ..)| works_with.len() < ALL.len());
        for (operation, works_with, exception, call) in uses_material {
            let result = call(&Attempt { client: &world.root, key: &key.id, spec });
            let expected = match *operation {
                "ListKeyRotations" if works_with.contains(&column) => {
                    result.unwrap();
                    continue;
                }
                _ if works_with.contains(&column) || *exception == USAGE => "DisabledException",
                _ => UNSUPPORTED,
            };
            let Key { arn, .. } = &key;
            let error = result.expect_err(operation);
            assert_eq!(error.code(), expected, "{operation} on {arn}, {spec} {usage}: {error}");
        }
    }
}

impl Attempt<'_> {
    fn encryption(&self) -> &'static str {
        match self.spec {
            "SYMMETRIC_DEFAULT" => "SYMMETRIC_DEFAULT",
            "SM2" => "SM2PKE",
            _ => "RSAES_OAEP_SHA_256",
        }
    }

    fn signing(&self) -> &'static str {
        match self.spec {
            "ECC_NIST_P256" | "ECC_SECG_P256K1" => "ECDSA_SHA_256",
            "ECC_NIST_P384" => "ECDSA_SHA_384",
            "ECC_NIST_P521" => "ECDSA_SHA_512",
            "ECC_NIST_EDWARDS25519" => "ED25519_SHA_512",
            "SM2" => "SM2DSA",
            spec if spec.starts_with("ML_DSA") => "ML_DSA_SHAKE_256",
            _ => "RSASSA_PSS_SHA_256",
        }
    }

    fn mac(&self) -> &'static str {
        match self.spec {
            "HMAC_224" => "HMAC_SHA_224",
            "HMAC_384" => "HMAC_SHA_384",
            "HMAC_512" => "HMAC_SHA_512",
            _ => "HMAC_SHA_256",
        }
    }

    /// A ciphertext of a symmetric key that is not the one at hand.
    fn symmetric_blob(&self) -> Vec<u8> {
        let key = self.client.create_key().send().unwrap().key_metadata.key_id;
        self.client.encrypt(key, b"x").send().unwrap().into_inner().ciphertext_blob
    }
}
