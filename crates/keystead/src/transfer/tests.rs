//! The pinned vector of `docs/formats/transfer.md`, and envelopes that somebody made who had the request.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use keystead_crypto::entropy::SeededEntropy;
use keystead_crypto::{DefaultProvider, SecretBytes};
use keystead_hierarchy::spec::{KeyManager, KeySpec, KeyUsage, Origin};
use keystead_hierarchy::{Deletion, Profile};
use zeroize::Zeroizing;

use super::contents::{Contents, TravellingKey};
use super::seal::{RequestKeys, open, seal};
use super::*;
use crate::Caller;

/// The private keys of the document open its envelope, and make its request.
#[test]
fn the_vector_opens() {
    let [secret, request, envelope] = vector();
    let keys = RequestKeys::from_secret(&DefaultProvider, &SecretBytes::from(secret)).unwrap();
    let parsed = TransferRequest::from_bytes(request.clone()).unwrap();
    assert_eq!(keys.request(parsed.parts.slip).unwrap().as_bytes(), request);
    assert!(DOCUMENT.contains(parsed.fingerprint()), "the document lacks {}", parsed.fingerprint());
    assert_eq!(parsed.valid_to(), Timestamp::from_millis(1_767_312_000_000).unwrap());
    assert_eq!(open(&keys, &envelope, &DefaultProvider).unwrap().expose(), b"the contents of an envelope");

    // What is written today is of the same form.
    let again = sealed(&parsed, b"the contents of an envelope");
    assert_eq!(again.len(), envelope.len());
    assert_eq!(open(&keys, &again, &DefaultProvider).unwrap().expose(), b"the contents of an envelope");
}

#[test]
fn every_altered_byte_and_every_cut_is_refused() {
    let [secret, request, envelope] = vector();
    let keys = RequestKeys::from_secret(&DefaultProvider, &SecretBytes::from(secret)).unwrap();
    let genuine = TransferRequest::from_bytes(request.clone()).unwrap();
    for at in 0..envelope.len() {
        let mut altered = envelope.clone();
        altered[at] ^= 1 << (at % 8);
        // Most of the envelope is one ciphertext of ML-KEM, of which any bit is like any other.
        if at < 200 || at > envelope.len() - 100 || at % 16 == 0 {
            assert!(open(&keys, &altered, &DefaultProvider).is_err(), "byte {at} altered");
            assert!(open(&keys, &envelope[..at], &DefaultProvider).is_err(), "cut to {at}");
        }
    }
    assert!(open(&keys, &[envelope.as_slice(), b"\0"].concat(), &DefaultProvider).is_err());
    // A request that was altered is none, or gives an envelope that the receiver does not open.
    for at in (0..request.len()).step_by(7) {
        let mut altered = request.clone();
        altered[at] ^= 1 << (at % 8);
        let Ok(forged) = TransferRequest::from_bytes(altered) else { continue };
        assert_ne!(forged.fingerprint(), genuine.fingerprint());
        let contents = Zeroizing::new(b"contents".to_vec());
        let Ok(envelope) = seal(&forged, contents, &DefaultProvider, &SeededEntropy::new(3)) else { continue };
        // The receiver looks its keys up by the slip.
        let is_known = forged.parts.slip == genuine.parts.slip;
        assert!(!is_known || open(&keys, &envelope, &DefaultProvider).is_err(), "byte {at} of the request altered");
    }
}

/// Whoever has the request can seal anything for it. What no instance would have is refused, and nothing is changed.
///
/// Spec: MRK-02
#[test]
fn what_no_instance_would_send_is_refused() {
    let (sender, receiver) = (Kms::in_memory(), Kms::in_memory());
    let home = sender.client("us-west-2", Caller::account_root("111122223333").unwrap()).unwrap();
    let single = home.create_key().tag("a", "b").send().unwrap().key_metadata.arn;
    home.create_alias("alias/single", single).send().unwrap();
    home.create_grant(single, "arn:aws:iam::111122223333:user/bob").operation("Decrypt").send().unwrap();
    let set = home.create_key().multi_region(true).send().unwrap().key_metadata.arn;
    home.replicate_key(set, "eu-west-1").send().unwrap();
    sender.sweep().unwrap();

    for (what, multi_region, forge) in FORGERIES {
        let request = receiver.transfer_request("us-west-2".parse().unwrap()).unwrap();
        let mut contents = pack(&sender, if *multi_region { &set } else { &single });
        forge(&mut contents.keys);
        let mut bytes = contents.encode().unwrap();
        let envelope = sealed(&request, &std::mem::take(&mut *bytes));
        let error = receiver.import_key(&envelope).expect_err(what);
        let expected = matches!(error, TransferError::Malformed(_) | TransferError::Region(_));
        assert!(expected, "{what}: {error}");
    }
    let to = receiver.client("us-west-2", Caller::account_root("111122223333").unwrap()).unwrap();
    assert!(to.list_keys().send().unwrap().keys.is_empty() && to.list_aliases().send().unwrap().aliases.is_empty());
    // Without a forgery each of them comes in.
    for arn in [&single, &set] {
        let request = receiver.transfer_request("us-west-2".parse().unwrap()).unwrap();
        let bytes = pack(&sender, arn).encode().unwrap();
        receiver.import_key(&sealed(&request, &bytes)).unwrap();
    }
}

/// A grant that another key has already would stand in its place in the store.
///
/// Spec: MRK-02
#[test]
fn a_grant_of_a_key_that_is_here_is_refused() {
    let (sender, receiver) = (Kms::in_memory(), Kms::in_memory());
    let home = sender.client("us-west-2", Caller::account_root("111122223333").unwrap()).unwrap();
    let [first, second] = [0, 1].map(|_| home.create_key().send().unwrap().key_metadata.arn);
    let bob = "arn:aws:iam::111122223333:user/bob";
    home.create_grant(first, bob).operation("Decrypt").retiring_principal(bob).send().unwrap();
    let request = || receiver.transfer_request("us-west-2".parse().unwrap()).unwrap();
    let contents = pack(&sender, &first);
    receiver.import_key(&sealed(&request(), &contents.encode().unwrap())).unwrap();
    let mut forged = pack(&sender, &second);
    forged.keys[0].grants.clone_from(&contents.keys[0].grants);
    let error = receiver.import_key(&sealed(&request(), &forged.encode().unwrap())).unwrap_err();
    assert!(matches!(error, TransferError::Malformed(_)), "{error}");
    let to = receiver.client("us-west-2", Caller::account_root("111122223333").unwrap()).unwrap();
    assert_eq!(to.list_retirable_grants(bob).send().unwrap().grants.len(), 1);
    assert_eq!(to.list_keys().send().unwrap().keys.len(), 1);
}

/// Contents that are no contents.
#[test]
fn bytes_that_are_no_contents_are_refused() {
    let sender = Kms::in_memory();
    let home = sender.client("us-west-2", Caller::account_root("111122223333").unwrap()).unwrap();
    let key = home.create_key().send().unwrap().key_metadata.arn;
    let bytes = pack(&sender, &key).encode().unwrap();
    assert!(Contents::decode(&bytes).is_some());
    for len in 0..bytes.len() {
        assert!(Contents::decode(&bytes[..len]).is_none(), "cut to {len}");
    }
    assert!(Contents::decode(&[bytes.as_slice(), &[0]].concat()).is_none());
}

type Forge = fn(&mut Vec<TravellingKey>);

/// What is forged, of a set or of a single key, and how.
const FORGERIES: &[(&str, bool, Forge)] = &[
    ("no key", false, |keys| keys.clear()),
    ("the key twice", false, |keys| {
        let copy = Contents::decode(&Contents { keys: std::mem::take(keys) }.encode().unwrap()).unwrap();
        let again = Contents::decode(&copy.encode().unwrap()).unwrap();
        keys.extend(copy.keys.into_iter().chain(again.keys));
    }),
    ("a set that lacks a key", true, |keys| drop(keys.pop())),
    ("a set that begins with a replica", true, |keys| keys.reverse()),
    ("a set of two accounts", true, |keys| keys[1].arn.account = "444455556666".parse().unwrap()),
    ("other material in the replica", true, |keys| {
        keys[1].secrets.materials[0] = Some(SecretBytes::from(&[1; 32]));
    }),
    ("a replica that knows other material", true, |keys| drop(keys[1].materials.pop())),
    ("a replica of another spec", true, |keys| {
        keys[1].record.spec = KeySpec::Hmac256;
        keys[1].record.usage = KeyUsage::GenerateVerifyMac;
    }),
    ("a single-Region key that belongs to a set", false, |keys| {
        keys[0].record.related = Some(Box::new(crate::related::RelatedKeys::new(keys[0].arn.region)));
    }),
    ("a multi-Region key without a set", true, |keys| {
        keys.truncate(1);
        keys[0].record.related = None;
    }),
    ("a format of the future", false, |keys| keys[0].record.format = 99),
    ("another partition", false, |keys| keys[0].arn.partition = "aws-cn".parse().unwrap()),
    ("another profile", false, |keys| keys[0].record.profile = Profile::China),
    ("a usage that the spec does not have", false, |keys| keys[0].record.usage = KeyUsage::SignVerify),
    ("another spec", false, |keys| keys[0].record.spec = KeySpec::EccNistP256),
    ("an origin that needs imports", false, |keys| keys[0].record.origin = Origin::External),
    ("an origin in a key store", false, |keys| keys[0].record.origin = Origin::AwsCloudHsm),
    ("a manager", false, |keys| keys[0].record.manager = KeyManager::Aws),
    ("a deletion", false, |keys| {
        keys[0].record.facts.deletion = Deletion::Scheduled { at: Timestamp::UNIX_EPOCH };
    }),
    ("a policy that is none", false, |keys| keys[0].record.policy = "{}".into()),
    ("a long description", false, |keys| keys[0].record.description = "x".repeat(8193).into()),
    ("a tag of the service", false, |keys| drop(keys[0].record.tags.insert("aws:x".into(), String::new()))),
    ("a long tag", false, |keys| drop(keys[0].record.tags.insert("x".repeat(129), String::new()))),
    ("many tags", false, |keys| {
        keys[0].record.tags.extend((0..51).map(|n| (n.to_string(), String::new())));
    }),
    ("no current material", false, |keys| keys[0].record.current = 0),
    ("current material that is not there", false, |keys| keys[0].record.current = 2),
    ("a version left out", false, |keys| keys[0].materials[0].version = 2),
    ("no material", false, |keys| {
        keys[0].materials.clear();
        keys[0].secrets.materials.clear();
    }),
    ("material without a secret", false, |keys| keys[0].secrets.materials[0] = None),
    ("short material", false, |keys| keys[0].secrets.materials[0] = Some(SecretBytes::from(&[1; 31]))),
    ("other material", false, |keys| keys[0].secrets.materials[0] = Some(SecretBytes::from(&[1; 32]))),
    ("a fingerprint key", false, |keys| keys[0].secrets.fingerprint_key = Some(SecretBytes::from(&[1; 32]))),
    ("an alias without a record", false, |keys| keys[0].aliases.clear()),
    ("an alias of another key", false, |keys| {
        keys[0].aliases[0].1.target = Some(keystead_types::KeyId::single_region([1; 16]));
    }),
    ("an alias that is not its own", false, |keys| keys[0].aliases[0].0 = "alias/other".parse().unwrap()),
    ("an alias of the service", false, |keys| {
        keys[0].aliases[0].0 = "alias/aws/s3".parse().unwrap();
        keys[0].record.aliases = ["alias/aws/s3".parse().unwrap()].into();
    }),
    ("a grant twice", false, |keys| {
        let grant = keys[0].grants[0].clone();
        keys[0].grants.push(grant);
    }),
    ("a grant of nothing", false, |keys| keys[0].grants[0].operations.clear()),
    ("a grant of what the key cannot do", false, |keys| {
        keys[0].grants[0].operations.insert(crate::grant::GrantOperation::Sign);
    }),
    ("a grant to nobody", false, |keys| {
        keys[0].grants[0].grantee = crate::grant::Party::Principal(String::new());
    }),
    ("a grant with a name that breaks store keys", false, |keys| {
        keys[0].grants[0].retiring = Some(crate::grant::Party::Principal("a\0b".into()));
    }),
];

fn pack(kms: &Kms, arn: &KeyArn) -> Contents {
    let request = kms.transfer_request(arn.region).unwrap();
    let envelope = kms.export_key(arn, &request).unwrap();
    let state = kms.engine.region(arn.region).unwrap();
    let (keys, _) = kms.engine.transfer_key(&state, &request.parts.slip).unwrap();
    Contents::decode(open(&keys, &envelope, &DefaultProvider).unwrap().expose()).unwrap()
}

fn sealed(request: &TransferRequest, contents: &[u8]) -> Vec<u8> {
    seal(request, Zeroizing::new(contents.to_vec()), &DefaultProvider, &SeededEntropy::new(2)).unwrap()
}

/// Private keys, request and envelope.
fn vector() -> [Vec<u8>; 3] {
    let (_, vectors) = DOCUMENT.split_once("## Vector").unwrap();
    let blocks: Vec<Vec<u8>> = vectors
        .split("```text\n")
        .skip(1)
        .map(|rest| hex::decode(rest.split("```").next().unwrap().replace('\n', "")).unwrap())
        .collect();
    blocks.try_into().unwrap()
}

const DOCUMENT: &str = include_str!("../../../../docs/formats/transfer.md");
