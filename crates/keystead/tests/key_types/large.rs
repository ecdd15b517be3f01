//! RSA keys of 3,072 and 4,096 bits, one of each usage: their generation takes long, so these tests make no others.

use keystead::crypto::entropy::SystemEntropy;
use keystead::crypto::{EncryptionScheme, Message, SignatureScheme};

use crate::outside;
use crate::support::{World, assert_code, assert_refused};

/// A large spec: bytes of its SubjectPublicKeyInfo and modulus, and how much its algorithms take (chapter 30, section 3).
struct Large {
    spec: &'static str,
    spki_len: usize,
    modulus_len: usize,
    limits: [(&'static str, EncryptionScheme, usize); 2],
}

const SPECS: [Large; 2] = [
    Large {
        spec: "RSA_3072",
        spki_len: 422,
        modulus_len: 384,
        limits: [
            ("RSAES_OAEP_SHA_1", EncryptionScheme::RsaOaepSha1, 342),
            ("RSAES_OAEP_SHA_256", EncryptionScheme::RsaOaepSha256, 318),
        ],
    },
    Large {
        spec: "RSA_4096",
        spki_len: 550,
        modulus_len: 512,
        limits: [
            ("RSAES_OAEP_SHA_1", EncryptionScheme::RsaOaepSha1, 470),
            ("RSAES_OAEP_SHA_256", EncryptionScheme::RsaOaepSha256, 446),
        ],
    },
];

/// Spec: ASY-16, ASY-20, ASY-25, API-075
#[test]
fn large_moduli_take_as_much_as_fits() {
    let world = World::new();
    for Large { spec, spki_len, modulus_len, limits } in SPECS {
        let key = world.typed_key(spec, "ENCRYPT_DECRYPT");
        let public = outside(&world.root, &key);
        assert_eq!(public.spki().len(), spki_len);
        for (algorithm, scheme, limit) in limits {
            let decrypt = |blob: &[u8]| {
                let call = world.root.decrypt(blob.to_vec()).key_id(&key.id).encryption_algorithm(algorithm);
                call.send().map(|opened| opened.expose().to_vec())
            };
            let fitting = vec![7; limit];
            let sealed = world.root.encrypt(&key.id, &fitting).encryption_algorithm(algorithm).send().unwrap();
            assert_eq!(sealed.ciphertext_blob.len(), modulus_len);
            assert_eq!(decrypt(&sealed.ciphertext_blob).unwrap(), fitting);
            let sealed = public.encrypt(scheme, b"outside", &SystemEntropy).unwrap();
            assert_eq!(decrypt(&sealed).unwrap(), b"outside");
            assert_refused(decrypt(&sealed[1..]), "InvalidCiphertextException", "");

            let message =
                format!("Algorithm {algorithm} and key spec {spec} cannot encrypt data larger than {limit} bytes.");
            let refused = world.root.encrypt(&key.id, vec![7; limit + 1]).encryption_algorithm(algorithm).send();
            assert_refused(refused, "ValidationException", &message);
        }
        let message = format!("Algorithm SYMMETRIC_DEFAULT is incompatible with key spec {spec}.");
        assert_refused(world.root.encrypt(&key.id, b"x").send(), "InvalidKeyUsageException", &message);
    }
}

/// Spec: ASY-16, ASY-30, ASY-74, ASY-76
#[test]
fn large_moduli_sign_with_every_algorithm() {
    use keystead::crypto::DigestAlgorithm::{Sha256, Sha384, Sha512};
    let world = World::new();
    for Large { spec, spki_len, modulus_len, .. } in SPECS {
        let key = world.typed_key(spec, "SIGN_VERIFY");
        let public = outside(&world.root, &key);
        assert_eq!(public.spki().len(), spki_len);
        for hash in [Sha256, Sha384, Sha512] {
            let bits = hash.output_len() * 8;
            for (algorithm, scheme) in [
                (format!("RSASSA_PSS_SHA_{bits}"), SignatureScheme::RsaPss(hash)),
                (format!("RSASSA_PKCS1_V1_5_SHA_{bits}"), SignatureScheme::RsaPkcs1(hash)),
            ] {
                let signed = world.root.sign(&key.id, b"message").signing_algorithm(&*algorithm).send().unwrap();
                assert_eq!(signed.signature.len(), modulus_len);
                public.verify(scheme, Message::Raw(b"message"), &signed.signature).unwrap();
                let verify = |message: &[u8], kind: &'static str| {
                    let call = world.root.verify(&key.id, message.to_vec(), &signed.signature);
                    call.signing_algorithm(&*algorithm).message_type(kind).send()
                };
                verify(b"message", "RAW").unwrap();
                assert_refused(verify(b"massage", "RAW"), "KMSInvalidSignatureException", "");
                assert_code(verify(b"message", "DIGEST"), "ValidationException");
            }
        }
    }
}
