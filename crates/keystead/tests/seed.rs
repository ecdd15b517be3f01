//! Keys that are known beforehand.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use keystead::testing::{Seed, SeedError, SeedKey, SeedProblem};
use keystead::{Caller, Client, Error, Kms};

const ACCOUNT: &str = "111122223333";
const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

#[test]
fn a_seeded_key_is_as_written() {
    let key = SeedKey::new(ID)
        .description("orders")
        .alias("alias/orders")
        .alias("alias/bills")
        .tag("team", "orders")
        .rotation_period_in_days(180)
        .enabled(false);
    let kms = planted(key);
    let client = client(&kms);
    let described = client.describe_key("alias/orders").send().unwrap();
    let metadata = &described.key_metadata;
    assert_eq!(metadata.arn.to_string(), format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/{ID}"));
    assert_eq!((&*metadata.description, metadata.enabled), ("orders", false));
    client.enable_key(ID).send().unwrap();
    client.encrypt("alias/bills", b"x").send().unwrap();
    assert_eq!(client.list_resource_tags(ID).send().unwrap().tags.len(), 1);
    let rotation = client.get_key_rotation_status(ID).send().unwrap();
    assert_eq!((rotation.key_rotation_enabled, rotation.rotation_period_in_days), (true, Some(180)));
    assert_eq!(client.list_aliases().key_id(ID).send().unwrap().aliases.len(), 2);
    assert_eq!(client.list_keys().send().unwrap().keys.len(), 1);
    assert_eq!(kms.key_count(client.region(), client.account()).unwrap(), 1);
}

#[test]
fn what_one_instance_encrypts_another_one_decrypts() {
    let key = || SeedKey::new(ID).material([7; 32]);
    let (here, there) = (planted(key()), planted(key()));
    let sealed = client(&here).encrypt(ID, b"4111").context("order", "42").send().unwrap();
    let opened = client(&there).decrypt(&sealed.ciphertext_blob).context("order", "42").send().unwrap();
    assert_eq!(opened.expose(), b"4111");

    let other = planted(SeedKey::new(ID).material([8; 32]));
    let refused = client(&other).decrypt(&sealed.ciphertext_blob).context("order", "42").send().unwrap_err();
    assert_eq!(refused.code(), "InvalidCiphertextException");
}

#[test]
fn the_last_material_is_current() {
    let before = planted(SeedKey::new(ID).material([1; 32]));
    let sealed = client(&before).encrypt(ID, b"old").send().unwrap();
    let after = planted(SeedKey::new(ID).material([1; 32]).material([2; 32]));
    let client = client(&after);
    let opened = client.decrypt(&sealed.ciphertext_blob).send().unwrap();
    assert_eq!(opened.expose(), b"old");
    let current = client.describe_key(ID).send().unwrap().key_metadata.current_key_material_id;
    assert!(current.is_some() && current != opened.key_material_id);
    assert_eq!(client.list_key_rotations(ID).send().unwrap().rotations.len(), 1);
    let renewed = client.encrypt(ID, b"new").send().unwrap();
    assert_eq!(client.decrypt(&renewed.ciphertext_blob).send().unwrap().key_material_id, current);
    client.rotate_key_on_demand(ID).send().unwrap();
    assert_eq!(client.decrypt(&sealed.ciphertext_blob).send().unwrap().expose(), b"old");
}

/// The key pair of RFC 8410, section 10.3.
#[test]
fn a_private_key_is_taken_from_pem() {
    let pem = "-----BEGIN PRIVATE KEY-----\n\
               MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
               -----END PRIVATE KEY-----\n";
    let key = SeedKey::new(ID).spec("ECC_NIST_EDWARDS25519").usage("SIGN_VERIFY").private_key(pem);
    let kms = planted(key);
    let public = client(&kms).get_public_key(ID).send().unwrap();
    let expected =
        hex::decode("302a300506032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1");
    assert_eq!(public.public_key, expected.unwrap());
}

#[test]
fn hmac_and_multi_region_keys_can_be_seeded() {
    let mrk = "mrk-1234abcd12ab34cd56ef1234567890ab";
    let kms = planted(SeedKey::new(mrk).spec("HMAC_256").usage("GENERATE_VERIFY_MAC").material([3; 32]));
    let client = client(&kms);
    client.replicate_key(mrk, "eu-west-1").send().unwrap();
    let here = client.generate_mac(mrk, b"message").mac_algorithm("HMAC_SHA_256").send().unwrap();
    let there = kms.client("eu-west-1", Caller::account_root(ACCOUNT).unwrap()).unwrap();
    there.verify_mac(mrk, b"message", &here.mac).mac_algorithm("HMAC_SHA_256").send().unwrap();
}

#[test]
fn policies_count() {
    let deny = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:Encrypt", "Resource": "*"}}"#;
    let kms = planted(SeedKey::new(ID).policy(deny));
    client(&kms).encrypt(ID, b"x").send().unwrap();
    let refused = client(&kms).describe_key(ID).send().unwrap_err();
    assert!(matches!(refused.error(), Error::AccessDenied(_)), "{refused}");
}

#[test]
fn what_cannot_be_is_refused_and_leaves_nothing() {
    let key = || SeedKey::new(ID);
    for (wrong, expected) in [
        (SeedKey::new("orders"), "no key ID"),
        (key().spec("AES_256"), "no key spec"),
        (key().spec("RSA_2048"), "say the `usage`"),
        (key().usage("SIGN_VERIFY"), "not compatible"),
        (key().material([1; 31]), "32 bytes each"),
        (key().private_key("x"), "32 bytes each"),
        (key().spec("ECC_NIST_P256").usage("SIGN_VERIFY").material([1; 32]), "PKCS #8 in PEM"),
        (key().spec("ECC_NIST_P256").usage("SIGN_VERIFY").private_key("x"), "PKCS #8 in PEM"),
        (key().spec("ECC_NIST_P256").usage("SIGN_VERIFY").rotation_period_in_days(365), "do not rotate"),
        (key().rotation_period_in_days(1), ""),
        (key().policy("{"), "policy: "),
        (key().alias("orders"), "`orders` is reserved, taken or no alias"),
        (key().alias("alias/aws/s3"), "is reserved"),
        (key().tag("aws:x", "y"), "tags: "),
    ] {
        let kms = Kms::in_memory();
        let error = seed(wrong).plant(&kms).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(client(&kms).list_keys().send().unwrap().keys.is_empty(), "{error}");
    }
}

#[test]
fn nothing_is_planted_twice() {
    let kms = planted(SeedKey::new(ID).alias("alias/orders"));
    let again = seed(SeedKey::new(ID)).plant(&kms).unwrap_err();
    assert!(matches!(again, SeedError::Key { problem: SeedProblem::Exists, .. }), "{again}");
    let other = SeedKey::new("00000000-12ab-34cd-56ef-1234567890ab").alias("alias/orders");
    let taken = seed(other).plant(&kms).unwrap_err();
    assert!(matches!(taken, SeedError::Key { problem: SeedProblem::Alias(_), .. }), "{taken}");
}

#[test]
fn files_are_read_strictly_and_no_error_shows_material() {
    let secret = "5ec4e7".repeat(10) + "zzzz";
    let line = |text: &str| match Seed::from_toml(text).unwrap_err() {
        SeedError::Toml { line, message } => {
            assert!(!message.contains("5ec4e7"), "{message}");
            line
        }
        other => panic!("{other}"),
    };
    let head = "account = \"111122223333\"\nregion = \"us-east-1\"\n[[keys]]\n";
    assert_eq!(line(&format!("{head}id = \"x\"\nmaterial = [\"{secret}\"]\n")), 5);
    assert_eq!(line(&format!("{head}id = \"x\"\nmaterials = []\n")), 5);
    assert!(line(&format!("{head}id = \"x\"\nmaterial = \"{secret}\n")) >= 5);
    assert_eq!(line("region = \"us-east-1\"\n"), 1);
    assert!(Seed::from_toml_in("", ACCOUNT.parse().unwrap(), "us-east-1".parse().unwrap()).is_ok());
    let seed = Seed::from_toml(&format!("{head}id = \"x\"\nmaterial = [\"{}\"]\n", "5ec4e7".repeat(10))).unwrap();
    assert!(!format!("{seed:?}").to_lowercase().contains("5ec4e7"));
}

fn planted(key: SeedKey) -> Kms {
    let kms = Kms::in_memory();
    seed(key).plant(&kms).unwrap();
    kms
}

fn seed(key: SeedKey) -> Seed {
    Seed::new(ACCOUNT.parse().unwrap(), "us-east-1".parse().unwrap()).key(key)
}

fn client(kms: &Kms) -> Client {
    kms.client("us-east-1", Caller::account_root(ACCOUNT).unwrap()).unwrap()
}
