//! The facade, as a service would use it.

use std::error::Error;

use keystead::crypto::{DefaultProvider, Provider};
use keystead::operations::{DecryptResponse, EncryptResponse, GenerateDataKeyResponse};
use keystead::{Answer, CallError, Caller, Client, EncryptionContext, Kms, KmsBuilder, QuotaProfile};

/// The account of all benchmarks.
pub const ACCOUNT: &str = "111122223333";
/// The Region of all benchmarks.
pub const REGION: &str = "us-west-2";

/// The encryption context of all benchmarks: two pairs.
pub fn context() -> EncryptionContext<'static> {
    EncryptionContext::from_iter([("tenant", "0042"), ("purpose", "benchmark")])
}

/// An instance without audit, a user that one statement of its identity policy lets do everything, and keys with the default
/// key policy, which leaves the decision to that statement.
#[derive(Debug)]
pub struct Facade {
    /// The user.
    pub client: Client,
    /// Key IDs.
    pub keys: Vec<String>,
}

impl Facade {
    /// An instance with so many keys.
    ///
    /// # Errors
    /// When the operating system has no entropy.
    pub fn with_keys(count: usize) -> Result<Self, Box<dyn Error>> {
        let mut facade = Self::over(DefaultProvider::new())?;
        for _ in 0..count {
            facade.create_key()?;
        }
        Ok(facade)
    }

    /// An instance without keys, over a provider.
    ///
    /// # Errors
    /// When the operating system has no entropy.
    pub fn over(provider: impl Provider) -> Result<Self, Box<dyn Error>> {
        Self::of(Kms::builder().provider(provider))
    }

    /// An instance as `builder` says, without audit and quotas; it lists no keys.
    ///
    /// # Errors
    /// When the instance cannot be built.
    pub fn of(builder: KmsBuilder) -> Result<Self, Box<dyn Error>> {
        let kms = builder.no_audit().quotas(QuotaProfile::UNLIMITED).build()?;
        let user = Caller::user(ACCOUNT, "benchmark")?.identity_policy(
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}}"#,
        )?;
        let client = kms.client(REGION, user)?;
        Ok(Self { client, keys: Vec::new() })
    }

    /// One key more.
    ///
    /// # Errors
    /// The exception of CreateKey.
    pub fn create_key(&mut self) -> Result<(), CallError> {
        let key = self.client.create_key().send()?;
        self.keys.push(key.key_metadata.key_id.to_string());
        Ok(())
    }

    /// Encrypt under the context of the benchmarks.
    ///
    /// # Errors
    /// The exception of Encrypt.
    pub fn encrypt(&self, key: &str, plaintext: &[u8]) -> Result<Answer<EncryptResponse>, CallError> {
        let call = self.client.encrypt(key, plaintext);
        call.context("tenant", "0042").context("purpose", "benchmark").send()
    }

    /// Decrypt under the context of the benchmarks.
    ///
    /// # Errors
    /// The exception of Decrypt.
    pub fn decrypt(&self, blob: &[u8]) -> Result<Answer<DecryptResponse>, CallError> {
        self.client.decrypt(blob).context("tenant", "0042").context("purpose", "benchmark").send()
    }

    /// GenerateDataKey under the context of the benchmarks.
    ///
    /// # Errors
    /// The exception of GenerateDataKey.
    pub fn generate_data_key(&self, key: &str, length: usize) -> Result<Answer<GenerateDataKeyResponse>, CallError> {
        let call = self.client.generate_data_key(key).number_of_bytes(length as i64);
        call.context("tenant", "0042").context("purpose", "benchmark").send()
    }
}
