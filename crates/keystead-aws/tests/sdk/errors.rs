//! Every declared exception that can be reached, as the SDK understands it: by its type, its code and its text.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{
    AlgorithmSpec, GrantOperation, KeySpec, KeyUsageType, MacAlgorithmSpec, OriginType, SigningAlgorithmSpec, Tag,
    WrappingKeySpec,
};
use keystead::crypto::entropy::SystemEntropy;
use keystead::crypto::{DefaultProvider, EncryptionScheme, KeyPairAlgorithm, Provider, WrappingScheme};
use keystead::{AuditRecord, AuditSink, Caller, Kms, ManualClock, SinkError};
use keystead_aws::sdk::AwsSdk;

use crate::checked::Checked;
use crate::support::model::Model;
use crate::support::{ACCOUNT, REGION, root};

/// Sends a call and expects an exception of this code, with this text, as a type of its own.
macro_rules! refused {
    ($seen:ident, $call:expr, $code:literal, $message:expr) => {{
        let error = $call.send().await.unwrap_err().into_service_error();
        assert_eq!(error.meta().code(), Some($code), "{error:?}");
        assert_eq!(error.meta().message().unwrap_or_default(), $message);
        assert!(!format!("{error:?}").starts_with("Unhandled"), "{error:?}");
        $seen.insert($code.to_owned());
    }};
}

type Seen = BTreeSet<String>;

/// Spec: API-006, API-103, API-105
#[test]
fn exceptions_have_their_types_codes_and_texts() {
    pollster::block_on(async {
        let clock = Arc::new(ManualClock::at("2026-01-31T00:00:00Z"));
        let kms = Kms::builder().clock(Arc::clone(&clock)).build().unwrap();
        let client = &Checked::new(&kms, root()).client(&kms);
        let mut seen = Seen::new();
        names(client, &mut seen).await;
        states(client, &mut seen).await;
        documents(client, &mut seen).await;
        ciphertexts(client, &mut seen).await;
        grants(client, &mut seen).await;
        rotations(client, &clock, &mut seen).await;
        imports(client, &clock, &mut seen).await;
        internal(&mut seen).await;

        let declared = Model::get().operations.values().flat_map(|operation| operation.errors.clone());
        let missing: Vec<_> = declared.collect::<Seen>().difference(&seen).cloned().collect();
        let of_key_stores = |code: &str| {
            ["CloudHsm", "CustomKeyStore", "Xks", "IncorrectTrustAnchor"].iter().any(|begin| code.starts_with(begin))
        };
        let others: Vec<_> = missing.iter().filter(|code| !of_key_stores(code)).collect();
        // Nothing in memory times out or is unreadable for a while.
        assert_eq!(others, ["DependencyTimeoutException", "KeyUnavailableException"]);
    });
}

/// Spec: API-012, API-016
#[test]
fn exceptions_that_no_operation_declares_have_their_codes_and_texts() {
    pollster::block_on(async {
        let kms = Kms::in_memory();
        let client = kms.aws_sdk_client(REGION, root()).unwrap();
        let error = client.generate_random().number_of_bytes(1025).send().await.unwrap_err().into_service_error();
        assert_eq!(error.meta().code(), Some("ValidationException"));
        let text = "1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy constraint: Member must \
             have value less than or equal to 1024";
        assert_eq!(error.meta().message(), Some(text));

        let bob = kms.aws_sdk_client(REGION, Caller::user(ACCOUNT, "bob").unwrap()).unwrap();
        let error = bob.list_keys().send().await.unwrap_err().into_service_error();
        assert_eq!(error.meta().code(), Some("AccessDeniedException"));
        let text = "User: arn:aws:iam::111122223333:user/bob is not authorized to perform: kms:ListKeys";
        assert!(error.meta().message().unwrap().starts_with(text), "{error:?}");
    });
}

async fn key(client: &Client) -> (String, String) {
    let created = client.create_key().send().await.unwrap();
    let metadata = created.key_metadata().unwrap();
    (metadata.key_id().to_owned(), metadata.arn().unwrap().to_owned())
}

async fn names(client: &Client, seen: &mut Seen) {
    let (id, _) = key(client).await;
    refused!(seen, client.describe_key().key_id("none"), "NotFoundException", "Invalid keyId 'none'");
    let create = |name: &str| client.create_alias().alias_name(name).target_key_id(&id);
    create("alias/a").send().await.unwrap();
    let alias = "arn:aws:kms:us-west-2:111122223333:alias/a";
    let text = format!("An alias with the name {alias} already exists");
    refused!(seen, create("alias/a"), "AlreadyExistsException", text);
    let error = create("alias/aws/a").send().await.unwrap_err().into_service_error();
    assert!(error.is_invalid_alias_name_exception() && error.meta().message().is_some(), "{error:?}");
    seen.insert(error.meta().code().unwrap().to_owned());
    let text = "Key Aliases are not supported for this operation";
    refused!(seen, client.enable_key_rotation().key_id(alias), "InvalidArnException", text);
    let text = "The marker was not issued for this list; start again without one.";
    refused!(seen, client.list_keys().marker("a"), "InvalidMarkerException", text);
}

async fn states(client: &Client, seen: &mut Seen) {
    let (id, arn) = key(client).await;
    let encrypt = || client.encrypt().key_id(&id).plaintext(Blob::new("a"));
    let text = "The request would have succeeded, but the DryRun option is set.";
    refused!(seen, encrypt().dry_run(true), "DryRunOperationException", text);
    client.disable_key().key_id(&id).send().await.unwrap();
    refused!(seen, encrypt(), "DisabledException", format!("{arn} is disabled."));
    client.schedule_key_deletion().key_id(&id).send().await.unwrap();
    refused!(seen, encrypt(), "KMSInvalidStateException", format!("{arn} is pending deletion."));
    let (id, arn) = key(client).await;
    let replicate = client.replicate_key().key_id(&id).replica_region("eu-west-1");
    let text = format!("{arn} is not a multi-region primary key.");
    refused!(seen, replicate, "UnsupportedOperationException", text);
}

async fn documents(client: &Client, seen: &mut Seen) {
    let (id, _) = key(client).await;
    let put = |policy: &str| client.put_key_policy().key_id(&id).policy(policy);
    let lockout = r#"{ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": { "AWS": "111122223333" }, "Action": "kms:GetKeyPolicy", "Resource": "*"
    } }"#;
    let text = "The new key policy will not allow you to update the key policy in the future.";
    refused!(seen, put(lockout), "MalformedPolicyDocumentException", text);
    let error = put(&" ".repeat(32_769)).send().await.unwrap_err().into_service_error();
    assert!(error.is_limit_exceeded_exception() && error.meta().message().is_some(), "{error:?}");
    seen.insert(error.meta().code().unwrap().to_owned());
    let tag = Tag::builder().tag_key("aws:a").tag_value("b").build().unwrap();
    let text = "Tags beginning with aws: are reserved";
    refused!(seen, client.tag_resource().key_id(&id).tags(tag), "TagException", text);
}

async fn ciphertexts(client: &Client, seen: &mut Seen) {
    let ((one, arn), (two, _)) = (key(client).await, key(client).await);
    let sealed = client.encrypt().key_id(&one).plaintext(Blob::new("a")).send().await.unwrap();
    let decrypt = || client.decrypt().ciphertext_blob(sealed.ciphertext_blob().unwrap().clone());
    let text = "The key ID in the request does not identify a CMK that can perform this operation.";
    refused!(seen, decrypt().key_id(&two), "IncorrectKeyException", text);
    refused!(seen, decrypt().encryption_context("a", "b"), "InvalidCiphertextException", "");

    let mac = client.generate_mac().key_id(&one).message(Blob::new("a")).mac_algorithm(MacAlgorithmSpec::HmacSha256);
    let text = format!("{arn} key usage is ENCRYPT_DECRYPT which is not valid for GenerateMac.");
    refused!(seen, mac, "InvalidKeyUsageException", text);
    let maker = client.create_key().key_spec(KeySpec::Hmac256).key_usage(KeyUsageType::GenerateVerifyMac);
    let maker = maker.send().await.unwrap();
    let verify = client.verify_mac().key_id(maker.key_metadata().unwrap().key_id()).message(Blob::new("a"));
    let verify = verify.mac(Blob::new([0; 32])).mac_algorithm(MacAlgorithmSpec::HmacSha256);
    refused!(seen, verify, "KMSInvalidMacException", "");
    let signer = client.create_key().key_spec(KeySpec::EccNistP256).key_usage(KeyUsageType::SignVerify);
    let signer = signer.send().await.unwrap();
    let verify = client.verify().key_id(signer.key_metadata().unwrap().key_id()).message(Blob::new("a"));
    let verify = verify.signature(Blob::new([0; 8])).signing_algorithm(SigningAlgorithmSpec::EcdsaSha256);
    refused!(seen, verify, "KMSInvalidSignatureException", "");
}

async fn grants(client: &Client, seen: &mut Seen) {
    let (id, _) = key(client).await;
    let text = "The grant token is not one of this system.";
    refused!(seen, client.retire_grant().grant_token("a"), "InvalidGrantTokenException", text);
    let revoke = client.revoke_grant().key_id(&id).grant_id("a");
    refused!(seen, revoke, "InvalidGrantIdException", "Invalid grant ID 'a'");
    let missing = client.create_grant().key_id("none").grantee_principal("arn:aws:iam::111122223333:root");
    refused!(seen, missing.operations(GrantOperation::Encrypt), "NotFoundException", "Invalid keyId 'none'");
}

async fn rotations(client: &Client, clock: &ManualClock, seen: &mut Seen) {
    let (id, arn) = key(client).await;
    client.enable_key_rotation().key_id(&id).rotation_period_in_days(90).send().await.unwrap();
    clock.advance(Duration::from_secs(90 * 86_400 - 600));
    let text = format!("An automatic rotation of {arn} is due within 20 minutes.");
    refused!(seen, client.rotate_key_on_demand().key_id(&id), "ConflictException", text);
}

async fn imports(client: &Client, clock: &ManualClock, seen: &mut Seen) {
    let created = client.create_key().origin(OriginType::External).send().await.unwrap();
    let id = created.key_metadata().unwrap().key_id();
    let parameters = client.get_parameters_for_import().key_id(id).wrapping_algorithm(AlgorithmSpec::RsaesOaepSha256);
    let parameters = parameters.wrapping_key_spec(WrappingKeySpec::Rsa2048).send().await.unwrap();
    let public = parameters.public_key().unwrap().as_ref();
    let wrapping_key = DefaultProvider.public_key(KeyPairAlgorithm::Rsa2048, public).unwrap();
    let scheme = WrappingScheme::Direct(EncryptionScheme::RsaOaepSha256);
    let wrap = |material: &[u8]| scheme.wrap(&DefaultProvider, &*wrapping_key, material, &SystemEntropy).unwrap();
    let import = |material: &[u8]| {
        let call = client.import_key_material().key_id(id).encrypted_key_material(Blob::new(wrap(material)));
        let call = call.import_token(parameters.import_token().unwrap().clone());
        call.expiration_model(aws_sdk_kms::types::ExpirationModelType::KeyMaterialDoesNotExpire)
    };
    let text = "The import token is not one for this key; get new parameters.";
    let damaged = import(&[7; 32]).import_token(Blob::new("a"));
    refused!(seen, damaged, "InvalidImportTokenException", text);
    import(&[7; 32]).send().await.unwrap();
    let other = import(&[8; 32]).import_type(aws_sdk_kms::types::ImportType::ExistingKeyMaterial);
    let error = other.send().await.unwrap_err().into_service_error();
    assert!(error.is_incorrect_key_material_exception(), "{error:?}");
    assert!(error.meta().message().unwrap().starts_with("The imported material "), "{error:?}");
    seen.insert(error.meta().code().unwrap().to_owned());
    clock.advance(Duration::from_secs(86_400 + 1));
    let text = "The import token has expired; get new parameters.";
    refused!(seen, import(&[7; 32]), "ExpiredImportTokenException", text);
}

async fn internal(seen: &mut Seen) {
    struct Broken;

    impl AuditSink for Broken {
        fn record(&self, _: &Arc<AuditRecord>) -> Result<(), SinkError> {
            Err(SinkError::new("full"))
        }
    }

    let kms = Kms::builder().audit_sink(Broken).build().unwrap();
    let client = kms.aws_sdk_client(REGION, root()).unwrap();
    let error = client.list_keys().send().await.unwrap_err().into_service_error();
    assert!(error.is_kms_internal_exception(), "{error:?}");
    seen.insert(error.meta().code().unwrap().to_owned());
}
