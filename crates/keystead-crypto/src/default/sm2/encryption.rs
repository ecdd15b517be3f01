//! SM2PKE (GB/T 32918.4).

use ::sm2::elliptic_curve::group::Group;
use ::sm2::elliptic_curve::point::AffineCoordinates;
use ::sm2::{AffinePoint, FieldBytes, ProjectivePoint, Scalar};
use sm3::{Digest, Sm3};
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, Zeroizing};

use super::ciphertext::Ciphertext;
use super::key::{Sm2Private, Sm2Public};
use crate::{CryptoError, SecretBytes};

/// Encrypts, into DER, with the first nonce whose key stream is not all zero (ASY-51).
pub(crate) fn encrypt(
    key: &Sm2Public,
    plaintext: &[u8],
    mut nonce: impl FnMut() -> Result<Zeroizing<Scalar>, CryptoError>,
) -> Result<Vec<u8>, CryptoError> {
    if plaintext.is_empty() {
        return Err(CryptoError::InvalidInput);
    }
    if plaintext.len() > MAX_PLAINTEXT_LEN {
        return Err(CryptoError::InputTooLong);
    }
    loop {
        let k = nonce()?;
        let shared = SharedPoint::new(key.projective() * *k);
        // Until the key stream is known to hide it, this is the plaintext.
        let mut text = Zeroizing::new(plaintext.to_vec());
        if bool::from(shared.mask(&mut text)) {
            let point = ProjectivePoint::mul_by_generator(&k).to_affine();
            let ciphertext = Ciphertext {
                x: point.x().into(),
                y: point.y().into(),
                hash: shared.hash(plaintext),
                text: text.as_slice().into(),
            };
            return ciphertext.to_der();
        }
    }
}

/// Decrypts DER. Once the ciphertext is parsed and its point is on the curve, nothing tells failures apart (ASY-52).
pub(crate) fn decrypt(key: &Sm2Private, der: &[u8]) -> Result<SecretBytes, CryptoError> {
    let ciphertext = Ciphertext::from_der(der)?;
    let (x, y) = (FieldBytes::from(ciphertext.x), FieldBytes::from(ciphertext.y));
    let point = Option::<AffinePoint>::from(AffinePoint::from_coordinates(&x, &y));
    let point = point.ok_or(CryptoError::Unauthenticated)?;
    let shared = SharedPoint::new(ProjectivePoint::from(point) * *key.scalar());
    let mut plaintext = SecretBytes::from(&*ciphertext.text);
    let masked = shared.mask(plaintext.as_mut());
    let intact = Zeroizing::new(shared.hash(plaintext.expose())).ct_eq(&ciphertext.hash);
    if bool::from(masked & intact) { Ok(plaintext) } else { Err(CryptoError::Unauthenticated) }
}

/// The point `(x2, y2)` that both sides know. It is never infinity: the order of the group is prime.
struct SharedPoint {
    x: Zeroizing<[u8; 32]>,
    y: Zeroizing<[u8; 32]>,
}

impl SharedPoint {
    fn new(point: ProjectivePoint) -> Self {
        let mut affine = Zeroizing::new(point).to_affine();
        let shared = Self { x: Zeroizing::new(affine.x().into()), y: Zeroizing::new(affine.y().into()) };
        affine.zeroize();
        shared
    }

    /// Adds the key stream `KDF(x2 || y2, klen)` to `text`, in place (ASY-47). False when all of it is zero, as it is
    /// for an empty text.
    fn mask(&self, text: &mut [u8]) -> Choice {
        let mut prefix = Sm3::new();
        prefix.update(self.x.as_slice());
        prefix.update(self.y.as_slice());
        let mut seen = Zeroizing::new(0);
        for (counter, chunk) in (1..=u32::MAX).zip(text.chunks_mut(32)) {
            let block: Zeroizing<[u8; 32]> =
                Zeroizing::new(prefix.clone().chain_update(counter.to_be_bytes()).finalize().into());
            for (byte, stream) in chunk.iter_mut().zip(block.iter()) {
                *byte ^= stream;
                *seen |= stream;
            }
        }
        !seen.ct_eq(&0u8)
    }

    /// `C3 = SM3(x2 || M || y2)` (ASY-53).
    fn hash(&self, plaintext: &[u8]) -> [u8; 32] {
        let mut hash = Sm3::new();
        hash.update(self.x.as_slice());
        hash.update(plaintext);
        hash.update(self.y.as_slice());
        hash.finalize().into()
    }
}

/// Far above every use, far below where lengths and the counter of the key stream end.
const MAX_PLAINTEXT_LEN: usize = 1 << 27;
