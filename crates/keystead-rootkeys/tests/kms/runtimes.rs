//! Synchronous calls, wherever they are made.

use std::sync::mpsc;

use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::{BehaviorVersion, Config, Credentials, Region};
use aws_smithy_http_client::Builder;
use keystead::{Caller, Kms};
use keystead_aws::server::{Authentication, KmsService, Limits, serve};
use keystead_hierarchy::RootKey;
use keystead_rootkeys::KmsRootKey;
use tokio::net::TcpListener;

use crate::support::{Disk, Elsewhere, REGION, WAYS, fill, opens};

#[test]
fn outside_of_a_runtime() {
    whole_life();
}

#[tokio::test(flavor = "current_thread")]
async fn inside_a_runtime_of_one_thread() {
    whole_life();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inside_a_runtime_of_several_threads() {
    whole_life();
    tokio::spawn(async { whole_life() }).await.unwrap();
    tokio::task::spawn_blocking(whole_life).await.unwrap();
}

/// Makes, uses, opens again and drops, all where it is called.
fn whole_life() {
    for way in WAYS {
        let (elsewhere, disk) = (Elsewhere::new(), Disk::new());
        let kms = disk.open(elsewhere.root_key(way)).unwrap();
        let sealed = fill(&kms);
        drop(kms);
        let kms = disk.open(elsewhere.root_key(way)).unwrap();
        opens(&kms, &sealed);
    }
}

/// The host has connections to the KMS that its only thread drives, and that thread waits for the root key.
#[tokio::test(flavor = "current_thread")]
async fn connections_of_the_host_are_left_alone() {
    let kms = Kms::in_memory();
    let admin = kms.client(REGION, Caller::account_root("111122223333").unwrap()).unwrap();
    let key = admin.create_key().send().unwrap().key_metadata.arn.to_string();
    let endpoint = server(kms);
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new("ID", "secret", None, None, "test"))
        .endpoint_url(endpoint)
        .http_client(Builder::new().build_http())
        .sleep_impl(keystead_aws::sdk::TimerSleep)
        // A call that waited for a connection which nobody drives would succeed when it is tried again.
        .retry_config(RetryConfig::disabled())
        .build();
    let client = aws_sdk_kms::Client::from_conf(config);
    let describe = || client.describe_key().key_id(&key).send();
    describe().await.unwrap();

    let root_key = KmsRootKey::aws(&client, &key).unwrap();
    for _ in 0..2 {
        let sealed = root_key.seal(b"domain key", b"aad").unwrap();
        assert_eq!(root_key.open(&sealed, b"aad").unwrap().expose(), b"domain key");
        describe().await.unwrap();
    }
}

/// A server for everybody, which lives as long as the test. Gives its URL.
fn server(kms: Kms) -> String {
    let (ready, address) = mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            ready.send(listener.local_addr().unwrap()).unwrap();
            let service = KmsService::new(kms, Authentication::none("111122223333".parse().unwrap()));
            serve(listener, service, Limits::default(), std::future::pending()).await;
        });
    });
    format!("http://{}", address.recv().unwrap())
}
