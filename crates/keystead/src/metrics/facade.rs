//! Metrics for the recorder of the `metrics` crate (feature `metrics`).

use super::{DataPoint, MetricSink, Metrics};

/// Hands what an instance measures to the recorder that the host has installed for the crate [`metrics`](::metrics),
/// such as an exporter. It does so when a sweep samples the gauges, so calls cost nothing more.
///
/// | name | kind | labels |
/// |---|---|---|
/// | `keystead_calls_total` | counter | `operation`, `outcome` |
/// | `keystead_call_nanoseconds_total` | counter | `operation`, `outcome` |
/// | `keystead_call_errors_total` | counter | `operation`, `code` |
/// | `keystead_requests_total` | counter | `quota`, `outcome` |
/// | `keystead_audit_failures_total`, `keystead_event_failures_total` | counter | |
/// | the names of [`MetricName`](crate::MetricName) | gauge | the names of its dimensions |
///
/// The first three stand still unless the instance counts its calls: [`KmsBuilder::metrics`](crate::KmsBuilder::metrics).
///
/// ```
/// use std::time::Duration;
///
/// use keystead::{FacadeMetrics, Kms};
///
/// let kms = Kms::builder()
///     .metrics()
///     .metric_sink(FacadeMetrics)
///     .maintenance(Duration::from_secs(60))
///     .build()?;
/// # Ok::<(), keystead::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct FacadeMetrics;

impl MetricSink for FacadeMetrics {
    fn record(&self, point: &DataPoint) {
        let labels: Vec<_> = point
            .dimensions
            .iter()
            .map(|(dimension, value)| ::metrics::Label::new(dimension.as_str(), value.clone()))
            .collect();
        ::metrics::gauge!(point.name.as_str(), labels).set(point.value);
    }

    fn snapshot(&self, metrics: &Metrics) {
        for called in &metrics.operations {
            let operation = called.operation;
            for (outcome, calls) in [("succeeded", &called.succeeded), ("failed", &called.failed)] {
                let nanos = u64::try_from(calls.total.as_nanos()).unwrap_or(u64::MAX);
                ::metrics::counter!("keystead_calls_total", "operation" => operation, "outcome" => outcome)
                    .absolute(calls.count);
                ::metrics::counter!("keystead_call_nanoseconds_total", "operation" => operation, "outcome" => outcome)
                    .absolute(nanos);
            }
            for (code, count) in &called.errors {
                ::metrics::counter!("keystead_call_errors_total", "operation" => operation, "code" => *code)
                    .absolute(*count);
            }
        }
        for (quota, counts) in &metrics.requests {
            for (outcome, count) in [("admitted", counts.admitted), ("refused", counts.refused)] {
                ::metrics::counter!("keystead_requests_total", "quota" => quota.to_string(), "outcome" => outcome)
                    .absolute(count);
            }
        }
        ::metrics::counter!("keystead_audit_failures_total").absolute(metrics.audit_failures);
        ::metrics::counter!("keystead_event_failures_total").absolute(metrics.event_failures);
    }
}
