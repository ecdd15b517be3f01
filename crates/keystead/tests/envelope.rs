//! Envelopes through the public API.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{Read, Write};
use std::sync::LazyLock;

use keystead::envelope::{self, Algorithm, ChunkSize, EnvelopeError, Header};
use keystead::{Caller, Client, EncryptionContext, Kms};
use proptest::prelude::*;

const ACCOUNT: &str = "111122223333";

fn client_in(kms: &Kms, region: &str) -> Client {
    kms.client(region, Caller::account_root(ACCOUNT).unwrap()).unwrap()
}

fn new_key(client: &Client) -> String {
    client.create_key().send().unwrap().key_metadata.key_id.to_string()
}

fn instance() -> (Kms, Client, String) {
    let kms = Kms::in_memory();
    let client = client_in(&kms, "us-west-2");
    let key = new_key(&client);
    (kms, client, key)
}

/// One key for all random cases.
static SHARED: LazyLock<(Kms, Client, String)> = LazyLock::new(instance);

fn records(kms: &Kms, name: &str) -> Vec<std::sync::Arc<keystead::AuditRecord>> {
    kms.audit_trail().into_iter().filter(|record| record.event_name == name).collect()
}

/// Spec: KEY-100, ENV-04, ENV-10
#[test]
fn sealing_and_opening_are_two_ordinary_kms_calls() {
    let (kms, client, key) = instance();
    let plaintext = b"a report of some length ".repeat(20_000);
    let mut sealed = Vec::new();
    let summary = envelope::seal(&client, &key)
        .context("tenant", "7")
        .context("kind", "report")
        .seal_stream(plaintext.as_slice(), &mut sealed)
        .unwrap();
    assert_eq!(summary.plaintext_len, plaintext.len() as u64);
    let made = records(&kms, "GenerateDataKey");
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].request_id.as_ref(), Some(summary.request_id.as_uuid()));

    let mut opened = Vec::new();
    let found = envelope::open(&client).context("tenant", "7").open_stream(sealed.as_slice(), &mut opened).unwrap();
    assert!(opened == plaintext);
    assert_eq!(found.plaintext_len, summary.plaintext_len);
    assert_eq!(found.key_id, summary.key_id);
    let expected = EncryptionContext::from_iter([("kind", "report"), ("tenant", "7")]);
    assert_eq!(found.encryption_context, expected);
    assert_eq!(records(&kms, "Decrypt").len(), 1);

    let header = Header::read(sealed.as_slice()).unwrap();
    assert_eq!(header.encryption_context(), &expected);
    assert_eq!(header.algorithm(), Algorithm::Aes256Gcm);
    for encrypted in header.encrypted_data_keys() {
        let call = client.decrypt(encrypted).context("tenant", "7").context("kind", "report");
        assert_eq!(call.send().unwrap().expose().len(), 32, "the data key is an ordinary one");
    }
}

/// Spec: KEY-100
#[test]
fn sealing_and_opening_need_the_permissions_of_their_calls() {
    let (kms, client, key) = instance();
    let user = |action: &str| {
        let policy = format!(
            r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "{action}", "Resource": "*"}}}}"#
        );
        client.with_caller(Caller::user(ACCOUNT, "eve").unwrap().identity_policy(&policy).unwrap()).unwrap()
    };
    let (writer, reader) = (user("kms:GenerateDataKey"), user("kms:Decrypt"));
    let code = |error: EnvelopeError| match error {
        EnvelopeError::Kms(error) => error.code(),
        other => panic!("{other}"),
    };
    let sealed = envelope::seal(&writer, &key).seal_to_vec(b"secret").unwrap();
    assert_eq!(envelope::open(&reader).open_to_vec(sealed.as_slice()).unwrap().expose(), b"secret");
    assert_eq!(code(envelope::seal(&reader, &key).seal_to_vec(b"secret").unwrap_err()), "AccessDeniedException");
    assert_eq!(code(envelope::open(&writer).open_to_vec(sealed.as_slice()).unwrap_err()), "AccessDeniedException");

    client.disable_key(&key).send().unwrap();
    assert_eq!(code(envelope::open(&reader).open_to_vec(sealed.as_slice()).unwrap_err()), "DisabledException");
    assert!(kms.audit_trail().iter().any(|record| record.error_code.as_deref() == Some("AccessDenied")));
}

/// Spec: ENV-10, ENV-43, ENV-62
#[test]
fn an_envelope_of_another_context_is_refused_although_kms_decrypts_it() {
    let (kms, client, key) = instance();
    let sealed = envelope::seal(&client, &key).context("tenant", "7").seal_to_vec(b"secret").unwrap();
    for opener in [
        envelope::open(&client).context("tenant", "8"),
        envelope::open(&client).context("Tenant", "7"),
        envelope::open(&client).context("tenant", "7").context("kind", "report"),
    ] {
        let refused = opener.open_to_vec(sealed.as_slice()).unwrap_err();
        assert!(matches!(refused, EnvelopeError::Context { .. }), "{refused}");
    }
    assert!(records(&kms, "Decrypt").iter().all(|record| record.error_code.is_none()));
    assert!(envelope::open(&client).open_to_vec(sealed.as_slice()).is_ok());
}

/// Spec: ENV-05
#[test]
fn a_context_altered_in_the_header_fails_in_kms() {
    let (_kms, client, key) = instance();
    let mut sealed = envelope::seal(&client, &key).context("tenant", "7").seal_to_vec(b"secret").unwrap();
    let at = sealed.windows(6).position(|bytes| bytes == b"tenant").unwrap() + 10;
    assert_eq!(sealed[at], b'7');
    sealed[at] = b'8';
    let refused = envelope::open(&client).context("tenant", "8").open_to_vec(sealed.as_slice()).unwrap_err();
    assert!(matches!(refused, EnvelopeError::Kms(error) if error.code() == "InvalidCiphertextException"));
}

/// Spec: KEY-100, ENV-10
#[test]
fn the_china_profile_seals_with_sm4() {
    let kms = Kms::in_memory();
    let client = client_in(&kms, "cn-north-1");
    let key = new_key(&client);
    let plaintext = b"0123456789".repeat(1000);
    let size = ChunkSize::new(1024).unwrap();
    let sealed = envelope::seal(&client, &key).chunk_size(size).seal_to_vec(&plaintext).unwrap();
    assert_eq!(Header::read(sealed.as_slice()).unwrap().algorithm(), Algorithm::Sm4Gcm);
    assert_eq!(envelope::open(&client).open_to_vec(sealed.as_slice()).unwrap().expose(), plaintext);
    let call = &records(&kms, "GenerateDataKey")[0];
    let parameters = serde_json::to_value(&call.request_parameters).unwrap();
    assert_eq!(parameters["numberOfBytes"], 16);
}

/// Spec: ENV-10
#[test]
fn any_of_several_keys_opens() {
    let kms = Kms::in_memory();
    let west = client_in(&kms, "us-west-2");
    let east = client_in(&kms, "us-east-1");
    let (first, second) = (new_key(&west), new_key(&east));
    let sealed = envelope::seal(&west, &first).also_under(&east, &second).context("a", "b").seal_to_vec(b"x").unwrap();
    let in_west = envelope::open(&west).open_stream(sealed.as_slice(), std::io::sink()).unwrap();
    let in_east = envelope::open(&east).open_stream(sealed.as_slice(), std::io::sink()).unwrap();
    assert!(in_west.key_id.to_string().ends_with(&first));
    assert!(in_east.key_id.to_string().ends_with(&second));

    let third = client_in(&kms, "eu-west-1");
    let refused = envelope::open(&third).open_to_vec(sealed.as_slice()).unwrap_err();
    assert!(matches!(refused, EnvelopeError::Kms(_)));
}

#[test]
fn a_demanded_key_must_be_the_one() {
    let (_kms, client, key) = instance();
    let other = new_key(&client);
    let sealed = envelope::seal(&client, &key).seal_to_vec(b"x").unwrap();
    assert!(envelope::open(&client).key_id(&key).open_to_vec(sealed.as_slice()).is_ok());
    let refused = envelope::open(&client).key_id(&other).open_to_vec(sealed.as_slice()).unwrap_err();
    assert!(matches!(refused, EnvelopeError::Kms(error) if error.code() == "IncorrectKeyException"));
}

/// Spec: KEY-100, OVR-21
#[test]
fn an_envelope_moves_to_another_key_without_its_data_being_encrypted_anew() {
    let (_kms, client, key) = instance();
    let other = new_key(&client);
    let plaintext = vec![7; 200_000];
    let sealed = envelope::seal(&client, &key).context("tenant", "7").seal_to_vec(&plaintext).unwrap();
    let mut moved = Vec::new();
    envelope::open(&client).context("tenant", "7").rewrap_stream(&other, sealed.as_slice(), &mut moved).unwrap();
    assert_eq!(moved[moved.len() - plaintext.len()..], sealed[sealed.len() - plaintext.len()..]);

    client.disable_key(&key).send().unwrap();
    let opened = envelope::open(&client).context("tenant", "7").open_to_vec(moved.as_slice()).unwrap();
    assert_eq!(opened.expose(), plaintext);
    assert!(envelope::open(&client).open_to_vec(sealed.as_slice()).is_err());
}

/// The data key of the data is sealed under a data key, and that under the KMS key, which alone never leaves.
///
/// Spec: OVR-20
#[test]
fn envelopes_nest() {
    let (_kms, client, top) = instance();
    let lower = new_key(&client);
    let inner = envelope::seal(&client, &lower).seal_to_vec(b"data").unwrap();
    let outer = envelope::seal(&client, &top).seal_to_vec(&inner).unwrap();
    client.disable_key(&top).send().unwrap();
    assert!(envelope::open(&client).open_to_vec(outer.as_slice()).is_err());
    client.enable_key(&top).send().unwrap();
    let opened = envelope::open(&client).open_to_vec(outer.as_slice()).unwrap();
    assert_eq!(opened.expose(), inner);
    assert_eq!(envelope::open(&client).open_to_vec(opened.expose()).unwrap().expose(), b"data");
}

#[test]
fn rotation_leaves_old_envelopes_readable() {
    let (_kms, client, key) = instance();
    let sealed = envelope::seal(&client, &key).seal_to_vec(b"old").unwrap();
    client.rotate_key_on_demand(&key).send().unwrap();
    assert_eq!(envelope::open(&client).open_to_vec(sealed.as_slice()).unwrap().expose(), b"old");
}

/// Gives a few bytes at a time, and is interrupted now and then.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.1 += 1;
        if self.1.is_multiple_of(3) {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        let some = buffer.len().min(1 + self.1 % 5);
        self.0.read(&mut buffer[..some])
    }
}

fn any_chunk_size() -> impl Strategy<Value = ChunkSize> {
    (6u32..=12).prop_map(|log2| ChunkSize::new(1 << log2).unwrap())
}

/// Lengths about the multiples of the chunk size, and others.
fn chunk_size_and_length() -> impl Strategy<Value = (ChunkSize, usize)> {
    any_chunk_size().prop_flat_map(|size| {
        let about =
            (0..4usize, 0..3usize).prop_map(move |(chunks, off)| (chunks * size.bytes() + off).saturating_sub(1));
        (Just(size), prop_oneof![about, 0..10_000usize])
    })
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|position| (position * 31 % 251) as u8).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Spec: ENV-10
    #[test]
    fn what_was_sealed_is_opened((size, length) in chunk_size_and_length(), pieces in 1..300usize) {
        let (_, client, key) = &*SHARED;
        let plaintext = bytes(length);
        let sealer = envelope::seal(client, key).context("a", "b").chunk_size(size);
        let mut streamed = Vec::new();
        sealer.seal_stream(Trickle(&plaintext, 0), &mut streamed).unwrap();
        let mut writer = sealer.writer(Vec::new()).unwrap();
        for piece in plaintext.chunks(pieces) {
            writer.write_all(piece).unwrap();
        }
        let (written, summary) = writer.finish().unwrap();
        prop_assert_eq!(summary.plaintext_len, length as u64);
        prop_assert_eq!(written.len(), streamed.len());
        let header = Header::read(written.as_slice()).unwrap();
        let header_len = 76 + header.encryption_context().canonical_len() + 2 + 71 + 32;
        let chunks = length.div_ceil(size.bytes()).max(1);
        prop_assert_eq!(written.len(), header_len + length + 16 * chunks);

        let opener = envelope::open(client);
        let whole = opener.open_to_vec(Trickle(&streamed, 0)).unwrap();
        prop_assert_eq!(whole.expose(), plaintext.as_slice());
        let mut opened = Vec::new();
        opener.reader(written.as_slice()).unwrap().read_to_end(&mut opened).unwrap();
        prop_assert_eq!(opened, plaintext);
    }

    /// Spec: ENV-10
    #[test]
    fn an_altered_byte_is_refused((size, length) in chunk_size_and_length(), at in any::<prop::sample::Index>(), mask in 1..=255u8) {
        let (_, client, key) = &*SHARED;
        let plaintext = bytes(length);
        let mut sealed =
            envelope::seal(client, key).context("a", "b").chunk_size(size).seal_to_vec(&plaintext).unwrap();
        let at = at.index(sealed.len());
        sealed[at] ^= mask;
        prop_assert!(envelope::open(client).open_to_vec(sealed.as_slice()).is_err());
        let mut released = Vec::new();
        prop_assert!(envelope::open(client).open_stream(sealed.as_slice(), &mut released).is_err());
        prop_assert!(plaintext.starts_with(&released), "only genuine chunks are released");
        prop_assert_eq!(released.len() % size.bytes(), 0);
    }

    /// Spec: ENV-10
    #[test]
    fn a_cut_or_extended_envelope_is_refused((size, length) in chunk_size_and_length(), at in any::<prop::sample::Index>(), extra in 1..200usize) {
        let (_, client, key) = &*SHARED;
        let sealed = envelope::seal(client, key).chunk_size(size).seal_to_vec(&bytes(length)).unwrap();
        let opener = envelope::open(client);
        prop_assert!(opener.open_to_vec(&sealed[..at.index(sealed.len())]).is_err());
        for cut in 1..=40.min(sealed.len()) {
            prop_assert!(opener.open_to_vec(&sealed[..sealed.len() - cut]).is_err());
        }
        let sealed_size = size.bytes() + 16;
        let body = sealed.len() - (76 + 4 + 2 + 71 + 32);
        for chunks in 0..body.div_ceil(sealed_size) {
            let end = sealed.len() - body + chunks * sealed_size;
            prop_assert!(opener.open_to_vec(&sealed[..end]).is_err(), "cut between chunks");
        }
        let mut extended = sealed.clone();
        extended.extend(vec![0; extra]);
        prop_assert!(opener.open_to_vec(extended.as_slice()).is_err());
        let twice = [sealed.as_slice(), &sealed[sealed.len() - body..]].concat();
        prop_assert!(opener.open_to_vec(twice.as_slice()).is_err());
    }

    /// Spec: ENV-10
    #[test]
    fn spliced_and_reordered_chunks_are_refused(size in any_chunk_size(), count in 2..5usize, from in 0..5usize, to in 0..5usize) {
        let (_, client, key) = &*SHARED;
        let plaintext = bytes(size.bytes() * count);
        let sealer = envelope::seal(client, key).chunk_size(size);
        let (one, two) = (sealer.seal_to_vec(&plaintext).unwrap(), sealer.seal_to_vec(&plaintext).unwrap());
        let sealed_size = size.bytes() + 16;
        let header = one.len() - count * sealed_size;
        let chunk = |number: usize| header + (number % count) * sealed_size..header + (number % count + 1) * sealed_size;
        let opener = envelope::open(client);

        let mut spliced = one.clone();
        spliced[chunk(to)].copy_from_slice(&two[chunk(to)]);
        prop_assert!(opener.open_to_vec(spliced.as_slice()).is_err(), "a chunk of another envelope");
        let exchanged = [&one[..header], &two[header..]].concat();
        prop_assert!(opener.open_to_vec(exchanged.as_slice()).is_err(), "the header of another envelope");

        let mut reordered = one.clone();
        reordered[chunk(to)].copy_from_slice(&one[chunk(from)]);
        prop_assert_eq!(opener.open_to_vec(reordered.as_slice()).is_err(), from % count != to % count);

        let dropped = [&one[..chunk(from).start], &one[chunk(from).end..]].concat();
        prop_assert!(opener.open_to_vec(dropped.as_slice()).is_err(), "a chunk left out");
    }

    #[test]
    fn no_bytes_make_the_header_reader_fail_otherwise_than_with_an_error(mut bytes in prop::collection::vec(any::<u8>(), 0..400), valid in 0..8usize) {
        let prefix = b"KSEV\x01\x01\x10";
        let valid = valid.min(bytes.len());
        let valid = valid.min(prefix.len());
        bytes[..valid].copy_from_slice(&prefix[..valid]);
        if let Ok(header) = Header::read(bytes.as_slice()) {
            prop_assert!(header.encrypted_data_keys().len() > 0);
        }
    }
}
