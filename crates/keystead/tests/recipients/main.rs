//! Attested recipients: results that only a measured environment can read (chapter 51, sections 6 to 8).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod conditions;
mod documents;
mod order;
mod records;
mod results;

use std::sync::LazyLock;

use keystead::attestation::testing::{CertificateProfile, TestAuthority, TestDocument};
use keystead::attestation::{TrustAnchors, envelope};
use keystead::crypto::entropy::SystemEntropy;
use keystead::crypto::{DefaultProvider, KeyPairAlgorithm, PrivateKey, Provider, SecretBytes};
use keystead::{CallError, CallExplanation, Client, Clock, Error, ManualClock, RecipientInfo, Timestamp};
use support::{Key, START, World};

/// An environment, and the infrastructure that attests what runs in it.
struct Enclave {
    authority: TestAuthority,
    key: Box<dyn PrivateKey>,
}

/// The environment that most tests trust.
static ENCLAVE: LazyLock<Enclave> = LazyLock::new(|| Enclave::new(start()));

impl Enclave {
    /// An environment whose certificates are made at `now`.
    fn new(now: Timestamp) -> Self {
        Self::with_authority(TestAuthority::generate(&DefaultProvider, &SystemEntropy, now).unwrap())
    }

    /// An environment with these certificates.
    fn with_profiles(profiles: &[CertificateProfile]) -> Self {
        Self::with_authority(TestAuthority::with_profiles(profiles, &DefaultProvider, &SystemEntropy).unwrap())
    }

    fn with_authority(authority: TestAuthority) -> Self {
        Self { authority, key: DefaultProvider.generate_key_pair(KeyPairAlgorithm::Rsa2048, &SystemEntropy).unwrap() }
    }

    /// A document of [`START`] that names the key of the environment.
    fn draft(&self) -> TestDocument<'_> {
        self.authority.document(start()).pcr(0, X).public_key(self.key.public().spki())
    }

    /// The result that the environment was given.
    fn open(&self, sealed: &[u8]) -> SecretBytes {
        envelope::open(sealed, self.key.as_ref(), &SystemEntropy).unwrap()
    }

    fn anchors(&self) -> TrustAnchors {
        self.authority.trust_anchors().unwrap()
    }
}

/// A document that a test has drafted, as a member of a request.
fn signed(draft: &TestDocument<'_>) -> RecipientInfo<'static> {
    RecipientInfo::new(draft.sign(&SystemEntropy).unwrap())
}

/// The recipient that most tests name: [`ENCLAVE`] with its image measured as [`X`].
fn recipient() -> RecipientInfo<'static> {
    signed(&ENCLAVE.draft())
}

/// A world that trusts [`ENCLAVE`], and what the operations need there.
struct Scene {
    world: World,
    key: Key,
    agreeing: Key,
    blob: Vec<u8>,
    peer: Vec<u8>,
}

impl Scene {
    fn new() -> Self {
        Self::trusting(ENCLAVE.anchors())
    }

    fn trusting(anchors: TrustAnchors) -> Self {
        Self::of(World::with(|builder| builder.trust_anchors(anchors)))
    }

    fn of(world: World) -> Self {
        let key = world.key();
        let agreeing = world.root.create_key().key_spec("ECC_NIST_P256").key_usage("KEY_AGREEMENT").send().unwrap();
        let blob = world.root.encrypt(&key.id, PLAINTEXT).send().unwrap().into_inner().ciphertext_blob;
        let pair = DefaultProvider.generate_key_pair(KeyPairAlgorithm::P256, &SystemEntropy).unwrap();
        let peer = pair.public().spki().to_vec();
        Self { agreeing: Key::of(agreeing.key_metadata.arn), world, key, blob, peer }
    }
}

/// What the tests change about a call.
#[derive(Clone, Default)]
struct Asking {
    recipient: Option<RecipientInfo<'static>>,
    dry_run: bool,
    token: Option<&'static str>,
}

impl Asking {
    fn nothing() -> Self {
        Self::default()
    }

    fn to(recipient: RecipientInfo<'static>) -> Self {
        Self { recipient: Some(recipient), ..Self::default() }
    }

    fn dry(recipient: RecipientInfo<'static>) -> Self {
        Self { dry_run: true, ..Self::to(recipient) }
    }
}

/// What a call gave.
#[derive(Debug)]
struct Given {
    plaintext: Option<SecretBytes>,
    sealed: Option<Vec<u8>>,
    has_material_id: bool,
}

impl Given {
    /// What the recipient got, and nobody else.
    #[track_caller]
    fn opened(&self, enclave: &Enclave) -> SecretBytes {
        assert!(self.plaintext.is_none());
        enclave.open(self.sealed.as_deref().unwrap())
    }
}

/// An operation that can answer a recipient.
struct Answering {
    name: &'static str,
    has_dry_run: bool,
    send: fn(&Client, &Scene, &Asking) -> Result<Given, CallError>,
    explain: fn(&Client, &Scene, &Asking) -> Result<CallExplanation, Error>,
}

macro_rules! asking {
    ($call:expr, $asking:ident, recipient) => {{
        let mut call = $call;
        if let Some(recipient) = &$asking.recipient {
            call = call.recipient(recipient.clone());
        }
        call
    }};
    ($call:expr, $asking:ident) => {{
        let mut call = asking!($call, $asking, recipient);
        if $asking.dry_run {
            call = call.dry_run(true);
        }
        if let Some(token) = $asking.token {
            call = call.grant_tokens(vec![token.into()]);
        }
        call
    }};
}

/// Every operation that can answer a recipient (ENV-64).
const OPERATIONS: [Answering; 5] = [
    Answering {
        name: "Decrypt",
        has_dry_run: true,
        send: |client, scene, asking| {
            let answer = asking!(client.decrypt(&scene.blob), asking).send()?.into_inner();
            assert_eq!(answer.key_id.to_string(), scene.key.arn);
            assert_eq!(answer.encryption_algorithm.as_str(), "SYMMETRIC_DEFAULT");
            Ok(Given {
                plaintext: answer.plaintext,
                sealed: answer.ciphertext_for_recipient,
                has_material_id: answer.key_material_id.is_some(),
            })
        },
        explain: |client, scene, asking| asking!(client.decrypt(&scene.blob), asking).explain(),
    },
    Answering {
        name: "GenerateDataKey",
        has_dry_run: true,
        send: |client, scene, asking| {
            let call = client.generate_data_key(&scene.key.id).key_spec("AES_256");
            let answer = asking!(call, asking).send()?.into_inner();
            assert_eq!(answer.key_id.to_string(), scene.key.arn);
            assert!(!answer.ciphertext_blob.is_empty());
            Ok(Given {
                plaintext: answer.plaintext,
                sealed: answer.ciphertext_for_recipient,
                has_material_id: answer.key_material_id.is_some(),
            })
        },
        explain: |client, scene, asking| {
            asking!(client.generate_data_key(&scene.key.id).key_spec("AES_256"), asking).explain()
        },
    },
    Answering {
        name: "GenerateDataKeyPair",
        has_dry_run: true,
        send: |client, scene, asking| {
            let call = client.generate_data_key_pair(&scene.key.id).key_pair_spec("ECC_NIST_P256");
            let answer = asking!(call, asking).send()?.into_inner();
            assert_eq!(
                (answer.key_id.to_string(), answer.key_pair_spec.as_str()),
                (scene.key.arn.clone(), "ECC_NIST_P256")
            );
            assert_eq!(answer.public_key.len(), 91);
            assert!(!answer.private_key_ciphertext_blob.is_empty());
            Ok(Given {
                plaintext: answer.private_key_plaintext,
                sealed: answer.ciphertext_for_recipient,
                has_material_id: answer.key_material_id.is_some(),
            })
        },
        explain: |client, scene, asking| {
            asking!(client.generate_data_key_pair(&scene.key.id).key_pair_spec("ECC_NIST_P256"), asking).explain()
        },
    },
    Answering {
        name: "GenerateRandom",
        has_dry_run: false,
        send: |client, _, asking| {
            let answer = asking!(client.generate_random(32), asking, recipient).send()?.into_inner();
            Ok(Given { plaintext: answer.plaintext, sealed: answer.ciphertext_for_recipient, has_material_id: false })
        },
        explain: |client, _, asking| asking!(client.generate_random(32), asking, recipient).explain(),
    },
    Answering {
        name: "DeriveSharedSecret",
        has_dry_run: true,
        send: |client, scene, asking| {
            let call = client.derive_shared_secret(&scene.agreeing.id, &scene.peer);
            let answer = asking!(call, asking).send()?.into_inner();
            assert_eq!(answer.key_id.to_string(), scene.agreeing.arn);
            assert_eq!((answer.key_agreement_algorithm.as_str(), answer.key_origin.as_str()), ("ECDH", "AWS_KMS"));
            Ok(Given {
                plaintext: answer.shared_secret,
                sealed: answer.ciphertext_for_recipient,
                has_material_id: false,
            })
        },
        explain: |client, scene, asking| {
            asking!(client.derive_shared_secret(&scene.agreeing.id, &scene.peer), asking).explain()
        },
    },
];

/// [`START`] as an instant.
fn start() -> Timestamp {
    ManualClock::at(START).now()
}

const PLAINTEXT: &[u8] = b"4111 1111 1111 1111";
/// The measurement of the image of [`ENCLAVE`].
const X: [u8; 48] = [0xab; 48];
const VALIDATION: &str = "ValidationException";
const DENIED: &str = "AccessDeniedException";
const DRY_RUN: &str = "DryRunOperationException";
