//! DeriveSharedSecret, Encapsulate and Decapsulate: secrets shared with somebody who has the other key.

use std::borrow::Cow;

use keystead_crypto::{CryptoError, SecretBytes};
use keystead_hierarchy::spec::{EncapsulationAlgorithm, KeyAgreementAlgorithm, KeyUsage, Origin};
use keystead_types::KeyArn;

use super::common::{invalid_ciphertext, require_algorithm, require_usage, text};
use crate::Error;
use crate::authorize::Authorized;
use crate::client::{Call, Client};
use crate::door::{CallFacts, Effect, Operation};
use crate::engine::crypto;
use crate::material::LiveHandle;
use crate::recipient::{Released, release};
use crate::request::request;
use crate::response::response;
use crate::snapshot::KeySnapshot;
use crate::targets::{OneKey, Target};
use crate::value::{Blob, RecipientInfo};

request! {
    /// Agrees on a secret with the holder of another key pair on the same curve (API-087): elliptic curve
    /// Diffie-Hellman. Derive keys from the result, do not use it as one.
    ///
    /// Authorized by `kms:DeriveSharedSecret` on the key, across accounts too.
    DeriveSharedSecret: DERIVE_SHARED_SECRET -> DeriveSharedSecretResponse {
        /// The key: key ID, key ARN, alias name or alias ARN.
        key_id: Cow<'a, str>,
        /// `ECDH`.
        key_agreement_algorithm: Cow<'a, str>,
        /// The public key of the peer: SubjectPublicKeyInfo, DER.
        public_key: Blob<'a>,
        /// Grants to be considered although they are new.
        grant_tokens: Vec<Cow<'a, str>>,
        /// Checks everything and derives nothing; the call then always fails.
        dry_run: bool,
        /// The attested environment that gets the secret.
        recipient: RecipientInfo<'a>,
    }
}

request! {
    /// Makes a secret that only the holder of the private key can open (API-088).
    ///
    /// Authorized by `kms:Encapsulate` on the key, across accounts too.
    Encapsulate: ENCAPSULATE -> EncapsulateResponse {
        /// The key: key ID, key ARN, alias name or alias ARN.
        key_id: Cow<'a, str>,
        /// `ML_KEM`.
        encapsulation_algorithm: Cow<'a, str>,
        /// Grants to be considered although they are new.
        grant_tokens: Vec<Cow<'a, str>>,
        /// Checks everything and makes nothing; the call then always fails.
        dry_run: bool,
    }
}

request! {
    /// Opens an encapsulated secret (API-088). Of changed bytes it gives an unrelated secret, not an error (FIPS 203).
    ///
    /// Authorized by `kms:Decapsulate` on the key, across accounts too.
    Decapsulate: DECAPSULATE -> DecapsulateResponse {
        /// The key: key ID, key ARN, alias name or alias ARN.
        key_id: Cow<'a, str>,
        /// The encapsulated secret.
        shared_secret_ciphertext_blob: Blob<'a>,
        /// `ML_KEM`.
        encapsulation_algorithm: Cow<'a, str>,
        /// Grants to be considered although they are new.
        grant_tokens: Vec<Cow<'a, str>>,
        /// Checks everything and opens nothing; the call then always fails.
        dry_run: bool,
    }
}

response! {
    /// The answer of [`DeriveSharedSecret`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    DeriveSharedSecretResponse {
        /// The key.
        key_id: KeyArn,
        /// The X coordinate of the common point, as wide as the field, unless an attested recipient gets it; wiped on drop.
        shared_secret: Option<SecretBytes>,
        /// The coordinate encrypted to the attested recipient of the request: CMS EnvelopedData (ENV-89).
        ciphertext_for_recipient: Option<Vec<u8>>,
        /// The algorithm used.
        key_agreement_algorithm: KeyAgreementAlgorithm,
        /// Where the material of the key comes from.
        key_origin: Origin,
    }
}

response! {
    /// The answer of [`Encapsulate`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    EncapsulateResponse {
        /// The key.
        key_id: KeyArn,
        /// The secret of 32 bytes; wiped on drop.
        shared_secret: SecretBytes,
        /// What [`Decapsulate`] opens.
        shared_secret_ciphertext_blob: Vec<u8>,
        /// The algorithm used.
        encapsulation_algorithm: EncapsulationAlgorithm,
    }
}

response! {
    /// The answer of [`Decapsulate`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    DecapsulateResponse {
        /// The key.
        key_id: KeyArn,
        /// The secret of 32 bytes; wiped on drop.
        shared_secret: SecretBytes,
        /// The algorithm used.
        encapsulation_algorithm: EncapsulationAlgorithm,
    }
}

impl Client {
    /// Agrees on a secret. See [`DeriveSharedSecret`].
    pub fn derive_shared_secret<'c>(
        &'c self,
        key_id: impl Into<Cow<'c, str>>,
        public_key: impl Into<Blob<'c>>,
    ) -> Call<'c, DeriveSharedSecret<'c>> {
        self.call(DeriveSharedSecret {
            key_id: Some(key_id.into()),
            public_key: Some(public_key.into()),
            key_agreement_algorithm: Some(KeyAgreementAlgorithm::Ecdh.as_str().into()),
            ..DeriveSharedSecret::new()
        })
    }

    /// Makes and encapsulates a secret. See [`Encapsulate`].
    pub fn encapsulate<'c>(&'c self, key_id: impl Into<Cow<'c, str>>) -> Call<'c, Encapsulate<'c>> {
        self.call(Encapsulate {
            key_id: Some(key_id.into()),
            encapsulation_algorithm: Some(EncapsulationAlgorithm::MlKem.as_str().into()),
            ..Encapsulate::new()
        })
    }

    /// Opens an encapsulated secret. See [`Decapsulate`].
    pub fn decapsulate<'c>(
        &'c self,
        key_id: impl Into<Cow<'c, str>>,
        shared_secret_ciphertext_blob: impl Into<Blob<'c>>,
    ) -> Call<'c, Decapsulate<'c>> {
        self.call(Decapsulate {
            key_id: Some(key_id.into()),
            shared_secret_ciphertext_blob: Some(shared_secret_ciphertext_blob.into()),
            encapsulation_algorithm: Some(EncapsulationAlgorithm::MlKem.as_str().into()),
            ..Decapsulate::new()
        })
    }
}

/// A peer whose key is on the curve of ours.
pub(crate) struct Derived<'p> {
    key: &'p Target,
    algorithm: KeyAgreementAlgorithm,
    live: LiveHandle,
    peer: &'p [u8],
}

impl Operation for DeriveSharedSecret<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = Derived<'p>
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn prepare<'p>(&'p self, targets: &'p Authorized<OneKey>, call: &CallFacts<'p>) -> Result<Derived<'p>, Error> {
        let key = &targets.0;
        require_usage(key.snapshot(), KeyUsage::KeyAgreement, call)?;
        let list = key.snapshot().record.spec.key_agreement_algorithms();
        let algorithm = require_algorithm(key.snapshot(), &self.key_agreement_algorithm, list)?;
        let peer = self.public_key.as_ref().map(AsRef::as_ref).unwrap_or_default();
        require_on_same_curve(key.snapshot(), peer, call)?;
        let (_, live) = targets.current_material(key, call)?;
        Ok(Derived { key, algorithm, live, peer })
    }

    fn perform(derived: Derived<'_>, call: &CallFacts<'_>) -> Result<Effect<DeriveSharedSecretResponse>, Error> {
        let Derived { key, algorithm, live, peer } = derived;
        let Released { plaintext, for_recipient } = release(live.pair()?.agree(peer).map_err(peer_error)?, call)?;
        Ok(Effect::reading(DeriveSharedSecretResponse {
            key_id: *key.arn(),
            shared_secret: plaintext,
            ciphertext_for_recipient: for_recipient,
            key_agreement_algorithm: algorithm,
            key_origin: key.snapshot().record.origin,
        }))
    }
}

/// Step 11: the peer's key is one on the curve of the key.
fn require_on_same_curve(key: &KeySnapshot, peer: &[u8], call: &CallFacts<'_>) -> Result<(), Error> {
    let Some(algorithm) = key.record.spec.key_pair() else { return Ok(()) };
    call.engine.provider.public_key(algorithm, peer).map(drop).map_err(peer_error)
}

fn peer_error(error: CryptoError) -> Error {
    match error {
        CryptoError::InvalidKey => Error::Validation("".into()),
        other => crypto(other),
    }
}

/// A key that encapsulates or decapsulates.
pub(crate) struct Encapsulating<'p> {
    key: &'p Target,
    algorithm: EncapsulationAlgorithm,
    live: LiveHandle,
}

impl<'p> Encapsulating<'p> {
    /// Step 10: usage and algorithm.
    fn prepare(
        targets: &'p Authorized<OneKey>,
        algorithm: &Option<Cow<'_, str>>,
        call: &CallFacts<'_>,
    ) -> Result<Self, Error> {
        let key = &targets.0;
        require_usage(key.snapshot(), KeyUsage::EncapsulateDecapsulate, call)?;
        let list = key.snapshot().record.spec.encapsulation_algorithms();
        let algorithm = require_algorithm(key.snapshot(), algorithm, list)?;
        let (_, live) = targets.current_material(key, call)?;
        Ok(Self { key, algorithm, live })
    }
}

impl Operation for Encapsulate<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = Encapsulating<'p>
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn prepare<'p>(
        &'p self,
        targets: &'p Authorized<OneKey>,
        call: &CallFacts<'p>,
    ) -> Result<Encapsulating<'p>, Error> {
        Encapsulating::prepare(targets, &self.encapsulation_algorithm, call)
    }

    fn perform(making: Encapsulating<'_>, call: &CallFacts<'_>) -> Result<Effect<EncapsulateResponse>, Error> {
        let Encapsulating { key, algorithm, live } = making;
        let made = live.pair()?.public().encapsulate(call.engine.entropy.as_ref()).map_err(crypto)?;
        Ok(Effect::reading(EncapsulateResponse {
            key_id: *key.arn(),
            shared_secret: made.secret,
            shared_secret_ciphertext_blob: made.ciphertext,
            encapsulation_algorithm: algorithm,
        }))
    }
}

/// An encapsulated secret of the right length.
pub(crate) struct Decapsulating<'p> {
    with: Encapsulating<'p>,
    ciphertext: &'p [u8],
}

impl Operation for Decapsulate<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = Decapsulating<'p>
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn prepare<'p>(
        &'p self,
        targets: &'p Authorized<OneKey>,
        call: &CallFacts<'p>,
    ) -> Result<Decapsulating<'p>, Error> {
        let with = Encapsulating::prepare(targets, &self.encapsulation_algorithm, call)?;
        let ciphertext = self.shared_secret_ciphertext_blob.as_ref().map(AsRef::as_ref).unwrap_or_default();
        if with.key.snapshot().record.spec.encapsulation_len() != Some(ciphertext.len()) {
            return Err(invalid_ciphertext());
        }
        Ok(Decapsulating { with, ciphertext })
    }

    fn perform(opening: Decapsulating<'_>, _: &CallFacts<'_>) -> Result<Effect<DecapsulateResponse>, Error> {
        let Decapsulating { with: Encapsulating { key, algorithm, live }, ciphertext } = opening;
        Ok(Effect::reading(DecapsulateResponse {
            key_id: *key.arn(),
            shared_secret: live.pair()?.decapsulate(ciphertext).map_err(super::common::decryption_error)?,
            encapsulation_algorithm: algorithm,
        }))
    }
}
