//! GenerateMac and VerifyMac.

use std::borrow::Cow;

use keystead_hierarchy::spec::{KeyUsage, MacAlgorithmSpec};
use keystead_types::KeyArn;

use super::common::{require_algorithm, require_usage, text};
use crate::Error;
use crate::authorize::Authorized;
use crate::client::{Call, Client};
use crate::door::{CallFacts, Effect, Operation};
use crate::material::LiveHandle;
use crate::request::request;
use crate::response::response;
use crate::targets::{OneKey, Target};
use crate::value::Blob;

request! {
    /// Makes the HMAC of a message of up to 4,096 bytes (ASY-61): plain RFC 2104, as any implementation gives it.
    ///
    /// Authorized by `kms:GenerateMac` on the key, across accounts too.
    GenerateMac: GENERATE_MAC -> GenerateMacResponse {
        /// The message, 1 to 4,096 bytes.
        message: Blob<'a>,
        /// The key: key ID, key ARN, alias name or alias ARN.
        key_id: Cow<'a, str>,
        /// The one MAC algorithm of the key.
        mac_algorithm: Cow<'a, str>,
        /// Grants to be considered although they are new.
        grant_tokens: Vec<Cow<'a, str>>,
        /// Checks everything and makes nothing; the call then always fails.
        dry_run: bool,
    }
}

request! {
    /// Verifies an HMAC; a wrong one is `KMSInvalidMacException` (ASY-62).
    ///
    /// Authorized by `kms:VerifyMac` on the key, across accounts too.
    VerifyMac: VERIFY_MAC -> VerifyMacResponse {
        /// The message, 1 to 4,096 bytes.
        message: Blob<'a>,
        /// The key: key ID, key ARN, alias name or alias ARN.
        key_id: Cow<'a, str>,
        /// The one MAC algorithm of the key.
        mac_algorithm: Cow<'a, str>,
        /// The whole HMAC.
        mac: Blob<'a>,
        /// Grants to be considered although they are new.
        grant_tokens: Vec<Cow<'a, str>>,
        /// Checks everything but the HMAC; the call then always fails.
        dry_run: bool,
    }
}

response! {
    /// The answer of [`GenerateMac`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    GenerateMacResponse {
        /// The HMAC, as long as the hash.
        mac: Vec<u8>,
        /// The algorithm used.
        mac_algorithm: MacAlgorithmSpec,
        /// The key that made it.
        key_id: KeyArn,
    }
}

response! {
    /// The answer of [`VerifyMac`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    VerifyMacResponse {
        /// The key that verified.
        key_id: KeyArn,
        /// Always true: a wrong HMAC is an error.
        mac_valid: bool,
        /// The algorithm used.
        mac_algorithm: MacAlgorithmSpec,
    }
}

impl Client {
    /// Makes an HMAC; set [`Call::mac_algorithm`]. See [`GenerateMac`].
    pub fn generate_mac<'c>(
        &'c self,
        key_id: impl Into<Cow<'c, str>>,
        message: impl Into<Blob<'c>>,
    ) -> Call<'c, GenerateMac<'c>> {
        self.call(GenerateMac { key_id: Some(key_id.into()), message: Some(message.into()), ..GenerateMac::new() })
    }

    /// Verifies an HMAC; set [`Call::mac_algorithm`]. See [`VerifyMac`].
    pub fn verify_mac<'c>(
        &'c self,
        key_id: impl Into<Cow<'c, str>>,
        message: impl Into<Blob<'c>>,
        mac: impl Into<Blob<'c>>,
    ) -> Call<'c, VerifyMac<'c>> {
        self.call(VerifyMac {
            key_id: Some(key_id.into()),
            message: Some(message.into()),
            mac: Some(mac.into()),
            ..VerifyMac::new()
        })
    }
}

/// A message and the key of its HMAC.
pub(crate) struct Macing<'p> {
    key: &'p Target,
    live: LiveHandle,
    algorithm: MacAlgorithmSpec,
    message: &'p [u8],
}

impl<'p> Macing<'p> {
    /// Step 10: usage and algorithm.
    fn prepare(
        targets: &'p Authorized<OneKey>,
        algorithm: &Option<Cow<'_, str>>,
        message: &'p Option<Blob<'_>>,
        call: &CallFacts<'_>,
    ) -> Result<Self, Error> {
        let key = &targets.0;
        require_usage(key.snapshot(), KeyUsage::GenerateVerifyMac, call)?;
        let own = key.snapshot().record.spec.mac_algorithm();
        let algorithm = require_algorithm(key.snapshot(), algorithm, own.as_slice())?;
        let (_, live) = targets.current_material(key, call)?;
        Ok(Self { key, live, algorithm, message: message.as_ref().map(AsRef::as_ref).unwrap_or_default() })
    }
}

impl Operation for GenerateMac<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = Macing<'p>
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn prepare<'p>(&'p self, targets: &'p Authorized<OneKey>, call: &CallFacts<'p>) -> Result<Macing<'p>, Error> {
        Macing::prepare(targets, &self.mac_algorithm, &self.message, call)
    }

    fn perform(macing: Macing<'_>, _: &CallFacts<'_>) -> Result<Effect<GenerateMacResponse>, Error> {
        let mac = macing.live.mac()?.sign(&[macing.message]);
        let Macing { key, algorithm: mac_algorithm, .. } = macing;
        Ok(Effect::reading(GenerateMacResponse { mac: mac.as_ref().to_vec(), mac_algorithm, key_id: *key.arn() }))
    }
}

/// An HMAC about to be verified.
pub(crate) struct VerifyingMac<'p> {
    macing: Macing<'p>,
    mac: &'p [u8],
}

impl Operation for VerifyMac<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = VerifyingMac<'p>
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn prepare<'p>(&'p self, targets: &'p Authorized<OneKey>, call: &CallFacts<'p>) -> Result<VerifyingMac<'p>, Error> {
        let macing = Macing::prepare(targets, &self.mac_algorithm, &self.message, call)?;
        Ok(VerifyingMac { macing, mac: self.mac.as_ref().map(AsRef::as_ref).unwrap_or_default() })
    }

    fn perform(verifying: VerifyingMac<'_>, _: &CallFacts<'_>) -> Result<Effect<VerifyMacResponse>, Error> {
        let VerifyingMac { macing, mac } = verifying;
        let verified = macing.live.mac()?.verify(&[macing.message], mac);
        verified.map_err(|_| Error::KmsInvalidMac("".into()))?;
        let Macing { key, algorithm: mac_algorithm, .. } = macing;
        Ok(Effect::reading(VerifyMacResponse { key_id: *key.arn(), mac_valid: true, mac_algorithm }))
    }
}
