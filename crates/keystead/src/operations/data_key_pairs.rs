//! GenerateDataKeyPair and GenerateDataKeyPairWithoutPlaintext.

use std::borrow::Cow;

use keystead_crypto::SecretBytes;
use keystead_hierarchy::spec::DataKeyPairSpec;
use keystead_hierarchy::{EncryptionContext, MaterialId};
use keystead_types::KeyArn;

use super::common::{require_context, require_symmetric, text};
use super::encrypt::SealingKey;
use crate::Error;
use crate::authorize::Authorized;
use crate::client::{Call, Client};
use crate::door::{CallFacts, Effect, Operation};
use crate::engine::crypto;
use crate::recipient::{Released, release};
use crate::request::request;
use crate::response::response;
use crate::targets::OneKey;
use crate::value::RecipientInfo;

request! {
    /// Makes a key pair for use outside: the public key, and the private key in clear and sealed under a symmetric KMS
    /// key (ASY-82). The pair is not kept, and no rule about KMS keys applies to it. RSA pairs take up to seconds.
    ///
    /// Authorized by `kms:GenerateDataKeyPair` on the key.
    GenerateDataKeyPair: GENERATE_DATA_KEY_PAIR -> GenerateDataKeyPairResponse {
        /// The pairs that the sealed private key is bound to.
        encryption_context: EncryptionContext<'a>,
        /// The key that protects the private key: key ID, key ARN, alias name or alias ARN.
        key_id: Cow<'a, str>,
        /// The kind of key pair.
        key_pair_spec: Cow<'a, str>,
        /// Grants to be considered although they are new.
        grant_tokens: Vec<Cow<'a, str>>,
        /// The attested environment that gets the private key.
        recipient: RecipientInfo<'a>,
        /// Checks everything and makes nothing; the call then always fails.
        dry_run: bool,
    }
}

request! {
    /// Makes a key pair for use outside, the private key sealed under a symmetric KMS key only (ASY-82).
    ///
    /// Authorized by `kms:GenerateDataKeyPairWithoutPlaintext` on the key.
    GenerateDataKeyPairWithoutPlaintext: GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT
        -> GenerateDataKeyPairWithoutPlaintextResponse {
        /// The pairs that the sealed private key is bound to.
        encryption_context: EncryptionContext<'a>,
        /// The key that protects the private key: key ID, key ARN, alias name or alias ARN.
        key_id: Cow<'a, str>,
        /// The kind of key pair.
        key_pair_spec: Cow<'a, str>,
        /// Grants to be considered although they are new.
        grant_tokens: Vec<Cow<'a, str>>,
        /// Checks everything and makes nothing; the call then always fails.
        dry_run: bool,
    }
}

response! {
    /// The answer of [`GenerateDataKeyPair`].
    #[derive(Clone, Debug)]
    GenerateDataKeyPairResponse {
        /// The private key sealed; Decrypt opens it.
        private_key_ciphertext_blob: Vec<u8>,
        /// The private key in clear, unless an attested recipient gets it: PKCS #8, DER; wiped on drop.
        private_key_plaintext: Option<SecretBytes>,
        /// The private key encrypted to the attested recipient of the request: CMS EnvelopedData (ENV-89).
        ciphertext_for_recipient: Option<Vec<u8>>,
        /// The public key: SubjectPublicKeyInfo, DER.
        public_key: Vec<u8>,
        /// The key that sealed.
        key_id: KeyArn,
        /// The kind of key pair.
        key_pair_spec: DataKeyPairSpec,
        /// The material that sealed.
        key_material_id: Option<MaterialId>,
    }
}

response! {
    /// The answer of [`GenerateDataKeyPairWithoutPlaintext`].
    #[derive(Clone, Debug)]
    GenerateDataKeyPairWithoutPlaintextResponse {
        /// The private key sealed; Decrypt opens it.
        private_key_ciphertext_blob: Vec<u8>,
        /// The public key: SubjectPublicKeyInfo, DER.
        public_key: Vec<u8>,
        /// The key that sealed.
        key_id: KeyArn,
        /// The kind of key pair.
        key_pair_spec: DataKeyPairSpec,
        /// The material that sealed.
        key_material_id: Option<MaterialId>,
    }
}

impl Client {
    /// Makes a data key pair; set [`Call::key_pair_spec`]. See [`GenerateDataKeyPair`].
    pub fn generate_data_key_pair<'c>(&'c self, key_id: impl Into<Cow<'c, str>>) -> Call<'c, GenerateDataKeyPair<'c>> {
        self.call(GenerateDataKeyPair { key_id: Some(key_id.into()), ..GenerateDataKeyPair::new() })
    }

    /// Makes a data key pair without showing the private key. See [`GenerateDataKeyPairWithoutPlaintext`].
    pub fn generate_data_key_pair_without_plaintext<'c>(
        &'c self,
        key_id: impl Into<Cow<'c, str>>,
    ) -> Call<'c, GenerateDataKeyPairWithoutPlaintext<'c>> {
        self.call(GenerateDataKeyPairWithoutPlaintext {
            key_id: Some(key_id.into()),
            ..GenerateDataKeyPairWithoutPlaintext::new()
        })
    }
}

impl<'c> Call<'c, GenerateDataKeyPair<'c>> {
    /// Adds a pair to the encryption context.
    pub fn context(mut self, key: impl Into<Cow<'c, str>>, value: impl Into<Cow<'c, str>>) -> Self {
        self.request.encryption_context.get_or_insert_default().insert(key, value);
        self
    }
}

impl<'c> Call<'c, GenerateDataKeyPairWithoutPlaintext<'c>> {
    /// Adds a pair to the encryption context.
    pub fn context(mut self, key: impl Into<Cow<'c, str>>, value: impl Into<Cow<'c, str>>) -> Self {
        self.request.encryption_context.get_or_insert_default().insert(key, value);
        self
    }
}

/// A data key pair about to be made.
pub(crate) struct MakingPair<'p> {
    key: SealingKey<'p>,
    context: &'p EncryptionContext<'p>,
    spec: DataKeyPairSpec,
}

/// A data key pair, the private key in clear and sealed.
struct DataKeyPair {
    private_key: SecretBytes,
    private_key_ciphertext_blob: Vec<u8>,
    public_key: Vec<u8>,
}

impl<'p> MakingPair<'p> {
    fn prepare(
        targets: &'p Authorized<OneKey>,
        spec: &Option<Cow<'_, str>>,
        context: &'p Option<EncryptionContext<'_>>,
        call: &CallFacts<'_>,
    ) -> Result<Self, Error> {
        require_symmetric(targets.0.snapshot(), call)?;
        let context = require_context(context, call)?;
        Ok(Self { key: SealingKey::of(targets, &targets.0, call)?, context, spec: parse(spec)? })
    }

    fn make(&self, call: &CallFacts<'_>) -> Result<DataKeyPair, Error> {
        let algorithm = self.spec.key_spec().key_pair().ok_or_else(|| unknown(self.spec.as_str()))?;
        let entropy = call.engine.entropy.as_ref();
        let pair = call.engine.provider.generate_key_pair(algorithm, entropy).map_err(crypto)?;
        let private_key = pair.to_pkcs8().map_err(crypto)?;
        Ok(DataKeyPair {
            private_key_ciphertext_blob: self.key.seal(self.context, private_key.expose(), call)?,
            public_key: pair.public().spki().to_vec(),
            private_key,
        })
    }
}

/// Step 8: the profile of the Region has the spec (ASY-55).
fn require_available(spec: &Option<Cow<'_, str>>, call: &CallFacts<'_>) -> Result<(), Error> {
    let spec = parse(spec)?;
    if spec.available_in(call.region.profile) {
        return Ok(());
    }
    let message = format!("KeyPairSpec {spec} is not supported in Region {}.", call.region.region);
    Err(Error::UnsupportedOperation(message.into()))
}

fn parse(spec: &Option<Cow<'_, str>>) -> Result<DataKeyPairSpec, Error> {
    text(spec).parse().map_err(|_| unknown(text(spec)))
}

/// The shape step has compared the name with the enumeration already.
fn unknown(spec: &str) -> Error {
    Error::Validation(format!("Unknown key pair spec {spec}").into())
}

impl Operation for GenerateDataKeyPair<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = MakingPair<'p>
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn capability(&self, _: &Authorized<OneKey>, call: &CallFacts<'_>) -> Result<(), Error> {
        require_available(&self.key_pair_spec, call)
    }

    fn prepare<'p>(&'p self, targets: &'p Authorized<OneKey>, call: &CallFacts<'p>) -> Result<MakingPair<'p>, Error> {
        MakingPair::prepare(targets, &self.key_pair_spec, &self.encryption_context, call)
    }

    fn perform(making: MakingPair<'_>, call: &CallFacts<'_>) -> Result<Effect<GenerateDataKeyPairResponse>, Error> {
        let DataKeyPair { private_key, private_key_ciphertext_blob, public_key } = making.make(call)?;
        let Released { plaintext, for_recipient } = release(private_key, call)?;
        let response = GenerateDataKeyPairResponse {
            private_key_ciphertext_blob,
            private_key_plaintext: plaintext,
            ciphertext_for_recipient: for_recipient,
            public_key,
            key_id: *making.key.key.arn(),
            key_pair_spec: making.spec,
            key_material_id: Some(making.key.material.id),
        };
        Ok(Effect { audit: making.key.audit(call), ..Effect::reading(response) })
    }
}

impl Operation for GenerateDataKeyPairWithoutPlaintext<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = MakingPair<'p>
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn capability(&self, _: &Authorized<OneKey>, call: &CallFacts<'_>) -> Result<(), Error> {
        require_available(&self.key_pair_spec, call)
    }

    fn prepare<'p>(&'p self, targets: &'p Authorized<OneKey>, call: &CallFacts<'p>) -> Result<MakingPair<'p>, Error> {
        MakingPair::prepare(targets, &self.key_pair_spec, &self.encryption_context, call)
    }

    fn perform(
        making: MakingPair<'_>,
        call: &CallFacts<'_>,
    ) -> Result<Effect<GenerateDataKeyPairWithoutPlaintextResponse>, Error> {
        let DataKeyPair { private_key_ciphertext_blob, public_key, .. } = making.make(call)?;
        let response = GenerateDataKeyPairWithoutPlaintextResponse {
            private_key_ciphertext_blob,
            public_key,
            key_id: *making.key.key.arn(),
            key_pair_spec: making.spec,
            key_material_id: Some(making.key.material.id),
        };
        Ok(Effect { audit: making.key.audit(call), ..Effect::reading(response) })
    }
}
