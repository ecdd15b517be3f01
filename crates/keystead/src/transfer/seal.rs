//! How a key is sealed for a request: a secret from ECDH on P-384 and one from ML-KEM-768, so that both must be broken, and
//! XAES-256-GCM under what is derived from the two.

use keystead_crypto::{
    CryptoError, DefaultProvider, DigestAlgorithm, Entropy, KeyPairAlgorithm, MacAlgorithm, PrivateKey, Provider,
    SEALING_NONCE_LEN, Sealer, SealingAlgorithm, SecretBytes, TAG_LEN, hkdf,
};
use zeroize::Zeroizing;

use super::wire::{EnvelopeHeader, Request, Slip};
use super::{TransferError, TransferRequest};

/// The private half of a request.
pub(super) struct RequestKeys {
    p384: Box<dyn PrivateKey>,
    ml_kem: Box<dyn PrivateKey>,
}

impl RequestKeys {
    pub(super) fn generate(provider: &dyn Provider, entropy: &dyn Entropy) -> Result<Self, CryptoError> {
        let p384 = provider.generate_key_pair(KeyPairAlgorithm::P384, entropy)?;
        let ml_kem = provider.generate_key_pair(KeyPairAlgorithm::MlKem768, entropy)?;
        Ok(Self { p384, ml_kem })
    }

    /// What [`to_secret`](Self::to_secret) gave.
    pub(super) fn from_secret(provider: &dyn Provider, secret: &SecretBytes) -> Result<Self, CryptoError> {
        let (len, rest) = secret.expose().split_first_chunk().ok_or(CryptoError::InvalidKey)?;
        let (p384, ml_kem) = rest.split_at_checked(u16::from_be_bytes(*len).into()).ok_or(CryptoError::InvalidKey)?;
        Ok(Self {
            p384: provider.trusted_private_key(KeyPairAlgorithm::P384, p384)?,
            ml_kem: provider.trusted_private_key(KeyPairAlgorithm::MlKem768, ml_kem)?,
        })
    }

    /// Both private keys as PKCS #8, the length of the first before it.
    pub(super) fn to_secret(&self) -> Result<SecretBytes, CryptoError> {
        let (p384, ml_kem) = (self.p384.to_pkcs8()?, self.ml_kem.to_pkcs8()?);
        let len = u16::try_from(p384.len()).map_err(|_| CryptoError::InvalidKey)?;
        let mut secret = SecretBytes::zeroed(LENGTH_LEN + p384.len() + ml_kem.len());
        let (head, rest) = secret.as_mut().split_at_mut(LENGTH_LEN);
        let (first, second) = rest.split_at_mut(p384.len());
        head.copy_from_slice(&len.to_be_bytes());
        first.copy_from_slice(p384.expose());
        second.copy_from_slice(ml_kem.expose());
        Ok(secret)
    }

    /// The request with the public halves.
    pub(super) fn request(&self, slip: Slip) -> Result<TransferRequest, TransferError> {
        let [p384, ml_kem] = [&self.p384, &self.ml_kem].map(|key| key.public().spki().to_vec());
        TransferRequest::of(Request { slip, p384, ml_kem })
    }
}

/// Seals contents, which have room for a tag behind them, for the receiver.
pub(super) fn seal(
    request: &TransferRequest,
    mut contents: Zeroizing<Vec<u8>>,
    provider: &dyn Provider,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, TransferError> {
    let keys = &request.parts;
    let not_a_request = |error| match error {
        CryptoError::InvalidKey => TransferError::NotARequest,
        other => other.into(),
    };
    let own = provider.generate_key_pair(KeyPairAlgorithm::P384, entropy)?;
    let agreed = own.agree(&keys.p384).map_err(not_a_request)?;
    let receiver = provider.public_key(KeyPairAlgorithm::MlKem768, &keys.ml_kem).map_err(not_a_request)?;
    let encapsulated = receiver.encapsulate(entropy)?;
    let header =
        EnvelopeHeader { slip: keys.slip, p384: own.public().spki().to_vec(), ml_kem: encapsulated.ciphertext };
    let mut envelope = header.to_bytes();
    let sealer = sealer(provider, request, &envelope, &agreed, &encapsulated.secret)?;

    let mut nonce = [0; SEALING_NONCE_LEN];
    entropy.fill_nonce(&mut nonce)?;
    let tag = sealer.seal(&nonce, &envelope, &mut contents)?;
    envelope.extend(nonce);
    envelope.extend(contents.iter());
    envelope.extend(tag);
    Ok(envelope)
}

/// Opens what [`seal`] made: the header was read from its beginning.
pub(super) fn open(keys: &RequestKeys, envelope: &[u8], provider: &dyn Provider) -> Result<SecretBytes, TransferError> {
    let (header, head, sealed) = EnvelopeHeader::parse(envelope)?;
    let unauthentic = |error| match error {
        CryptoError::InvalidKey | CryptoError::InvalidInput | CryptoError::Unauthenticated => {
            TransferError::Unauthentic
        }
        other => other.into(),
    };
    // The slip comes from the envelope: had it been changed, the request would be another and the key as well.
    let request = keys.request(header.slip)?;
    let agreed = keys.p384.agree(&header.p384).map_err(unauthentic)?;
    let encapsulated = keys.ml_kem.decapsulate(&header.ml_kem).map_err(unauthentic)?;
    let sealer = sealer(provider, &request, head, &agreed, &encapsulated)?;
    let (nonce, rest) = sealed.split_first_chunk::<SEALING_NONCE_LEN>().ok_or(TransferError::Unauthentic)?;
    let (ciphertext, tag) = rest.split_last_chunk::<TAG_LEN>().ok_or(TransferError::Unauthentic)?;
    let mut contents = SecretBytes::from(ciphertext);
    sealer.open(nonce, head, contents.as_mut(), tag).map_err(unauthentic)?;
    Ok(contents)
}

/// SHA-256 of a request, in hexadecimal digits.
pub(super) fn fingerprint(request: &[u8]) -> Result<String, TransferError> {
    Ok(hex::encode(DefaultProvider::new().digest(DigestAlgorithm::Sha256, &[request])?))
}

/// The key of an envelope: derived from both secrets, and from every byte that was sent before it in either direction.
fn sealer(
    provider: &dyn Provider,
    request: &TransferRequest,
    header: &[u8],
    agreed: &SecretBytes,
    encapsulated: &SecretBytes,
) -> Result<Box<dyn Sealer>, CryptoError> {
    let transcript = provider.digest(DigestAlgorithm::Sha384, &[request.as_bytes(), header])?;
    let info = [LABEL, transcript.as_ref()].concat();
    let mut secret = SecretBytes::zeroed(encapsulated.len() + agreed.len());
    let (first, second) = secret.as_mut().split_at_mut(encapsulated.len());
    first.copy_from_slice(encapsulated.expose());
    second.copy_from_slice(agreed.expose());
    let mut key = SecretBytes::zeroed(SealingAlgorithm::Xaes256Gcm.key_len());
    hkdf(provider, MacAlgorithm::HmacSha384, b"", secret.expose(), &info, key.as_mut())?;
    provider.sealer(SealingAlgorithm::Xaes256Gcm, key.expose())
}

const LABEL: &[u8] = b"keystead key transfer v1";
const LENGTH_LEN: usize = 2;
