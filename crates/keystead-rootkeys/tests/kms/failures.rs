//! What is said, and not done, when the KMS does not give what is needed.

use std::time::Duration;

use aws_sdk_kms::config::http::{HttpRequest, HttpResponse};
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::{HttpClient, RuntimeComponents};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use keystead::{Caller, KeyFamily, QuotaProfile, Rate, RequestQuota};
use keystead_aws::sdk::AwsSdk;
use keystead_hierarchy::{RootKey, RootKeyError};
use keystead_rootkeys::kms::AwsKeyService;
use keystead_rootkeys::{KmsError, KmsRootKey};

use crate::support::{Disk, Elsewhere, REGION, WAYS, Way, fill, opens};

/// Spec: OVR-18
#[test]
fn a_disabled_key_says_to_enable_it() {
    for way in WAYS {
        let (elsewhere, disk) = (Elsewhere::new(), Disk::new());
        let sealed = fill(&disk.open(elsewhere.root_key(way)).unwrap());
        elsewhere.admin.disable_key(elsewhere.key.as_str()).send().unwrap();
        refuses(&elsewhere, way, &disk, "is disabled: enable it");
        elsewhere.admin.enable_key(elsewhere.key.as_str()).send().unwrap();
        opens(&disk.open(elsewhere.root_key(way)).unwrap(), &sealed);
    }
}

/// Spec: OVR-18
#[test]
fn a_key_that_waits_for_deletion_says_to_cancel_it() {
    for way in WAYS {
        let (elsewhere, disk) = (Elsewhere::new(), Disk::new());
        let sealed = fill(&disk.open(elsewhere.root_key(way)).unwrap());
        let key = elsewhere.key.as_str();
        elsewhere.admin.schedule_key_deletion(key).pending_window_in_days(7).send().unwrap();
        refuses(&elsewhere, way, &disk, "if it waits for deletion, cancel that");
        elsewhere.admin.cancel_key_deletion(key).send().unwrap();
        elsewhere.admin.enable_key(key).send().unwrap();
        opens(&disk.open(elsewhere.root_key(way)).unwrap(), &sealed);
    }
}

/// Spec: OVR-18
#[test]
fn a_deleted_key_is_gone_with_what_it_sealed() {
    for way in WAYS {
        let (elsewhere, disk) = (Elsewhere::new(), Disk::new());
        fill(&disk.open(elsewhere.root_key(way)).unwrap());
        elsewhere.admin.schedule_key_deletion(elsewhere.key.as_str()).pending_window_in_days(7).send().unwrap();
        elsewhere.clock.advance_days(8);
        refuses(&elsewhere, way, &disk, "if it was deleted, what it sealed is lost");
    }
}

#[test]
fn a_caller_without_rights_is_told_which_ones_to_get() {
    for way in WAYS {
        let (elsewhere, disk) = (Elsewhere::new(), Disk::new());
        fill(&disk.open(elsewhere.root_key(way)).unwrap());
        let before = disk.contents();
        let root_key = way.root_key(&elsewhere.stranger(), &elsewhere, &elsewhere.key);
        let error = root_key.seal(b"domain key", b"").unwrap_err();
        assert!(matches!(error, RootKeyError::Unavailable { .. }), "{error}");
        let error = disk.open(root_key).unwrap_err();
        assert!(error.contains("allow this caller kms:Encrypt and kms:Decrypt"), "{error}");
        assert_eq!(disk.contents(), before);
    }
}

/// A key that signs cannot keep secrets.
#[test]
fn a_key_of_another_kind_is_refused() {
    for way in WAYS {
        let (elsewhere, disk) = (Elsewhere::new(), Disk::new());
        let signer = elsewhere.admin.create_key().key_spec("ECC_NIST_P256").key_usage("SIGN_VERIFY").send().unwrap();
        let arn = signer.key_metadata.arn.to_string();
        let error = disk.open(way.root_key(&elsewhere.admin, &elsewhere, &arn)).unwrap_err();
        assert!(error.contains("a symmetric key for encryption and decryption is needed"), "{error}");
        assert_eq!(disk.contents(), []);
    }
}

/// The SDK tries again; the other way leaves that to the host.
#[test]
fn throttling_passes_or_is_named() {
    for way in WAYS {
        let (elsewhere, disk) = (Elsewhere::new(), Disk::new());
        let rate = Rate::new(1, Duration::from_secs(3600)).unwrap();
        let symmetric = RequestQuota::Cryptographic(KeyFamily::Symmetric);
        elsewhere.set_quotas(QuotaProfile::DEFAULT.with_rate(symmetric, Some(rate)));
        let root_key = elsewhere.root_key(way);
        root_key.seal(b"domain key", b"").unwrap();
        let error = root_key.seal(b"domain key", b"").unwrap_err();
        assert!(matches!(&error, RootKeyError::Unreachable { .. }), "{error}");
        assert!(error.to_string().contains("too many requests: try again later"), "{error}");
        let refused = elsewhere.calls("Encrypt").iter().flatten().count();
        assert_eq!(refused, if way == Way::Sdk { 3 } else { 1 }, "{way:?}");

        assert!(disk.open(root_key).is_err());
        assert_eq!(disk.contents(), []);
    }
}

#[test]
fn a_kms_out_of_reach_is_an_error_of_its_own_and_nothing_is_written() {
    let (elsewhere, disk) = (Elsewhere::new(), Disk::new());
    let sdk = sdk(&elsewhere, Broken::Refuses);
    let root_key = KmsRootKey::aws(&sdk, &elsewhere.key).unwrap();
    let error = root_key.seal(b"domain key", b"").unwrap_err();
    assert!(matches!(&error, RootKeyError::Unreachable { reason } if reason.contains("no route")), "{error}");
    assert!(error.to_string().contains("check network, endpoint and credentials, and try again"), "{error}");
    assert!(disk.open(root_key).unwrap_err().contains("cannot be reached"));
    assert_eq!(disk.contents(), []);

    let sealed = fill(&disk.open(elsewhere.root_key(Way::Sdk)).unwrap());
    let before = disk.contents();
    assert!(disk.open(KmsRootKey::aws(&sdk, &elsewhere.key).unwrap()).unwrap_err().contains("cannot be reached"));
    assert_eq!(disk.contents(), before);
    opens(&disk.open(elsewhere.root_key(Way::Sdk)).unwrap(), &sealed);
}

/// Calls that wait do not wait for ever, and do not hold up each other.
#[test]
fn a_kms_that_does_not_answer_is_given_up() {
    let elsewhere = Elsewhere::new();
    let sdk = sdk(&elsewhere, Broken::Hangs);
    let service = AwsKeyService::new(&sdk).unwrap().with_deadline(Duration::from_millis(200));
    let root_key = KmsRootKey::new(service, &elsewhere.key).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let error = root_key.seal(b"domain key", b"").unwrap_err();
                let expected = KmsError::TimedOut { after: Duration::from_millis(200) };
                assert_eq!(error, RootKeyError::from(expected));
            });
        }
    });
}

/// A panic on the way to the KMS ends the call, and no other.
#[test]
fn a_call_that_panics_is_an_error() {
    let elsewhere = Elsewhere::new();
    let root_key = KmsRootKey::aws(&sdk(&elsewhere, Broken::Panics), &elsewhere.key).unwrap();
    for _ in 0..2 {
        let error = root_key.seal(b"domain key", b"").unwrap_err();
        assert!(error.to_string().contains("without an answer"), "{error}");
    }
}

/// An answer to Decrypt holds a secret, also one that is cut off.
#[test]
fn an_answer_that_is_not_understood_shows_nothing() {
    let elsewhere = Elsewhere::new();
    let sealed = elsewhere.root_key(Way::Sdk).seal(b"domain key", b"").unwrap();
    let root_key = KmsRootKey::aws(&sdk(&elsewhere, Broken::Babbles), &elsewhere.key).unwrap();
    let error = root_key.open(&sealed, b"").unwrap_err();
    assert!(matches!(error, RootKeyError::Unreachable { .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains("c2VjcmV0"), "{error}");
}

#[test]
fn exceptions_have_their_meaning() {
    let key = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab".parse().unwrap();
    let meaning = |code: &str| RootKeyError::from(KmsError::from_exception(&key, code, "because"));
    for code in ["InvalidCiphertextException", "IncorrectKeyException"] {
        assert_eq!(meaning(code), RootKeyError::Damaged);
    }
    for code in ["ThrottlingException", "KMSInternalException", "DependencyTimeoutException", "ServiceUnavailable"] {
        assert!(matches!(meaning(code), RootKeyError::Unreachable { reason } if reason.contains("because")), "{code}");
    }
    for code in ["AccessDeniedException", "DisabledException", "NotFoundException", "KMSInvalidStateException", "New"] {
        assert!(matches!(meaning(code), RootKeyError::Unavailable { .. }), "{code}");
    }
    let refused = meaning("NewException").to_string();
    assert!(refused.contains("NewException") && refused.contains("because"), "{refused}");
}

#[track_caller]
fn refuses(elsewhere: &Elsewhere, way: Way, disk: &Disk, advice: &str) {
    let before = disk.contents();
    let error = disk.open(elsewhere.root_key(way)).unwrap_err();
    assert!(error.contains(advice) && error.contains(&elsewhere.key), "{error}");
    assert_eq!(disk.contents(), before);

    let error = elsewhere.root_key(way).seal(b"domain key", b"").unwrap_err();
    assert!(matches!(error, RootKeyError::Unavailable { .. }), "{error}");
    assert!(error.to_string().contains(advice), "{error}");
    let fresh = Disk::new();
    assert!(fresh.open(elsewhere.root_key(way)).is_err());
    assert_eq!(fresh.contents(), [], "a store that was never opened has nothing in it");
}

/// A client whose requests do not arrive.
fn sdk(elsewhere: &Elsewhere, broken: Broken) -> aws_sdk_kms::Client {
    let caller = Caller::account_root("111122223333").unwrap();
    let config = elsewhere.kms.aws_sdk_config(REGION, caller).unwrap();
    let config = config.to_builder().http_client(broken).retry_config(RetryConfig::disabled());
    aws_sdk_kms::Client::from_conf(config.build())
}

#[derive(Clone, Copy, Debug)]
enum Broken {
    Refuses,
    Hangs,
    Panics,
    Babbles,
}

impl HttpClient for Broken {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(*self)
    }
}

impl HttpConnector for Broken {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        match self {
            Self::Refuses => HttpConnectorFuture::ready(Err(ConnectorError::io("no route to host".into()))),
            Self::Hangs => HttpConnectorFuture::new(std::future::pending()),
            Self::Babbles => {
                let body = r#"{"Plaintext":"c2VjcmV0c2VjcmV0c2VjcmV0","KeyId":"#;
                let response = HttpResponse::new(200.try_into().unwrap(), body.into());
                HttpConnectorFuture::ready(Ok(response))
            }
            Self::Panics => HttpConnectorFuture::new(async { panic!("on the way") }),
        }
    }
}
