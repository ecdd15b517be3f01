//! Every operation, as the SDK calls and understands it.

use std::sync::Arc;

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{
    AlgorithmSpec, DataKeyPairSpec, DataKeySpec, EncapsulationAlgorithmSpec, EncryptionAlgorithmSpec,
    ExpirationModelType, GrantConstraints, GrantOperation, IncludeKeyMaterial, KeyAgreementAlgorithmSpec, KeySpec,
    KeyState, KeyUsageType, MacAlgorithmSpec, MultiRegionKeyType, OriginType, SigningAlgorithmSpec, Tag,
    WrappingKeySpec,
};
use keystead::crypto::entropy::SystemEntropy;
use keystead::crypto::{DefaultProvider, EncryptionScheme, KeyPairAlgorithm, Provider, WrappingScheme};
use keystead::{Kms, ManualClock};

use crate::checked::Checked;
use crate::support::model::Model;
use crate::support::root;

/// Spec: API-001, API-002, API-110, API-119
#[test]
fn the_sdk_carries_out_every_operation() {
    pollster::block_on(async {
        // A month before the expiry of imported material below.
        let clock = Arc::new(ManualClock::at("2096-09-01T00:00:00Z"));
        let kms = Kms::builder().clock(clock).build().unwrap();
        let checked = Checked::new(&kms, root());
        let client = &checked.client(&kms);
        keys(client).await;
        aliases_tags_and_policies(client).await;
        grants(client).await;
        encryption(client).await;
        data_key_pairs_and_random(client).await;
        signatures_and_macs(client).await;
        agreements(client).await;
        rotation(client).await;
        imports(client).await;
        regions(client).await;
        key_stores(client).await;
        assert!(checked.called().iter().eq(Model::get().operations.keys()));
    });
}

async fn new_key(client: &Client, spec: KeySpec, usage: KeyUsageType) -> String {
    let created = client.create_key().key_spec(spec).key_usage(usage).send().await.unwrap();
    created.key_metadata().unwrap().key_id().to_owned()
}

async fn symmetric_key(client: &Client) -> String {
    new_key(client, KeySpec::SymmetricDefault, KeyUsageType::EncryptDecrypt).await
}

async fn keys(client: &Client) {
    let tag = Tag::builder().tag_key("team").tag_value("payments").build().unwrap();
    let created = client.create_key().description("orders").tags(tag).send().await.unwrap();
    let metadata = created.key_metadata().unwrap();
    let id = metadata.key_id();
    assert_eq!(metadata.arn(), Some(format!("arn:aws:kms:us-west-2:111122223333:key/{id}").as_str()));
    assert_eq!(metadata.aws_account_id(), Some("111122223333"));
    assert_eq!((metadata.description(), metadata.enabled()), (Some("orders"), true));
    assert_eq!(metadata.encryption_algorithms(), [EncryptionAlgorithmSpec::SymmetricDefault]);
    assert_eq!((metadata.deletion_date(), metadata.multi_region_configuration()), (None, None));
    assert!(metadata.creation_date().is_some() && metadata.current_key_material_id().is_some());

    client.update_key_description().key_id(id).description("returns").send().await.unwrap();
    client.disable_key().key_id(id).send().await.unwrap();
    let described = client.describe_key().key_id(id).send().await.unwrap();
    let metadata = described.key_metadata().unwrap();
    assert_eq!((metadata.description(), metadata.key_state()), (Some("returns"), Some(&KeyState::Disabled)));
    client.enable_key().key_id(id).send().await.unwrap();

    let scheduled = client.schedule_key_deletion().key_id(id).pending_window_in_days(7).send().await.unwrap();
    assert_eq!(
        (scheduled.key_state(), scheduled.pending_window_in_days()),
        (Some(&KeyState::PendingDeletion), Some(7))
    );
    assert!(scheduled.deletion_date().is_some());
    client.describe_key().key_id(id).send().await.unwrap();
    let cancelled = client.cancel_key_deletion().key_id(id).send().await.unwrap();
    assert!(cancelled.key_id().unwrap().ends_with(id));

    let listed = client.list_keys().send().await.unwrap();
    assert_eq!((listed.keys()[0].key_id(), listed.truncated()), (Some(id), false));
    let last = client.get_key_last_usage().key_id(id).send().await.unwrap();
    assert_eq!(last.key_last_usage().unwrap().operation(), None);
}

async fn aliases_tags_and_policies(client: &Client) {
    let (first, second) = (symmetric_key(client).await, symmetric_key(client).await);
    client.create_alias().alias_name("alias/orders").target_key_id(&first).send().await.unwrap();
    client.update_alias().alias_name("alias/orders").target_key_id(&second).send().await.unwrap();
    let listed = client.list_aliases().key_id(&second).send().await.unwrap();
    let alias = &listed.aliases()[0];
    assert_eq!((alias.alias_name(), alias.target_key_id()), (Some("alias/orders"), Some(second.as_str())));
    assert_eq!(alias.alias_arn(), Some("arn:aws:kms:us-west-2:111122223333:alias/orders"));
    assert!(alias.creation_date().is_some() && alias.last_updated_date().is_some());
    client.delete_alias().alias_name("alias/orders").send().await.unwrap();

    let tag = |key: &str| Tag::builder().tag_key(key).tag_value("").build().unwrap();
    client.tag_resource().key_id(&first).tags(tag("a")).tags(tag("b")).send().await.unwrap();
    client.untag_resource().key_id(&first).tag_keys("a").send().await.unwrap();
    let tags = client.list_resource_tags().key_id(&first).send().await.unwrap();
    assert_eq!(tags.tags(), [tag("b")]);

    let policy = client.get_key_policy().key_id(&first).send().await.unwrap();
    assert_eq!(policy.policy_name(), Some("default"));
    client.put_key_policy().key_id(&first).policy(policy.policy().unwrap()).send().await.unwrap();
    let names = client.list_key_policies().key_id(&first).send().await.unwrap();
    assert_eq!(names.policy_names(), ["default"]);
}

async fn grants(client: &Client) {
    let id = symmetric_key(client).await;
    let principal = "arn:aws:iam::111122223333:root";
    let constraints = GrantConstraints::builder().encryption_context_subset("order", "42").build();
    let create = || {
        client
            .create_grant()
            .key_id(&id)
            .name("nightly")
            .grantee_principal(principal)
            .retiring_principal(principal)
            .operations(GrantOperation::Decrypt)
            .operations(GrantOperation::RetireGrant)
    };
    let granted = create().constraints(constraints.clone()).send().await.unwrap();
    for grants in [
        client.list_grants().key_id(&id).send().await.unwrap().grants().to_vec(),
        client.list_retirable_grants().retiring_principal(principal).send().await.unwrap().grants().to_vec(),
    ] {
        let [grant] = grants.as_slice() else { panic!("{grants:?}") };
        assert_eq!((grant.grant_id(), grant.name()), (granted.grant_id(), Some("nightly")));
        assert_eq!(grant.operations(), [GrantOperation::Decrypt, GrantOperation::RetireGrant]);
        assert_eq!(grant.constraints(), Some(&constraints));
        assert_eq!((grant.grantee_principal(), grant.retiring_principal()), (Some(principal), Some(principal)));
        assert_eq!(grant.issuing_account(), Some(principal));
    }
    client.retire_grant().grant_token(granted.grant_token().unwrap()).send().await.unwrap();
    let other = create().send().await.unwrap();
    client.revoke_grant().key_id(&id).grant_id(other.grant_id().unwrap()).send().await.unwrap();
    assert!(client.list_grants().key_id(&id).send().await.unwrap().grants().is_empty());
}

async fn encryption(client: &Client) {
    let (first, second) = (symmetric_key(client).await, symmetric_key(client).await);
    let sealed = client
        .encrypt()
        .key_id(&first)
        .plaintext(Blob::new("orders"))
        .encryption_context("order", "42")
        .send()
        .await
        .unwrap();
    let moved = client
        .re_encrypt()
        .ciphertext_blob(sealed.ciphertext_blob().unwrap().clone())
        .source_encryption_context("order", "42")
        .destination_key_id(&second)
        .send()
        .await
        .unwrap();
    assert!(moved.source_key_id().unwrap().ends_with(&first) && moved.key_id().unwrap().ends_with(&second));
    assert!(moved.source_key_material_id().is_some() && moved.destination_key_material_id().is_some());
    let opened = client.decrypt().ciphertext_blob(moved.ciphertext_blob().unwrap().clone()).send().await.unwrap();
    assert_eq!(opened.plaintext().unwrap().as_ref(), b"orders");
    assert_eq!(opened.encryption_algorithm(), Some(&EncryptionAlgorithmSpec::SymmetricDefault));
    assert!(opened.key_material_id().is_some());

    let data_key = client.generate_data_key().key_id(&first).key_spec(DataKeySpec::Aes256).send().await.unwrap();
    let again = client.decrypt().ciphertext_blob(data_key.ciphertext_blob().unwrap().clone()).send().await.unwrap();
    assert_eq!((data_key.plaintext(), data_key.plaintext().unwrap().as_ref().len()), (again.plaintext(), 32));
    let hidden = client.generate_data_key_without_plaintext().key_id(&first).number_of_bytes(16).send().await.unwrap();
    let shown = client.decrypt().ciphertext_blob(hidden.ciphertext_blob().unwrap().clone()).send().await.unwrap();
    assert_eq!(shown.plaintext().unwrap().as_ref().len(), 16);
    let last = client.get_key_last_usage().key_id(&first).send().await.unwrap();
    assert!(last.key_last_usage().unwrap().operation().is_some());
}

async fn data_key_pairs_and_random(client: &Client) {
    let id = symmetric_key(client).await;
    let pair =
        client.generate_data_key_pair().key_id(&id).key_pair_spec(DataKeyPairSpec::EccNistP256).send().await.unwrap();
    assert!(pair.public_key().is_some() && pair.key_material_id().is_some());
    let private = pair.private_key_ciphertext_blob().unwrap().clone();
    let opened = client.decrypt().ciphertext_blob(private).send().await.unwrap();
    assert_eq!(opened.plaintext(), pair.private_key_plaintext());
    let hidden = client
        .generate_data_key_pair_without_plaintext()
        .key_id(&id)
        .key_pair_spec(DataKeyPairSpec::Rsa2048)
        .send()
        .await
        .unwrap();
    assert_eq!(hidden.key_pair_spec(), Some(&DataKeyPairSpec::Rsa2048));
    let random = client.generate_random().number_of_bytes(1024).send().await.unwrap();
    assert_eq!(random.plaintext().unwrap().as_ref().len(), 1024);
}

async fn signatures_and_macs(client: &Client) {
    let signer = new_key(client, KeySpec::EccNistP256, KeyUsageType::SignVerify).await;
    let (message, algorithm) = (Blob::new("contract"), SigningAlgorithmSpec::EcdsaSha256);
    let sign = client.sign().key_id(&signer).message(message.clone()).signing_algorithm(algorithm.clone());
    let signature = sign.send().await.unwrap().signature().unwrap().clone();
    let verify = client.verify().key_id(&signer).message(message.clone()).signature(signature.clone());
    assert!(verify.signing_algorithm(algorithm.clone()).send().await.unwrap().signature_valid());
    let public = client.get_public_key().key_id(&signer).send().await.unwrap();
    assert_eq!(public.signing_algorithms(), [algorithm]);
    let key = DefaultProvider.public_key(KeyPairAlgorithm::P256, public.public_key().unwrap().as_ref());
    assert!(key.is_ok());

    let maker = new_key(client, KeySpec::Hmac256, KeyUsageType::GenerateVerifyMac).await;
    let algorithm = MacAlgorithmSpec::HmacSha256;
    let generate = client.generate_mac().key_id(&maker).message(message.clone()).mac_algorithm(algorithm.clone());
    let mac = generate.send().await.unwrap().mac().unwrap().clone();
    let verify = client.verify_mac().key_id(&maker).message(message).mac_algorithm(algorithm).mac(mac);
    assert!(verify.send().await.unwrap().mac_valid());
}

async fn agreements(client: &Client) {
    let one = new_key(client, KeySpec::EccNistP256, KeyUsageType::KeyAgreement).await;
    let two = new_key(client, KeySpec::EccNistP256, KeyUsageType::KeyAgreement).await;
    let public =
        async |id: &str| client.get_public_key().key_id(id).send().await.unwrap().public_key().unwrap().clone();
    let derive = async |id: &str, public: Blob| {
        let call = client.derive_shared_secret().key_id(id).public_key(public);
        call.key_agreement_algorithm(KeyAgreementAlgorithmSpec::Ecdh).send().await.unwrap()
    };
    let (left, right) = (derive(&one, public(&two).await).await, derive(&two, public(&one).await).await);
    assert_eq!(left.shared_secret(), right.shared_secret());
    assert_eq!((left.shared_secret().unwrap().as_ref().len(), left.key_origin()), (32, Some(&OriginType::AwsKms)));

    let kem = new_key(client, KeySpec::MlKem768, KeyUsageType::EncapsulateDecapsulate).await;
    let encapsulate = client.encapsulate().key_id(&kem).encapsulation_algorithm(EncapsulationAlgorithmSpec::MlKem);
    let sent = encapsulate.send().await.unwrap();
    let received = client
        .decapsulate()
        .key_id(&kem)
        .encapsulation_algorithm(EncapsulationAlgorithmSpec::MlKem)
        .shared_secret_ciphertext_blob(sent.shared_secret_ciphertext_blob().unwrap().clone())
        .send()
        .await
        .unwrap();
    assert_eq!(sent.shared_secret(), received.shared_secret());
}

async fn rotation(client: &Client) {
    let id = symmetric_key(client).await;
    client.enable_key_rotation().key_id(&id).rotation_period_in_days(90).send().await.unwrap();
    let status = client.get_key_rotation_status().key_id(&id).send().await.unwrap();
    assert_eq!((status.key_rotation_enabled(), status.rotation_period_in_days()), (true, Some(90)));
    assert!(status.next_rotation_date().is_some());
    client.disable_key_rotation().key_id(&id).send().await.unwrap();
    let rotated = client.rotate_key_on_demand().key_id(&id).send().await.unwrap();
    assert!(rotated.key_id().unwrap().ends_with(&id));
    client.describe_key().key_id(&id).send().await.unwrap();
    let list = client.list_key_rotations().key_id(&id).include_key_material(IncludeKeyMaterial::AllKeyMaterial);
    let rotations = list.send().await.unwrap();
    assert!(rotations.rotations().iter().all(|rotation| rotation.key_material_id().is_some()));
    assert!(!rotations.rotations().is_empty());
}

async fn imports(client: &Client) {
    let created = client.create_key().origin(OriginType::External).send().await.unwrap();
    let id = created.key_metadata().unwrap().key_id();
    let parameters = client
        .get_parameters_for_import()
        .key_id(id)
        .wrapping_algorithm(AlgorithmSpec::RsaesOaepSha256)
        .wrapping_key_spec(WrappingKeySpec::Rsa2048)
        .send()
        .await
        .unwrap();
    assert!(parameters.parameters_valid_to().is_some());
    let public = parameters.public_key().unwrap().as_ref();
    let wrapping_key = DefaultProvider.public_key(KeyPairAlgorithm::Rsa2048, public).unwrap();
    let scheme = WrappingScheme::Direct(EncryptionScheme::RsaOaepSha256);
    let wrapped = scheme.wrap(&DefaultProvider, &*wrapping_key, &[7; 32], &SystemEntropy).unwrap();
    let imported = client
        .import_key_material()
        .key_id(id)
        .import_token(parameters.import_token().unwrap().clone())
        .encrypted_key_material(Blob::new(wrapped))
        .expiration_model(ExpirationModelType::KeyMaterialExpires)
        .valid_to(aws_sdk_kms::primitives::DateTime::from_millis(4_000_000_000_123))
        .send()
        .await
        .unwrap();
    assert!(imported.key_material_id().is_some());
    let described = client.describe_key().key_id(id).send().await.unwrap();
    let valid_to = described.key_metadata().unwrap().valid_to().unwrap();
    assert_eq!(valid_to.to_millis().unwrap(), 4_000_000_000_123);
    let deleted = client.delete_imported_key_material().key_id(id).send().await.unwrap();
    assert_eq!(deleted.key_material_id(), imported.key_material_id());
}

async fn regions(client: &Client) {
    let created = client.create_key().multi_region(true).send().await.unwrap();
    let id = created.key_metadata().unwrap().key_id();
    let replicated = client.replicate_key().key_id(id).replica_region("eu-west-1").send().await.unwrap();
    let metadata = replicated.replica_key_metadata().unwrap();
    assert_eq!(metadata.key_state(), Some(&KeyState::Creating));
    assert!(replicated.replica_policy().is_some() && replicated.replica_tags().is_empty());
    let described = client.describe_key().key_id(id).send().await.unwrap();
    let configuration = described.key_metadata().unwrap().multi_region_configuration().unwrap().clone();
    assert_eq!(configuration.multi_region_key_type(), Some(&MultiRegionKeyType::Primary));
    assert_eq!(configuration.primary_key().unwrap().region(), Some("us-west-2"));
    assert_eq!(configuration.replica_keys()[0].region(), Some("eu-west-1"));
    client.update_primary_region().key_id(id).primary_region("eu-west-1").send().await.unwrap();
    let described = client.describe_key().key_id(id).send().await.unwrap();
    let configuration = described.key_metadata().unwrap().multi_region_configuration().unwrap().clone();
    assert_eq!(configuration.multi_region_key_type(), Some(&MultiRegionKeyType::Replica));
}

/// There are none yet: every operation says so.
async fn key_stores(client: &Client) {
    macro_rules! unsupported {
        ($($call:expr),*) => {
            $({
                let error = $call.send().await.unwrap_err().into_service_error();
                let code = error.meta().code();
                assert_eq!(code, Some("UnsupportedOperationException"), "{error:?}");
            })*
        };
    }
    unsupported!(
        client.create_custom_key_store().custom_key_store_name("store"),
        client.connect_custom_key_store().custom_key_store_id("cks-1"),
        client.disconnect_custom_key_store().custom_key_store_id("cks-1"),
        client.update_custom_key_store().custom_key_store_id("cks-1"),
        client.describe_custom_key_stores(),
        client.delete_custom_key_store().custom_key_store_id("cks-1")
    );
}
