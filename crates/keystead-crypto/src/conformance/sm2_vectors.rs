//! Vectors of SM2 with the recommended curve, in hexadecimal unless they are text.
//!
//! From GM/T 0003.5-2012 (GB/T 32918.5-2017) where nothing else is said; the computed ones were made with two
//! independent implementations (chapter 30, sections 16.2 and 16.3).

/// The private scalar.
pub const SCALAR: &str = "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8";
/// The key as PKCS #8, with its public point.
pub const PKCS8: &str = concat!(
    "308187020100301306072a8648ce3d020106082a811ccf5501822d046d306b0201010420",
    "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8a14403420004",
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020",
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13",
);
/// The key as PKCS #8, without its public point.
pub const PKCS8_WITHOUT_POINT: &str = concat!(
    "3041020100301306072a8648ce3d020106082a811ccf5501822d0427302502010104203945208f",
    "7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8",
);
/// The public key as SubjectPublicKeyInfo.
pub const SPKI: &str = concat!(
    "3059301306072a8648ce3d020106082a811ccf5501822d03420004",
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020",
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13",
);
/// The nonce of signature and encryption.
pub const NONCE: &str = "59276e27d506861a16680f3ad9c02dccef3cc1fa3cdbe4ce6d54b80deac1bc21";

/// The message that is signed (text).
pub const MESSAGE: &str = "message digest";
/// SM3 of the message alone, which is not what is signed.
pub const MESSAGE_HASH: &str = "c522a942e89bd80d97dd666e7a5531b36188c9817149e9b258dfe51ece98ed77";
/// Signatures of [`MESSAGE`] under the default ID and under one of 66 bytes (computed).
pub const SIGNATURES: [Signed; 2] = [
    Signed {
        id: "1234567812345678",
        za: "b2e14c5c79c6df5b85f4fe7ed8db7a262b9da7e07ccb0ea9f4747b8ccda8a4f3",
        e: "f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640",
        signature: concat!(
            "3046022100f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3",
            "022100b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa",
        ),
    },
    Signed {
        id: "ALICE123@YAHOO.COM-keystead-distinguishing-id-longer-than-31-bytes",
        za: "1bbbc0302bee7b34501a5e2f1ff0e234e791c427952cc5413896cf42eb45ce47",
        e: "9c20a3d3faf089e75a2d60ada24c14814536a843214117b65a0fc8e73e9fc5f9",
        signature: concat!(
            "3045022100a10ca045897da17fbc3192d430c413378694d7212f4853c5a973d7b46cb4606c",
            "02205f83818fb32d67b1660b01add45936bc8c96c94df031e02f49ee3b71f098fa6c",
        ),
    },
];
/// What the second `za` must not be: the high byte of the ID's length is lost.
pub const TRUNCATED_ZA: &str = "8e270e5a5d9bfe7bf6b29e2d7effbbeb89221cf0d285590d1980d1fdc9d16fab";

/// The plaintext that is encrypted (text).
pub const PLAINTEXT: &str = "encryption standard";
/// X of C1.
pub const C1_X: &str = "04ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73";
/// Y of C1.
pub const C1_Y: &str = "e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0";
/// The text.
pub const C2: &str = "21886ca989ca9c7d58087307ca93092d651efa";
/// The hash.
pub const C3: &str = "59983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766";
/// The ciphertext of [`PLAINTEXT`].
pub const CIPHERTEXT: &str = concat!(
    "307c022004ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73",
    "022100e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0",
    "042059983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766",
    "041321886ca989ca9c7d58087307ca93092d651efa",
);

/// Computed: "keystead" with the nonce 327, by which X has a leading zero byte and then a set bit.
pub const CIPHERTEXT_SHORT_X: &str = concat!(
    "3070022000d062045840b1f4b0a64d6e6c5bc582079fc0af8c366eba632b35f5e217385b",
    "02205032f04533c064a41a7616cbb528b168c79a247d46f1c3667e1a2f5921aca9a4",
    "0420b7dea1ce879f1af36536312a2c1c3520d085a9554e15e4fb61905ba82bcb19f9040894b14db1592208ec",
);
/// Computed: "A" with the nonce 470, by which the key stream is zero. It must not decrypt.
pub const CIPHERTEXT_ZERO_STREAM: &str = concat!(
    "3069022017a8dbf0e9d5ce427a04c8800bef14de5e22e24c5cee027d8f71fe0bf8a909b1",
    "02200bc9ed977244bf069fa0e9163a353597134cf54a2747957945678515b49265e8",
    "04204fb860581b08e4df356eb59cfedd7f2569d6a7e89ffd4d7fb6a27c6cdefaf413040141",
);
/// Computed: "A" with the nonces 470 and, because that one does not serve, 471.
pub const CIPHERTEXT_SECOND_NONCE: &str = concat!(
    "306b0221009ee9c77df7ee97493cd90e471cf3f9ef44ce13c00fc15a52feb3d07245560340",
    "022100b0b763076fcb85359a831aba41930b8fad9940f3c10226fe86a6b352a8443401",
    "04205348fdf13eae3ee5660c8745b242ea9238724c2d0f7eddd077483e16547e6ea70401d0",
);

/// The order of the group.
pub const ORDER: &str = "fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123";
/// The prime of the field.
pub const PRIME: &str = "fffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffff";

/// A signature of [`MESSAGE`] by the key of this module with its [`NONCE`].
#[derive(Clone, Copy, Debug)]
pub struct Signed {
    /// The distinguishing ID (text).
    pub id: &'static str,
    /// Its identity hash.
    pub za: &'static str,
    /// The digest.
    pub e: &'static str,
    /// The signature, DER.
    pub signature: &'static str,
}
