//! `CiphertextForRecipient`: a result encrypted to the key of an attested environment.
//!
//! The form is CMS EnvelopedData (RFC 5652) with one recipient, RSAES-OAEP with SHA-256, and AES-256-CBC, as ENV-89 has
//! it; `docs/formats/recipient.md` shows it element by element. [`seal`] is the service's side and [`open`] the
//! recipient's. The content is not authenticated: whoever carries it could replace it by another for the same recipient.
//! Nothing in it proves who sealed it.

mod ber;
mod cbc;

use keystead_crypto::{CryptoError, DigestAlgorithm, EncryptionScheme, Entropy, PrivateKey, Provider, SecretBytes};

use crate::{RecipientKey, der};
use ber::{Malformed, Reader};

/// Encrypts a result to a recipient, as DER (ENV-90). Every call takes a fresh content key and IV (ENV-91).
///
/// # Errors
/// What the provider or the source of randomness answers.
pub fn seal(
    plaintext: &[u8],
    recipient: &RecipientKey,
    provider: &dyn Provider,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, CryptoError> {
    let key = SecretBytes::random(entropy, KEY_LEN)?;
    let mut iv = [0; IV_LEN];
    entropy.fill_nonce(&mut iv)?;

    let content_key = key.expose().try_into().map_err(|_| CryptoError::InvalidKey)?;
    let content = provider.encrypt_cbc(content_key, &iv, plaintext)?;
    let encrypted_key = recipient.key().encrypt(SCHEME, key.expose(), entropy)?;
    let key_id = provider.digest(DigestAlgorithm::Sha256, &[recipient.spki()])?;

    let recipient_info = der::sequence(&[
        &der::integer(RECIPIENT_VERSION),
        &der::element(SUBJECT_KEY_IDENTIFIER, &[key_id.as_ref()]),
        &der::sequence(&[RSAES_OAEP, &oaep_parameters()]),
        &der::element(der::OCTET_STRING, &[&encrypted_key]),
    ]);
    let content_info = der::sequence(&[
        DATA,
        &der::sequence(&[AES_256_CBC, &der::element(der::OCTET_STRING, &[&iv])]),
        &der::element(ENCRYPTED_CONTENT, &[&content]),
    ]);
    let enveloped =
        der::sequence(&[&der::integer(ENVELOPED_VERSION), &der::element(der::SET, &[&recipient_info]), &content_info]);
    Ok(der::sequence(&[ENVELOPED_DATA, &der::element(EXPLICIT_0, &[&enveloped])]))
}

/// Opens what [`seal`], or the real service, made for the holder of the private key: DER, or BER with indefinite lengths
/// and content in pieces (ENV-90).
///
/// # Errors
/// [`OpenError`], whatever went wrong.
pub fn open(cms: &[u8], key: &dyn PrivateKey, entropy: &dyn Entropy) -> Result<SecretBytes, OpenError> {
    let envelope = Envelope::parse(cms).map_err(|Malformed| OpenError)?;
    let content_key = key.decrypt(SCHEME, &envelope.encrypted_key, entropy).map_err(|_| OpenError)?;
    let content_key = content_key.expose().try_into().map_err(|_| OpenError)?;
    cbc::decrypt(envelope.content, content_key, &envelope.iv).ok_or(OpenError)
}

/// An envelope does not open: it is malformed, of other algorithms, for another recipient, or altered. It does not say
/// which (ENV-91).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the envelope does not open with this private key")]
pub struct OpenError;

/// What there is to decrypt.
struct Envelope {
    encrypted_key: Vec<u8>,
    iv: [u8; IV_LEN],
    content: Vec<u8>,
}

impl Envelope {
    /// Reads a ContentInfo that holds EnvelopedData of the one form.
    fn parse(cms: &[u8]) -> Result<Self, Malformed> {
        let mut outer = Reader::new(cms);
        let mut content_info = outer.enter(der::SEQUENCE)?;
        outer.finish()?;
        content_info.expect(ENVELOPED_DATA)?;
        let mut explicit = content_info.enter(EXPLICIT_0)?;
        content_info.finish()?;
        let mut enveloped = explicit.enter(der::SEQUENCE)?;
        explicit.finish()?;

        let version = enveloped.small_integer()?;
        let mut recipients = enveloped.enter(der::SET)?;
        let (recipient_version, encrypted_key) = recipient(recipients.enter(der::SEQUENCE)?)?;
        recipients.finish()?;
        // RFC 5652, section 6.1: 0 if every recipient is of version 0, else 2; there are no attributes here.
        if version != recipient_version {
            return Err(Malformed);
        }
        let (iv, content) = encrypted_content(enveloped.enter(der::SEQUENCE)?)?;
        enveloped.finish()?;
        Ok(Self { encrypted_key, iv, content })
    }
}

/// KeyTransRecipientInfo: its version, and the encrypted key. The identifier may say anything (ENV-89).
fn recipient(mut info: Reader<'_>) -> Result<(u8, Vec<u8>), Malformed> {
    let version = info.small_integer()?;
    match version {
        0 => info.enter(der::SEQUENCE).map(|_| ())?,
        RECIPIENT_VERSION => info.octets(SUBJECT_KEY_IDENTIFIER).map(|_| ())?,
        _ => return Err(Malformed),
    }
    let mut algorithm = info.enter(der::SEQUENCE)?;
    algorithm.expect(RSAES_OAEP)?;
    check_oaep_parameters(algorithm.enter(der::SEQUENCE)?)?;
    algorithm.finish()?;
    let encrypted_key = info.octets(der::OCTET_STRING)?;
    info.finish()?;
    Ok((version, encrypted_key))
}

fn encrypted_content(mut info: Reader<'_>) -> Result<([u8; IV_LEN], Vec<u8>), Malformed> {
    info.expect(DATA)?;
    let mut algorithm = info.enter(der::SEQUENCE)?;
    algorithm.expect(AES_256_CBC)?;
    let iv = algorithm.octets(der::OCTET_STRING)?.try_into().map_err(|_| Malformed)?;
    algorithm.finish()?;
    let content = info.octets(ENCRYPTED_CONTENT)?;
    info.finish()?;
    Ok((iv, content))
}

/// RSAES-OAEP-params (RFC 8017, appendix A.2.1): SHA-256 twice, explicitly; the label is empty by default.
fn oaep_parameters() -> Vec<u8> {
    let sha256 = der::sequence(&[SHA_256]);
    let mgf = der::sequence(&[MGF1, &sha256]);
    der::sequence(&[&der::element(EXPLICIT_0, &[&sha256]), &der::element(EXPLICIT_1, &[&mgf])])
}

fn check_oaep_parameters(mut parameters: Reader<'_>) -> Result<(), Malformed> {
    let mut hash = parameters.enter(EXPLICIT_0)?;
    check_sha256(&mut hash)?;
    let mut mask = parameters.enter(EXPLICIT_1)?;
    let mut mgf = mask.enter(der::SEQUENCE)?;
    mask.finish()?;
    mgf.expect(MGF1)?;
    check_sha256(&mut mgf)?;
    parameters.finish()
}

/// The identifier of SHA-256, its parameters absent or null, and nothing after it.
fn check_sha256(reader: &mut Reader<'_>) -> Result<(), Malformed> {
    let mut algorithm = reader.enter(der::SEQUENCE)?;
    reader.finish()?;
    algorithm.expect(SHA_256)?;
    if !algorithm.is_empty() {
        algorithm.expect(NULL)?;
    }
    algorithm.finish()
}

const SCHEME: EncryptionScheme = EncryptionScheme::RsaOaepSha256;
const KEY_LEN: usize = 32;
const IV_LEN: usize = 16;

/// Versions when the recipient is named by its key (RFC 5652, sections 6.1 and 6.2.1).
const ENVELOPED_VERSION: u8 = 2;
const RECIPIENT_VERSION: u8 = 2;

// Context-specific tags.
const EXPLICIT_0: u8 = 0xa0;
const EXPLICIT_1: u8 = 0xa1;
const SUBJECT_KEY_IDENTIFIER: u8 = 0x80;
const ENCRYPTED_CONTENT: u8 = 0x80;

// Whole elements, in DER.
const NULL: &[u8] = &[0x05, 0x00];
/// 1.2.840.113549.1.7.1
const DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
/// 1.2.840.113549.1.7.3
const ENVELOPED_DATA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03";
/// 1.2.840.113549.1.1.7
const RSAES_OAEP: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x07";
/// 1.2.840.113549.1.1.8
const MGF1: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08";
/// 2.16.840.1.101.3.4.2.1
const SHA_256: &[u8] = b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01";
/// 2.16.840.1.101.3.4.1.42
const AES_256_CBC: &[u8] = b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2a";
