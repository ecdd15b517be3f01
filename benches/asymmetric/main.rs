//! What an operation with a key pair costs with each of the two providers, and with OpenSSL, and the ratios at the end.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

#[cfg(feature = "openssl")]
mod openssl;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode};
use keystead::crypto::entropy::SystemEntropy;
use keystead::crypto::{
    DefaultProvider, DigestAlgorithm, EncryptionScheme, KeyPairAlgorithm, Message, PrivateKey, Provider,
    SignatureScheme,
};
use keystead_aws_lc::AwsLcProvider;

fn main() {
    let mut criterion = Criterion::default()
        .measurement_time(Duration::from_secs(2))
        .warm_up_time(Duration::from_millis(500))
        .sample_size(20)
        .configure_from_args();
    let cases: Vec<Case> = ALGORITHMS.into_iter().flat_map(|algorithm| Keys::new(algorithm).cases()).collect();
    for case in &cases {
        case.measure(&mut criterion);
    }
    criterion.final_summary();
    print_ratios(&cases);
}

/// One operation with one algorithm.
struct Case {
    name: String,
    contenders: Vec<Contender>,
    kind: Kind,
}

type Contender = (&'static str, Call);
type Call = Box<dyn Fn()>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Every call does the same work: the quickest turn counts.
    Steady,
    /// Calls try until they succeed: the mean counts.
    Random,
}

impl Case {
    fn measure(&self, criterion: &mut Criterion) {
        let mut group = criterion.benchmark_group(&self.name);
        if self.is_slow() {
            group.sampling_mode(SamplingMode::Flat).sample_size(10);
        }
        for (name, call) in &self.contenders {
            group.bench_function(*name, |bencher| bencher.iter(call));
        }
    }

    /// Whether one call takes as long as many others.
    fn is_slow(&self) -> bool {
        self.name.starts_with("generate/RSA")
    }
}

/// The same key in everyone's hands.
struct Keys {
    algorithm: KeyPairAlgorithm,
    name: &'static str,
    ours: [(&'static str, Arc<dyn PrivateKey>); 2],
    #[cfg(feature = "openssl")]
    openssl: Option<openssl::Peer>,
}

impl Keys {
    fn new((name, algorithm): (&'static str, KeyPairAlgorithm)) -> Self {
        let pkcs8 = AWS_LC.generate_key_pair(algorithm, &SystemEntropy).unwrap().to_pkcs8().unwrap();
        let ours = PROVIDERS
            .map(|(name, provider)| (name, Arc::from(provider.private_key(algorithm, pkcs8.expose()).unwrap())));
        Self {
            algorithm,
            name,
            ours,
            #[cfg(feature = "openssl")]
            openssl: openssl::Peer::new(algorithm, pkcs8.expose()),
        }
    }

    fn cases(&self) -> Vec<Case> {
        let is_rsa = self.name.starts_with("RSA");
        let mut cases = Vec::new();
        if let Some(scheme) = signature_scheme(self.algorithm) {
            let kind = if scheme == SignatureScheme::MlDsa { Kind::Random } else { Kind::Steady };
            cases.push(self.case("sign", kind, |key| {
                Box::new(move || drop(black_box(key.sign(scheme, Message::Raw(MESSAGE), &SystemEntropy).unwrap())))
            }));
            cases.push(self.case("verify", Kind::Steady, |key| {
                let signature = key.sign(scheme, Message::Raw(MESSAGE), &SystemEntropy).unwrap();
                Box::new(move || key.public().verify(scheme, Message::Raw(MESSAGE), black_box(&signature)).unwrap())
            }));
        }
        if let Some(scheme) = encryption_scheme(self.algorithm) {
            cases.push(self.case("encrypt", Kind::Steady, |key| {
                Box::new(move || drop(black_box(key.public().encrypt(scheme, MESSAGE, &SystemEntropy).unwrap())))
            }));
            cases.push(self.case("decrypt", Kind::Steady, |key| {
                let ciphertext = key.public().encrypt(scheme, MESSAGE, &SystemEntropy).unwrap();
                Box::new(move || drop(black_box(key.decrypt(scheme, &ciphertext, &SystemEntropy).unwrap())))
            }));
        }
        let peer = self.ours[0].1.public().spki().to_vec();
        if self.ours[0].1.agree(&peer).is_ok() {
            cases.push(self.case("agree", Kind::Steady, |key| {
                let peer = peer.clone();
                Box::new(move || drop(black_box(key.agree(&peer).unwrap())))
            }));
        }
        if self.ours[0].1.public().encapsulate(&SystemEntropy).is_ok() {
            cases.push(self.case("encapsulate", Kind::Steady, |key| {
                Box::new(move || drop(black_box(key.public().encapsulate(&SystemEntropy).unwrap())))
            }));
            cases.push(self.case("decapsulate", Kind::Steady, |key| {
                let made = key.public().encapsulate(&SystemEntropy).unwrap();
                Box::new(move || drop(black_box(key.decapsulate(&made.ciphertext).unwrap())))
            }));
        }
        cases.push(self.read());
        cases.push(self.generate(if is_rsa { Kind::Random } else { Kind::Steady }));
        cases
    }

    fn case(&self, operation: &str, kind: Kind, call: impl Fn(Arc<dyn PrivateKey>) -> Call) -> Case {
        let contenders = self.ours.iter().map(|(name, key)| (*name, call(key.clone()))).collect();
        self.with_openssl(operation, kind, contenders)
    }

    /// What it costs to make a stored key ready for use.
    fn read(&self) -> Case {
        let algorithm = self.algorithm;
        let contenders = PROVIDERS.map(|(name, provider)| {
            let pkcs8 = self.ours[0].1.to_pkcs8().unwrap();
            let call: Call =
                Box::new(move || drop(black_box(provider.trusted_private_key(algorithm, pkcs8.expose()).unwrap())));
            (name, call)
        });
        self.with_openssl("read", Kind::Steady, contenders.into())
    }

    fn generate(&self, kind: Kind) -> Case {
        let algorithm = self.algorithm;
        let contenders = PROVIDERS.map(|(name, provider)| {
            let call: Call =
                Box::new(move || drop(black_box(provider.generate_key_pair(algorithm, &SystemEntropy).unwrap())));
            (name, call)
        });
        self.with_openssl("generate", kind, contenders.into())
    }

    #[cfg_attr(not(feature = "openssl"), expect(unused_mut, reason = "the peer is optional"))]
    fn with_openssl(&self, operation: &str, kind: Kind, mut contenders: Vec<Contender>) -> Case {
        #[cfg(feature = "openssl")]
        if let Some(call) = self.openssl.as_ref().and_then(|peer| peer.call(operation)) {
            contenders.push(("openssl", call));
        }
        Case { name: format!("{operation}/{}", self.name), contenders, kind }
    }
}

/// Prints what everyone takes, and how many times as long as `keystead-aws-lc`, from turns that alternate between all:
/// criterion measures one for seconds, then the other, while a busy machine may have changed in between.
fn print_ratios(cases: &[Case]) {
    println!("{:<26} {:>18} {:>18} {:>18}   times aws-lc", "microseconds per call", "default", "aws-lc", "openssl");
    for case in cases {
        let times = take_turns(case);
        let mut line = format!("{:<26}", case.name);
        for column in 0..3 {
            line += &times.get(column).map_or_else(|| format!(" {:>18}", "-"), |time| format!(" {time:>18.1}"));
        }
        line += &format!("   default {:.2}", times[0] / times[1]);
        if let Some(openssl) = times.get(2) {
            line += &format!(", openssl {:.2}", openssl / times[1]);
        }
        println!("{line}");
    }
}

/// Microseconds per call of each contender.
fn take_turns(case: &Case) -> Vec<f64> {
    let calls: Vec<u32> = case
        .contenders
        .iter()
        .map(|(_, call)| (TURN.as_secs_f64() * 1e6 / turn(call, 1).max(1.0)).clamp(1.0, 1000.0) as u32)
        .collect();
    let turns = if case.is_slow() { SLOW_TURNS } else { TURNS };
    let (mut quickest, mut total) = (vec![f64::INFINITY; calls.len()], vec![0.0; calls.len()]);
    for _ in 0..turns {
        for (contender, (_, call)) in case.contenders.iter().enumerate() {
            let time = turn(call, calls[contender]);
            quickest[contender] = time.min(quickest[contender]);
            total[contender] += time;
        }
    }
    match case.kind {
        Kind::Steady => quickest,
        Kind::Random => total.iter().map(|total| total / f64::from(turns)).collect(),
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

fn signature_scheme(algorithm: KeyPairAlgorithm) -> Option<SignatureScheme> {
    use KeyPairAlgorithm::*;
    Some(match algorithm {
        Rsa2048 | Rsa3072 | Rsa4096 => SignatureScheme::RsaPss(DigestAlgorithm::Sha256),
        P256 | Secp256k1 => SignatureScheme::Ecdsa(DigestAlgorithm::Sha256),
        P384 => SignatureScheme::Ecdsa(DigestAlgorithm::Sha384),
        P521 => SignatureScheme::Ecdsa(DigestAlgorithm::Sha512),
        Sm2 => SignatureScheme::Sm2Dsa,
        Ed25519 => SignatureScheme::Ed25519,
        MlDsa44 | MlDsa65 | MlDsa87 => SignatureScheme::MlDsa,
        _ => return None,
    })
}

fn encryption_scheme(algorithm: KeyPairAlgorithm) -> Option<EncryptionScheme> {
    match algorithm {
        KeyPairAlgorithm::Rsa2048 | KeyPairAlgorithm::Rsa3072 | KeyPairAlgorithm::Rsa4096 => {
            Some(EncryptionScheme::RsaOaepSha256)
        }
        KeyPairAlgorithm::Sm2 => Some(EncryptionScheme::Sm2Pke),
        _ => None,
    }
}

const PROVIDERS: [(&str, &dyn Provider); 2] = [("keystead-default", &DEFAULT), ("keystead-aws-lc", &AWS_LC)];
const DEFAULT: DefaultProvider = DefaultProvider::new();
const AWS_LC: AwsLcProvider = AwsLcProvider::new();

const ALGORITHMS: [(&str, KeyPairAlgorithm); 15] = [
    ("RSA-2048", KeyPairAlgorithm::Rsa2048),
    ("RSA-3072", KeyPairAlgorithm::Rsa3072),
    ("RSA-4096", KeyPairAlgorithm::Rsa4096),
    ("P-256", KeyPairAlgorithm::P256),
    ("P-384", KeyPairAlgorithm::P384),
    ("P-521", KeyPairAlgorithm::P521),
    ("secp256k1", KeyPairAlgorithm::Secp256k1),
    ("SM2", KeyPairAlgorithm::Sm2),
    ("Ed25519", KeyPairAlgorithm::Ed25519),
    ("ML-DSA-44", KeyPairAlgorithm::MlDsa44),
    ("ML-DSA-65", KeyPairAlgorithm::MlDsa65),
    ("ML-DSA-87", KeyPairAlgorithm::MlDsa87),
    ("ML-KEM-512", KeyPairAlgorithm::MlKem512),
    ("ML-KEM-768", KeyPairAlgorithm::MlKem768),
    ("ML-KEM-1024", KeyPairAlgorithm::MlKem1024),
];

/// What is signed and encrypted: 32 bytes, as a data key has.
const MESSAGE: &[u8] = &[7; 32];

const TURNS: u32 = 100;
/// RSA generation takes up to seconds.
const SLOW_TURNS: u32 = 10;
/// Short enough that many turns pass without an interruption.
const TURN: Duration = Duration::from_millis(1);
