//! How material is wrapped for import: algorithms, wrapping keys, and which of them go with which key specs. Source:
//! chapter 32, section 3, and RUL-29.

use keystead_crypto::{EncryptionScheme, KeyPairAlgorithm, WrappingScheme};

use super::names::KeySpec;
use super::profile::Profile;
use super::table::KeyKind;

crate::api_enum! {
    /// How material is wrapped for import (`AlgorithmSpec`).
    pub enum WrappingAlgorithm("wrapping algorithm") {
        /// Withdrawn (RUL-03).
        RsaesPkcs1V15 = "RSAES_PKCS1_V1_5",
        /// RSA-OAEP with SHA-1 (IMP-21).
        RsaesOaepSha1 = "RSAES_OAEP_SHA_1",
        /// RSA-OAEP with SHA-256.
        RsaesOaepSha256 = "RSAES_OAEP_SHA_256",
        /// An AES-256 key under RSA-OAEP with SHA-1, and the material under that key (IMP-22).
        RsaAesKeyWrapSha1 = "RSA_AES_KEY_WRAP_SHA_1",
        /// An AES-256 key under RSA-OAEP with SHA-256, and the material under that key.
        RsaAesKeyWrapSha256 = "RSA_AES_KEY_WRAP_SHA_256",
        /// SM2 public key encryption (IMP-25); China profile only.
        Sm2Pke = "SM2PKE",
    }
}

crate::api_enum! {
    /// The kind of key under which material is wrapped for import (`WrappingKeySpec`).
    pub enum WrappingKeySpec("wrapping key spec") {
        /// RSA with a modulus of 2,048 bits.
        Rsa2048 = "RSA_2048",
        /// RSA with a modulus of 3,072 bits.
        Rsa3072 = "RSA_3072",
        /// RSA with a modulus of 4,096 bits.
        Rsa4096 = "RSA_4096",
        /// SM2; China profile only.
        Sm2 = "SM2",
    }
}

impl WrappingAlgorithm {
    /// How it is done; none for the one that was withdrawn.
    pub const fn scheme(self) -> Option<WrappingScheme> {
        match self {
            Self::RsaesPkcs1V15 => None,
            Self::RsaesOaepSha1 => Some(WrappingScheme::Direct(EncryptionScheme::RsaOaepSha1)),
            Self::RsaesOaepSha256 => Some(WrappingScheme::Direct(EncryptionScheme::RsaOaepSha256)),
            Self::RsaAesKeyWrapSha1 => Some(WrappingScheme::AesKeyWrap(EncryptionScheme::RsaOaepSha1)),
            Self::RsaAesKeyWrapSha256 => Some(WrappingScheme::AesKeyWrap(EncryptionScheme::RsaOaepSha256)),
            Self::Sm2Pke => Some(WrappingScheme::Direct(EncryptionScheme::Sm2Pke)),
        }
    }

    /// Whether keys of this spec can unwrap it (IMP-13).
    const fn fits(self, wrapping_key: WrappingKeySpec) -> bool {
        matches!(self, Self::Sm2Pke) == matches!(wrapping_key, WrappingKeySpec::Sm2)
    }
}

impl WrappingKeySpec {
    /// The kind of key pair.
    pub const fn key_pair(self) -> KeyPairAlgorithm {
        match self {
            Self::Rsa2048 => KeyPairAlgorithm::Rsa2048,
            Self::Rsa3072 => KeyPairAlgorithm::Rsa3072,
            Self::Rsa4096 => KeyPairAlgorithm::Rsa4096,
            Self::Sm2 => KeyPairAlgorithm::Sm2,
        }
    }

    /// The key spec of the same kind and size.
    pub const fn key_spec(self) -> KeySpec {
        match self {
            Self::Rsa2048 => KeySpec::Rsa2048,
            Self::Rsa3072 => KeySpec::Rsa3072,
            Self::Rsa4096 => KeySpec::Rsa4096,
            Self::Sm2 => KeySpec::Sm2,
        }
    }
}

impl KeySpec {
    /// Whether material of this spec may be imported this way under `profile` (IMP-13, IMP-14).
    pub fn may_be_wrapped(self, algorithm: WrappingAlgorithm, key: WrappingKeySpec, profile: Profile) -> bool {
        self.wrapping_algorithms(profile).contains(&algorithm)
            && algorithm.fits(key)
            // Even an encoding that would fit is refused (IMP-14).
            && !(self == Self::EccNistP521 && OAEP.contains(&algorithm) && key == WrappingKeySpec::Rsa2048)
    }

    /// The wrapping algorithms for material of this spec. Source: the second table of chapter 32, section 3.
    fn wrapping_algorithms(self, profile: Profile) -> &'static [WrappingAlgorithm] {
        match (self.family(), profile) {
            (Family::Bytes, _) => OAEP,
            (Family::Curve, Profile::Standard) => OAEP_AND_AES,
            (Family::Curve, Profile::China) => OAEP_AND_SM2,
            (Family::Long, Profile::Standard) => AES,
            (Family::Long, Profile::China) => SM2,
        }
    }

    fn family(self) -> Family {
        match (self.kind(), self) {
            (KeyKind::SymmetricEncryption | KeyKind::Hmac, _) => Family::Bytes,
            (
                KeyKind::Asymmetric,
                Self::EccNistP256
                | Self::EccNistP384
                | Self::EccNistP521
                | Self::EccSecgP256K1
                | Self::Sm2
                | Self::EccNistEdwards25519,
            ) => Family::Curve,
            (KeyKind::Asymmetric, _) => Family::Long,
        }
    }
}

/// What wrapping distinguishes.
enum Family {
    /// Symmetric encryption and HMAC keys.
    Bytes,
    /// Private keys that fit into an RSA block.
    Curve,
    /// Private keys that do not.
    Long,
}

const OAEP: &[WrappingAlgorithm] = &[WrappingAlgorithm::RsaesOaepSha1, WrappingAlgorithm::RsaesOaepSha256];
const AES: &[WrappingAlgorithm] = &[WrappingAlgorithm::RsaAesKeyWrapSha1, WrappingAlgorithm::RsaAesKeyWrapSha256];
const SM2: &[WrappingAlgorithm] = &[WrappingAlgorithm::Sm2Pke];
const OAEP_AND_AES: &[WrappingAlgorithm] = &[
    WrappingAlgorithm::RsaesOaepSha1,
    WrappingAlgorithm::RsaesOaepSha256,
    WrappingAlgorithm::RsaAesKeyWrapSha1,
    WrappingAlgorithm::RsaAesKeyWrapSha256,
];
const OAEP_AND_SM2: &[WrappingAlgorithm] =
    &[WrappingAlgorithm::RsaesOaepSha1, WrappingAlgorithm::RsaesOaepSha256, WrappingAlgorithm::Sm2Pke];
