//! A KMS that `aws-sdk-kms` reaches.

use std::error::Error;
use std::fmt;
use std::iter::successors;
use std::time::Duration;

use aws_sdk_kms::Client;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_sdk_kms::config::{AsyncSleep, Sleep};
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use keystead_crypto::SecretBytes;
use keystead_types::KeyArn;

use super::executor::Executor;
use super::{KeyService, KmsError};

/// AWS KMS, or whatever speaks its protocol, through a client of `aws-sdk-kms`.
///
/// Calls run on a thread of their own, so they can be made from anywhere, inside a runtime and outside, also from within
/// one that has a single thread. They are bound in time; the SDK retries what it deems worth it, throttling among it.
///
/// Plaintexts pass through buffers of the SDK, which it does not wipe.
pub struct AwsKeyService {
    client: Client,
    executor: Executor,
    deadline: Duration,
}

impl AwsKeyService {
    /// Calls with the credentials, the Region and the endpoint of `client`, each within 30 seconds, retries included.
    ///
    /// # Errors
    /// [`KmsError::Thread`] when no thread can be started.
    pub fn new(client: &Client) -> Result<Self, KmsError> {
        let executor = Executor::start().map_err(|error| KmsError::Thread(error.kind()))?;
        Ok(Self { client: apart(client), executor, deadline: DEADLINE })
    }

    /// Another deadline for a call with all its retries.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Waits for the answer to a call.
    fn answer<T, E>(
        &self,
        key: &KeyArn,
        call: impl Future<Output = Result<T, SdkError<E>>> + Send + 'static,
    ) -> Result<T, KmsError>
    where
        T: Send + 'static,
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        self.executor.run(call, self.deadline)?.map_err(|error| failure(key, &error))
    }
}

impl KeyService for AwsKeyService {
    fn encrypt(&self, key: &KeyArn, plaintext: &[u8], context: &[(&str, &str)]) -> Result<Vec<u8>, KmsError> {
        let call = self.client.encrypt().key_id(key.to_string()).plaintext(Blob::new(plaintext));
        let call = context.iter().fold(call, |call, (name, value)| call.encryption_context(*name, *value));
        let answer = self.answer(key, call.send())?;
        answer.ciphertext_blob.map(Blob::into_inner).ok_or_else(|| incomplete("CiphertextBlob"))
    }

    fn decrypt(&self, key: &KeyArn, ciphertext: &[u8], context: &[(&str, &str)]) -> Result<SecretBytes, KmsError> {
        let call = self.client.decrypt().key_id(key.to_string()).ciphertext_blob(Blob::new(ciphertext));
        let call = context.iter().fold(call, |call, (name, value)| call.encryption_context(*name, *value));
        let answer = self.answer(key, call.send())?;
        answer.plaintext.map(|plaintext| plaintext.into_inner().into()).ok_or_else(|| incomplete("Plaintext"))
    }
}

impl fmt::Debug for AwsKeyService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsKeyService").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

/// The same client, with connections of its own.
///
/// The HTTP clients of the SDK keep a pool of connections for each pair of connect and read timeout. A connection is
/// driven by the runtime that opened it, and that of the host may be the one whose only thread waits for our answer. So
/// our timeout differs from that of the host by one millisecond. Sleep is that of the runtime on our thread.
fn apart(client: &Client) -> Client {
    let config = client.config();
    let timeouts = config.timeout_config().cloned().unwrap_or_else(|| TimeoutConfig::builder().build());
    let connect = timeouts.connect_timeout().unwrap_or(CONNECT_TIMEOUT).saturating_add(Duration::from_millis(1));
    let attempt = timeouts.operation_attempt_timeout().unwrap_or(ATTEMPT_TIMEOUT);
    let timeouts = timeouts.to_builder().connect_timeout(connect).operation_attempt_timeout(attempt).build();
    Client::from_conf(config.to_builder().timeout_config(timeouts).sleep_impl(RuntimeSleep).build())
}

/// Sleeps in the runtime of [`Executor`].
#[derive(Debug)]
struct RuntimeSleep;

impl AsyncSleep for RuntimeSleep {
    fn sleep(&self, duration: Duration) -> Sleep {
        // Not made before it is polled, which is in the runtime.
        Sleep::new(async move { tokio::time::sleep(duration).await })
    }
}

fn failure<E>(key: &KeyArn, error: &SdkError<E>) -> KmsError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    match (error.as_service_error(), error.code()) {
        (Some(_), Some(code)) => KmsError::from_exception(key, code, error.message().unwrap_or_default()),
        _ => KmsError::Unreachable { reason: chain(error) },
    }
}

/// An error and its causes, as they print themselves. Their debug form, which the SDK offers for this, would show the
/// body of an answer that it did not understand, and so a secret.
fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn incomplete(member: &str) -> KmsError {
    KmsError::Unreachable { reason: format!("an answer without `{member}`") }
}

/// For a call with all its retries.
const DEADLINE: Duration = Duration::from_secs(30);
/// For one attempt of a call, unless the client has a timeout for it.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// For a connection, unless the client has a timeout for it; that of the SDK.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(3100);
