//! The one error enum of the facade: a variant per KMS exception.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// The text of an exception. It never contains a secret; some exceptions have an empty one by contract.
pub type Message = Cow<'static, str>;

macro_rules! exceptions {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $fault:ident;)*) => {
        /// Why a call failed. Every variant is one exception of the KMS API (API-103, chapter 50 section 8).
        ///
        /// [`Error::code`] is the exact wire name, [`Error::message`] the text the service would send.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Error {
            $($(#[$doc])* $variant(Message),)*
            /// A request limiter refused the call; slow down (QUO-33).
            Throttling {
                /// The text of the exception.
                message: Message,
                /// Time until the next call can be admitted, if known (QUO-38).
                retry_after: Option<Duration>,
            },
        }

        impl Error {
            /// The name of the exception on the wire, such as `NotFoundException`.
            pub fn code(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $code,)*
                    Self::Throttling { .. } => "ThrottlingException",
                }
            }

            /// The text of the exception. Empty where the service sends an empty one.
            pub fn message(&self) -> &str {
                match self {
                    $(Self::$variant(message) => message,)*
                    Self::Throttling { message, .. } => message,
                }
            }

            /// Whose fault it is; decides the HTTP status (API-103).
            pub fn fault(&self) -> Fault {
                match self {
                    $(Self::$variant(_) => Fault::$fault,)*
                    Self::Throttling { .. } => Fault::Client,
                }
            }
        }
    };
}

exceptions! {
    /// The caller is not authorized. The text names the action and, in the caller's own account, the layer that refused.
    AccessDenied = "AccessDeniedException", Client;
    /// An alias name is taken, or a replica exists in the Region.
    AlreadyExists = "AlreadyExistsException", Client;
    /// The cluster already backs a key store of the account.
    CloudHsmClusterInUse = "CloudHsmClusterInUseException", Client;
    /// The cluster does not fulfil the requirements of a key store.
    CloudHsmClusterInvalidConfiguration = "CloudHsmClusterInvalidConfigurationException", Client;
    /// The cluster is not initialised and active.
    CloudHsmClusterNotActive = "CloudHsmClusterNotActiveException", Client;
    /// There is no such cluster.
    CloudHsmClusterNotFound = "CloudHsmClusterNotFoundException", Client;
    /// The new cluster does not share the certificate of the old one.
    CloudHsmClusterNotRelated = "CloudHsmClusterNotRelatedException", Client;
    /// An automatic rotation runs or falls due within 20 minutes; try again after it.
    Conflict = "ConflictException", Client;
    /// The key store still contains keys.
    CustomKeyStoreHasCmks = "CustomKeyStoreHasCMKsException", Client;
    /// The connection state of the key store forbids the operation.
    CustomKeyStoreInvalidState = "CustomKeyStoreInvalidStateException", Client;
    /// The key store name is taken.
    CustomKeyStoreNameInUse = "CustomKeyStoreNameInUseException", Client;
    /// There is no such key store.
    CustomKeyStoreNotFound = "CustomKeyStoreNotFoundException", Client;
    /// Something the library depends on timed out; try again.
    DependencyTimeout = "DependencyTimeoutException", Server;
    /// The key is disabled; enable it first.
    Disabled = "DisabledException", Client;
    /// The dry run would have succeeded.
    DryRunOperation = "DryRunOperationException", Client;
    /// The import token is older than 24 hours; get a new one.
    ExpiredImportToken = "ExpiredImportTokenException", Client;
    /// The named key did not make the ciphertext.
    IncorrectKey = "IncorrectKeyException", Client;
    /// The imported bytes are not the material this key expects.
    IncorrectKeyMaterial = "IncorrectKeyMaterialException", Client;
    /// The certificate is not the trust anchor of the cluster.
    IncorrectTrustAnchor = "IncorrectTrustAnchorException", Client;
    /// The alias name is reserved or not valid.
    InvalidAliasName = "InvalidAliasNameException", Client;
    /// An ARN in the request is malformed or of the wrong kind.
    InvalidArn = "InvalidArnException", Client;
    /// Ciphertext or encryption context is damaged, missing or wrong. The message is always empty.
    InvalidCiphertext = "InvalidCiphertextException", Client;
    /// The grant ID is malformed.
    InvalidGrantId = "InvalidGrantIdException", Client;
    /// The grant token is malformed or not of this system.
    InvalidGrantToken = "InvalidGrantTokenException", Client;
    /// The import token is invalid or belongs to another key.
    InvalidImportToken = "InvalidImportTokenException", Client;
    /// The usage of the key does not fit the operation, or the algorithm does not fit the key spec.
    InvalidKeyUsage = "InvalidKeyUsageException", Client;
    /// The pagination marker was not issued for this list.
    InvalidMarker = "InvalidMarkerException", Client;
    /// The library could not complete the call (storage, entropy, audit sink, integrity); try again.
    KmsInternal = "KMSInternalException", Server;
    /// The MAC is wrong. The message is always empty.
    KmsInvalidMac = "KMSInvalidMacException", Client;
    /// The signature is wrong. The message is always empty.
    KmsInvalidSignature = "KMSInvalidSignatureException", Client;
    /// The state of the key forbids the operation.
    KmsInvalidState = "KMSInvalidStateException", Client;
    /// The key cannot be read right now; try again.
    KeyUnavailable = "KeyUnavailableException", Server;
    /// A quota or a length limit is exhausted.
    LimitExceeded = "LimitExceededException", Client;
    /// The policy is wrong in syntax or meaning.
    MalformedPolicyDocument = "MalformedPolicyDocumentException", Client;
    /// The key, alias, grant or policy does not exist.
    NotFound = "NotFoundException", Client;
    /// A rule about tags is violated.
    Tag = "TagException", Client;
    /// The operation or a parameter does not fit this key or this system.
    UnsupportedOperation = "UnsupportedOperationException", Client;
    /// A member of the request violates its constraints.
    Validation = "ValidationException", Client;
    /// The external key already backs a key of this store.
    XksKeyAlreadyInUse = "XksKeyAlreadyInUseException", Client;
    /// The external key is not fit to back a key.
    XksKeyInvalidConfiguration = "XksKeyInvalidConfigurationException", Client;
    /// The proxy does not know the external key.
    XksKeyNotFound = "XksKeyNotFoundException", Client;
    /// The proxy refused the credential.
    XksProxyIncorrectAuthenticationCredential = "XksProxyIncorrectAuthenticationCredentialException", Client;
    /// The proxy is misconfigured.
    XksProxyInvalidConfiguration = "XksProxyInvalidConfigurationException", Client;
    /// The answer of the proxy was not understood.
    XksProxyInvalidResponse = "XksProxyInvalidResponseException", Client;
    /// Another key store uses the endpoint.
    XksProxyUriEndpointInUse = "XksProxyUriEndpointInUseException", Client;
    /// Another key store uses the endpoint and path.
    XksProxyUriInUse = "XksProxyUriInUseException", Client;
    /// The proxy cannot be reached.
    XksProxyUriUnreachable = "XksProxyUriUnreachableException", Client;
    /// Another key store uses the endpoint service.
    XksProxyVpcEndpointServiceInUse = "XksProxyVpcEndpointServiceInUseException", Client;
    /// The endpoint service does not fulfil the requirements.
    XksProxyVpcEndpointServiceInvalidConfiguration = "XksProxyVpcEndpointServiceInvalidConfigurationException", Client;
    /// The endpoint service is unknown.
    XksProxyVpcEndpointServiceNotFound = "XksProxyVpcEndpointServiceNotFoundException", Client;
}

/// Who is at fault for an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The caller: HTTP 400.
    Client,
    /// The system: HTTP 500, worth a retry.
    Server,
}

impl Error {
    /// Whether the same call may succeed later without a change (API-043, QUO-40).
    pub fn is_retryable(&self) -> bool {
        self.fault() == Fault::Server || matches!(self, Self::Throttling { .. } | Self::Conflict(_))
    }

    /// The HTTP status the service answers with: 400 or 500 (API-006).
    pub fn http_status(&self) -> u16 {
        match self.fault() {
            Fault::Client => 400,
            Fault::Server => 500,
        }
    }

    /// The name in audit records: the code, but `AccessDenied` for `AccessDeniedException` (AUD-30).
    pub fn audit_code(&self) -> &'static str {
        match self {
            Self::AccessDenied(_) => "AccessDenied",
            other => other.code(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message() {
            "" => f.write_str(self.code()),
            message => write!(f, "{}: {message}", self.code()),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spec: KEY-111, API-043, QUO-40
    #[test]
    fn codes_and_retry_classes() {
        let internal = Error::KmsInternal("storage failed".into());
        assert_eq!((internal.code(), internal.http_status()), ("KMSInternalException", 500));
        assert!(internal.is_retryable());
        let denied = Error::AccessDenied("no".into());
        assert_eq!((denied.code(), denied.audit_code()), ("AccessDeniedException", "AccessDenied"));
        assert!(!denied.is_retryable());
        assert_eq!(Error::InvalidCiphertext("".into()).to_string(), "InvalidCiphertextException");
    }
}
