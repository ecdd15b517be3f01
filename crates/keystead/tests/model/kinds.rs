//! The kinds of keys that the model makes: cheap ones of each usage (chapter 30, sections 2 and 19).

/// A key spec with a usage, and what follows from the two.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    pub spec: &'static str,
    pub usage: &'static str,
    pub algorithms: &'static [&'static str],
    pub profiles: Profiles,
}

/// The Regions that have a key spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profiles {
    All,
    Standard,
    China,
}

pub static KINDS: &[Kind] = &[
    kind("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", &["SYMMETRIC_DEFAULT"], Profiles::All),
    kind("HMAC_256", "GENERATE_VERIFY_MAC", &["HMAC_SHA_256"], Profiles::All),
    kind("ECC_NIST_P256", "SIGN_VERIFY", &["ECDSA_SHA_256"], Profiles::All),
    kind("ECC_NIST_P256", "KEY_AGREEMENT", &["ECDH"], Profiles::All),
    kind("ECC_NIST_EDWARDS25519", "SIGN_VERIFY", &["ED25519_SHA_512", "ED25519_PH_SHA_512"], Profiles::All),
    kind("ML_DSA_44", "SIGN_VERIFY", &["ML_DSA_SHAKE_256"], Profiles::All),
    kind("ML_KEM_512", "ENCAPSULATE_DECAPSULATE", &["ML_KEM"], Profiles::Standard),
    kind("SM2", "SIGN_VERIFY", &["SM2DSA"], Profiles::China),
    kind("SM2", "ENCRYPT_DECRYPT", &["SM2PKE"], Profiles::China),
    kind("SM2", "KEY_AGREEMENT", &["ECDH"], Profiles::China),
    kind("RSA_2048", "ENCRYPT_DECRYPT", &["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"], Profiles::All),
];

const fn kind(
    spec: &'static str,
    usage: &'static str,
    algorithms: &'static [&'static str],
    profiles: Profiles,
) -> Kind {
    Kind { spec, usage, algorithms, profiles }
}

impl Kind {
    pub fn is_symmetric(&self) -> bool {
        self.spec == "SYMMETRIC_DEFAULT"
    }

    /// Whether there are two halves, one of which is public.
    pub fn is_pair(&self) -> bool {
        !self.is_symmetric() && !self.spec.starts_with("HMAC")
    }

    pub fn exists_in(&self, partition: &str) -> bool {
        match self.profiles {
            Profiles::All => true,
            Profiles::Standard => partition == "aws",
            Profiles::China => partition == "aws-cn",
        }
    }

    /// The operations that a grant on such a key may hold (GRA-10, GRA-68).
    pub fn grantable(&self) -> Vec<&'static str> {
        let mut all = vec!["DescribeKey", "CreateGrant", "RetireGrant"];
        all.extend(match (self.usage, self.is_symmetric()) {
            ("ENCRYPT_DECRYPT", true) => &[
                "Encrypt",
                "Decrypt",
                "ReEncryptFrom",
                "ReEncryptTo",
                "GenerateDataKey",
                "GenerateDataKeyWithoutPlaintext",
                "GenerateDataKeyPair",
                "GenerateDataKeyPairWithoutPlaintext",
            ][..],
            ("ENCRYPT_DECRYPT", false) => &["Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GetPublicKey"],
            ("SIGN_VERIFY", _) => &["Sign", "Verify", "GetPublicKey"],
            ("GENERATE_VERIFY_MAC", _) => &["GenerateMac", "VerifyMac"],
            ("KEY_AGREEMENT", _) => &["DeriveSharedSecret", "GetPublicKey"],
            _ => &["Encapsulate", "Decapsulate", "GetPublicKey"],
        });
        all
    }
}
