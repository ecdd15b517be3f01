//! GetPublicKey.

use std::borrow::Cow;

use keystead_hierarchy::spec::{
    EncapsulationAlgorithm, EncryptionAlgorithm, KeyAgreementAlgorithm, KeyKind, KeySpec, KeyUsage, SigningAlgorithm,
};
use keystead_types::KeyArn;

use super::answers::KeyMetadata;
use super::common::text;
use crate::Error;
use crate::authorize::Authorized;
use crate::client::{Call, Client};
use crate::door::{CallFacts, Effect, Operation};
use crate::material::LiveHandle;
use crate::request::request;
use crate::response::response;
use crate::targets::{OneKey, Target};

request! {
    /// Shows the public half of a key pair (chapter 30, section 9).
    ///
    /// Nothing outside the library is enforced: keep key spec, usage and algorithms together with an exported key, and
    /// use it for nothing else. Disabling or deleting the key does not recall it (ASY-70, ASY-73).
    ///
    /// Authorized by `kms:GetPublicKey` on the key, across accounts too.
    GetPublicKey: GET_PUBLIC_KEY -> GetPublicKeyResponse {
        /// The key: key ID, key ARN, alias name or alias ARN.
        key_id: Cow<'a, str>,
        /// Grants to be considered although they are new.
        grant_tokens: Vec<Cow<'a, str>>,
    }
}

response! {
    /// The answer of [`GetPublicKey`]. One of the lists is there, chosen by the usage.
    #[derive(Clone, Debug, PartialEq, Eq)]
    GetPublicKeyResponse {
        /// The key.
        key_id: KeyArn,
        /// SubjectPublicKeyInfo, DER.
        public_key: Vec<u8>,
        /// The old name of [`GetPublicKeyResponse::key_spec`], always equal to it.
        customer_master_key_spec: KeySpec,
        /// The kind of key pair.
        key_spec: KeySpec,
        /// What the key may be used for.
        key_usage: KeyUsage,
        /// For usage `ENCRYPT_DECRYPT`.
        encryption_algorithms: Option<Vec<EncryptionAlgorithm>>,
        /// For usage `SIGN_VERIFY`.
        signing_algorithms: Option<Vec<SigningAlgorithm>>,
        /// For usage `KEY_AGREEMENT`.
        key_agreement_algorithms: Option<Vec<KeyAgreementAlgorithm>>,
        /// For usage `ENCAPSULATE_DECAPSULATE`.
        encapsulation_algorithms: Option<Vec<EncapsulationAlgorithm>>,
    }
}

impl Client {
    /// Shows the public key. See [`GetPublicKey`].
    pub fn get_public_key<'c>(&'c self, key_id: impl Into<Cow<'c, str>>) -> Call<'c, GetPublicKey<'c>> {
        self.call(GetPublicKey { key_id: Some(key_id.into()), ..GetPublicKey::new() })
    }
}

impl Operation for GetPublicKey<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = (&'p Target, LiveHandle)
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn capability(&self, targets: &Authorized<OneKey>, _: &CallFacts<'_>) -> Result<(), Error> {
        let key = targets.0.snapshot();
        if key.record.spec.kind() == KeyKind::Asymmetric {
            return Ok(());
        }
        let message = format!("{} is not an asymmetric key and has no public key.", key.arn_text);
        Err(Error::UnsupportedOperation(message.into()))
    }

    fn prepare<'p>(
        &'p self,
        targets: &'p Authorized<OneKey>,
        call: &CallFacts<'p>,
    ) -> Result<(&'p Target, LiveHandle), Error> {
        let (_, live) = targets.current_material(&targets.0, call)?;
        Ok((&targets.0, live))
    }

    fn perform(
        (key, live): (&Target, LiveHandle),
        call: &CallFacts<'_>,
    ) -> Result<Effect<GetPublicKeyResponse>, Error> {
        let metadata = KeyMetadata::of(key.snapshot(), call.now);
        Ok(Effect::reading(GetPublicKeyResponse {
            key_id: *key.arn(),
            public_key: live.pair()?.public().spki().to_vec(),
            customer_master_key_spec: metadata.key_spec,
            key_spec: metadata.key_spec,
            key_usage: metadata.key_usage,
            encryption_algorithms: metadata.encryption_algorithms,
            signing_algorithms: metadata.signing_algorithms,
            key_agreement_algorithms: metadata.key_agreement_algorithms,
            encapsulation_algorithms: metadata.encapsulation_algorithms,
        }))
    }
}
