//! The metrics of chapter 12, section 12 (namespace `AWS/KMS`): their names, dimensions and units, and where they go.

use std::sync::Arc;
use std::time::Duration;

use keystead_types::{KeyId, Timestamp};

use super::Metrics;

/// Receives metrics (AUD-49). What it is told names keys and key stores, but never material, encryption contexts,
/// principals or aliases (AUD-54).
pub trait MetricSink: Send + Sync + 'static {
    /// Takes one data point. Sweeps and calls wait for it, so it should be quick.
    fn record(&self, point: &DataPoint);

    /// Takes what the instance has counted so far, when a sweep samples the gauges: at most once a minute. By default
    /// it is not of interest.
    fn snapshot(&self, metrics: &Metrics) {
        let _ = metrics;
    }
}

impl<S: MetricSink + ?Sized> MetricSink for Arc<S> {
    fn record(&self, point: &DataPoint) {
        self.as_ref().record(point);
    }

    fn snapshot(&self, metrics: &Metrics) {
        self.as_ref().snapshot(metrics);
    }
}

/// One measurement.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DataPoint {
    /// What was measured.
    pub name: MetricName,
    /// Of what, in the order of [`MetricName::dimensions`].
    pub dimensions: Vec<(Dimension, String)>,
    /// How much, in the unit of [`MetricName::unit`].
    pub value: f64,
    /// When.
    pub at: Timestamp,
}

keystead_hierarchy::api_enum! {
    /// What is measured (AUD-49).
    #[non_exhaustive]
    pub enum MetricName("metric") {
        /// The remaining life of imported key material that expires; its Minimum is of interest.
        SecondsUntilKeyMaterialExpiration = "SecondsUntilKeyMaterialExpiration",
        /// A request on a key of an external key store that the library itself has throttled.
        ExternalKeyStoreThrottle = "ExternalKeyStoreThrottle",
        /// Days until the TLS certificate of a key store proxy expires.
        XksProxyCertificateDaysToExpire = "XksProxyCertificateDaysToExpire",
        /// Days since the credential of a key store proxy was associated with its store.
        XksProxyCredentialAge = "XksProxyCredentialAge",
        /// An answer of a key store proxy, good or bad.
        XksProxyErrors = "XksProxyErrors",
        /// How many instances of the external key manager are in a state.
        XksExternalKeyManagerStates = "XksExternalKeyManagerStates",
        /// How long a key store proxy took to answer.
        XksProxyLatency = "XksProxyLatency",
    }
}

keystead_hierarchy::api_enum! {
    /// What a metric is of.
    #[non_exhaustive]
    pub enum Dimension("dimension") {
        /// The key ID.
        KeyId = "KeyId",
        /// The key store.
        CustomKeyStoreId = "CustomKeyStoreId",
        /// The operation that was called.
        KmsOperation = "KmsOperation",
        /// The operation of the proxy.
        XksOperation = "XksOperation",
        /// The spec of the key; of external key stores always `SYMMETRIC_DEFAULT` (AUD-50).
        KeySpec = "KeySpec",
        /// Whether to try again.
        ErrorType = "ErrorType",
        /// The exception of the proxy, or `None`.
        ExceptionName = "ExceptionName",
        /// The common name of the certificate's subject.
        CertificateName = "CertificateName",
        /// `Active`, `Degraded` or `Unavailable`.
        XksExternalKeyManagerState = "XksExternalKeyManagerState",
    }
}

keystead_hierarchy::api_enum! {
    /// In what a metric is measured.
    #[non_exhaustive]
    pub enum MetricUnit("unit") {
        /// Whole seconds.
        Seconds = "Seconds",
        /// Pieces, or days.
        Count = "Count",
        /// Milliseconds.
        Milliseconds = "Milliseconds",
    }
}

keystead_hierarchy::api_enum! {
    /// What an answer of a key store proxy says about trying again (AUD-51).
    #[non_exhaustive]
    pub enum ProxyErrorType("error type") {
        /// Probably passes.
        Retryable = "Retryable errors",
        /// Something is set up wrongly, or broken.
        NonRetryable = "Non-retryable errors",
        /// A success.
        NotApplicable = "N/A",
    }
}

impl MetricName {
    /// The dimensions of each data point.
    pub const fn dimensions(self) -> &'static [Dimension] {
        use Dimension as D;
        match self {
            Self::SecondsUntilKeyMaterialExpiration => &[D::KeyId],
            Self::ExternalKeyStoreThrottle => &[D::CustomKeyStoreId, D::KmsOperation, D::KeySpec],
            Self::XksProxyCertificateDaysToExpire => &[D::CustomKeyStoreId, D::CertificateName],
            Self::XksProxyCredentialAge => &[D::CustomKeyStoreId],
            Self::XksProxyErrors => {
                &[D::CustomKeyStoreId, D::KmsOperation, D::XksOperation, D::KeySpec, D::ErrorType, D::ExceptionName]
            }
            Self::XksExternalKeyManagerStates => &[D::CustomKeyStoreId, D::XksExternalKeyManagerState],
            Self::XksProxyLatency => &[D::CustomKeyStoreId, D::KmsOperation, D::XksOperation, D::KeySpec],
        }
    }

    /// The name of the group of dimensions.
    pub const fn dimension_group(self) -> &'static str {
        match self {
            Self::SecondsUntilKeyMaterialExpiration => "Per-Key Metrics",
            Self::ExternalKeyStoreThrottle => "Keystore Throttle Metrics",
            Self::XksProxyCertificateDaysToExpire => "XKS Proxy Certificate Metrics",
            Self::XksProxyCredentialAge => "Per-Keystore Metrics",
            Self::XksProxyErrors => "XKS Proxy Error Metrics",
            Self::XksExternalKeyManagerStates => "XKS External Key Manager Metrics",
            Self::XksProxyLatency => "XKS Proxy Latency Metrics",
        }
    }

    /// The unit of every value.
    pub const fn unit(self) -> MetricUnit {
        match self {
            Self::SecondsUntilKeyMaterialExpiration => MetricUnit::Seconds,
            Self::XksProxyLatency => MetricUnit::Milliseconds,
            _ => MetricUnit::Count,
        }
    }
}

impl ProxyErrorType {
    /// What an exception of a proxy, or the library's own `XksProxyUnreachableException`, is; `None` is a success.
    pub fn of(exception: Option<&str>) -> Self {
        match exception {
            None => Self::NotApplicable,
            Some(name) if RETRYABLE.contains(&name) => Self::Retryable,
            Some(_) => Self::NonRetryable,
        }
    }
}

impl DataPoint {
    /// The remaining life of imported key material.
    pub fn key_material_expiration(key: KeyId, left: Duration, at: Timestamp) -> Self {
        let seconds = left.as_secs() as f64;
        Self::new(MetricName::SecondsUntilKeyMaterialExpiration, [key.to_string()], seconds, at)
    }

    /// A request on a key of an external key store that a request quota of the library refused.
    pub fn key_store_throttle(store: &str, operation: &str, at: Timestamp) -> Self {
        Self::new(MetricName::ExternalKeyStoreThrottle, [store, operation, EXTERNAL_SPEC], 1.0, at)
    }

    /// How long the certificate of a key store proxy is valid.
    pub fn proxy_certificate(store: &str, subject: &str, days: u32, at: Timestamp) -> Self {
        Self::new(MetricName::XksProxyCertificateDaysToExpire, [store, subject], days.into(), at)
    }

    /// How long ago the credential of a key store proxy was associated.
    pub fn proxy_credential(store: &str, days: u32, at: Timestamp) -> Self {
        Self::new(MetricName::XksProxyCredentialAge, [store], days.into(), at)
    }

    /// An answer of a key store proxy: the exception, or none for a success, which is a data point, too.
    pub fn proxy_answer(
        store: &str,
        operation: &str,
        proxy_operation: &str,
        exception: Option<&str>,
        at: Timestamp,
    ) -> Self {
        let error_type = ProxyErrorType::of(exception).as_str();
        let values = [store, operation, proxy_operation, EXTERNAL_SPEC, error_type, exception.unwrap_or("None")];
        Self::new(MetricName::XksProxyErrors, values, 1.0, at)
    }

    /// How long a key store proxy took over so many attempts; one that was given up counts as its limit.
    pub fn proxy_latency(
        store: &str,
        operation: &str,
        proxy_operation: &str,
        took: Duration,
        attempts: u32,
        at: Timestamp,
    ) -> Self {
        let counted = took.min(PROXY_TIMEOUT.saturating_mul(attempts));
        let values = [store, operation, proxy_operation, EXTERNAL_SPEC];
        Self::new(MetricName::XksProxyLatency, values, counted.as_secs_f64() * 1000.0, at)
    }

    /// How many instances of the external key manager are in a state.
    pub fn key_manager_state(store: &str, state: &str, instances: u32, at: Timestamp) -> Self {
        Self::new(MetricName::XksExternalKeyManagerStates, [store, state], instances.into(), at)
    }

    /// The value of a dimension.
    pub fn dimension(&self, dimension: Dimension) -> Option<&str> {
        self.dimensions.iter().find(|(own, _)| *own == dimension).map(|(_, value)| value.as_str())
    }

    fn new<const N: usize>(name: MetricName, values: [impl Into<String>; N], value: f64, at: Timestamp) -> Self {
        let dimensions = name.dimensions().iter().copied().zip(values.map(Into::into)).collect();
        Self { name, dimensions, value, at }
    }
}

/// Keys of external key stores have this spec.
const EXTERNAL_SPEC: &str = "SYMMETRIC_DEFAULT";
/// How long a proxy may take.
const PROXY_TIMEOUT: Duration = Duration::from_millis(250);
/// Exceptions of proxies that probably pass (AUD-51).
const RETRYABLE: [&str; 4] =
    ["InternalException", "DependencyTimeoutException", "ThrottlingException", "XksProxyUnreachableException"];
