//! ML-DSA (FIPS 204) behind the contract.

use std::fmt;

use ml_dsa::{
    B32, EncodedVerifyingKey, ExpandedSigningKey, ExpandedSigningKeyBytes, MlDsa44, MlDsa65, MlDsa87, MlDsaParams,
    Signature, VerifyingKey,
};
use zeroize::Zeroizing;

use super::encoding;
use super::ml_private::MlPrivate;
use super::rng::KeyRng;
use crate::{
    CryptoError, Entropy, KeyPairAlgorithm, Message, PrivateKey, PublicKey, SecretBytes, SignatureScheme,
    constant_time_eq,
};

/// What differs between the parameter sets (FIPS 204, table 1).
pub(super) trait Parameters: MlDsaParams + Send + Sync + 'static {
    const ALGORITHM: KeyPairAlgorithm;
    /// Bound of the coefficients of s1 and s2.
    const ETA: u8;
    /// Polynomials in s1 and s2, that is k + l.
    const SECRET_POLYNOMIALS: usize;
}

impl Parameters for MlDsa44 {
    const ALGORITHM: KeyPairAlgorithm = KeyPairAlgorithm::MlDsa44;
    const ETA: u8 = 2;
    const SECRET_POLYNOMIALS: usize = 8;
}

impl Parameters for MlDsa65 {
    const ALGORITHM: KeyPairAlgorithm = KeyPairAlgorithm::MlDsa65;
    const ETA: u8 = 4;
    const SECRET_POLYNOMIALS: usize = 11;
}

impl Parameters for MlDsa87 {
    const ALGORITHM: KeyPairAlgorithm = KeyPairAlgorithm::MlDsa87;
    const ETA: u8 = 2;
    const SECRET_POLYNOMIALS: usize = 15;
}

/// A private key ready to sign. Wiped on drop.
pub(super) struct MlDsaPrivate<P: Parameters> {
    /// Unless the key came in expanded form only.
    seed: Option<Zeroizing<B32>>,
    key: ExpandedSigningKey<P>,
    public: MlDsaPublic<P>,
}

impl<P: Parameters> MlDsaPrivate<P> {
    pub(super) fn generate(entropy: &dyn Entropy) -> Result<Self, CryptoError> {
        let mut seed = Zeroizing::new(B32::default());
        entropy.fill(&mut seed)?;
        Self::from_seed(&seed)
    }

    /// Reads any of the three forms; of a key in both forms, one must follow from the other (RUL-10).
    pub(super) fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, CryptoError> {
        let info = encoding::read_pkcs8(P::ALGORITHM, pkcs8)?;
        let private = match MlPrivate::from_der(info.private_key.expose())? {
            MlPrivate::Seed(seed) => Self::from_seed(seed)?,
            MlPrivate::Expanded(expanded) => Self::from_expanded(expanded)?,
            MlPrivate::Both { seed, expanded } => {
                let private = Self::from_seed(seed)?;
                if !constant_time_eq(&private.expanded(), expanded) {
                    return Err(CryptoError::InvalidKey);
                }
                private
            }
        };
        match info.public_key {
            Some(public) if public != private.public.key.encode().as_slice() => Err(CryptoError::InvalidKey),
            _ => Ok(private),
        }
    }

    fn from_seed(seed: &[u8]) -> Result<Self, CryptoError> {
        let seed = Zeroizing::new(B32::try_from(seed).map_err(|_| CryptoError::InvalidKey)?);
        let key = ExpandedSigningKey::from_seed(&seed);
        Ok(Self { seed: Some(seed), public: MlDsaPublic::new(key.verifying_key())?, key })
    }

    /// Checks what can be checked: the range of s1 and s2, and that the public key which follows from them accepts what
    /// the key signs. A wrong hash of the public key shows there; a low bit of t0 that is wrong need not.
    fn from_expanded(expanded: &[u8]) -> Result<Self, CryptoError> {
        let encoded = ExpandedSigningKeyBytes::<P>::try_from(expanded).map_err(|_| CryptoError::InvalidKey)?;
        let encoded = Zeroizing::new(encoded);
        let secrets = encoded.get(SECRETS_START..).unwrap_or_default();
        if !coefficients_in_range::<P>(secrets) {
            return Err(CryptoError::InvalidKey);
        }
        // There is no other way in for a key without a seed; what it may panic of has just been ruled out.
        #[allow(deprecated)]
        let key = ExpandedSigningKey::from_expanded(&encoded);
        let public = MlDsaPublic::new(key.verifying_key())?;
        let signature = key.sign_deterministic(PAIRWISE_MESSAGE, &[]).map_err(|_| CryptoError::InvalidKey)?;
        if !public.key.verify_with_context(PAIRWISE_MESSAGE, &[], &signature) {
            return Err(CryptoError::InvalidKey);
        }
        Ok(Self { seed: None, key, public })
    }

    fn expanded(&self) -> Zeroizing<ExpandedSigningKeyBytes<P>> {
        #[allow(deprecated)]
        Zeroizing::new(self.key.to_expanded())
    }
}

impl<P: Parameters> PrivateKey for MlDsaPrivate<P> {
    fn public(&self) -> &dyn PublicKey {
        &self.public
    }

    fn to_pkcs8(&self) -> Result<SecretBytes, CryptoError> {
        let form = match &self.seed {
            Some(seed) => MlPrivate::Seed(seed).to_der()?,
            None => MlPrivate::Expanded(&self.expanded()).to_der()?,
        };
        encoding::write_pkcs8(P::ALGORITHM, &form)
    }

    /// Hedged (FIPS 204, algorithm 2), with an empty context.
    fn sign(
        &self,
        scheme: SignatureScheme,
        message: Message<'_>,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        let mut rng = KeyRng(entropy);
        let signature = match (scheme, message) {
            (SignatureScheme::MlDsa, Message::Raw(message)) => self.key.sign_randomized(message, &[], &mut rng),
            (SignatureScheme::MlDsa, Message::ExternalMu(mu)) => {
                let mu = mu.try_into().map_err(|_| CryptoError::InvalidInput)?;
                self.key.sign_mu_randomized(&mu, &mut rng)
            }
            _ => return Err(CryptoError::Unsupported),
        };
        // The search for a signature ends long before its counter does, so it is the source that failed.
        signature.map(|signature| signature.encode().to_vec()).map_err(|_| CryptoError::Entropy)
    }
}

impl<P: Parameters> fmt::Debug for MlDsaPrivate<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MlDsaPrivate({:?}, redacted)", P::ALGORITHM)
    }
}

/// A public key ready to verify.
pub(super) struct MlDsaPublic<P: Parameters> {
    key: VerifyingKey<P>,
    spki: Vec<u8>,
}

impl<P: Parameters> MlDsaPublic<P> {
    /// Every string of the right length is a key.
    pub(super) fn from_spki(spki: &[u8]) -> Result<Self, CryptoError> {
        let encoded = encoding::read_spki(P::ALGORITHM, spki)?;
        let encoded = EncodedVerifyingKey::<P>::try_from(encoded).map_err(|_| CryptoError::InvalidKey)?;
        Self::new(VerifyingKey::decode(&encoded))
    }

    fn new(key: VerifyingKey<P>) -> Result<Self, CryptoError> {
        let spki = encoding::write_spki(P::ALGORITHM, &key.encode())?;
        Ok(Self { key, spki })
    }
}

impl<P: Parameters> PublicKey for MlDsaPublic<P> {
    fn algorithm(&self) -> KeyPairAlgorithm {
        P::ALGORITHM
    }

    fn spki(&self) -> &[u8] {
        &self.spki
    }

    fn verify(&self, scheme: SignatureScheme, message: Message<'_>, signature: &[u8]) -> Result<(), CryptoError> {
        let signature = Signature::<P>::try_from(signature).map_err(|_| CryptoError::Unauthenticated);
        let valid = match (scheme, message) {
            (SignatureScheme::MlDsa, Message::Raw(message)) => self.key.verify_with_context(message, &[], &signature?),
            (SignatureScheme::MlDsa, Message::ExternalMu(mu)) => {
                let mu = mu.try_into().map_err(|_| CryptoError::InvalidInput)?;
                self.key.verify_mu(&mu, &signature?)
            }
            _ => return Err(CryptoError::Unsupported),
        };
        if valid { Ok(()) } else { Err(CryptoError::Unauthenticated) }
    }
}

impl<P: Parameters> fmt::Debug for MlDsaPublic<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MlDsaPublic({:?})", P::ALGORITHM)
    }
}

/// Whether no coefficient of s1 and s2 is encoded as more than 2 eta (FIPS 204, algorithm 25). Looks at all of them.
fn coefficients_in_range<P: Parameters>(secrets: &[u8]) -> bool {
    let bits = if P::ETA == 2 { 3 } else { 4 };
    let length = P::SECRET_POLYNOMIALS * COEFFICIENTS * bits / 8;
    let mut excess = 0;
    for group in secrets[..length.min(secrets.len())].chunks_exact(bits) {
        let digits = group.iter().rev().fold(0u32, |digits, &byte| digits << 8 | u32::from(byte));
        for index in 0..8 {
            let coefficient = digits >> (index * bits) & ((1 << bits) - 1);
            // The sign of 2 eta - coefficient.
            excess |= (2 * u32::from(P::ETA)).wrapping_sub(coefficient) >> 31;
        }
    }
    excess == 0
}

/// Coefficients of a polynomial.
const COEFFICIENTS: usize = 256;
/// Where s1 starts in an expanded key, behind rho, K and tr.
const SECRETS_START: usize = 32 + 32 + 64;
/// What keys without a seed sign once, to see whether their parts belong together.
const PAIRWISE_MESSAGE: &[u8] = b"pairwise consistency";
