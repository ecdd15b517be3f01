//! The enumerations of the API that describe keys. Source: chapter 50, section 4.2.

/// A name that the API does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what}; use one of the names of the API, in its letter case")]
pub struct UnknownName {
    what: &'static str,
}

impl UnknownName {
    /// An error about a name that should have been that of a `what`, such as a "key spec".
    pub const fn new(what: &'static str) -> Self {
        Self { what }
    }

    /// What the name should have been that of.
    pub const fn what(&self) -> &'static str {
        self.what
    }
}

crate::api_enum! {
    /// The kind and size of a key's material (`KeySpec`).
    pub enum KeySpec("key spec") {
        /// RSA with a modulus of 2,048 bits.
        Rsa2048 = "RSA_2048",
        /// RSA with a modulus of 3,072 bits.
        Rsa3072 = "RSA_3072",
        /// RSA with a modulus of 4,096 bits.
        Rsa4096 = "RSA_4096",
        /// Elliptic curve secp256r1.
        EccNistP256 = "ECC_NIST_P256",
        /// Elliptic curve secp384r1.
        EccNistP384 = "ECC_NIST_P384",
        /// Elliptic curve secp521r1.
        EccNistP521 = "ECC_NIST_P521",
        /// Elliptic curve secp256k1.
        EccSecgP256K1 = "ECC_SECG_P256K1",
        /// Symmetric encryption: AES-256 in the standard profile, SM4 in the China profile (TYP-07).
        SymmetricDefault = "SYMMETRIC_DEFAULT",
        /// HMAC with a key of 224 bits.
        Hmac224 = "HMAC_224",
        /// HMAC with a key of 256 bits.
        Hmac256 = "HMAC_256",
        /// HMAC with a key of 384 bits.
        Hmac384 = "HMAC_384",
        /// HMAC with a key of 512 bits.
        Hmac512 = "HMAC_512",
        /// Elliptic curve sm2p256v1 (GB/T 32918); China profile only.
        Sm2 = "SM2",
        /// ML-DSA-44 (FIPS 204).
        MlDsa44 = "ML_DSA_44",
        /// ML-DSA-65 (FIPS 204).
        MlDsa65 = "ML_DSA_65",
        /// ML-DSA-87 (FIPS 204).
        MlDsa87 = "ML_DSA_87",
        /// Ed25519 (RFC 8032).
        EccNistEdwards25519 = "ECC_NIST_EDWARDS25519",
        /// ML-KEM-512 (FIPS 203); standard profile only.
        MlKem512 = "ML_KEM_512",
        /// ML-KEM-768 (FIPS 203); standard profile only.
        MlKem768 = "ML_KEM_768",
        /// ML-KEM-1024 (FIPS 203); standard profile only.
        MlKem1024 = "ML_KEM_1024",
    }
}

crate::api_enum! {
    /// The one group of operations that a key serves (`KeyUsageType`).
    pub enum KeyUsage("key usage") {
        /// Sign and Verify.
        SignVerify = "SIGN_VERIFY",
        /// Encrypt, Decrypt, ReEncrypt and, with symmetric keys, the data key operations.
        EncryptDecrypt = "ENCRYPT_DECRYPT",
        /// GenerateMac and VerifyMac.
        GenerateVerifyMac = "GENERATE_VERIFY_MAC",
        /// DeriveSharedSecret.
        KeyAgreement = "KEY_AGREEMENT",
        /// Encapsulate and Decapsulate.
        EncapsulateDecapsulate = "ENCAPSULATE_DECAPSULATE",
    }
}

crate::api_enum! {
    /// Where a key's material comes from and is kept (`OriginType`). Source: OVR-10, KEY-14.
    pub enum Origin("key material origin") {
        /// Generated and kept by the library.
        AwsKms = "AWS_KMS",
        /// Imported by the caller.
        External = "EXTERNAL",
        /// Generated and kept in an HSM cluster.
        AwsCloudHsm = "AWS_CLOUDHSM",
        /// Kept in an external key manager.
        ExternalKeyStore = "EXTERNAL_KEY_STORE",
    }
}

crate::api_enum! {
    /// The state of a key. Source: chapter 20, section 2; derived by [`KeyFacts::state`](crate::state::KeyFacts::state).
    pub enum KeyState("key state") {
        /// A replica under construction.
        Creating = "Creating",
        /// Usable.
        Enabled = "Enabled",
        /// Switched off by an administrator, or not yet switched on again after a cancelled deletion.
        Disabled = "Disabled",
        /// To be deleted at a known date.
        PendingDeletion = "PendingDeletion",
        /// Without (all of) its imported material.
        PendingImport = "PendingImport",
        /// A primary whose deletion waits for that of its last replica.
        PendingReplicaDeletion = "PendingReplicaDeletion",
        /// In a custom key store that is not connected.
        Unavailable = "Unavailable",
        /// Handing over or receiving the role of primary; usable.
        Updating = "Updating",
    }
}

crate::api_enum! {
    /// Who manages a key (`KeyManagerType`). Source: KEY-07.
    pub enum KeyManager("key manager") {
        /// A service, for the account.
        Aws = "AWS",
        /// The account itself.
        Customer = "CUSTOMER",
    }
}

crate::api_enum! {
    /// How Encrypt and Decrypt work (`EncryptionAlgorithmSpec`).
    pub enum EncryptionAlgorithm("encryption algorithm") {
        /// The algorithm of symmetric encryption keys (RUL-11).
        SymmetricDefault = "SYMMETRIC_DEFAULT",
        /// RSA-OAEP with SHA-1 (RFC 8017).
        RsaesOaepSha1 = "RSAES_OAEP_SHA_1",
        /// RSA-OAEP with SHA-256 (RFC 8017).
        RsaesOaepSha256 = "RSAES_OAEP_SHA_256",
        /// SM2 public key encryption (GB/T 32918.4).
        Sm2Pke = "SM2PKE",
    }
}

crate::api_enum! {
    /// How Sign and Verify work (`SigningAlgorithmSpec`).
    pub enum SigningAlgorithm("signing algorithm") {
        /// RSASSA-PSS with SHA-256, salt of 32 bytes.
        RsassaPssSha256 = "RSASSA_PSS_SHA_256",
        /// RSASSA-PSS with SHA-384, salt of 48 bytes.
        RsassaPssSha384 = "RSASSA_PSS_SHA_384",
        /// RSASSA-PSS with SHA-512, salt of 64 bytes.
        RsassaPssSha512 = "RSASSA_PSS_SHA_512",
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        RsassaPkcs1V15Sha256 = "RSASSA_PKCS1_V1_5_SHA_256",
        /// RSASSA-PKCS1-v1_5 with SHA-384.
        RsassaPkcs1V15Sha384 = "RSASSA_PKCS1_V1_5_SHA_384",
        /// RSASSA-PKCS1-v1_5 with SHA-512.
        RsassaPkcs1V15Sha512 = "RSASSA_PKCS1_V1_5_SHA_512",
        /// ECDSA with SHA-256.
        EcdsaSha256 = "ECDSA_SHA_256",
        /// ECDSA with SHA-384.
        EcdsaSha384 = "ECDSA_SHA_384",
        /// ECDSA with SHA-512.
        EcdsaSha512 = "ECDSA_SHA_512",
        /// SM2 signature with SM3 (GB/T 32918.2).
        Sm2Dsa = "SM2DSA",
        /// ML-DSA (FIPS 204).
        MlDsaShake256 = "ML_DSA_SHAKE_256",
        /// Ed25519 (RFC 8032).
        Ed25519Sha512 = "ED25519_SHA_512",
        /// Ed25519ph (RFC 8032).
        Ed25519PhSha512 = "ED25519_PH_SHA_512",
    }
}

crate::api_enum! {
    /// What the bytes given to Sign and Verify are (`MessageType`).
    pub enum MessageType("message type") {
        /// The message itself.
        Raw = "RAW",
        /// Its hash.
        Digest = "DIGEST",
        /// The message representative mu of ML-DSA (FIPS 204, section 6.2).
        ExternalMu = "EXTERNAL_MU",
    }
}

crate::api_enum! {
    /// How GenerateMac and VerifyMac work (`MacAlgorithmSpec`).
    pub enum MacAlgorithmSpec("MAC algorithm") {
        /// HMAC-SHA-224 (RFC 2104).
        HmacSha224 = "HMAC_SHA_224",
        /// HMAC-SHA-256.
        HmacSha256 = "HMAC_SHA_256",
        /// HMAC-SHA-384.
        HmacSha384 = "HMAC_SHA_384",
        /// HMAC-SHA-512.
        HmacSha512 = "HMAC_SHA_512",
    }
}

crate::api_enum! {
    /// The length of a symmetric data key (`DataKeySpec`).
    pub enum DataKeySpec("data key spec") {
        /// 32 bytes.
        Aes256 = "AES_256",
        /// 16 bytes.
        Aes128 = "AES_128",
    }
}

crate::api_enum! {
    /// The kind and size of a data key pair (`DataKeyPairSpec`).
    pub enum DataKeyPairSpec("data key pair spec") {
        /// RSA with a modulus of 2,048 bits.
        Rsa2048 = "RSA_2048",
        /// RSA with a modulus of 3,072 bits.
        Rsa3072 = "RSA_3072",
        /// RSA with a modulus of 4,096 bits.
        Rsa4096 = "RSA_4096",
        /// Elliptic curve secp256r1.
        EccNistP256 = "ECC_NIST_P256",
        /// Elliptic curve secp384r1.
        EccNistP384 = "ECC_NIST_P384",
        /// Elliptic curve secp521r1.
        EccNistP521 = "ECC_NIST_P521",
        /// Elliptic curve secp256k1.
        EccSecgP256K1 = "ECC_SECG_P256K1",
        /// Elliptic curve sm2p256v1; China profile only.
        Sm2 = "SM2",
        /// Ed25519 (RFC 8032).
        EccNistEdwards25519 = "ECC_NIST_EDWARDS25519",
        /// ML-KEM-512 (FIPS 203); standard profile only.
        MlKem512 = "ML_KEM_512",
        /// ML-KEM-768 (FIPS 203); standard profile only.
        MlKem768 = "ML_KEM_768",
        /// ML-KEM-1024 (FIPS 203); standard profile only.
        MlKem1024 = "ML_KEM_1024",
    }
}

crate::api_enum! {
    /// How DeriveSharedSecret works (`KeyAgreementAlgorithmSpec`).
    pub enum KeyAgreementAlgorithm("key agreement algorithm") {
        /// Elliptic curve cofactor Diffie-Hellman (NIST SP 800-56A).
        Ecdh = "ECDH",
    }
}

crate::api_enum! {
    /// How Encapsulate and Decapsulate work (`EncapsulationAlgorithmSpec`).
    pub enum EncapsulationAlgorithm("encapsulation algorithm") {
        /// ML-KEM (FIPS 203).
        MlKem = "ML_KEM",
    }
}
