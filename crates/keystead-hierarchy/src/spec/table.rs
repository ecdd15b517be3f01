//! The table of key specs: kind, usages, algorithms, profile. Sources: KEY-11, API-051, API-075, chapter 41.

use super::names::{
    DataKeyPairSpec, DataKeySpec, EncapsulationAlgorithm, EncryptionAlgorithm, KeyAgreementAlgorithm, KeySpec,
    KeyUsage, MacAlgorithmSpec, MessageType, SigningAlgorithm,
};
use super::profile::Profile;
use keystead_crypto::{DigestAlgorithm, EncryptionScheme, KeyPairAlgorithm, MacAlgorithm, SignatureScheme};

/// Bytes that Encrypt takes at most under a symmetric encryption key. Source: API-075.
pub const PLAINTEXT_LIMIT: usize = 4096;

/// The types of keys among which an alias may move, if the usage is the same too. Source: KEY-57, TYP-10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// A symmetric encryption key.
    SymmetricEncryption,
    /// A symmetric key that makes MACs.
    Hmac,
    /// A key pair.
    Asymmetric,
}

/// The algorithms of a spec under one usage: the one list that a key's metadata shows (KEY-36, TYP-17).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithms {
    /// `EncryptionAlgorithms`, for usage `ENCRYPT_DECRYPT`.
    Encryption(&'static [EncryptionAlgorithm]),
    /// `SigningAlgorithms`, for usage `SIGN_VERIFY`.
    Signing(&'static [SigningAlgorithm]),
    /// `MacAlgorithms`, for usage `GENERATE_VERIFY_MAC`.
    Mac(&'static [MacAlgorithmSpec]),
    /// `KeyAgreementAlgorithms`, for usage `KEY_AGREEMENT`.
    KeyAgreement(&'static [KeyAgreementAlgorithm]),
    /// `EncapsulationAlgorithms`, for usage `ENCAPSULATE_DECAPSULATE`.
    Encapsulation(&'static [EncapsulationAlgorithm]),
}

impl Algorithms {
    /// The usage that these algorithms serve.
    pub const fn usage(self) -> KeyUsage {
        match self {
            Self::Encryption(_) => KeyUsage::EncryptDecrypt,
            Self::Signing(_) => KeyUsage::SignVerify,
            Self::Mac(_) => KeyUsage::GenerateVerifyMac,
            Self::KeyAgreement(_) => KeyUsage::KeyAgreement,
            Self::Encapsulation(_) => KeyUsage::EncapsulateDecapsulate,
        }
    }
}

impl KeySpec {
    /// The type of key.
    pub fn kind(self) -> KeyKind {
        self.row().kind
    }

    /// The usages that a key of this spec may have. Source: API-051.
    pub fn usages(self) -> impl ExactSizeIterator<Item = KeyUsage> {
        self.row().algorithms.iter().map(|algorithms| algorithms.usage())
    }

    /// Whether a key of this spec may have `usage`. Source: API-051.
    pub fn allows(self, usage: KeyUsage) -> bool {
        self.algorithms(usage).is_some()
    }

    /// The usage that CreateKey assumes when the caller names none; only `SYMMETRIC_DEFAULT` has one. Source: TYP-05.
    pub const fn default_usage(self) -> Option<KeyUsage> {
        match self {
            Self::SymmetricDefault => Some(KeyUsage::EncryptDecrypt),
            _ => None,
        }
    }

    /// The algorithms of a key of this spec and usage; none if the two do not fit.
    pub fn algorithms(self, usage: KeyUsage) -> Option<Algorithms> {
        self.row().algorithms.iter().copied().find(|algorithms| algorithms.usage() == usage)
    }

    /// The encryption algorithms of this spec under usage `ENCRYPT_DECRYPT`; empty without that usage.
    pub fn encryption_algorithms(self) -> &'static [EncryptionAlgorithm] {
        match self.algorithms(KeyUsage::EncryptDecrypt) {
            Some(Algorithms::Encryption(list)) => list,
            _ => &[],
        }
    }

    /// The signing algorithms of this spec under usage `SIGN_VERIFY`; empty without that usage.
    pub fn signing_algorithms(self) -> &'static [SigningAlgorithm] {
        match self.algorithms(KeyUsage::SignVerify) {
            Some(Algorithms::Signing(list)) => list,
            _ => &[],
        }
    }

    /// The key agreement algorithms of this spec under usage `KEY_AGREEMENT`; empty without that usage.
    pub fn key_agreement_algorithms(self) -> &'static [KeyAgreementAlgorithm] {
        match self.algorithms(KeyUsage::KeyAgreement) {
            Some(Algorithms::KeyAgreement(list)) => list,
            _ => &[],
        }
    }

    /// The encapsulation algorithms of this spec under usage `ENCAPSULATE_DECAPSULATE`; empty without that usage.
    pub fn encapsulation_algorithms(self) -> &'static [EncapsulationAlgorithm] {
        match self.algorithms(KeyUsage::EncapsulateDecapsulate) {
            Some(Algorithms::Encapsulation(list)) => list,
            _ => &[],
        }
    }

    /// The MAC algorithm of this spec, if it is an HMAC spec.
    pub fn mac_algorithm(self) -> Option<MacAlgorithmSpec> {
        match self.algorithms(KeyUsage::GenerateVerifyMac) {
            Some(Algorithms::Mac([only])) => Some(*only),
            _ => None,
        }
    }

    /// Bytes that Encrypt takes at most; none if `algorithm` does not fit this spec. Source: API-075.
    pub fn plaintext_limit(self, algorithm: EncryptionAlgorithm) -> Option<usize> {
        if !self.encryption_algorithms().contains(&algorithm) {
            return None;
        }
        // RSA-OAEP: bytes of the modulus less twice the hash and two more (RFC 8017, section 7.1.1).
        let oaep = |hash_len: usize| self.row().modulus_len.checked_sub(2 * hash_len + 2);
        match algorithm {
            EncryptionAlgorithm::SymmetricDefault => Some(PLAINTEXT_LIMIT),
            EncryptionAlgorithm::RsaesOaepSha1 => oaep(20),
            EncryptionAlgorithm::RsaesOaepSha256 => oaep(32),
            EncryptionAlgorithm::Sm2Pke => Some(1024),
        }
    }

    /// Whether keys of this spec exist under `profile`. Source: API-051, ASY-55.
    pub fn available_in(self, profile: Profile) -> bool {
        self.row().only_in.is_none_or(|only| only == profile)
    }

    /// Bytes of generated or imported material, for the specs whose material is a string of bytes; none for key pairs.
    /// Source: chapter 30, section 2.2; chapter 32.
    pub fn material_len(self, profile: Profile) -> Option<usize> {
        match self {
            Self::SymmetricDefault => Some(profile.sealing_algorithm().key_len()),
            Self::Hmac224 => Some(28),
            Self::Hmac256 => Some(32),
            Self::Hmac384 => Some(48),
            Self::Hmac512 => Some(64),
            _ => None,
        }
    }

    /// The kind of key pair that the material is; none for symmetric keys.
    pub fn key_pair(self) -> Option<KeyPairAlgorithm> {
        self.row().key_pair
    }

    /// Bytes in an encapsulated secret, for ML-KEM specs. Source: FIPS 203, API-088.
    pub const fn encapsulation_len(self) -> Option<usize> {
        match self {
            Self::MlKem512 => Some(768),
            Self::MlKem768 => Some(1088),
            Self::MlKem1024 => Some(1568),
            _ => None,
        }
    }

    fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }
}

impl EncryptionAlgorithm {
    /// How a public key encrypts; none for the algorithm of symmetric keys.
    pub const fn scheme(self) -> Option<EncryptionScheme> {
        match self {
            Self::SymmetricDefault => None,
            Self::RsaesOaepSha1 => Some(EncryptionScheme::RsaOaepSha1),
            Self::RsaesOaepSha256 => Some(EncryptionScheme::RsaOaepSha256),
            Self::Sm2Pke => Some(EncryptionScheme::Sm2Pke),
        }
    }
}

impl SigningAlgorithm {
    /// How signatures are made.
    pub const fn scheme(self) -> SignatureScheme {
        match self {
            Self::RsassaPssSha256 => SignatureScheme::RsaPss(DigestAlgorithm::Sha256),
            Self::RsassaPssSha384 => SignatureScheme::RsaPss(DigestAlgorithm::Sha384),
            Self::RsassaPssSha512 => SignatureScheme::RsaPss(DigestAlgorithm::Sha512),
            Self::RsassaPkcs1V15Sha256 => SignatureScheme::RsaPkcs1(DigestAlgorithm::Sha256),
            Self::RsassaPkcs1V15Sha384 => SignatureScheme::RsaPkcs1(DigestAlgorithm::Sha384),
            Self::RsassaPkcs1V15Sha512 => SignatureScheme::RsaPkcs1(DigestAlgorithm::Sha512),
            Self::EcdsaSha256 => SignatureScheme::Ecdsa(DigestAlgorithm::Sha256),
            Self::EcdsaSha384 => SignatureScheme::Ecdsa(DigestAlgorithm::Sha384),
            Self::EcdsaSha512 => SignatureScheme::Ecdsa(DigestAlgorithm::Sha512),
            Self::Sm2Dsa => SignatureScheme::Sm2Dsa,
            Self::MlDsaShake256 => SignatureScheme::MlDsa,
            Self::Ed25519Sha512 => SignatureScheme::Ed25519,
            Self::Ed25519PhSha512 => SignatureScheme::Ed25519Ph,
        }
    }

    /// Whether messages of this type are signed with the algorithm. Source: API-084, RUL-30.
    pub const fn takes(self, message_type: MessageType) -> bool {
        match self {
            Self::Ed25519Sha512 => matches!(message_type, MessageType::Raw),
            Self::Ed25519PhSha512 => matches!(message_type, MessageType::Digest),
            Self::MlDsaShake256 => matches!(message_type, MessageType::Raw | MessageType::ExternalMu),
            _ => matches!(message_type, MessageType::Raw | MessageType::Digest),
        }
    }

    /// Bytes that a message of this type has; none if the type leaves it open. Source: ASY-74, chapter 30, section 19.
    pub const fn message_len(self, message_type: MessageType) -> Option<usize> {
        match message_type {
            MessageType::Raw => None,
            MessageType::ExternalMu => Some(64),
            MessageType::Digest => match self.scheme() {
                SignatureScheme::RsaPss(digest)
                | SignatureScheme::RsaPkcs1(digest)
                | SignatureScheme::Ecdsa(digest) => Some(digest.output_len()),
                SignatureScheme::Sm2Dsa => Some(DigestAlgorithm::Sm3.output_len()),
                _ => Some(DigestAlgorithm::Sha512.output_len()),
            },
        }
    }
}

impl MacAlgorithmSpec {
    /// The algorithm.
    pub const fn algorithm(self) -> MacAlgorithm {
        match self {
            Self::HmacSha224 => MacAlgorithm::HmacSha224,
            Self::HmacSha256 => MacAlgorithm::HmacSha256,
            Self::HmacSha384 => MacAlgorithm::HmacSha384,
            Self::HmacSha512 => MacAlgorithm::HmacSha512,
        }
    }
}

impl DataKeySpec {
    /// Bytes in the data key. Source: API-080.
    #[allow(clippy::len_without_is_empty)]
    pub const fn len(self) -> usize {
        match self {
            Self::Aes256 => 32,
            Self::Aes128 => 16,
        }
    }
}

impl DataKeyPairSpec {
    /// The key spec of the same kind and size.
    pub const fn key_spec(self) -> KeySpec {
        match self {
            Self::Rsa2048 => KeySpec::Rsa2048,
            Self::Rsa3072 => KeySpec::Rsa3072,
            Self::Rsa4096 => KeySpec::Rsa4096,
            Self::EccNistP256 => KeySpec::EccNistP256,
            Self::EccNistP384 => KeySpec::EccNistP384,
            Self::EccNistP521 => KeySpec::EccNistP521,
            Self::EccSecgP256K1 => KeySpec::EccSecgP256K1,
            Self::Sm2 => KeySpec::Sm2,
            Self::EccNistEdwards25519 => KeySpec::EccNistEdwards25519,
            Self::MlKem512 => KeySpec::MlKem512,
            Self::MlKem768 => KeySpec::MlKem768,
            Self::MlKem1024 => KeySpec::MlKem1024,
        }
    }

    /// Whether pairs of this spec exist under `profile`. Source: ASY-55.
    pub fn available_in(self, profile: Profile) -> bool {
        self.key_spec().available_in(profile)
    }
}

/// What is known about a spec.
struct Row {
    spec: KeySpec,
    kind: KeyKind,
    /// One list per legal usage.
    algorithms: &'static [Algorithms],
    /// What the material is, unless it is a string of bytes.
    key_pair: Option<KeyPairAlgorithm>,
    /// Bytes of an RSA modulus, else 0.
    modulus_len: usize,
    /// The one profile that has the spec; none if both have it.
    only_in: Option<Profile>,
}

impl Row {
    const fn new(spec: KeySpec, kind: KeyKind, algorithms: &'static [Algorithms]) -> Self {
        Self { spec, kind, algorithms, key_pair: None, modulus_len: 0, only_in: None }
    }

    const fn pair(spec: KeySpec, key_pair: KeyPairAlgorithm, algorithms: &'static [Algorithms]) -> Self {
        Self { key_pair: Some(key_pair), ..Self::new(spec, KeyKind::Asymmetric, algorithms) }
    }

    const fn rsa(spec: KeySpec, key_pair: KeyPairAlgorithm, modulus_len: usize) -> Self {
        Self { modulus_len, ..Self::pair(spec, key_pair, RSA) }
    }

    const fn only_in(self, profile: Profile) -> Self {
        Self { only_in: Some(profile), ..self }
    }
}

/// One row per spec, in the order of [`KeySpec`].
static TABLE: [Row; 20] = [
    Row::rsa(KeySpec::Rsa2048, KeyPairAlgorithm::Rsa2048, 256),
    Row::rsa(KeySpec::Rsa3072, KeyPairAlgorithm::Rsa3072, 384),
    Row::rsa(KeySpec::Rsa4096, KeyPairAlgorithm::Rsa4096, 512),
    Row::pair(KeySpec::EccNistP256, KeyPairAlgorithm::P256, &[ECDSA_SHA_256, ECDH]),
    Row::pair(KeySpec::EccNistP384, KeyPairAlgorithm::P384, &[ECDSA_SHA_384, ECDH]),
    Row::pair(KeySpec::EccNistP521, KeyPairAlgorithm::P521, &[ECDSA_SHA_512, ECDH]),
    Row::pair(KeySpec::EccSecgP256K1, KeyPairAlgorithm::Secp256k1, &[ECDSA_SHA_256]),
    Row::new(KeySpec::SymmetricDefault, KeyKind::SymmetricEncryption, SYMMETRIC),
    Row::new(KeySpec::Hmac224, KeyKind::Hmac, &[Algorithms::Mac(&[MacAlgorithmSpec::HmacSha224])]),
    Row::new(KeySpec::Hmac256, KeyKind::Hmac, &[Algorithms::Mac(&[MacAlgorithmSpec::HmacSha256])]),
    Row::new(KeySpec::Hmac384, KeyKind::Hmac, &[Algorithms::Mac(&[MacAlgorithmSpec::HmacSha384])]),
    Row::new(KeySpec::Hmac512, KeyKind::Hmac, &[Algorithms::Mac(&[MacAlgorithmSpec::HmacSha512])]),
    Row::pair(KeySpec::Sm2, KeyPairAlgorithm::Sm2, SM2).only_in(Profile::China),
    Row::pair(KeySpec::MlDsa44, KeyPairAlgorithm::MlDsa44, ML_DSA),
    Row::pair(KeySpec::MlDsa65, KeyPairAlgorithm::MlDsa65, ML_DSA),
    Row::pair(KeySpec::MlDsa87, KeyPairAlgorithm::MlDsa87, ML_DSA),
    Row::pair(KeySpec::EccNistEdwards25519, KeyPairAlgorithm::Ed25519, ED25519),
    Row::pair(KeySpec::MlKem512, KeyPairAlgorithm::MlKem512, ML_KEM).only_in(Profile::Standard),
    Row::pair(KeySpec::MlKem768, KeyPairAlgorithm::MlKem768, ML_KEM).only_in(Profile::Standard),
    Row::pair(KeySpec::MlKem1024, KeyPairAlgorithm::MlKem1024, ML_KEM).only_in(Profile::Standard),
];

// The table is read by index: its order is checked when it is compiled.
const _: () = {
    let mut at = 0;
    while at < TABLE.len() {
        assert!(TABLE[at].spec as usize == at);
        at += 1;
    }
};

const SYMMETRIC: &[Algorithms] = &[Algorithms::Encryption(&[EncryptionAlgorithm::SymmetricDefault])];
const RSA: &[Algorithms] = &[
    Algorithms::Encryption(&[EncryptionAlgorithm::RsaesOaepSha1, EncryptionAlgorithm::RsaesOaepSha256]),
    Algorithms::Signing(&[
        SigningAlgorithm::RsassaPkcs1V15Sha256,
        SigningAlgorithm::RsassaPkcs1V15Sha384,
        SigningAlgorithm::RsassaPkcs1V15Sha512,
        SigningAlgorithm::RsassaPssSha256,
        SigningAlgorithm::RsassaPssSha384,
        SigningAlgorithm::RsassaPssSha512,
    ]),
];
const SM2: &[Algorithms] =
    &[Algorithms::Encryption(&[EncryptionAlgorithm::Sm2Pke]), Algorithms::Signing(&[SigningAlgorithm::Sm2Dsa]), ECDH];
const ML_DSA: &[Algorithms] = &[Algorithms::Signing(&[SigningAlgorithm::MlDsaShake256])];
const ML_KEM: &[Algorithms] = &[Algorithms::Encapsulation(&[EncapsulationAlgorithm::MlKem])];
const ED25519: &[Algorithms] =
    &[Algorithms::Signing(&[SigningAlgorithm::Ed25519Sha512, SigningAlgorithm::Ed25519PhSha512])];
const ECDSA_SHA_256: Algorithms = Algorithms::Signing(&[SigningAlgorithm::EcdsaSha256]);
const ECDSA_SHA_384: Algorithms = Algorithms::Signing(&[SigningAlgorithm::EcdsaSha384]);
const ECDSA_SHA_512: Algorithms = Algorithms::Signing(&[SigningAlgorithm::EcdsaSha512]);
const ECDH: Algorithms = Algorithms::KeyAgreement(&[KeyAgreementAlgorithm::Ecdh]);
