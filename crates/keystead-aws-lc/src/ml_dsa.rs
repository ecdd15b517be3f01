//! ML-DSA. Signing of an external mu is the default provider's.

use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{
    KeyPair, ML_DSA_44 as VERIFY_44, ML_DSA_44_SIGNING, ML_DSA_65 as VERIFY_65, ML_DSA_65_SIGNING,
    ML_DSA_87 as VERIFY_87, ML_DSA_87_SIGNING, ParsedPublicKey, PqdsaKeyPair, PqdsaSigningAlgorithm,
    PqdsaVerificationAlgorithm,
};
use keystead_crypto::{
    CryptoError, Entropy, KeyPairAlgorithm, Message, PrivateKey, Provider, PublicKey, SecretBytes, SignatureScheme,
};

use crate::canonical::AwsLcPrivateKey;
use crate::once::Once;
use crate::provider::SHARED;

pub(crate) static ML_DSA_44: ParameterSet =
    ParameterSet { algorithm: KeyPairAlgorithm::MlDsa44, signing: &ML_DSA_44_SIGNING, verification: &VERIFY_44 };
pub(crate) static ML_DSA_65: ParameterSet =
    ParameterSet { algorithm: KeyPairAlgorithm::MlDsa65, signing: &ML_DSA_65_SIGNING, verification: &VERIFY_65 };
pub(crate) static ML_DSA_87: ParameterSet =
    ParameterSet { algorithm: KeyPairAlgorithm::MlDsa87, signing: &ML_DSA_87_SIGNING, verification: &VERIFY_87 };

#[derive(Debug)]
pub(crate) struct ParameterSet {
    algorithm: KeyPairAlgorithm,
    signing: &'static PqdsaSigningAlgorithm,
    verification: &'static PqdsaVerificationAlgorithm,
}

pub(crate) struct MlDsaPrivateKey {
    signing: PqdsaKeyPair,
    /// AWS-LC cannot write a key that came expanded, without its seed.
    pkcs8: SecretBytes,
    shared: Once<Box<dyn PrivateKey>>,
    public: MlDsaPublicKey,
}

impl MlDsaPrivateKey {
    pub(crate) fn generate(set: &'static ParameterSet) -> Result<Self, CryptoError> {
        let signing = PqdsaKeyPair::generate(set.signing).map_err(|_| CryptoError::Entropy)?;
        let pkcs8 = write(&signing)?;
        Self::new(set, signing, pkcs8)
    }

    fn new(set: &'static ParameterSet, signing: PqdsaKeyPair, pkcs8: SecretBytes) -> Result<Self, CryptoError> {
        let spki = signing.public_key().as_der().map_err(|_| CryptoError::InvalidKey)?;
        let public = MlDsaPublicKey::new(set, spki.as_ref())?;
        Ok(Self { signing, pkcs8, shared: Once::new(), public })
    }
}

impl AwsLcPrivateKey for MlDsaPrivateKey {
    type Parameters = ParameterSet;

    fn algorithm(set: &ParameterSet) -> KeyPairAlgorithm {
        set.algorithm
    }

    fn read(set: &'static ParameterSet, pkcs8: &[u8]) -> Result<Self, CryptoError> {
        let signing = PqdsaKeyPair::from_pkcs8(set.signing, pkcs8).map_err(|_| CryptoError::InvalidKey)?;
        Self::new(set, signing, SecretBytes::from(pkcs8))
    }

    fn write(&self) -> Result<SecretBytes, CryptoError> {
        write(&self.signing)
    }
}

impl PrivateKey for MlDsaPrivateKey {
    fn public(&self) -> &dyn PublicKey {
        &self.public
    }

    fn to_pkcs8(&self) -> Result<SecretBytes, CryptoError> {
        Ok(self.pkcs8.clone())
    }

    fn sign(
        &self,
        scheme: SignatureScheme,
        message: Message<'_>,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, CryptoError> {
        let set = self.public.set;
        if let (SignatureScheme::MlDsa, Message::Raw(message)) = (scheme, message) {
            let mut signature = vec![0; set.signing.signature_len()];
            self.signing.sign(message, &mut signature).map_err(|_| CryptoError::Entropy)?;
            return Ok(signature);
        }
        let shared = self.shared.get(|| SHARED.trusted_private_key(set.algorithm, self.pkcs8.expose()))?;
        shared.sign(scheme, message, entropy)
    }
}

impl fmt::Debug for MlDsaPrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MlDsaPrivateKey({:?}, redacted)", self.public.set.algorithm)
    }
}

pub(crate) struct MlDsaPublicKey {
    set: &'static ParameterSet,
    spki: Box<[u8]>,
    verifying: ParsedPublicKey,
    shared: Once<Box<dyn PublicKey>>,
}

impl MlDsaPublicKey {
    pub(crate) fn new(set: &'static ParameterSet, spki: &[u8]) -> Result<Self, CryptoError> {
        let verifying = ParsedPublicKey::new(set.verification, spki).map_err(|_| CryptoError::InvalidKey)?;
        Ok(Self { set, spki: spki.into(), verifying, shared: Once::new() })
    }
}

impl PublicKey for MlDsaPublicKey {
    fn algorithm(&self) -> KeyPairAlgorithm {
        self.set.algorithm
    }

    fn spki(&self) -> &[u8] {
        &self.spki
    }

    fn verify(&self, scheme: SignatureScheme, message: Message<'_>, signature: &[u8]) -> Result<(), CryptoError> {
        if let (SignatureScheme::MlDsa, Message::Raw(message)) = (scheme, message) {
            return self.verifying.verify_sig(message, signature).map_err(|_| CryptoError::Unauthenticated);
        }
        let shared = self.shared.get(|| SHARED.public_key(self.set.algorithm, &self.spki))?;
        shared.verify(scheme, message, signature)
    }
}

impl fmt::Debug for MlDsaPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MlDsaPublicKey({:?})", self.set.algorithm)
    }
}

/// In seed form.
fn write(signing: &PqdsaKeyPair) -> Result<SecretBytes, CryptoError> {
    let der = signing.to_pkcs8v1().map_err(|_| CryptoError::InvalidKey)?;
    Ok(SecretBytes::from(der.as_ref()))
}
