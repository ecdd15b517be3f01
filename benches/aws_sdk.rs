//! What a call through `aws-sdk-kms` costs beyond the SDK itself, which signs, encodes and decodes in any case.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use aws_sdk_kms::Client;
use aws_sdk_kms::config::http::{HttpRequest, HttpResponse};
use aws_sdk_kms::config::{HttpClient, RuntimeComponents};
use aws_sdk_kms::primitives::Blob;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use keystead::{Caller, Kms};
use keystead_aws::sdk::{AwsSdk, Connector};
use keystead_benches::{ACCOUNT, REGION, context};

fn main() {
    // `cargo bench -- FILTER` is for the others; this one prints two lines and is done.
    let caller = || {
        let policy =
            r#"{ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "kms:*", "Resource": "*" } }"#;
        Caller::user(ACCOUNT, "bench").unwrap().identity_policy(policy).unwrap()
    };
    let kms = Kms::builder().no_audit().build().unwrap();
    let config = kms.aws_sdk_config(REGION, caller()).unwrap();
    let keystead = Client::from_conf(config.clone());
    let replaying = Replaying::new(Connector::new(kms.clone(), caller()));
    let canned = Client::from_conf(config.to_builder().http_client(replaying.clone()).build());
    let typed = kms.client(REGION, caller()).unwrap();
    let key = typed.create_key().send().unwrap().into_inner().key_metadata.key_id.to_string();

    println!("{:<16} {:>11} {:>11} {:>11} {:>11}", "", "keystead", "canned", "difference", "typed call");
    for length in [32, 4096] {
        let plaintext = vec![7; length];
        let sdk = |client: &Client| {
            let pairs = context();
            let call = pairs.iter().fold(client.encrypt(), |call, (name, value)| call.encryption_context(name, value));
            pollster::block_on(call.key_id(&key).plaintext(Blob::new(plaintext.as_slice())).send()).unwrap()
        };
        let facade = || typed.encrypt(key.as_str(), &plaintext).encryption_context(context()).send().unwrap();
        replaying.record();
        print_difference(&format!("encrypt/{length}"), || sdk(&keystead), || sdk(&canned), facade);
    }
}

/// The quickest of many turns that alternate, so that what else the machine does favours none.
fn print_difference<S, F>(name: &str, keystead: impl Fn() -> S, canned: impl Fn() -> S, typed: impl Fn() -> F) {
    black_box(canned());
    let mut quickest = [f64::INFINITY; 3];
    for _ in 0..TURNS {
        quickest[0] = quickest[0].min(turn(&keystead));
        quickest[1] = quickest[1].min(turn(&canned));
        quickest[2] = quickest[2].min(turn(&typed));
    }
    let [keystead, canned, typed] = quickest;
    println!("{name:<16} {keystead:>8.1} µs {canned:>8.1} µs {:>8.1} µs {typed:>8.1} µs", keystead - canned);
}

/// Microseconds per call in one turn.
fn turn<R>(call: impl Fn() -> R) -> f64 {
    let begin = Instant::now();
    for _ in 0..CALLS_PER_TURN {
        black_box(call());
    }
    begin.elapsed().as_nanos() as f64 / 1_000.0 / f64::from(CALLS_PER_TURN)
}

/// Answers every request with the answer that the first one after [`Replaying::record`] got.
#[derive(Clone, Debug)]
struct Replaying {
    connector: Connector,
    answer: Arc<Mutex<Option<Vec<u8>>>>,
}

impl Replaying {
    fn new(connector: Connector) -> Self {
        Self { connector, answer: Arc::default() }
    }

    fn record(&self) {
        *self.answer.lock().unwrap() = None;
    }
}

impl HttpClient for Replaying {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let connector = self.connector.http_connector(settings, components);
        SharedHttpConnector::new(Replay { connector, answer: Arc::clone(&self.answer) })
    }
}

#[derive(Debug)]
struct Replay {
    connector: SharedHttpConnector,
    answer: Arc<Mutex<Option<Vec<u8>>>>,
}

impl HttpConnector for Replay {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if let Some(body) = &*self.answer.lock().unwrap() {
            let mut response = HttpResponse::new(200.try_into().unwrap(), body.clone().into());
            response.headers_mut().insert("content-type", "application/x-amz-json-1.1");
            response.headers_mut().insert("x-amzn-requestid", "7c5d9a7c-6e4e-4f0e-9c56-3f1d0f3f0c11");
            return HttpConnectorFuture::ready(Ok(response));
        }
        let (answer, call) = (Arc::clone(&self.answer), self.connector.call(request));
        HttpConnectorFuture::new(async move {
            let response = call.await?;
            *answer.lock().unwrap() = response.body().bytes().map(<[u8]>::to_vec);
            Ok(response)
        })
    }
}

const TURNS: u32 = 500;
/// Short enough that many turns pass without an interruption.
const CALLS_PER_TURN: u32 = 20;
