//! What a seed says.

use std::collections::BTreeMap;
use std::fmt;

use keystead_crypto::SecretBytes;
use keystead_types::{AccountId, KeyArn, Region};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use super::plant::{SeedProblem, plant};
use crate::Kms;

/// Keys that are known beforehand. For tests only.
///
/// The same as TOML; only `id` is needed. Key material is hexadecimal, oldest first; a private key is PKCS #8 in PEM:
///
/// ```
/// # use keystead::testing::Seed;
/// let seed = Seed::from_toml(r#"
///     account = "111122223333"
///     region = "us-east-1"
///
///     [[keys]]
///     id = "1234abcd-12ab-34cd-56ef-1234567890ab"
///     aliases = ["alias/orders"]
///     description = "orders"
///     tags = { team = "orders" }
///     rotation_period_in_days = 365
///     material = ["0101010101010101010101010101010101010101010101010101010101010101"]
///
///     [[keys]]
///     id = "mrk-1234abcd12ab34cd56ef1234567890ab"
///     account = "444455556666"
///     region = "eu-west-1"
///     spec = "ECC_NIST_P256"
///     usage = "SIGN_VERIFY"
///     enabled = false
///     policy = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "kms:Sign", "Resource": "*"}}'
/// "#)?;
/// # assert_eq!(seed.plant(&keystead::Kms::in_memory())?.len(), 2);
/// # Ok::<(), keystead::testing::SeedError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Seed {
    account: AccountId,
    region: Region,
    keys: Vec<SeedKey>,
}

/// One key of a [`Seed`]. What is not said is as CreateKey makes it; material that is not given is random.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedKey {
    pub(super) id: String,
    pub(super) account: Option<AccountId>,
    pub(super) region: Option<Region>,
    pub(super) spec: Option<String>,
    pub(super) usage: Option<String>,
    pub(super) description: Option<String>,
    pub(super) policy: Option<String>,
    pub(super) enabled: Option<bool>,
    pub(super) rotation_period_in_days: Option<u32>,
    #[serde(default)]
    pub(super) aliases: Vec<String>,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) material: Vec<Material>,
    pub(super) private_key: Option<Pem>,
}

/// Why a seed cannot be planted. No message holds material.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SeedError {
    /// The text is no TOML, or not of this form.
    #[error("line {line} of the seed: {message}")]
    Toml {
        /// Where, counted from one.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A key cannot be as the seed says.
    #[error("key `{id}` of the seed: {problem}")]
    Key {
        /// Which one.
        id: String,
        /// What is wrong.
        #[source]
        problem: SeedProblem,
    },
}

impl Seed {
    /// A seed without keys. Keys that say nothing else belong to `account` and `region`.
    pub fn new(account: AccountId, region: Region) -> Self {
        Self { account, region, keys: Vec::new() }
    }

    /// Reads a seed that names the account and the Region of its keys.
    ///
    /// # Errors
    /// [`SeedError::Toml`].
    pub fn from_toml(text: &str) -> Result<Self, SeedError> {
        Self::parse(text, None)
    }

    /// Reads a seed. Keys for which it names no account or Region get these.
    ///
    /// # Errors
    /// [`SeedError::Toml`].
    pub fn from_toml_in(text: &str, account: AccountId, region: Region) -> Result<Self, SeedError> {
        Self::parse(text, Some((account, region)))
    }

    /// Adds a key.
    #[must_use]
    pub fn key(mut self, key: SeedKey) -> Self {
        self.keys.push(key);
        self
    }

    /// Puts the keys into an instance, in order, and tells their ARNs. Those before one that fails stay.
    ///
    /// # Errors
    /// [`SeedError::Key`].
    pub fn plant(&self, kms: &Kms) -> Result<Vec<KeyArn>, SeedError> {
        let planted = self.keys.iter().map(|key| {
            let (account, region) = (key.account.unwrap_or(self.account), key.region.unwrap_or(self.region));
            plant(&kms.engine, key, account, region).map_err(|problem| SeedError::Key { id: key.id.clone(), problem })
        });
        planted.collect()
    }

    fn parse(text: &str, defaults: Option<(AccountId, Region)>) -> Result<Self, SeedError> {
        let malformed = |at: Option<std::ops::Range<usize>>, message: &str| {
            let before = text.as_bytes().get(..at.map_or(0, |at| at.start)).unwrap_or_default();
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            SeedError::Toml { line, message: message.to_owned() }
        };
        // The error's own text shows the line, and with it perhaps material.
        let file: File = toml::from_str(text).map_err(|error| malformed(error.span(), error.message()))?;
        let missing = |what| malformed(None, &format!("name the `{what}` of the keys"));
        let account = file.account.or(defaults.map(|(account, _)| account)).ok_or_else(|| missing("account"))?;
        let region = file.region.or(defaults.map(|(_, region)| region)).ok_or_else(|| missing("region"))?;
        Ok(Self { account, region, keys: file.keys })
    }
}

impl SeedKey {
    /// A symmetric encryption key of this ID.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), ..Self::default() }
    }

    /// The account, if it is not that of the seed.
    #[must_use]
    pub fn account(mut self, account: AccountId) -> Self {
        self.account = Some(account);
        self
    }

    /// The Region, if it is not that of the seed.
    #[must_use]
    pub fn region(mut self, region: Region) -> Self {
        self.region = Some(region);
        self
    }

    /// The key spec, such as `ECC_NIST_P256`.
    #[must_use]
    pub fn spec(mut self, spec: impl Into<String>) -> Self {
        self.spec = Some(spec.into());
        self
    }

    /// The key usage, such as `SIGN_VERIFY`; needed where CreateKey needs it.
    #[must_use]
    pub fn usage(mut self, usage: impl Into<String>) -> Self {
        self.usage = Some(usage.into());
        self
    }

    /// The description.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// The key policy. Nobody checks that it leaves somebody who can change it.
    #[must_use]
    pub fn policy(mut self, document: impl Into<String>) -> Self {
        self.policy = Some(document.into());
        self
    }

    /// Whether the key is enabled.
    #[must_use]
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = Some(enabled);
        self
    }

    /// Enables automatic rotation.
    #[must_use]
    pub fn rotation_period_in_days(mut self, days: u32) -> Self {
        self.rotation_period_in_days = Some(days);
        self
    }

    /// Adds an alias.
    #[must_use]
    pub fn alias(mut self, name: impl Into<String>) -> Self {
        self.aliases.push(name.into());
        self
    }

    /// Adds a tag.
    #[must_use]
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.insert(key.into(), value.into());
        self
    }

    /// Adds a version of the material of a symmetric or HMAC key. The last one is current; those before it have been
    /// rotated, which only symmetric encryption keys can be.
    #[must_use]
    pub fn material(mut self, material: impl AsRef<[u8]>) -> Self {
        self.material.push(Material(SecretBytes::from(material.as_ref().to_vec())));
        self
    }

    /// The key pair of an asymmetric key: PKCS #8 in PEM.
    #[must_use]
    pub fn private_key(mut self, pem: impl Into<String>) -> Self {
        self.private_key = Some(Pem(SecretBytes::from(pem.into().into_bytes())));
        self
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    account: Option<AccountId>,
    region: Option<Region>,
    #[serde(default)]
    keys: Vec<SeedKey>,
}

/// Key material, hexadecimal in files.
#[derive(Clone)]
pub(super) struct Material(pub(super) SecretBytes);

impl<'de> Deserialize<'de> for Material {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = zeroize::Zeroizing::new(String::deserialize(deserializer)?);
        let bytes = hex::decode(text.as_bytes()).map_err(|_| D::Error::custom("material is written in hexadecimal"))?;
        Ok(Self(SecretBytes::from(bytes)))
    }
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Material")
    }
}

/// A private key in PEM.
#[derive(Clone)]
pub(super) struct Pem(pub(super) SecretBytes);

impl<'de> Deserialize<'de> for Pem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(SecretBytes::from(String::deserialize(deserializer)?.into_bytes())))
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pem")
    }
}
