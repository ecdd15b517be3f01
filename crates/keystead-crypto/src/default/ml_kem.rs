//! ML-KEM (FIPS 203) behind the contract.

use std::fmt;

#[allow(deprecated)] // The only way to and from the expanded form, which RUL-10 accepts.
use ml_kem::ExpandedKeyEncoding;
use ml_kem::array::Array;
use ml_kem::array::sizes::{U32, U64};
use ml_kem::kem::Decapsulator;
use ml_kem::{B32, Ciphertext, Decapsulate, Kem, KeyExport, KeyInit, MlKem512, MlKem768, MlKem1024, TryKeyInit};
use zeroize::{Zeroize, Zeroizing};

use super::encoding;
use super::ml_private::MlPrivate;
use crate::{
    CryptoError, Encapsulated, Entropy, KeyPairAlgorithm, Message, PrivateKey, PublicKey, SecretBytes, SignatureScheme,
    constant_time_eq,
};

/// A parameter set (FIPS 203, table 2).
#[allow(deprecated)]
pub(super) trait Parameters:
    Kem<
        SharedKeySize = U32,
        DecapsulationKey: Decapsulate + KeyInit<KeySize = U64> + ExpandedKeyEncoding + Send + Sync,
        EncapsulationKey: Send + Sync,
    >
{
    const ALGORITHM: KeyPairAlgorithm;

    /// Algorithm 17, `ML-KEM.Encaps_internal`.
    fn encapsulate(key: &Self::EncapsulationKey, m: &B32) -> (Ciphertext<Self>, B32);
}

macro_rules! parameters {
    ($($name:ident),*) => {$(
        impl Parameters for $name {
            const ALGORITHM: KeyPairAlgorithm = KeyPairAlgorithm::$name;

            fn encapsulate(key: &Self::EncapsulationKey, m: &B32) -> (Ciphertext<Self>, B32) {
                key.encapsulate_deterministic(m)
            }
        }
    )*};
}

parameters!(MlKem512, MlKem768, MlKem1024);

/// A private key ready to decapsulate. Wiped on drop.
pub(super) struct MlKemPrivate<P: Parameters> {
    /// Unless the key came in expanded form only.
    seed: Option<Zeroizing<Array<u8, U64>>>,
    key: P::DecapsulationKey,
    public: MlKemPublic<P>,
}

impl<P: Parameters> MlKemPrivate<P> {
    pub(super) fn generate(entropy: &dyn Entropy) -> Result<Self, CryptoError> {
        let mut seed = Zeroizing::new(Array::<u8, U64>::default());
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
                if !constant_time_eq(private.expanded().expose(), expanded) {
                    return Err(CryptoError::InvalidKey);
                }
                private
            }
        };
        match info.public_key {
            Some(public) if public != private.public.key.to_bytes().as_slice() => Err(CryptoError::InvalidKey),
            _ => Ok(private),
        }
    }

    fn from_seed(seed: &[u8]) -> Result<Self, CryptoError> {
        let seed = Zeroizing::new(Array::try_from(seed).map_err(|_| CryptoError::InvalidKey)?);
        Self::new(P::DecapsulationKey::new(&seed), Some(seed))
    }

    /// Besides the hash check of FIPS 203, section 7.3, the private half must open what the public one encapsulates.
    #[allow(deprecated)]
    fn from_expanded(expanded: &[u8]) -> Result<Self, CryptoError> {
        let encoded = Zeroizing::new(Array::try_from(expanded).map_err(|_| CryptoError::InvalidKey)?);
        let key = P::DecapsulationKey::from_expanded_bytes(&encoded).map_err(|_| CryptoError::InvalidKey)?;
        let private = Self::new(key, None)?;
        let (ciphertext, secret) = P::encapsulate(&private.public.key, &B32::default());
        let opened = private.key.decapsulate(&ciphertext);
        if constant_time_eq(&secret, &opened) { Ok(private) } else { Err(CryptoError::InvalidKey) }
    }

    fn new(key: P::DecapsulationKey, seed: Option<Zeroizing<Array<u8, U64>>>) -> Result<Self, CryptoError> {
        let public = MlKemPublic::new(key.encapsulation_key().clone())?;
        Ok(Self { seed, key, public })
    }

    #[allow(deprecated)]
    fn expanded(&self) -> SecretBytes {
        SecretBytes::from(Zeroizing::new(self.key.to_expanded_bytes()).as_slice())
    }
}

impl<P: Parameters> PrivateKey for MlKemPrivate<P> {
    fn public(&self) -> &dyn PublicKey {
        &self.public
    }

    fn to_pkcs8(&self) -> Result<SecretBytes, CryptoError> {
        let form = match &self.seed {
            Some(seed) => MlPrivate::Seed(seed).to_der()?,
            None => MlPrivate::Expanded(self.expanded().expose()).to_der()?,
        };
        encoding::write_pkcs8(P::ALGORITHM, &form)
    }

    fn sign(&self, _: SignatureScheme, _: Message<'_>, _: &dyn Entropy) -> Result<Vec<u8>, CryptoError> {
        Err(CryptoError::Unsupported)
    }

    fn decapsulate(&self, ciphertext: &[u8]) -> Result<SecretBytes, CryptoError> {
        let ciphertext = Ciphertext::<P>::try_from(ciphertext).map_err(|_| CryptoError::Unauthenticated)?;
        Ok(secret(self.key.decapsulate(&ciphertext)))
    }
}

impl<P: Parameters> fmt::Debug for MlKemPrivate<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MlKemPrivate({:?}, redacted)", P::ALGORITHM)
    }
}

/// A public key ready to encapsulate.
pub(super) struct MlKemPublic<P: Parameters> {
    key: P::EncapsulationKey,
    spki: Vec<u8>,
}

impl<P: Parameters> MlKemPublic<P> {
    /// Coefficients must be reduced (FIPS 203, section 7.2).
    pub(super) fn from_spki(spki: &[u8]) -> Result<Self, CryptoError> {
        let encoded = encoding::read_spki(P::ALGORITHM, spki)?;
        let encoded = encoded.try_into().map_err(|_| CryptoError::InvalidKey)?;
        Self::new(P::EncapsulationKey::new(encoded).map_err(|_| CryptoError::InvalidKey)?)
    }

    fn new(key: P::EncapsulationKey) -> Result<Self, CryptoError> {
        let spki = encoding::write_spki(P::ALGORITHM, &key.to_bytes())?;
        Ok(Self { key, spki })
    }
}

impl<P: Parameters> PublicKey for MlKemPublic<P> {
    fn algorithm(&self) -> KeyPairAlgorithm {
        P::ALGORITHM
    }

    fn spki(&self) -> &[u8] {
        &self.spki
    }

    fn encapsulate(&self, entropy: &dyn Entropy) -> Result<Encapsulated, CryptoError> {
        let mut m = Zeroizing::new(B32::default());
        entropy.fill(&mut m)?;
        let (ciphertext, shared) = P::encapsulate(&self.key, &m);
        Ok(Encapsulated { secret: secret(shared), ciphertext: ciphertext.to_vec() })
    }
}

impl<P: Parameters> fmt::Debug for MlKemPublic<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MlKemPublic({:?})", P::ALGORITHM)
    }
}

fn secret(mut shared: B32) -> SecretBytes {
    let secret = SecretBytes::from(shared.as_slice());
    shared.zeroize();
    secret
}
