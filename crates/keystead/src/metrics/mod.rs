//! What an instance measures: counted calls, and the metrics of chapter 12, section 12.

#[cfg(feature = "metrics")]
mod facade;
mod gauges;
mod memory;
mod meter;
mod point;

#[cfg(feature = "metrics")]
pub use facade::FacadeMetrics;
pub(crate) use gauges::Gauges;
pub use memory::{MemoryMetrics, MetricQuery, ProxyHealth, Statistics};
pub(crate) use meter::Meter;
pub use meter::{Latencies, Metrics, OperationMetrics};
pub use point::{DataPoint, Dimension, MetricName, MetricSink, MetricUnit, ProxyErrorType};
