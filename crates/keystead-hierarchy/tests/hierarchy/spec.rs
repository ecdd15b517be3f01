//! Names and tables, against the chapters' own text.

use std::fmt::Debug;
use std::str::FromStr;

use keystead_crypto::SealingAlgorithm;
use keystead_hierarchy::Profile;
use keystead_hierarchy::spec::{
    Algorithms, DataKeyPairSpec, DataKeySpec, EncapsulationAlgorithm, EncryptionAlgorithm, KeyAgreementAlgorithm,
    KeyKind, KeyManager, KeySpec, KeyState, KeyUsage, MacAlgorithmSpec, Origin, PLAINTEXT_LIMIT, SigningAlgorithm,
    WrappingAlgorithm, WrappingKeySpec,
};

/// Each list as chapter 50, section 4.2, prints it.
///
/// Spec: API-051, TYP-17
#[test]
fn names_are_those_of_the_api() {
    check(
        KeySpec::ALL,
        "RSA_2048, RSA_3072, RSA_4096, ECC_NIST_P256, ECC_NIST_P384, ECC_NIST_P521, ECC_SECG_P256K1, \
         SYMMETRIC_DEFAULT, HMAC_224, HMAC_256, HMAC_384, HMAC_512, SM2, ML_DSA_44, ML_DSA_65, ML_DSA_87, \
         ECC_NIST_EDWARDS25519, ML_KEM_512, ML_KEM_768, ML_KEM_1024",
    );
    check(KeyUsage::ALL, "SIGN_VERIFY, ENCRYPT_DECRYPT, GENERATE_VERIFY_MAC, KEY_AGREEMENT, ENCAPSULATE_DECAPSULATE");
    check(Origin::ALL, "AWS_KMS, EXTERNAL, AWS_CLOUDHSM, EXTERNAL_KEY_STORE");
    check(
        KeyState::ALL,
        "Creating, Enabled, Disabled, PendingDeletion, PendingImport, PendingReplicaDeletion, Unavailable, Updating",
    );
    check(KeyManager::ALL, "AWS, CUSTOMER");
    check(EncryptionAlgorithm::ALL, "SYMMETRIC_DEFAULT, RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, SM2PKE");
    check(
        SigningAlgorithm::ALL,
        "RSASSA_PSS_SHA_256, RSASSA_PSS_SHA_384, RSASSA_PSS_SHA_512, RSASSA_PKCS1_V1_5_SHA_256, \
         RSASSA_PKCS1_V1_5_SHA_384, RSASSA_PKCS1_V1_5_SHA_512, ECDSA_SHA_256, ECDSA_SHA_384, ECDSA_SHA_512, SM2DSA, \
         ML_DSA_SHAKE_256, ED25519_SHA_512, ED25519_PH_SHA_512",
    );
    check(MacAlgorithmSpec::ALL, "HMAC_SHA_224, HMAC_SHA_256, HMAC_SHA_384, HMAC_SHA_512");
    check(DataKeySpec::ALL, "AES_256, AES_128");
    check(
        DataKeyPairSpec::ALL,
        "RSA_2048, RSA_3072, RSA_4096, ECC_NIST_P256, ECC_NIST_P384, ECC_NIST_P521, ECC_SECG_P256K1, SM2, \
         ECC_NIST_EDWARDS25519, ML_KEM_512, ML_KEM_768, ML_KEM_1024",
    );
    check(KeyAgreementAlgorithm::ALL, "ECDH");
    check(EncapsulationAlgorithm::ALL, "ML_KEM");
}

/// Spec: API-051
#[test]
fn other_names_are_refused() {
    for wrong in ["", "rsa_2048", "RSA_2048 ", "RSA-2048", "RSA_1024"] {
        let error = KeySpec::from_str(wrong).unwrap_err();
        assert_eq!(error.what(), "key spec");
        assert_eq!(error.to_string(), "unknown key spec; use one of the names of the API, in its letter case");
    }
}

/// The matrix of API-051, the lists of KEY-11 and of chapter 10, section 17: spec, then usage and algorithms.
///
/// Spec: API-051, KEY-11, KEY-36, TYP-17
#[test]
fn usages_and_algorithms_fit_the_matrix() {
    const RSA: &str = "ENCRYPT_DECRYPT: RSAES_OAEP_SHA_1 RSAES_OAEP_SHA_256; SIGN_VERIFY: RSASSA_PKCS1_V1_5_SHA_256 \
                       RSASSA_PKCS1_V1_5_SHA_384 RSASSA_PKCS1_V1_5_SHA_512 RSASSA_PSS_SHA_256 RSASSA_PSS_SHA_384 \
                       RSASSA_PSS_SHA_512";
    let matrix = [
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT: SYMMETRIC_DEFAULT"),
        ("HMAC_224", "GENERATE_VERIFY_MAC: HMAC_SHA_224"),
        ("HMAC_256", "GENERATE_VERIFY_MAC: HMAC_SHA_256"),
        ("HMAC_384", "GENERATE_VERIFY_MAC: HMAC_SHA_384"),
        ("HMAC_512", "GENERATE_VERIFY_MAC: HMAC_SHA_512"),
        ("RSA_2048", RSA),
        ("RSA_3072", RSA),
        ("RSA_4096", RSA),
        ("ECC_NIST_P256", "SIGN_VERIFY: ECDSA_SHA_256; KEY_AGREEMENT: ECDH"),
        ("ECC_NIST_P384", "SIGN_VERIFY: ECDSA_SHA_384; KEY_AGREEMENT: ECDH"),
        ("ECC_NIST_P521", "SIGN_VERIFY: ECDSA_SHA_512; KEY_AGREEMENT: ECDH"),
        ("ECC_SECG_P256K1", "SIGN_VERIFY: ECDSA_SHA_256"),
        ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY: ED25519_SHA_512 ED25519_PH_SHA_512"),
        ("SM2", "ENCRYPT_DECRYPT: SM2PKE; SIGN_VERIFY: SM2DSA; KEY_AGREEMENT: ECDH"),
        ("ML_DSA_44", "SIGN_VERIFY: ML_DSA_SHAKE_256"),
        ("ML_DSA_65", "SIGN_VERIFY: ML_DSA_SHAKE_256"),
        ("ML_DSA_87", "SIGN_VERIFY: ML_DSA_SHAKE_256"),
        ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE: ML_KEM"),
        ("ML_KEM_768", "ENCAPSULATE_DECAPSULATE: ML_KEM"),
        ("ML_KEM_1024", "ENCAPSULATE_DECAPSULATE: ML_KEM"),
    ];
    assert_eq!(matrix.len(), KeySpec::ALL.len());
    for (spec, lists) in matrix {
        let spec: KeySpec = spec.parse().unwrap();
        let expected: Vec<(KeyUsage, &str)> = lists
            .split("; ")
            .map(|list| list.split_once(": ").unwrap())
            .map(|(usage, algorithms)| (usage.parse().unwrap(), algorithms))
            .collect();
        for usage in KeyUsage::ALL.iter().copied() {
            let list = expected.iter().find(|(legal, _)| *legal == usage).map(|(_, algorithms)| *algorithms);
            assert_eq!(spec.algorithms(usage).map(written).as_deref(), list, "{spec} {usage}");
            assert_eq!(spec.allows(usage), list.is_some());
        }
        assert!(spec.usages().eq(expected.iter().map(|(usage, _)| *usage)), "{spec}");
        let default = (spec == KeySpec::SymmetricDefault).then_some(KeyUsage::EncryptDecrypt);
        assert_eq!(spec.default_usage(), default);
    }
}

/// Spec: API-051, KEY-11
#[test]
fn short_cuts_agree_with_the_table() {
    for spec in KeySpec::ALL.iter().copied() {
        let encryption = spec.algorithms(KeyUsage::EncryptDecrypt);
        let signing = spec.algorithms(KeyUsage::SignVerify);
        assert_eq!(encryption.is_some(), !spec.encryption_algorithms().is_empty());
        assert_eq!(
            encryption.unwrap_or(Algorithms::Encryption(&[])),
            Algorithms::Encryption(spec.encryption_algorithms())
        );
        assert_eq!(signing.unwrap_or(Algorithms::Signing(&[])), Algorithms::Signing(spec.signing_algorithms()));
        assert_eq!(spec.mac_algorithm().is_some(), spec.kind() == KeyKind::Hmac);
    }
    assert_eq!(KeySpec::Hmac384.mac_algorithm(), Some(MacAlgorithmSpec::HmacSha384));
}

/// Spec: KEY-57, TYP-10
#[test]
fn an_alias_moves_within_a_kind() {
    for spec in KeySpec::ALL.iter().copied() {
        let expected = match spec.as_str() {
            "SYMMETRIC_DEFAULT" => KeyKind::SymmetricEncryption,
            hmac if hmac.starts_with("HMAC_") => KeyKind::Hmac,
            _ => KeyKind::Asymmetric,
        };
        assert_eq!(spec.kind(), expected, "{spec}");
    }
}

/// Spec: API-075
#[test]
fn plaintexts_have_limits() {
    let limits = [
        ("SYMMETRIC_DEFAULT", "SYMMETRIC_DEFAULT", 4096),
        ("RSA_2048", "RSAES_OAEP_SHA_1", 214),
        ("RSA_2048", "RSAES_OAEP_SHA_256", 190),
        ("RSA_3072", "RSAES_OAEP_SHA_1", 342),
        ("RSA_3072", "RSAES_OAEP_SHA_256", 318),
        ("RSA_4096", "RSAES_OAEP_SHA_1", 470),
        ("RSA_4096", "RSAES_OAEP_SHA_256", 446),
        ("SM2", "SM2PKE", 1024),
    ];
    for spec in KeySpec::ALL.iter().copied() {
        for algorithm in EncryptionAlgorithm::ALL.iter().copied() {
            let limit = limits.iter().find(|row| (row.0, row.1) == (spec.as_str(), algorithm.as_str()));
            assert_eq!(spec.plaintext_limit(algorithm), limit.map(|row| row.2), "{spec} {algorithm}");
        }
    }
    assert_eq!(PLAINTEXT_LIMIT, 4096);
}

/// Spec: ASY-55, API-051
#[test]
fn some_specs_exist_in_one_profile_only() {
    for spec in KeySpec::ALL.iter().copied() {
        assert_eq!(spec.available_in(Profile::Standard), spec.as_str() != "SM2", "{spec}");
        assert_eq!(spec.available_in(Profile::China), !spec.as_str().starts_with("ML_KEM"), "{spec}");
    }
    for pair in DataKeyPairSpec::ALL.iter().copied() {
        assert_eq!(pair.key_spec().as_str(), pair.as_str());
        for profile in [Profile::Standard, Profile::China] {
            assert_eq!(pair.available_in(profile), pair.key_spec().available_in(profile));
        }
    }
}

/// Spec: RUL-11, RUL-12, TYP-07
#[test]
fn regions_have_profiles() {
    for (region, profile) in [
        ("us-west-2", Profile::Standard),
        ("cn-north-1", Profile::China),
        ("cn-northwest-1", Profile::China),
        ("us-gov-west-1", Profile::Standard),
        ("cnx-north-1", Profile::Standard),
    ] {
        assert_eq!(Profile::of_region(&region.parse().unwrap()), profile, "{region}");
    }
    assert_eq!(Profile::Standard.sealing_algorithm(), SealingAlgorithm::Xaes256Gcm);
    assert_eq!(Profile::China.sealing_algorithm(), SealingAlgorithm::Xsm4Gcm);
}

/// The second table of chapter 32, section 3, cell by cell: spec, profile, algorithms that it takes.
///
/// Spec: IMP-13, IMP-14, IMP-15, RUL-03, RUL-29
#[test]
fn material_is_wrapped_as_the_table_says() {
    for spec in KeySpec::ALL.iter().copied() {
        for profile in [Profile::Standard, Profile::China].into_iter().filter(|profile| spec.available_in(*profile)) {
            let china = profile == Profile::China;
            let taken = match spec.as_str() {
                "SYMMETRIC_DEFAULT" | "HMAC_224" | "HMAC_256" | "HMAC_384" | "HMAC_512" => "OAEP",
                "RSA_2048" | "RSA_3072" | "RSA_4096" if china => "SM2PKE",
                "RSA_2048" | "RSA_3072" | "RSA_4096" => "AES",
                "SM2" => "OAEP SM2PKE",
                name if name.starts_with("ECC_") && china => "OAEP SM2PKE",
                name if name.starts_with("ECC_") => "OAEP AES",
                _ if china => "SM2PKE",
                _ => "AES",
            };
            for algorithm in WrappingAlgorithm::ALL.iter().copied() {
                let kind = match algorithm.as_str() {
                    "RSAES_OAEP_SHA_1" | "RSAES_OAEP_SHA_256" => "OAEP",
                    "RSA_AES_KEY_WRAP_SHA_1" | "RSA_AES_KEY_WRAP_SHA_256" => "AES",
                    "SM2PKE" => "SM2PKE",
                    _ => "withdrawn",
                };
                for key in WrappingKeySpec::ALL.iter().copied() {
                    let fits = (kind == "SM2PKE") == (key.as_str() == "SM2");
                    let too_long = spec.as_str() == "ECC_NIST_P521" && kind == "OAEP" && key.as_str() == "RSA_2048";
                    let expected = taken.split(' ').any(|one| one == kind) && fits && !too_long;
                    let found = spec.may_be_wrapped(algorithm, key, profile);
                    assert_eq!(found, expected, "{spec}, {profile:?}: {algorithm} under {key}");
                }
            }
        }
    }
}

/// Spec: API-080
#[test]
fn data_keys_have_lengths() {
    assert_eq!((DataKeySpec::Aes256.len(), DataKeySpec::Aes128.len()), (32, 16));
}

fn check<T: Copy + Debug + PartialEq + ToString + FromStr<Err: Debug>>(all: &[T], list: &str) {
    let names: Vec<&str> = list.split(", ").collect();
    let written: Vec<String> = all.iter().map(T::to_string).collect();
    assert_eq!(written, names);
    for (value, name) in all.iter().zip(names) {
        assert_eq!(name.parse::<T>().unwrap(), *value);
    }
}

fn written(algorithms: Algorithms) -> String {
    fn join<T: ToString>(list: &[T]) -> String {
        list.iter().map(T::to_string).collect::<Vec<_>>().join(" ")
    }
    match algorithms {
        Algorithms::Encryption(list) => join(list),
        Algorithms::Signing(list) => join(list),
        Algorithms::Mac(list) => join(list),
        Algorithms::KeyAgreement(list) => join(list),
        Algorithms::Encapsulation(list) => join(list),
    }
}
