//! Ciphertexts that are damaged, foreign or misused: the right exception, never a panic.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use keystead::hierarchy::BlobHeader;
use keystead::{CallError, Caller, Client};
use support::*;

/// A ciphertext of `key`, its context being one pair.
fn seal(client: &Client, key: &str, plaintext: &[u8]) -> Vec<u8> {
    client.encrypt(key, plaintext).context("app", "1").send().unwrap().into_inner().ciphertext_blob
}

/// Decrypts and re-encrypts: both must answer the same. ReEncrypt names its action differently.
#[track_caller]
fn open(client: &Client, blob: &[u8], key: Option<&str>, destination: &str) -> Result<(), CallError> {
    let mut decrypt = client.decrypt(blob).context("app", "1");
    let mut re_encrypt = client.re_encrypt(blob, destination).source_context("app", "1");
    if let Some(key) = key {
        decrypt = decrypt.key_id(key.to_owned());
        re_encrypt = re_encrypt.source_key_id(key.to_owned());
    }
    let (decrypted, moved) = (decrypt.send().map(drop), re_encrypt.send().map(drop));
    match (&decrypted, &moved) {
        (Ok(()), Ok(())) => {}
        (Err(one), Err(two)) => {
            assert_eq!(one.code(), two.code());
            assert_eq!(one.message(), two.message().replace("kms:ReEncryptFrom", "kms:Decrypt"));
        }
        _ => panic!("Decrypt: {decrypted:?}, ReEncrypt: {moved:?}"),
    }
    decrypted
}

/// The text for a ciphertext whose key the caller may not know of (POL-119).
fn of_ciphertext(client: &Client) -> String {
    opaque(client, "kms:Decrypt").replace("on this resource", "on the resource associated with this ciphertext")
}

const WRONG_KEY: &str = "The key ID in the request does not identify a CMK that can perform this operation.";

/// Spec: KEY-87, API-013, API-077, API-105
#[test]
fn a_ciphertext_of_any_other_length_is_refused() {
    let world = World::new();
    let key = world.key();
    for plaintext in [&b"x"[..], &[7; 40]] {
        let blob = seal(&world.root, &key.id, plaintext);
        for length in 1..blob.len() {
            for named in [None, Some(key.id.as_str())] {
                assert_refused(open(&world.root, &blob[..length], named, &key.id), "InvalidCiphertextException", "");
            }
        }
        for surplus in [1, 2, 16, 71, 6000] {
            let longer = [&blob[..], &vec![0; surplus]].concat();
            assert_refused(open(&world.root, &longer, None, &key.id), "InvalidCiphertextException", "");
        }
        assert_refused(open(&world.root, &blob[1..], None, &key.id), "InvalidCiphertextException", "");
        open(&world.root, &blob, None, &key.id).unwrap();
    }
}

/// Spec: KEY-87, API-012, API-013, API-077, API-105, POL-119, STA-72, ROT-04
#[test]
fn every_flipped_bit_is_noticed_and_named_by_what_it_hits() {
    let world = World::new();
    let key = world.key();
    let blob = seal(&world.root, &key.id, b"attack at dawn");
    let original = BlobHeader::parse(&blob).unwrap();
    let unknown = of_ciphertext(&world.root);
    for position in 0..blob.len() {
        for bit in 0..8 {
            let mut damaged = blob.clone();
            damaged[position] ^= 1 << bit;
            // A header that names another key may name a key of others, so nothing is told of it.
            let names = BlobHeader::parse(&damaged).ok().map(|header| (header.account, header.key_id));
            let (code, message) = match names {
                Some(names) if names != (original.account, original.key_id) => {
                    ("AccessDeniedException", unknown.as_str())
                }
                _ => ("InvalidCiphertextException", ""),
            };
            assert_refused(open(&world.root, &damaged, None, &key.id), code, message);
            // The caller who names the key learns that it is another.
            let (code, message) =
                if code == "AccessDeniedException" { ("IncorrectKeyException", WRONG_KEY) } else { (code, message) };
            assert_refused(open(&world.root, &damaged, Some(&key.arn), &key.id), code, message);
        }
    }
}

/// Spec: KEY-87, API-013
#[test]
fn bytes_that_are_no_ciphertext_are_refused() {
    let world = World::new();
    let key = world.key();
    for bytes in [vec![0], vec![0; 71], vec![255; 71], b"KS".to_vec(), vec![b'K'; 6144], (0..=255).collect()] {
        assert_refused(open(&world.root, &bytes, None, &key.id), "InvalidCiphertextException", "");
        assert_refused(open(&world.root, &bytes, Some(&key.id), &key.id), "InvalidCiphertextException", "");
    }
    let item = "Value at 'ciphertextBlob' failed to satisfy constraint: Member must have length ";
    let (none, long) = (Vec::new(), vec![0; 6145]);
    let message = violation(&format!("{item}greater than or equal to 1"));
    assert_refused(open(&world.root, &none, None, &key.id), "ValidationException", &message);
    let message = violation(&format!("{item}less than or equal to 6144"));
    assert_refused(open(&world.root, &long, None, &key.id), "ValidationException", &message);
}

/// Spec: KEY-13, KEY-15, KEY-65, API-077, API-105, AUD-32
#[test]
fn the_ciphertext_of_another_key_opens_only_with_that_key() {
    let world = World::new();
    let (key, other) = (world.key(), world.key());
    let blob = seal(&world.root, &key.id, b"x");
    open(&world.root, &blob, None, &key.id).unwrap();
    assert_refused(open(&world.root, &blob, Some(&other.id), &key.id), "IncorrectKeyException", WRONG_KEY);

    // The header of one on the body of the other.
    let mut mixed = seal(&world.root, &other.id, b"x");
    mixed[..31].copy_from_slice(&blob[..31]);
    assert_refused(open(&world.root, &mixed, None, &key.id), "InvalidCiphertextException", "");
}

/// Spec: ROT-03, ROT-04
#[test]
fn the_ciphertext_of_another_version_opens_only_with_that_version() {
    let world = World::new();
    let key = world.key();
    let first = seal(&world.root, &key.id, b"x");
    world.root.rotate_key_on_demand(&key.id).send().unwrap();
    let second = seal(&world.root, &key.id, b"x");
    for (blob, version) in [(&first, 2_u32), (&second, 1), (&first, 0), (&first, 3), (&first, u32::MAX)] {
        let mut moved = blob.clone();
        moved[27..31].copy_from_slice(&version.to_be_bytes());
        assert_refused(open(&world.root, &moved, None, &key.id), "InvalidCiphertextException", "");
    }
}

/// Spec: API-014, POL-119, PRM-09
#[test]
fn the_ciphertext_of_another_account_is_no_ones_business() {
    let world = World::new();
    let key = world.key();
    let foreign = world.foreign_key();
    let blob = seal(&world.foreign_root(), &foreign.id, b"x");
    let unknown = of_ciphertext(&world.root);
    assert_refused(open(&world.root, &blob, None, &key.id), "AccessDeniedException", &unknown);
    assert_refused(
        world.root.decrypt(&blob).context("app", "1").key_id(foreign.arn).send(),
        "AccessDeniedException",
        &opaque(&world.root, "kms:Decrypt"),
    );
    assert_refused(open(&world.root, &blob, Some(&key.id), &key.id), "IncorrectKeyException", WRONG_KEY);

    // A key of the account that the caller may not use, and one that never was, look the same.
    let powerless = world.user(&["kms:Encrypt"]);
    let own = seal(&world.root, &key.id, b"x");
    let unknown = of_ciphertext(&powerless);
    assert_refused(powerless.decrypt(&own).context("app", "1").send(), "AccessDeniedException", &unknown);
    assert_refused(powerless.decrypt(&blob).context("app", "1").send(), "AccessDeniedException", &unknown);
}

/// Spec: OVR-15, KEY-15, STA-72
#[test]
fn the_ciphertext_of_another_instance_names_no_key_here() {
    let (world, elsewhere) = (World::new(), World::new());
    let key = world.key();
    let blob = seal(&elsewhere.root, &elsewhere.key().id, b"x");
    let unknown = of_ciphertext(&world.root);
    assert_refused(open(&world.root, &blob, None, &key.id), "AccessDeniedException", &unknown);
    assert_refused(open(&world.root, &blob, Some(&key.id), &key.id), "IncorrectKeyException", WRONG_KEY);
}

/// Spec: KEY-11, KEY-87, MRK-17
#[test]
fn the_ciphertext_of_another_region_or_profile_is_refused() {
    let world = World::new();
    let key = world.key();
    let root = || Caller::account_root(ACCOUNT).unwrap();
    for region in ["us-east-1", "cn-north-1"] {
        let client = world.kms.client(region, root()).unwrap();
        let other = client.create_key().send().unwrap().key_metadata.key_id.to_string();
        let blob = seal(&client, &other, b"x");
        open(&client, &blob, None, &other).unwrap();
        let unknown = of_ciphertext(&world.root);
        assert_refused(open(&world.root, &blob, None, &key.id), "AccessDeniedException", &unknown);
        // Under the name of a key of this Region it is damaged.
        let mut renamed = blob.clone();
        renamed[10..27].copy_from_slice(&seal(&world.root, &key.id, b"x")[10..27]);
        assert_refused(open(&world.root, &renamed, None, &key.id), "InvalidCiphertextException", "");
    }
}

/// Spec: KEY-81, KEY-87, API-035, API-105, PRM-33
#[test]
fn context_and_damage_are_refused_alike() {
    let world = World::new();
    let key = world.key();
    let blob = seal(&world.root, &key.id, b"x");
    let mut damaged = blob.clone();
    *damaged.last_mut().unwrap() ^= 1;
    for (blob, value) in [(&blob, "2"), (&damaged, "1"), (&damaged, "2")] {
        for dry_run in [false, true] {
            let call = world.root.decrypt(blob).context("app", value).dry_run(dry_run);
            assert_refused(call.send(), "InvalidCiphertextException", "");
            let call = world.root.re_encrypt(blob, &key.id).source_context("app", value).dry_run(dry_run);
            assert_refused(call.send(), "InvalidCiphertextException", "");
        }
    }
}
