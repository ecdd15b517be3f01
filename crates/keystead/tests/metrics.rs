//! Gauges, the sinks of metrics, and what can be asked of them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use keystead::crypto::entropy::SystemEntropy;
use keystead::crypto::{DefaultProvider, Provider};
use keystead::hierarchy::spec::{WrappingAlgorithm, WrappingKeySpec};
use keystead::{
    DataPoint, Dimension, EventSink, LifecycleEvent, MemoryMetrics, MetricName, MetricQuery, MetricSink, Metrics,
    ProxyErrorType, SinkError, Timestamp,
};
use support::*;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// A key whose material expires after so many days; `None` does not expire.
fn imported(world: &World, days: Option<u64>) -> Key {
    let key = Key::of(world.root.create_key().origin("EXTERNAL").send().unwrap().key_metadata.arn);
    import(world, &key, days);
    key
}

fn import(world: &World, key: &Key, days: Option<u64>) {
    let (algorithm, spec) = ("RSAES_OAEP_SHA_256", "RSA_2048");
    let set = world.root.get_parameters_for_import(&key.id, algorithm, spec).send().unwrap();
    let spec: WrappingKeySpec = spec.parse().unwrap();
    let wrapping = DefaultProvider.public_key(spec.key_pair(), &set.public_key).unwrap();
    let scheme = algorithm.parse::<WrappingAlgorithm>().unwrap().scheme().unwrap();
    let wrapped = scheme.wrap(&DefaultProvider, &*wrapping, &[7; 32], &SystemEntropy).unwrap();
    let call = world.root.import_key_material(&key.id, &set.import_token, &wrapped);
    let call = match days {
        Some(days) => call.valid_to(now(world).plus(DAY * days as u32)).expiration_model("KEY_MATERIAL_EXPIRES"),
        None => call.expiration_model("KEY_MATERIAL_DOES_NOT_EXPIRE"),
    };
    call.send().unwrap();
}

fn now(world: &World) -> Timestamp {
    keystead::Clock::now(&*world.clock)
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

/// Spec: AUD-49, AUD-53
#[test]
fn the_life_left_to_imported_material_is_a_gauge() {
    let sink = Arc::new(MemoryMetrics::new());
    let world = World::with(|builder| builder.metric_sink(Arc::clone(&sink)));
    let expiring = imported(&world, Some(10));
    imported(&world, None);
    world.key();
    let shown = |world: &World| {
        world.kms.sweep().unwrap();
        sink.points(&MetricQuery::new(MetricName::SecondsUntilKeyMaterialExpiration))
    };
    let points = shown(&world);
    let [point] = points.as_slice() else { panic!("{points:?}") };
    assert_eq!(point.dimensions, [(Dimension::KeyId, expiring.id.clone())], "it alone has an expiry");
    assert_eq!((point.value, point.at), (864_000.0, now(&world)));
    assert_eq!(world.kms.metrics().gauges, points);

    // Once a minute at most.
    world.clock.advance(MINUTE - Duration::from_millis(1));
    assert_eq!(shown(&world).len(), 1);
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(shown(&world).len(), 2);
    world.clock.advance(9 * DAY);
    let minimum = |world: &World| {
        shown(world);
        sink.statistics(&MetricQuery::new(MetricName::SecondsUntilKeyMaterialExpiration)).unwrap().minimum
    };
    assert_eq!(minimum(&world), 86_340.0);
    // It stops when there is nothing more to expire.
    world.root.delete_imported_key_material(&expiring.id).send().unwrap();
    world.clock.advance(MINUTE);
    assert_eq!(shown(&world).len(), 3);
    assert_eq!(world.kms.metrics().gauges, []);
    // And when the material is not to expire any more.
    import(&world, &expiring, Some(1));
    world.clock.advance(MINUTE);
    assert_eq!(shown(&world).len(), 4);
    import(&world, &expiring, None);
    world.clock.advance(MINUTE);
    assert_eq!(shown(&world).len(), 4);
}

/// Spec: AUD-53
#[test]
fn the_sink_in_memory_keeps_two_weeks() {
    for (sink, keeps) in [(MemoryMetrics::new(), 14 * DAY), (MemoryMetrics::keeping(DAY), DAY)] {
        let keeps = keeps.as_millis() as i64;
        for millis in [0, 1, keeps, keeps + 1] {
            sink.record(&DataPoint::proxy_credential("cks-1", 1, at(millis)));
        }
        let kept = sink.points(&MetricQuery::new(MetricName::XksProxyCredentialAge));
        let instants: Vec<_> = kept.iter().map(|point| point.at.as_millis()).collect();
        assert_eq!(instants, [1, keeps, keeps + 1]);
    }
}

/// The table of chapter 12, section 12, as it stands there.
///
/// Spec: AUD-49, AUD-50, STA-98
#[test]
fn metrics_have_the_names_dimensions_and_units_of_the_table() {
    const TABLE: &[(&str, &str, &[&str], &str)] = &[
        ("SecondsUntilKeyMaterialExpiration", "Per-Key Metrics", &["KeyId"], "Seconds"),
        (
            "ExternalKeyStoreThrottle",
            "Keystore Throttle Metrics",
            &["CustomKeyStoreId", "KmsOperation", "KeySpec"],
            "Count",
        ),
        (
            "XksProxyCertificateDaysToExpire",
            "XKS Proxy Certificate Metrics",
            &["CustomKeyStoreId", "CertificateName"],
            "Count",
        ),
        ("XksProxyCredentialAge", "Per-Keystore Metrics", &["CustomKeyStoreId"], "Count"),
        (
            "XksProxyErrors",
            "XKS Proxy Error Metrics",
            &["CustomKeyStoreId", "KmsOperation", "XksOperation", "KeySpec", "ErrorType", "ExceptionName"],
            "Count",
        ),
        (
            "XksExternalKeyManagerStates",
            "XKS External Key Manager Metrics",
            &["CustomKeyStoreId", "XksExternalKeyManagerState"],
            "Count",
        ),
        (
            "XksProxyLatency",
            "XKS Proxy Latency Metrics",
            &["CustomKeyStoreId", "KmsOperation", "XksOperation", "KeySpec"],
            "Milliseconds",
        ),
    ];
    let key = "1234abcd-12ab-34cd-56ef-1234567890ab".parse().unwrap();
    let points = [
        DataPoint::key_material_expiration(key, DAY, at(0)),
        DataPoint::key_store_throttle("cks-1", "Encrypt", at(0)),
        DataPoint::proxy_certificate("cks-1", "xks.example.com", 9, at(0)),
        DataPoint::proxy_credential("cks-1", 3, at(0)),
        DataPoint::proxy_answer("cks-1", "Encrypt", "Encrypt", None, at(0)),
        DataPoint::key_manager_state("cks-1", "Degraded", 2, at(0)),
        DataPoint::proxy_latency("cks-1", "Encrypt", "Encrypt", MINUTE, 1, at(0)),
    ];
    assert_eq!(MetricName::ALL.len(), TABLE.len());
    for (point, (name, group, dimensions, unit)) in points.iter().zip(TABLE) {
        assert_eq!((point.name.as_str(), point.name.unit().as_str()), (*name, *unit));
        assert_eq!(point.name.dimension_group(), *group);
        let shown: Vec<_> = point.dimensions.iter().map(|(dimension, _)| dimension.as_str()).collect();
        assert_eq!(shown, *dimensions);
        if let Some(spec) = point.dimension(Dimension::KeySpec) {
            assert_eq!(spec, "SYMMETRIC_DEFAULT");
        }
    }
}

/// Spec: AUD-49
#[test]
fn a_timeout_counts_as_its_limit() {
    let latency = |took: u64, attempts| {
        DataPoint::proxy_latency("cks-1", "Decrypt", "Decrypt", Duration::from_millis(took), attempts, at(0)).value
    };
    assert_eq!([latency(40, 1), latency(249, 1), latency(400, 1)], [40.0, 249.0, 250.0]);
    assert_eq!([latency(400, 2), latency(700, 2)], [400.0, 500.0]);
}

/// Spec: AUD-51, AUD-49
#[test]
fn answers_of_a_proxy_are_told_apart() {
    let kinds: [(Option<&str>, &str, &str); 9] = [
        (None, "N/A", "None"),
        (Some("InternalException"), "Retryable errors", "InternalException"),
        (Some("DependencyTimeoutException"), "Retryable errors", "DependencyTimeoutException"),
        (Some("ThrottlingException"), "Retryable errors", "ThrottlingException"),
        (Some("XksProxyUnreachableException"), "Retryable errors", "XksProxyUnreachableException"),
        (Some("InvalidCiphertextException"), "Non-retryable errors", "InvalidCiphertextException"),
        (Some("AccessDeniedException"), "Non-retryable errors", "AccessDeniedException"),
        (Some("KeyNotFoundException"), "Non-retryable errors", "KeyNotFoundException"),
        (Some("ValidationException"), "Non-retryable errors", "ValidationException"),
    ];
    for (exception, kind, name) in kinds {
        assert_eq!(ProxyErrorType::of(exception).as_str(), kind);
        let point = DataPoint::proxy_answer("cks-1", "Encrypt", "Encrypt", exception, at(0));
        assert_eq!(point.dimension(Dimension::ErrorType), Some(kind));
        assert_eq!((point.dimension(Dimension::ExceptionName), point.value), (Some(name), 1.0));
    }
}

/// Spec: AUD-52
#[test]
fn the_health_of_a_proxy_is_computed_from_its_metrics() {
    let sink = MemoryMetrics::new();
    let answer = |store: &str, operation: &str, exception: Option<&str>, millis: i64| {
        sink.record(&DataPoint::proxy_answer(store, operation, operation, exception, at(millis)));
    };
    answer("cks-1", "Encrypt", Some("InternalException"), 0);
    for millis in 10..16 {
        answer("cks-1", "Encrypt", None, millis);
    }
    answer("cks-1", "Decrypt", Some("InvalidCiphertextException"), 20);
    answer("cks-1", "Decrypt", Some("ThrottlingException"), 21);
    answer("cks-1", "Decrypt", Some("ThrottlingException"), 22);
    answer("cks-2", "Decrypt", Some("InternalException"), 22);
    for (operation, took) in [("Encrypt", 10), ("Encrypt", 30), ("Decrypt", 300)] {
        let took = Duration::from_millis(took);
        sink.record(&DataPoint::proxy_latency("cks-1", operation, operation, took, 1, at(23)));
    }
    let health = sink.proxy_health("cks-1", at(1)).unwrap();
    assert_eq!(health.requests, 9);
    assert!((health.reliability - 700.0 / 9.0).abs() < 1e-9, "{}", health.reliability);
    let expected = [("ThrottlingException", 2), ("InvalidCiphertextException", 1)];
    assert_eq!(health.exceptions, expected.map(|(name, count)| (name.to_owned(), count)));
    let pair = |name: &str| (name.to_owned(), name.to_owned());
    assert_eq!(health.latencies.into_iter().collect::<Vec<_>>(), [(pair("Decrypt"), 250.0), (pair("Encrypt"), 20.0)]);
    assert_eq!(sink.proxy_health("cks-3", at(0)), None);

    // Alarms ask with the short names of error types, too.
    let count = |kind: &str| {
        let query = MetricQuery::new(MetricName::XksProxyErrors).of(Dimension::ErrorType, kind).until(at(21));
        sink.statistics(&query).map_or(0.0, |statistics| statistics.sum)
    };
    assert_eq!(
        [count("Retryable"), count("Retryable errors"), count("Non-retryable"), count("N/A")],
        [2.0, 2.0, 1.0, 6.0]
    );
}

/// Spec: AUD-46
#[test]
fn events_that_are_lost_are_counted() {
    struct Deaf;
    impl EventSink for Deaf {
        fn publish(&self, _: &LifecycleEvent) -> Result<(), SinkError> {
            Err(SinkError::new("deaf"))
        }
    }
    let world = World::with(|builder| builder.event_sink(Deaf));
    let key = world.key();
    world.root.rotate_key_on_demand(&key.id).send().unwrap();
    assert_eq!(world.kms.metrics().event_failures, 1);
    // A deletion is not lost: it is offered until it is taken.
    world.root.schedule_key_deletion(&key.id).pending_window_in_days(7).send().unwrap();
    world.clock.advance(7 * DAY);
    world.kms.sweep().unwrap();
    assert_eq!(world.kms.metrics().event_failures, 1);
}

#[test]
fn sinks_get_what_was_counted() {
    #[derive(Default)]
    struct Snapshots(Mutex<Vec<Metrics>>);
    impl MetricSink for Snapshots {
        fn record(&self, _: &DataPoint) {}
        fn snapshot(&self, metrics: &Metrics) {
            self.0.lock().unwrap().push(metrics.clone());
        }
    }
    let sink = Arc::new(Snapshots::default());
    let world = World::with(|builder| builder.metrics().metric_sink(Arc::clone(&sink)));
    let key = world.key();
    world.root.encrypt(&key.id, b"x").send().unwrap();
    world.kms.sweep().unwrap();
    world.kms.sweep().unwrap();
    let snapshots = sink.0.lock().unwrap();
    assert_eq!(snapshots.len(), 1);
    let called: Vec<_> =
        snapshots[0].operations.iter().map(|called| (called.operation, called.succeeded.count)).collect();
    assert_eq!(called, [("CreateKey", 1), ("Encrypt", 1)]);
}
