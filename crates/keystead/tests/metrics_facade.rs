//! The sink for the recorder of the `metrics` crate.
#![cfg(feature = "metrics")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use keystead::{FacadeMetrics, KeyFamily, QuotaProfile, Rate, RequestQuota};
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, Key as MetricKey, KeyName, Metadata, Recorder, SharedString, Unit,
};
use support::*;

/// A recorder that remembers the last value under each name and its labels.
#[derive(Clone, Default)]
struct Remembering(Arc<Mutex<BTreeMap<String, f64>>>);

struct Place(Remembering, String);

impl Remembering {
    fn place(&self, key: &MetricKey) -> Arc<Place> {
        let labels: Vec<_> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        Arc::new(Place(self.clone(), format!("{}{{{}}}", key.name(), labels.join(","))))
    }

    fn value(&self, name: &str) -> Option<f64> {
        self.0.lock().unwrap().get(name).copied()
    }
}

impl Place {
    fn put(&self, value: f64) {
        self.0.0.lock().unwrap().insert(self.1.clone(), value);
    }
}

impl CounterFn for Place {
    fn increment(&self, _: u64) {
        panic!("totals are handed over whole");
    }

    fn absolute(&self, value: u64) {
        self.put(value as f64);
    }
}

impl GaugeFn for Place {
    fn increment(&self, _: f64) {
        panic!("gauges are set");
    }

    fn decrement(&self, _: f64) {
        panic!("gauges are set");
    }

    fn set(&self, value: f64) {
        self.put(value);
    }
}

impl Recorder for Remembering {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &MetricKey, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.place(key))
    }

    fn register_gauge(&self, key: &MetricKey, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.place(key))
    }

    fn register_histogram(&self, _: &MetricKey, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn sweeps_hand_totals_to_the_recorder() {
    let symmetric = RequestQuota::Cryptographic(KeyFamily::Symmetric);
    let quotas = QuotaProfile::DEFAULT.with_rate(symmetric, Some(Rate::per_second(2)));
    let world = World::with(|builder| builder.metrics().metric_sink(FacadeMetrics).quotas(quotas));
    let key = world.key();
    for _ in 0..3 {
        let _ = world.root.encrypt(&key.id, b"x").send();
    }
    let recorder = Remembering::default();
    metrics::with_local_recorder(&recorder, || world.kms.sweep().unwrap());
    for (name, value) in [
        ("keystead_calls_total{operation=CreateKey,outcome=succeeded}".to_owned(), 1.0),
        ("keystead_calls_total{operation=Encrypt,outcome=succeeded}".to_owned(), 2.0),
        ("keystead_calls_total{operation=Encrypt,outcome=failed}".to_owned(), 1.0),
        ("keystead_call_errors_total{operation=Encrypt,code=ThrottlingException}".to_owned(), 1.0),
        (format!("keystead_requests_total{{quota={symmetric},outcome=admitted}}"), 2.0),
        (format!("keystead_requests_total{{quota={symmetric},outcome=refused}}"), 1.0),
        ("keystead_audit_failures_total{}".to_owned(), 0.0),
        ("keystead_event_failures_total{}".to_owned(), 0.0),
    ] {
        assert_eq!(recorder.value(&name), Some(value), "{name}");
    }
    assert!(recorder.value("keystead_call_nanoseconds_total{operation=Encrypt,outcome=succeeded}").is_some());
}
