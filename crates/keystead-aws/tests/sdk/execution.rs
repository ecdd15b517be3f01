//! Executors, retries, timeouts, Regions and callers.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use aws_sdk_kms::Client;
use aws_sdk_kms::config::Region;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_sdk_kms::error::SdkError;
use aws_sdk_kms::operation::RequestId;
use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use keystead::{AuditRecord, AuditSink, Caller, Kms, SinkError};
use keystead_aws::sdk::AwsSdk;

use crate::support::{ACCOUNT, REGION, root};

fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_quick_call_is_answered_at_once_and_a_slow_one_elsewhere() {
    let client = Kms::in_memory().aws_sdk_client(REGION, root()).unwrap();
    let quick = poll_once(client.create_key().send());
    assert!(quick.is_ready());
    let rsa = || client.create_key().key_spec(KeySpec::Rsa2048).key_usage(KeyUsageType::SignVerify).send();
    assert!(poll_once(rsa()).is_pending());
    let created = pollster::block_on(rsa()).unwrap();
    assert_eq!(created.key_metadata().unwrap().key_spec(), Some(&KeySpec::Rsa2048));
}

#[test]
fn more_slow_calls_than_threads_are_all_answered() {
    let client = Kms::in_memory().aws_sdk_client(REGION, root()).unwrap();
    let threads: Vec<_> = (0..9)
        .map(|_| {
            let call = client.create_key().key_spec(KeySpec::Rsa2048).key_usage(KeyUsageType::SignVerify);
            std::thread::spawn(|| pollster::block_on(call.send()).unwrap())
        })
        .collect();
    threads.into_iter().for_each(|thread| drop(thread.join().unwrap()));
    assert_eq!(pollster::block_on(client.list_keys().send()).unwrap().keys().len(), 9);
}

/// Refuses the first records.
struct Faltering(AtomicU32);

impl AuditSink for Faltering {
    fn record(&self, _: &Arc<AuditRecord>) -> Result<(), SinkError> {
        let left = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if left.is_ok() { Err(SinkError::new("busy")) } else { Ok(()) }
    }
}

/// Spec: API-043
#[test]
fn the_sdk_tries_again_after_a_fault_of_the_service() {
    let kms = Kms::builder().audit_sink(Faltering(AtomicU32::new(2))).build().unwrap();
    let client = kms.aws_sdk_client(REGION, root()).unwrap();
    pollster::block_on(client.list_keys().send()).unwrap();

    let kms = Kms::builder().audit_sink(Faltering(AtomicU32::new(u32::MAX))).build().unwrap();
    let client = kms.aws_sdk_client(REGION, root()).unwrap();
    let error = pollster::block_on(client.list_keys().send()).unwrap_err().into_service_error();
    assert!(error.is_kms_internal_exception(), "{error:?}");
}

#[test]
fn timeouts_need_no_executor() {
    let config = Kms::in_memory().aws_sdk_config(REGION, root()).unwrap();
    let client_with = |timeout| {
        let timeouts = TimeoutConfig::builder().operation_timeout(timeout).build();
        Client::from_conf(config.to_builder().timeout_config(timeouts).build())
    };
    pollster::block_on(client_with(Duration::from_secs(3600)).list_keys().send()).unwrap();
    let slow = client_with(Duration::from_millis(1)).create_key().key_spec(KeySpec::Rsa4096);
    let error = pollster::block_on(slow.key_usage(KeyUsageType::SignVerify).send()).unwrap_err();
    assert!(matches!(error, SdkError::TimeoutError(_)), "{error:?}");
}

/// Spec: API-110
#[test]
fn one_connector_serves_every_region_by_the_signature() {
    let kms = Kms::in_memory();
    let here = kms.aws_sdk_config(REGION, root()).unwrap();
    let there = here.to_builder().region(Region::new("eu-west-1")).build();
    let arn = |config| {
        let created = pollster::block_on(Client::from_conf(config).create_key().send()).unwrap();
        created.key_metadata().unwrap().arn().unwrap().to_owned()
    };
    assert!(arn(here).starts_with("arn:aws:kms:us-west-2:"));
    assert!(arn(there).starts_with("arn:aws:kms:eu-west-1:"));
}

/// Spec: API-006, API-107
#[test]
fn calls_are_those_of_the_caller_and_know_their_records() {
    let kms = Kms::in_memory();
    let admin =
        r#"{ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "kms:*", "Resource": "*" } }"#;
    let alice = Caller::user(ACCOUNT, "alice").unwrap().identity_policy(admin).unwrap();
    let created = pollster::block_on(kms.aws_sdk_client(REGION, alice).unwrap().create_key().send()).unwrap();
    let records = kms.audit_trail();
    let record = records.last().unwrap();
    assert_eq!(record.user_identity.arn.as_deref(), Some("arn:aws:iam::111122223333:user/alice"));
    assert_eq!(created.request_id(), Some(record.request_id.unwrap().to_string().as_str()));

    let bob = kms.aws_sdk_client(REGION, Caller::user(ACCOUNT, "bob").unwrap()).unwrap();
    let error = pollster::block_on(bob.list_keys().send()).unwrap_err();
    let records = kms.audit_trail();
    assert_eq!(error.request_id(), Some(records.last().unwrap().request_id.unwrap().to_string().as_str()));
}

#[test]
fn a_region_or_caller_that_cannot_be_is_refused_at_once() {
    let kms = Kms::in_memory();
    assert!(kms.aws_sdk_config("nowhere", root()).is_err());
}
