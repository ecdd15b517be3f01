//! Counted calls.

use std::sync::Arc;
use std::time::Duration;

use keystead::{CallbackSink, ManualClock, OperationMetrics};

use super::code;
use super::support::{ABSENT, START, World};

#[test]
fn calls_are_counted_by_operation_and_outcome() {
    let world = World::with(|builder| builder.metrics());
    let key = world.key();
    for _ in 0..3 {
        world.root.encrypt(&key.id, b"x").send().unwrap();
    }
    assert_eq!(code(world.root.encrypt(ABSENT, b"x").send()), "NotFoundException");
    assert_eq!(code(world.user(&[]).encrypt(&key.id, b"x").send()), "AccessDeniedException");
    let metrics = world.kms.metrics();
    let called: Vec<_> = metrics.operations.iter().map(|operation| operation.operation).collect();
    assert_eq!(called, ["CreateKey", "Encrypt"]);
    let encrypt = &metrics.operations[1];
    assert_eq!((encrypt.succeeded.count, encrypt.failed.count), (3, 2));
    let errors: Vec<_> = encrypt.errors.iter().map(|(code, count)| (*code, *count)).collect();
    assert_eq!(errors, [("AccessDeniedException", 1), ("NotFoundException", 1)]);
    assert_eq!(metrics.operations[0].errors.len(), 0);
}

/// Spec: AUD-54
#[test]
fn metrics_tell_nothing_of_keys_and_callers() {
    let quotas = keystead::QuotaProfile::AWS_2026;
    let world = World::with(|builder| builder.metrics().quotas(quotas));
    let key = world.key();
    world.root.create_alias("alias/telltale", &key.id).send().unwrap();
    world.root.encrypt("alias/telltale", b"secret").context("tenant", "seven").send().unwrap();
    let told = format!("{:?}", world.kms.metrics());
    assert!(told.contains("Encrypt") && told.contains("Symmetric"), "{told}");
    for hidden in [key.id.as_str(), "telltale", "tenant", "seven", "secret", super::support::ACCOUNT] {
        assert!(!told.contains(hidden), "{hidden}");
    }
}

#[test]
fn latencies_are_those_of_the_clock() {
    let clock = Arc::new(ManualClock::at(START));
    let delays = [3, 100, 1500, 6_000_000].map(Duration::from_micros);
    let (sink_clock, sink_delays) = (Arc::clone(&clock), std::sync::Mutex::new(delays.to_vec()));
    // The sink takes its time.
    let sink = CallbackSink::new(move |record: &Arc<keystead::AuditRecord>| {
        if record.event_name == "GenerateRandom" {
            sink_clock.advance(sink_delays.lock().unwrap().remove(0));
        }
        Ok(())
    });
    let world = World::with(|builder| builder.clock(Arc::clone(&clock)).audit_sink(sink).metrics());
    for _ in delays {
        world.root.generate_random(1).send().unwrap();
    }
    let OperationMetrics { operation, succeeded, failed, .. } = world.kms.metrics().operations.remove(0);
    assert_eq!((operation, succeeded.count, failed.count), ("GenerateRandom", 4, 0));
    // This clock has milliseconds.
    assert_eq!(succeeded.total, Duration::from_millis(1 + 6_000));
    assert_eq!(succeeded.mean(), succeeded.total / 4);
    assert_eq!((succeeded.histogram[0], succeeded.histogram[10], succeeded.histogram[23]), (2, 1, 1));
    assert_eq!(succeeded.quantile(0.5), Some(Duration::from_micros(1)));
    assert_eq!(succeeded.quantile(0.75), Some(Duration::from_micros(1024)));
    assert_eq!(succeeded.quantile(1.0), None);
}

#[test]
fn nobody_counts_unless_asked_and_counting_costs_no_allocation() {
    let silent = World::with(|builder| builder.no_audit());
    let measured = World::with(|builder| builder.no_audit().metrics());
    let [without, with] = [&silent, &measured].map(|world| {
        let key = world.key();
        let work = || drop(world.root.encrypt(&key.id, b"x").send().unwrap());
        work();
        allocation_counter::measure(work).count_total
    });
    assert_eq!(without, with);
    assert_eq!(silent.kms.metrics().operations.len(), 0);
    assert_eq!(measured.kms.metrics().operations.len(), 2);
}
