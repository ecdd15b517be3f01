//! Ciphertext blobs: any bytes may come back from a caller, and only untouched ones open.
#![no_main]

use arbitrary::Arbitrary;
use keystead_crypto::{DefaultProvider, Provider, SealingAlgorithm, entropy::SeededEntropy};
use keystead_hierarchy::{BlobHeader, EncryptionContext, blob};
use keystead_types::{AccountId, KeyId};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input {
    bytes: Vec<u8>,
    plaintext: Vec<u8>,
    context: Vec<(String, String)>,
    seed: u64,
    change: Change,
}

#[derive(Arbitrary, Debug)]
enum Change {
    None,
    Xor { at: usize, with: u8 },
    Cut { to: usize },
    Append(Vec<u8>),
    Context(String, String),
}

fuzz_target!(|input: Input| {
    let algorithm = SealingAlgorithm::ALL[input.seed as usize % SealingAlgorithm::ALL.len()];
    let key = [0x42; 32];
    let sealer = DefaultProvider.sealer(algorithm, &key[..algorithm.key_len()]).expect("a key of the right length");
    let mut context: EncryptionContext<'_> = input.context.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();

    let _ = BlobHeader::parse(&input.bytes);
    assert!(blob::open(sealer.as_ref(), &input.bytes, &context).is_err(), "nobody sealed this");

    let header = BlobHeader {
        algorithm,
        account: AccountId::from_u64(111_122_223_333).expect("twelve digits"),
        key_id: KeyId::single_region([input.seed as u8; 16]),
        material_version: input.seed as u32,
    };
    let entropy = SeededEntropy::new(input.seed);
    let sealed = blob::seal(sealer.as_ref(), &header, &entropy, &context, &input.plaintext).expect("sealing works");
    assert_eq!(BlobHeader::parse(&sealed).expect("a header"), header);

    let mut received = sealed.clone();
    let mut same = true;
    match input.change {
        Change::None => {}
        Change::Xor { at, with } => received[at % sealed.len()] ^= with,
        Change::Cut { to } => received.truncate(to % sealed.len()),
        Change::Append(bytes) => received.extend(bytes),
        Change::Context(key, value) => {
            same = context.get(&key) == Some(value.as_str());
            context.insert(key, value);
        }
    }
    same &= received == sealed;
    match blob::open(sealer.as_ref(), &received, &context) {
        Ok(opened) => {
            assert!(same, "an altered blob opened");
            assert_eq!(opened.expose(), input.plaintext);
        }
        Err(_) => assert!(!same, "an untouched blob did not open"),
    }
});
