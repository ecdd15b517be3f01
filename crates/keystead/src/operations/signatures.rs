//! Sign and Verify.

use std::borrow::Cow;

use keystead_crypto::{CryptoError, Message, SignatureScheme};
use keystead_hierarchy::spec::{KeyUsage, MessageType, SigningAlgorithm};
use keystead_types::KeyArn;

use super::common::{require_algorithm, require_usage, text};
use crate::Error;
use crate::authorize::Authorized;
use crate::client::{Call, Client};
use crate::door::{CallFacts, Effect, Operation};
use crate::engine::crypto;
use crate::material::LiveHandle;
use crate::request::request;
use crate::response::response;
use crate::targets::{OneKey, Target};
use crate::value::Blob;

request! {
    /// Signs a message of up to 4,096 bytes, or the hash of one of any size (API-084).
    ///
    /// Authorized by `kms:Sign` on the key, across accounts too.
    Sign: SIGN -> SignResponse {
        /// The key: key ID, key ARN, alias name or alias ARN.
        key_id: Cow<'a, str>,
        /// The message, 1 to 4,096 bytes, or its hash.
        message: Blob<'a>,
        /// `RAW` (the default), `DIGEST` or, for ML-DSA, `EXTERNAL_MU`.
        message_type: Cow<'a, str>,
        /// Grants to be considered although they are new.
        grant_tokens: Vec<Cow<'a, str>>,
        /// One of the signing algorithms of the key.
        signing_algorithm: Cow<'a, str>,
        /// Checks everything and signs nothing; the call then always fails.
        dry_run: bool,
    }
}

request! {
    /// Verifies a signature; a wrong one is `KMSInvalidSignatureException` (ASY-77).
    ///
    /// Authorized by `kms:Verify` on the key, across accounts too.
    Verify: VERIFY -> VerifyResponse {
        /// The key: key ID, key ARN, alias name or alias ARN.
        key_id: Cow<'a, str>,
        /// The message, 1 to 4,096 bytes, or its hash.
        message: Blob<'a>,
        /// `RAW` (the default), `DIGEST` or, for ML-DSA, `EXTERNAL_MU`. It may differ from that of the signing.
        message_type: Cow<'a, str>,
        /// The signature.
        signature: Blob<'a>,
        /// The algorithm that signed.
        signing_algorithm: Cow<'a, str>,
        /// Grants to be considered although they are new.
        grant_tokens: Vec<Cow<'a, str>>,
        /// Checks everything but the signature; the call then always fails.
        dry_run: bool,
    }
}

response! {
    /// The answer of [`Sign`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    SignResponse {
        /// The key that signed.
        key_id: KeyArn,
        /// The signature: as RFC 8017 for RSA, DER for ECDSA and SM2, 64 bytes for Ed25519 (ASY-32, API-085).
        signature: Vec<u8>,
        /// The algorithm used.
        signing_algorithm: SigningAlgorithm,
    }
}

response! {
    /// The answer of [`Verify`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    VerifyResponse {
        /// The key that verified.
        key_id: KeyArn,
        /// Always true: a wrong signature is an error.
        signature_valid: bool,
        /// The algorithm used.
        signing_algorithm: SigningAlgorithm,
    }
}

impl Client {
    /// Signs a message; set [`Call::signing_algorithm`]. See [`Sign`].
    pub fn sign<'c>(&'c self, key_id: impl Into<Cow<'c, str>>, message: impl Into<Blob<'c>>) -> Call<'c, Sign<'c>> {
        self.call(Sign { key_id: Some(key_id.into()), message: Some(message.into()), ..Sign::new() })
    }

    /// Verifies a signature; set [`Call::signing_algorithm`]. See [`Verify`].
    pub fn verify<'c>(
        &'c self,
        key_id: impl Into<Cow<'c, str>>,
        message: impl Into<Blob<'c>>,
        signature: impl Into<Blob<'c>>,
    ) -> Call<'c, Verify<'c>> {
        self.call(Verify {
            key_id: Some(key_id.into()),
            message: Some(message.into()),
            signature: Some(signature.into()),
            ..Verify::new()
        })
    }
}

/// A message and the key that signs or verifies it.
pub(crate) struct Signing<'p> {
    key: &'p Target,
    live: LiveHandle,
    algorithm: SigningAlgorithm,
    message: Message<'p>,
}

impl<'p> Signing<'p> {
    /// Steps 10 and 11: usage, algorithm, message type, length.
    fn prepare(
        targets: &'p Authorized<OneKey>,
        algorithm: &Option<Cow<'_, str>>,
        message_type: &Option<Cow<'_, str>>,
        message: &'p Option<Blob<'_>>,
        call: &CallFacts<'_>,
    ) -> Result<Self, Error> {
        let key = &targets.0;
        require_usage(key.snapshot(), KeyUsage::SignVerify, call)?;
        let algorithm = require_algorithm(key.snapshot(), algorithm, key.snapshot().record.spec.signing_algorithms())?;
        let message = fitting_message(algorithm, message_type, message)?;
        let (_, live) = targets.current_material(key, call)?;
        Ok(Self { key, live, algorithm, message })
    }

    fn scheme(&self) -> SignatureScheme {
        self.algorithm.scheme()
    }
}

/// The message in the form that the algorithm takes (ASY-74, RUL-30).
fn fitting_message<'p>(
    algorithm: SigningAlgorithm,
    message_type: &Option<Cow<'_, str>>,
    message: &'p Option<Blob<'_>>,
) -> Result<Message<'p>, Error> {
    let message_type = match message_type.as_deref() {
        Some(name) => name.parse().map_err(|_| Error::Validation(format!("Unknown message type {name}").into()))?,
        None => MessageType::Raw,
    };
    if !algorithm.takes(message_type) {
        let message = format!("Message type {message_type} is not valid for algorithm {algorithm}.");
        return Err(Error::Validation(message.into()));
    }
    let bytes = message.as_ref().map(AsRef::as_ref).unwrap_or_default();
    if algorithm.message_len(message_type).is_some_and(|length| bytes.len() != length) {
        return Err(Error::Validation(format!("Digest is invalid length for algorithm {algorithm}.").into()));
    }
    Ok(match message_type {
        MessageType::Raw => Message::Raw(bytes),
        MessageType::Digest => Message::Digest(bytes),
        MessageType::ExternalMu => Message::ExternalMu(bytes),
    })
}

impl Operation for Sign<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = Signing<'p>
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn prepare<'p>(&'p self, targets: &'p Authorized<OneKey>, call: &CallFacts<'p>) -> Result<Signing<'p>, Error> {
        Signing::prepare(targets, &self.signing_algorithm, &self.message_type, &self.message, call)
    }

    fn perform(signing: Signing<'_>, call: &CallFacts<'_>) -> Result<Effect<SignResponse>, Error> {
        let entropy = call.engine.entropy.as_ref();
        let signature = signing.live.pair()?.sign(signing.scheme(), signing.message, entropy).map_err(crypto)?;
        let Signing { key, algorithm: signing_algorithm, .. } = signing;
        Ok(Effect::reading(SignResponse { key_id: *key.arn(), signature, signing_algorithm }))
    }
}

/// A signature about to be verified.
pub(crate) struct Verifying<'p> {
    signing: Signing<'p>,
    signature: &'p [u8],
}

impl Operation for Verify<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = Verifying<'p>
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn prepare<'p>(&'p self, targets: &'p Authorized<OneKey>, call: &CallFacts<'p>) -> Result<Verifying<'p>, Error> {
        let signing = Signing::prepare(targets, &self.signing_algorithm, &self.message_type, &self.message, call)?;
        Ok(Verifying { signing, signature: self.signature.as_ref().map(AsRef::as_ref).unwrap_or_default() })
    }

    fn perform(verifying: Verifying<'_>, _: &CallFacts<'_>) -> Result<Effect<VerifyResponse>, Error> {
        let Verifying { signing, signature } = verifying;
        let verified = signing.live.pair()?.public().verify(signing.scheme(), signing.message, signature);
        verified.map_err(|error| match error {
            CryptoError::Unauthenticated => Error::KmsInvalidSignature("".into()),
            other => crypto(other),
        })?;
        let Signing { key, algorithm: signing_algorithm, .. } = signing;
        Ok(Effect::reading(VerifyResponse { key_id: *key.arn(), signature_valid: true, signing_algorithm }))
    }
}
