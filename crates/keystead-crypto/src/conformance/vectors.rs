//! Published vectors, and a few computed ones; each table names its origin. Byte strings are hexadecimal.

use crate::{AeadAlgorithm, DigestAlgorithm, MacAlgorithm, SealingAlgorithm};

pub(super) struct GcmVector {
    pub(super) algorithm: AeadAlgorithm,
    pub(super) name: &'static str,
    pub(super) key: &'static str,
    pub(super) nonce: &'static str,
    pub(super) aad: &'static str,
    pub(super) plaintext: &'static str,
    pub(super) ciphertext: &'static str,
    pub(super) tag: &'static str,
}

/// AES: McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B (the test cases submitted to NIST), those
/// with a 96-bit nonce. SM4: RFC 8998, appendix A.1.
#[rustfmt::skip]
pub(super) const GCM: &[GcmVector] = &[
    GcmVector {
        algorithm: AeadAlgorithm::Aes128Gcm,
        name: "test case 1",
        key: "00000000000000000000000000000000",
        nonce: "000000000000000000000000",
        aad: "",
        plaintext: "",
        ciphertext: "",
        tag: "58e2fccefa7e3061367f1d57a4e7455a",
    },
    GcmVector {
        algorithm: AeadAlgorithm::Aes128Gcm,
        name: "test case 2",
        key: "00000000000000000000000000000000",
        nonce: "000000000000000000000000",
        aad: "",
        plaintext: "00000000000000000000000000000000",
        ciphertext: "0388dace60b6a392f328c2b971b2fe78",
        tag: "ab6e47d42cec13bdf53a67b21257bddf",
    },
    GcmVector {
        algorithm: AeadAlgorithm::Aes128Gcm,
        name: "test case 3",
        key: "feffe9928665731c6d6a8f9467308308",
        nonce: "cafebabefacedbaddecaf888",
        aad: "",
        plaintext: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
            1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
        ciphertext: "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e\
            21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985",
        tag: "4d5c2af327cd64a62cf35abd2ba6fab4",
    },
    GcmVector {
        algorithm: AeadAlgorithm::Aes128Gcm,
        name: "test case 4",
        key: "feffe9928665731c6d6a8f9467308308",
        nonce: "cafebabefacedbaddecaf888",
        aad: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
        plaintext: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
            1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        ciphertext: "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e\
            21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
        tag: "5bc94fbc3221a5db94fae95ae7121a47",
    },
    GcmVector {
        algorithm: AeadAlgorithm::Aes192Gcm,
        name: "test case 7",
        key: "000000000000000000000000000000000000000000000000",
        nonce: "000000000000000000000000",
        aad: "",
        plaintext: "",
        ciphertext: "",
        tag: "cd33b28ac773f74ba00ed1f312572435",
    },
    GcmVector {
        algorithm: AeadAlgorithm::Aes192Gcm,
        name: "test case 8",
        key: "000000000000000000000000000000000000000000000000",
        nonce: "000000000000000000000000",
        aad: "",
        plaintext: "00000000000000000000000000000000",
        ciphertext: "98e7247c07f0fe411c267e4384b0f600",
        tag: "2ff58d80033927ab8ef4d4587514f0fb",
    },
    GcmVector {
        algorithm: AeadAlgorithm::Aes192Gcm,
        name: "test case 9",
        key: "feffe9928665731c6d6a8f9467308308feffe9928665731c",
        nonce: "cafebabefacedbaddecaf888",
        aad: "",
        plaintext: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
            1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
        ciphertext: "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c\
            7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710acade256",
        tag: "9924a7c8587336bfb118024db8674a14",
    },
    GcmVector {
        algorithm: AeadAlgorithm::Aes192Gcm,
        name: "test case 10",
        key: "feffe9928665731c6d6a8f9467308308feffe9928665731c",
        nonce: "cafebabefacedbaddecaf888",
        aad: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
        plaintext: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
            1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        ciphertext: "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c\
            7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710",
        tag: "2519498e80f1478f37ba55bd6d27618c",
    },
    GcmVector {
        algorithm: AeadAlgorithm::Aes256Gcm,
        name: "test case 13",
        key: "0000000000000000000000000000000000000000000000000000000000000000",
        nonce: "000000000000000000000000",
        aad: "",
        plaintext: "",
        ciphertext: "",
        tag: "530f8afbc74536b9a963b4f1c4cb738b",
    },
    GcmVector {
        algorithm: AeadAlgorithm::Aes256Gcm,
        name: "test case 14",
        key: "0000000000000000000000000000000000000000000000000000000000000000",
        nonce: "000000000000000000000000",
        aad: "",
        plaintext: "00000000000000000000000000000000",
        ciphertext: "cea7403d4d606b6e074ec5d3baf39d18",
        tag: "d0d1c8a799996bf0265b98b5d48ab919",
    },
    GcmVector {
        algorithm: AeadAlgorithm::Aes256Gcm,
        name: "test case 15",
        key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
        nonce: "cafebabefacedbaddecaf888",
        aad: "",
        plaintext: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
            1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
        ciphertext: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
            8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
        tag: "b094dac5d93471bdec1a502270e3cc6c",
    },
    GcmVector {
        algorithm: AeadAlgorithm::Aes256Gcm,
        name: "test case 16",
        key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
        nonce: "cafebabefacedbaddecaf888",
        aad: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
        plaintext: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
            1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        ciphertext: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
            8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
        tag: "76fc6ece0f4e1768cddf8853bb2d551b",
    },
    GcmVector {
        algorithm: AeadAlgorithm::Sm4Gcm,
        name: "RFC 8998, A.1",
        key: "0123456789abcdeffedcba9876543210",
        nonce: "00001234567800000000abcd",
        aad: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
        plaintext: "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd\
            eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa",
        ciphertext: "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735\
            d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d",
        tag: "83de3541e4c2b58177e065a9bf7b62ec",
    },
];

/// The plaintext is `XAES-256-GCM` and the nonce `ABCDEFGHIJKLMNOPQRSTUVWX`, throughout.
pub(super) struct SealingVector {
    pub(super) algorithm: SealingAlgorithm,
    /// Every byte of the key.
    pub(super) key_byte: u8,
    /// Text.
    pub(super) aad: &'static str,
    pub(super) ciphertext: &'static str,
    pub(super) tag: &'static str,
}

/// XAES-256-GCM: the C2SP specification (L has its top bit clear, then set). The other sizes: computed with the CMAC
/// and GCM of OpenSSL 3.
pub(super) const SEALING: &[SealingVector] = &[
    SealingVector {
        algorithm: SealingAlgorithm::Xaes256Gcm,
        key_byte: 1,
        aad: "",
        ciphertext: "ce546ef63c9cc60765923609",
        tag: "b33a9a1974e96e52daf2fcf7075e2271",
    },
    SealingVector {
        algorithm: SealingAlgorithm::Xaes256Gcm,
        key_byte: 3,
        aad: "c2sp.org/XAES-256-GCM",
        ciphertext: "986ec1832593df5443a17943",
        tag: "7fd083bf3fdb41abd740a21f71eb769d",
    },
    SealingVector {
        algorithm: SealingAlgorithm::Xaes192Gcm,
        key_byte: 1,
        aad: "",
        ciphertext: "c00acf786fa398c34eedef60",
        tag: "4c710d7fb7dcb8ff5f3be3e396522473",
    },
    SealingVector {
        algorithm: SealingAlgorithm::Xaes192Gcm,
        key_byte: 3,
        aad: "c2sp.org/XAES-256-GCM",
        ciphertext: "eed854ab661b1be5f543ca10",
        tag: "a08c5c4a3190d3eeea8e37503b1dbd58",
    },
    SealingVector {
        algorithm: SealingAlgorithm::Xaes128Gcm,
        key_byte: 1,
        aad: "",
        ciphertext: "9d068a05a110e98ef29eabb4",
        tag: "6c75a34eef6ec9f0545efe747f6ea706",
    },
    SealingVector {
        algorithm: SealingAlgorithm::Xaes128Gcm,
        key_byte: 3,
        aad: "c2sp.org/XAES-256-GCM",
        ciphertext: "ecf58c8941cc3565d2d8131a",
        tag: "2ee4c7902a8143fa4dbf9f39e0ac0ebf",
    },
    SealingVector {
        algorithm: SealingAlgorithm::Xsm4Gcm,
        key_byte: 1,
        aad: "",
        ciphertext: "669553441271d0bc42242fdf",
        tag: "a87715971f5213c4c5455d519c9c0852",
    },
    SealingVector {
        algorithm: SealingAlgorithm::Xsm4Gcm,
        key_byte: 3,
        aad: "c2sp.org/XAES-256-GCM",
        ciphertext: "2513b5bf7f19db9959ee75b7",
        tag: "c88896da96734f91c27df12d9989c61f",
    },
];

pub(super) const SEALING_PLAINTEXT: &[u8] = b"XAES-256-GCM";
pub(super) const SEALING_NONCE: &[u8; 24] = b"ABCDEFGHIJKLMNOPQRSTUVWX";

pub(super) struct CmacVector {
    pub(super) algorithm: MacAlgorithm,
    pub(super) key: &'static str,
    /// How many bytes of [`CMAC_MESSAGE`], and their code.
    pub(super) codes: [(usize, &'static str); 4],
}

/// AES: NIST SP 800-38B, appendix D (128-bit key also in RFC 4493). SM4: computed with OpenSSL 3 on the same messages.
pub(super) const CMAC: &[CmacVector] = &[
    CmacVector {
        algorithm: MacAlgorithm::AesCmac,
        key: "2b7e151628aed2a6abf7158809cf4f3c",
        codes: [
            (0, "bb1d6929e95937287fa37d129b756746"),
            (16, "070a16b46b4d4144f79bdd9dd04a287c"),
            (40, "dfa66747de9ae63030ca32611497c827"),
            (64, "51f0bebf7e3b9d92fc49741779363cfe"),
        ],
    },
    CmacVector {
        algorithm: MacAlgorithm::AesCmac,
        key: "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
        codes: [
            (0, "d17ddf46adaacde531cac483de7a9367"),
            (16, "9e99a7bf31e710900662f65e617c5184"),
            (40, "8a1de5be2eb31aad089a82e6ee908b0e"),
            (64, "a1d5df0eed790f794d77589659f39a11"),
        ],
    },
    CmacVector {
        algorithm: MacAlgorithm::AesCmac,
        key: "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
        codes: [
            (0, "028962f61b7bf89efc6b551f4667d983"),
            (16, "28a7023f452e8f82bd4bf28d8c37c35c"),
            (40, "aaf3d8f1de5640c232f5b169b9c911e6"),
            (64, "e1992190549f6ed5696a2c056c315410"),
        ],
    },
    CmacVector {
        algorithm: MacAlgorithm::Sm4Cmac,
        key: "2b7e151628aed2a6abf7158809cf4f3c",
        codes: [
            (0, "399a9c930964a3d4e38c59da47f0b309"),
            (16, "4e4c2a4417e567fef081e0fab55a5762"),
            (40, "8e31701927d50b28d53787513b69dd75"),
            (64, "cc2b4f3d2c5aaf8a4ac30e28650eddc0"),
        ],
    },
];

pub(super) const CMAC_MESSAGE: &str = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51\
    30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";

pub(super) struct HmacVector {
    pub(super) case: u8,
    pub(super) key: &'static [u8],
    pub(super) data: &'static [u8],
    /// In the order of [`HMAC_ORDER`]; those of case 5 are cut to 16 bytes.
    pub(super) codes: [&'static str; 4],
}

pub(super) const HMAC_ORDER: [MacAlgorithm; 4] =
    [MacAlgorithm::HmacSha224, MacAlgorithm::HmacSha256, MacAlgorithm::HmacSha384, MacAlgorithm::HmacSha512];

/// RFC 4231, section 4.
pub(super) const HMAC: &[HmacVector] = &[
    HmacVector {
        case: 1,
        key: &[0x0b; 20],
        data: b"Hi There",
        codes: [
            "896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
            "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde\
                daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
        ],
    },
    HmacVector {
        case: 2,
        key: b"Jefe",
        data: b"what do ya want for nothing?",
        codes: [
            "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554\
                9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
        ],
    },
    HmacVector {
        case: 3,
        key: &[0xaa; 20],
        data: &[0xdd; 50],
        codes: [
            "7fb3cb3588c6c1f6ffa9694d7d6ad2649365b0c1f65d69d1ec8333ea",
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
            "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b2a5ab39dc13814b94e3ab6e101a34f27",
            "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39\
                bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb",
        ],
    },
    HmacVector {
        case: 4,
        key: &ascending::<25>(),
        data: &[0xcd; 50],
        codes: [
            "6c11506874013cac6a2abc1bb382627cec6a90d86efc012de7afec5a",
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
            "3e8a69b7783c25851933ab6290af6ca77a9981480850009cc5577c6e1f573b4e6801dd23c4a7d679ccf8a386c674cffb",
            "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3db\
                a91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd",
        ],
    },
    HmacVector {
        case: 5,
        key: &[0x0c; 20],
        data: b"Test With Truncation",
        codes: [
            "0e2aea68a90c8d37c988bcdb9fca6fa8",
            "a3b6167473100ee06e0c796c2955552b",
            "3abf34c3503b2a23a46efc619baef897",
            "415fad6271580a531d4179bc891d87a6",
        ],
    },
    HmacVector {
        case: 6,
        key: &[0xaa; 131],
        data: b"Test Using Larger Than Block-Size Key - Hash Key First",
        codes: [
            "95e9a0db962095adaebe9b2d6f0dbce2d499f112f2d2b7273fa6870e",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952",
            "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352\
                6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598",
        ],
    },
    HmacVector {
        case: 7,
        key: &[0xaa; 131],
        data: b"This is a test using a larger than block-size key and a larger than block-size data. \
            The key needs to be hashed before being used by the HMAC algorithm.",
        codes: [
            "3a854166ac5d9f023f54d517d0b39dbd946770db9c2b95c9f6f565d1",
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
            "6617178e941f020d351e2f254e8fd32c602420feb0b8fb9adccebb82461e99c5a678cc31e799176d3860e6110c46523e",
            "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944\
                b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58",
        ],
    },
];

/// Codes of "Hi There" under the key 00 01 02 ... as long as the code, in the order of [`HMAC_ORDER`]. Computed
/// (chapter 30, section 16.4).
pub(super) const HMAC_HI_THERE: [&str; 4] = [
    "43fc5c7cfa09279a1fc91c152f6a5dc45465afbf95cc2d4c0cb8b0e3",
    "278639ec02309d3afded1b273f1349ba63b9089c12476d716bee3ecc94673e9e",
    "33c27544b29f14980411ffc14559e8e32747db297cae9e5f346d31f44db42ff54f164e1ae83d57e595fa9e04f136904a",
    "a3094851ee23a0111258d761c84a8874397304e578c0d166083d1c9f30fff1b8\
        2597b5191fbce903be794e20d27099139d86bfa7cea79d864708720b16b67cf4",
];

/// Key, data, code of HMAC-SM3: GM/T 0042-2015, appendix D.3.
pub(super) const HMAC_SM3: &[(&[u8], &[u8], &str)] = &[
    (
        &ascending::<32>(),
        b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq\
            abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "ca05e144ed05d1857840d1f318a4a8669e559fc8391f414485bfdf7bb408963a",
    ),
    (&ascending::<37>(), &[0xcd; 50], "220bf579ded555393f0159f66c99877822a3ecf610d1552154b41d44b94db3ae"),
];

/// SHA-2: the examples of FIPS 180 and of the NIST Cryptographic Algorithm Validation Program. SM3: GB/T 32905-2016,
/// appendix A, and for the empty message computed with OpenSSL 3.
#[rustfmt::skip]
pub(super) const DIGESTS: &[(DigestAlgorithm, &str, &str)] = &[
    (DigestAlgorithm::Sha224, "", "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f"),
    (DigestAlgorithm::Sha224, "abc", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"),
    (DigestAlgorithm::Sha224, TWO_BLOCKS, "75388b16512776cc5dba5da1fd890150b0c6455cb4f58b1952522525"),
    (DigestAlgorithm::Sha256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    (DigestAlgorithm::Sha256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (DigestAlgorithm::Sha256, TWO_BLOCKS, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
    (DigestAlgorithm::Sha384, "", "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b"),
    (DigestAlgorithm::Sha384, "abc", "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"),
    (DigestAlgorithm::Sha384, TWO_LONG_BLOCKS, "09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039"),
    (DigestAlgorithm::Sha512, "", "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce\
        47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"),
    (DigestAlgorithm::Sha512, "abc", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
        2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"),
    (DigestAlgorithm::Sha512, TWO_LONG_BLOCKS, "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018\
        501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909"),
    (DigestAlgorithm::Sm3, "", "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b"),
    (DigestAlgorithm::Sm3, "abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
    (DigestAlgorithm::Sm3, "abcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcd", "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
];

/// A million times the letter `a`: the last example of FIPS 180.
#[rustfmt::skip]
pub(super) const MILLION: &[(DigestAlgorithm, &str)] = &[
    (DigestAlgorithm::Sha224, "20794655980c91d8bbb4c1ea97618a4bf03f42581948b2ee4ee7ad67"),
    (DigestAlgorithm::Sha256, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    (DigestAlgorithm::Sha384, "9d0e1809716474cb086e834e310a4a1ced149e9c00f248527972cec5704c2a5b07b8b3dc38ecc4ebae97ddd87f3d8985"),
    (DigestAlgorithm::Sha512, "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973eb\
        de0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b"),
];

const TWO_BLOCKS: &str = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
const TWO_LONG_BLOCKS: &str = "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn\
    hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu";

pub(super) struct HkdfVector {
    pub(super) secret: &'static [u8],
    pub(super) salt: &'static str,
    pub(super) info: &'static str,
    pub(super) output: &'static str,
}

/// RFC 5869, appendix A.1 and A.3 (SHA-256).
pub(super) const HKDF: &[HkdfVector] = &[
    HkdfVector {
        secret: &[0x0b; 22],
        salt: "000102030405060708090a0b0c",
        info: "f0f1f2f3f4f5f6f7f8f9",
        output: "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    },
    HkdfVector {
        secret: &[0x0b; 22],
        salt: "",
        info: "",
        output: "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    },
];

/// 1, 2, 3, up to `N`.
const fn ascending<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let mut i = 0;
    while i < N {
        bytes[i] = i as u8 + 1;
        i += 1;
    }
    bytes
}
