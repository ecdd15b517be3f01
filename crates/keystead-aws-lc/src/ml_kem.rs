//! ML-KEM: AWS-LC encapsulates. It cannot read a private key in seed form, so the default provider decapsulates.

use std::fmt;

use aws_lc_rs::kem::{self, EncapsulationKey};
use keystead_crypto::{
    CryptoError, Encapsulated, Entropy, KeyPairAlgorithm, Message, PrivateKey, PublicKey, SecretBytes, SignatureScheme,
};

pub(crate) static ML_KEM_512: ParameterSet =
    ParameterSet { algorithm: KeyPairAlgorithm::MlKem512, kem: &kem::ML_KEM_512, key_len: 800 };
pub(crate) static ML_KEM_768: ParameterSet =
    ParameterSet { algorithm: KeyPairAlgorithm::MlKem768, kem: &kem::ML_KEM_768, key_len: 1184 };
pub(crate) static ML_KEM_1024: ParameterSet =
    ParameterSet { algorithm: KeyPairAlgorithm::MlKem1024, kem: &kem::ML_KEM_1024, key_len: 1568 };

#[derive(Debug)]
pub(crate) struct ParameterSet {
    algorithm: KeyPairAlgorithm,
    kem: &'static kem::Algorithm,
    /// Bytes in an encapsulation key (FIPS 203, table 3).
    key_len: usize,
}

#[derive(Debug)]
pub(crate) struct MlKemPrivateKey {
    shared: Box<dyn PrivateKey>,
    public: MlKemPublicKey,
}

impl MlKemPrivateKey {
    pub(crate) fn new(set: &'static ParameterSet, shared: Box<dyn PrivateKey>) -> Result<Self, CryptoError> {
        let public = MlKemPublicKey::new(set, shared.public().spki())?;
        Ok(Self { shared, public })
    }
}

impl PrivateKey for MlKemPrivateKey {
    fn public(&self) -> &dyn PublicKey {
        &self.public
    }

    fn to_pkcs8(&self) -> Result<SecretBytes, CryptoError> {
        self.shared.to_pkcs8()
    }

    fn sign(&self, _: SignatureScheme, _: Message<'_>, _: &dyn Entropy) -> Result<Vec<u8>, CryptoError> {
        Err(CryptoError::Unsupported)
    }

    fn decapsulate(&self, ciphertext: &[u8]) -> Result<SecretBytes, CryptoError> {
        self.shared.decapsulate(ciphertext)
    }
}

pub(crate) struct MlKemPublicKey {
    set: &'static ParameterSet,
    spki: Box<[u8]>,
    encapsulating: EncapsulationKey,
}

impl MlKemPublicKey {
    /// Takes over a key that the default provider has read and checked; AWS-LC looks at its length only.
    pub(crate) fn new(set: &'static ParameterSet, spki: &[u8]) -> Result<Self, CryptoError> {
        // The bit string with the key is the last thing in SubjectPublicKeyInfo.
        let start = spki.len().checked_sub(set.key_len).ok_or(CryptoError::InvalidKey)?;
        let key = &spki[start..];
        let encapsulating = EncapsulationKey::new(set.kem, key).map_err(|_| CryptoError::InvalidKey)?;
        Ok(Self { set, spki: spki.into(), encapsulating })
    }
}

impl PublicKey for MlKemPublicKey {
    fn algorithm(&self) -> KeyPairAlgorithm {
        self.set.algorithm
    }

    fn spki(&self) -> &[u8] {
        &self.spki
    }

    fn encapsulate(&self, _: &dyn Entropy) -> Result<Encapsulated, CryptoError> {
        let (ciphertext, secret) = self.encapsulating.encapsulate().map_err(|_| CryptoError::Entropy)?;
        Ok(Encapsulated { secret: SecretBytes::from(secret.as_ref()), ciphertext: ciphertext.as_ref().to_vec() })
    }
}

impl fmt::Debug for MlKemPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MlKemPublicKey({:?})", self.set.algorithm)
    }
}
