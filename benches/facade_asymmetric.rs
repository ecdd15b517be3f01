//! What the facade adds to Sign, Verify and GenerateMac, with each of the two providers, and the ratios at the end.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::hint::black_box;
use std::rc::Rc;
use std::time::{Duration, Instant};

use criterion::Criterion;
use keystead::crypto::entropy::SystemEntropy;
use keystead::crypto::{
    DefaultProvider, DigestAlgorithm, KeyPairAlgorithm, MacAlgorithm, Message, PrivateKey, Provider, SignatureScheme,
};
use keystead_aws_lc::AwsLcProvider;
use keystead_benches::Facade;

fn main() {
    let mut criterion = Criterion::default()
        .measurement_time(Duration::from_secs(2))
        .warm_up_time(Duration::from_millis(500))
        .sample_size(20)
        .configure_from_args();
    let cases: Vec<Case> = [cases("default", DefaultProvider::new()), cases("aws-lc", AwsLcProvider::new())]
        .into_iter()
        .flatten()
        .collect();
    for case in &cases {
        let mut group = criterion.benchmark_group(&case.name);
        group.bench_function("bare", |bencher| bencher.iter(&case.bare));
        group.bench_function("keystead", |bencher| bencher.iter(&case.facade));
    }
    criterion.final_summary();
    print_ratios(&cases);
}

/// One operation through the facade, and the provider's own part of it.
struct Case {
    name: String,
    facade: Call,
    bare: Call,
}

type Call = Box<dyn Fn()>;

fn cases(name: &str, provider: impl Provider + Clone) -> Vec<Case> {
    let signing = SIGNING.into_iter().flat_map(|signing| signing_cases(name, &provider, signing));
    let codes = [32, 4096].map(|length| mac_case(name, &provider, length));
    signing.chain(codes).collect()
}

fn signing_cases(name: &str, provider: &(impl Provider + Clone), signing: Signing) -> [Case; 2] {
    let Signing { spec, pair, algorithm, scheme } = signing;
    let (client, id) = key(provider, spec, "SIGN_VERIFY");
    let sign = {
        let (client, id) = (client.clone(), id.clone());
        move || client.sign(&id, MESSAGE).signing_algorithm(algorithm).send().unwrap().into_inner().signature
    };
    let signature = sign();
    let verify = move || {
        client.verify(&id, MESSAGE, black_box(&signature)).signing_algorithm(algorithm).send().unwrap();
    };
    let signer: Rc<dyn PrivateKey> = Rc::from(provider.generate_key_pair(pair, &SystemEntropy).unwrap());
    let verifier = Rc::clone(&signer);
    let signature = signer.sign(scheme, Message::Raw(MESSAGE), &SystemEntropy).unwrap();
    [
        Case {
            name: format!("sign/{spec}/{name}"),
            facade: Box::new(move || drop(black_box(sign()))),
            bare: Box::new(move || {
                drop(black_box(signer.sign(scheme, Message::Raw(MESSAGE), &SystemEntropy).unwrap()));
            }),
        },
        Case {
            name: format!("verify/{spec}/{name}"),
            facade: Box::new(verify),
            bare: Box::new(move || {
                verifier.public().verify(scheme, Message::Raw(MESSAGE), black_box(&signature)).unwrap();
            }),
        },
    ]
}

fn mac_case(name: &str, provider: &(impl Provider + Clone), length: usize) -> Case {
    let (client, id) = key(provider, "HMAC_256", "GENERATE_VERIFY_MAC");
    let message = vec![7; length];
    let bare = {
        let message = message.clone();
        let mac = provider.mac(MacAlgorithm::HmacSha256, &[7; 32]).unwrap();
        move || drop(black_box(mac.sign(&[black_box(&message)]).as_ref().to_vec()))
    };
    let facade = move || {
        drop(black_box(
            client.generate_mac(&id, &message).mac_algorithm("HMAC_SHA_256").send().unwrap().into_inner().mac,
        ));
    };
    Case { name: format!("mac/{length}/{name}"), facade: Box::new(facade), bare: Box::new(bare) }
}

fn key(provider: &(impl Provider + Clone), spec: &'static str, usage: &'static str) -> (keystead::Client, String) {
    let client = Facade::over(provider.clone()).unwrap().client;
    let created = client.create_key().key_spec(spec).key_usage(usage).send().unwrap();
    let id = created.key_metadata.key_id.to_string();
    (client, id)
}

/// Prints what the facade takes beyond its cryptography. Criterion measures one function for seconds, then the other,
/// while a busy machine may have changed in between; here both take turns, and the quickest turn of each counts.
fn print_ratios(cases: &[Case]) {
    println!("{:<40} {:>12} {:>12} {:>8} {:>7}", "microseconds, quickest turn", "keystead", "bare", "added", "ratio");
    for case in cases {
        let calls = (TURN.as_secs_f64() * 1e6 / turn(&case.bare, 1).max(1.0)).clamp(1.0, 1000.0) as u32;
        let (mut facade, mut bare) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..TURNS {
            facade = turn(&case.facade, calls).min(facade);
            bare = turn(&case.bare, calls).min(bare);
        }
        println!("{:<40} {facade:>12.2} {bare:>12.2} {:>8.2} {:>7.3}", case.name, facade - bare, facade / bare);
    }
}

/// Microseconds per call in one turn.
fn turn(call: &Call, calls: u32) -> f64 {
    let begin = Instant::now();
    for _ in 0..calls {
        call();
    }
    begin.elapsed().as_secs_f64() * 1e6 / f64::from(calls)
}

/// A kind of signature, in the words of the facade and of the provider.
#[derive(Clone, Copy)]
struct Signing {
    spec: &'static str,
    pair: KeyPairAlgorithm,
    algorithm: &'static str,
    scheme: SignatureScheme,
}

const SIGNING: [Signing; 3] = [
    Signing {
        spec: "ECC_NIST_P256",
        pair: KeyPairAlgorithm::P256,
        algorithm: "ECDSA_SHA_256",
        scheme: SignatureScheme::Ecdsa(DigestAlgorithm::Sha256),
    },
    Signing {
        spec: "RSA_2048",
        pair: KeyPairAlgorithm::Rsa2048,
        algorithm: "RSASSA_PSS_SHA_256",
        scheme: SignatureScheme::RsaPss(DigestAlgorithm::Sha256),
    },
    Signing {
        spec: "ECC_NIST_EDWARDS25519",
        pair: KeyPairAlgorithm::Ed25519,
        algorithm: "ED25519_SHA_512",
        scheme: SignatureScheme::Ed25519,
    },
];

/// What is signed: 32 bytes.
const MESSAGE: &[u8] = &[7; 32];

const TURNS: u32 = 400;
/// Short enough that many turns pass without an interruption.
const TURN: Duration = Duration::from_millis(1);
