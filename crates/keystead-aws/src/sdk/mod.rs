//! An unmodified `aws_sdk_kms::Client` talks to Keystead in the same process: no socket, no endpoint, no executor of
//! its own.
//!
//! ```
//! use keystead::{Caller, Kms};
//! use keystead_aws::sdk::AwsSdk;
//!
//! # pollster::block_on(async {
//! let kms = Kms::in_memory();
//! let sdk = kms.aws_sdk_client("us-west-2", Caller::account_root("111122223333")?)?;
//!
//! let created = sdk.create_key().description("orders").send().await?;
//! assert_eq!(created.key_metadata().and_then(|key| key.description()), Some("orders"));
//! let error = sdk.describe_key().key_id("alias/none").send().await.unwrap_err();
//! assert!(error.into_service_error().is_not_found_exception());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! # What is as with the service, and what is not
//!
//! Requests are built, signed, retried and decoded by the SDK as ever. [`Connector`] takes the place of its HTTP
//! client: it hands the request to [`protocol::handle`](crate::protocol::handle), so answers and typed errors are those
//! that a server would send.
//!
//! - The caller is the one the connector was made with. A signature is not verified: who holds the configuration is
//!   that caller.
//! - The Region is that for which the SDK signs, so one connector serves clients of every Region.
//! - Calls that may take long are carried out on a few threads of their own; all others on the thread that polls.
//! - Retries and timeouts need no executor: they sleep on a thread of this crate.

mod background;
mod connector;
mod timer;

use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::{BehaviorVersion, Config, Credentials, IdentityCache, Region, StalledStreamProtectionConfig};
use keystead::{Caller, ClientError, Kms};

pub use connector::Connector;
pub use timer::TimerSleep;

/// What [`Kms`] offers to code that is written for `aws-sdk-kms`.
pub trait AwsSdk {
    /// A client of the SDK for `caller` in `region`.
    ///
    /// # Errors
    /// Those of [`Kms::client`].
    fn aws_sdk_client(&self, region: &str, caller: Caller) -> Result<aws_sdk_kms::Client, ClientError> {
        self.aws_sdk_config(region, caller).map(aws_sdk_kms::Client::from_conf)
    }

    /// The configuration of such a client. [`Config::to_builder`] changes what should be different.
    ///
    /// # Errors
    /// Those of [`Kms::client`].
    fn aws_sdk_config(&self, region: &str, caller: Caller) -> Result<Config, ClientError>;
}

impl AwsSdk for Kms {
    fn aws_sdk_config(&self, region: &str, caller: Caller) -> Result<Config, ClientError> {
        let connector = Connector::new(self.clone(), caller);
        connector.prepare(region)?;
        Ok(Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .credentials_provider(Credentials::new(ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, None, PROVIDER))
            // A cache would guard static credentials, and takes longer than they do.
            .identity_cache(IdentityCache::no_cache())
            .http_client(connector)
            .sleep_impl(TimerSleep)
            .retry_config(RetryConfig::standard())
            // Nothing stalls that is in memory.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build())
    }
}

/// What the SDK signs with. Nobody checks it.
const ACCESS_KEY_ID: &str = "KEYSTEAD";
const SECRET_ACCESS_KEY: &str = "none";
const PROVIDER: &str = "keystead";
