//! Structures that several responses share (chapter 50, sections 4.3 and 4.4).

use keystead_hierarchy::MaterialId;
use keystead_hierarchy::spec::{
    Algorithms, EncapsulationAlgorithm, EncryptionAlgorithm, KeyAgreementAlgorithm, KeyKind, KeyManager, KeySpec,
    KeyState, KeyUsage, MacAlgorithmSpec, Origin, SigningAlgorithm,
};
use keystead_types::{AccountId, KeyArn, KeyId, Region, Timestamp};

use super::imports::ExpirationModel;
use crate::audit::{FieldValue, Fields};
use crate::response::response;
use crate::snapshot::KeySnapshot;

response! {
    /// Everything about a key but its tags, aliases, policy and rotation. Members whose condition does not hold are
    /// absent (API-045).
    #[derive(Clone, Debug, PartialEq, Eq)]
    KeyMetadata {
        /// The owner.
        #[cfg_attr(feature = "serde", serde(rename = "AWSAccountId"))]
        aws_account_id: AccountId,
        /// The key ID.
        key_id: KeyId,
        /// The key ARN.
        arn: KeyArn,
        /// When the key was created; its material may be newer.
        creation_date: Timestamp,
        /// Whether the state is `Enabled`.
        enabled: bool,
        /// The description; empty if never set.
        description: String,
        /// What the key may be used for.
        key_usage: KeyUsage,
        /// The state.
        key_state: KeyState,
        /// When the key will be deleted; in state `PendingDeletion`.
        deletion_date: Option<Timestamp>,
        /// When the first of the imported materials expires; while all are there, and one does.
        valid_to: Option<Timestamp>,
        /// Where the material comes from.
        origin: Origin,
        /// Whether imported material expires; while it is there.
        expiration_model: Option<ExpirationModel>,
        /// Who manages the key.
        key_manager: KeyManager,
        /// The old name of [`KeyMetadata::key_spec`], always equal to it.
        customer_master_key_spec: KeySpec,
        /// The kind of key material.
        key_spec: KeySpec,
        /// For usage `ENCRYPT_DECRYPT`.
        encryption_algorithms: Option<Vec<EncryptionAlgorithm>>,
        /// For usage `SIGN_VERIFY`.
        signing_algorithms: Option<Vec<SigningAlgorithm>>,
        /// For usage `KEY_AGREEMENT`.
        key_agreement_algorithms: Option<Vec<KeyAgreementAlgorithm>>,
        /// For usage `ENCAPSULATE_DECAPSULATE`.
        encapsulation_algorithms: Option<Vec<EncapsulationAlgorithm>>,
        /// For usage `GENERATE_VERIFY_MAC`.
        mac_algorithms: Option<Vec<MacAlgorithmSpec>>,
        /// Whether the key belongs to a set of related multi-Region keys.
        multi_region: bool,
        /// The set of related keys; for multi-Region keys.
        multi_region_configuration: Option<MultiRegionConfiguration>,
        /// The waiting period that has not begun; in state `PendingReplicaDeletion`.
        pending_deletion_window_in_days: Option<u32>,
        /// The material that encrypts; for symmetric encryption keys.
        current_key_material_id: Option<MaterialId>,
    }
}

impl KeyMetadata {
    pub(crate) fn of(key: &KeySnapshot, now: Timestamp) -> Self {
        let record = &key.record;
        let state = key.state(now);
        let valid_to = key.material_expiry(now);
        let symmetric = record.spec.kind() == KeyKind::SymmetricEncryption;
        let mut metadata = Self {
            aws_account_id: key.arn.account,
            key_id: key.arn.key_id,
            arn: key.arn,
            creation_date: record.created,
            enabled: state == KeyState::Enabled,
            description: record.description.to_string(),
            key_usage: record.usage,
            key_state: state,
            deletion_date: record.deletion_due(now),
            valid_to,
            origin: record.origin,
            expiration_model: key.has_imported_material(now).then_some(match valid_to {
                Some(_) => ExpirationModel::Expires,
                None => ExpirationModel::DoesNotExpire,
            }),
            key_manager: record.manager,
            customer_master_key_spec: record.spec,
            key_spec: record.spec,
            encryption_algorithms: None,
            signing_algorithms: None,
            key_agreement_algorithms: None,
            encapsulation_algorithms: None,
            mac_algorithms: None,
            multi_region: key.arn.key_id.is_multi_region(),
            multi_region_configuration: MultiRegionConfiguration::of(key, now),
            pending_deletion_window_in_days: record.pending_window_days(now),
            current_key_material_id: key.current_material().filter(|_| symmetric).map(|material| material.id),
        };
        match record.spec.algorithms(record.usage) {
            Some(Algorithms::Encryption(list)) => metadata.encryption_algorithms = Some(list.to_vec()),
            Some(Algorithms::Signing(list)) => metadata.signing_algorithms = Some(list.to_vec()),
            Some(Algorithms::Mac(list)) => metadata.mac_algorithms = Some(list.to_vec()),
            Some(Algorithms::KeyAgreement(list)) => metadata.key_agreement_algorithms = Some(list.to_vec()),
            Some(Algorithms::Encapsulation(list)) => metadata.encapsulation_algorithms = Some(list.to_vec()),
            None => {}
        }
        metadata
    }

    /// The metadata as the audit record shows it (AUD-25).
    pub(crate) fn recorded(&self) -> Fields {
        let mut fields = Fields::new()
            .with("awsAccountId", self.aws_account_id.to_string())
            .with("keyId", self.key_id.to_string())
            .with("arn", self.arn.to_string())
            .with("creationDate", self.creation_date.to_audit_text())
            .with("enabled", self.enabled)
            .with("description", self.description.as_str())
            .with("keyUsage", self.key_usage.as_str())
            .with("keyState", self.key_state.as_str())
            .with("origin", self.origin.as_str())
            .with("keyManager", self.key_manager.as_str())
            .with("customerMasterKeySpec", self.customer_master_key_spec.as_str())
            .with("keySpec", self.key_spec.as_str());
        let mut list = |name: &'static str, names: Option<Vec<&'static str>>| {
            if let Some(names) = names {
                fields.push(name, names.into_iter().map(FieldValue::from).collect::<Vec<_>>());
            }
        };
        list("encryptionAlgorithms", names(&self.encryption_algorithms, |one| one.as_str()));
        list("signingAlgorithms", names(&self.signing_algorithms, |one| one.as_str()));
        list("macAlgorithms", names(&self.mac_algorithms, |one| one.as_str()));
        list("keyAgreementAlgorithms", names(&self.key_agreement_algorithms, |one| one.as_str()));
        list("encapsulationAlgorithms", names(&self.encapsulation_algorithms, |one| one.as_str()));
        fields.push("multiRegion", self.multi_region);
        if let Some(configuration) = &self.multi_region_configuration {
            fields.push("multiRegionConfiguration", configuration.recorded());
        }
        fields
    }
}

response! {
    /// A set of related multi-Region keys, as every one of them shows it (MRK-45).
    #[derive(Clone, Debug, PartialEq, Eq)]
    MultiRegionConfiguration {
        /// The role of the described key.
        multi_region_key_type: MultiRegionKeyType,
        /// The primary; the described key itself if it is that.
        primary_key: MultiRegionKey,
        /// All replicas, in every state; the described key among them if it is one.
        replica_keys: Vec<MultiRegionKey>,
    }
}

keystead_hierarchy::api_enum! {
    /// The role of a multi-Region key.
    pub enum MultiRegionKeyType("multi-Region key type") {
        /// The key of the set that can be replicated, and that owns what the set shares.
        Primary = "PRIMARY",
        /// A key made by ReplicateKey.
        Replica = "REPLICA",
    }
}

response! {
    /// A key of a set.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    MultiRegionKey {
        /// The key.
        arn: KeyArn,
        /// Its Region.
        region: Region,
    }
}

impl MultiRegionConfiguration {
    fn of(key: &KeySnapshot, now: Timestamp) -> Option<Self> {
        let related = key.record.related.as_ref()?;
        let named = |region| MultiRegionKey { arn: key.arn_in(region), region };
        let is_replica = key.is_replica(now);
        Some(Self {
            multi_region_key_type: if is_replica { MultiRegionKeyType::Replica } else { MultiRegionKeyType::Primary },
            primary_key: named(related.primary_at(now)),
            replica_keys: related.replicas_at(now).map(named).collect(),
        })
    }

    fn recorded(&self) -> Fields {
        let one =
            |key: &MultiRegionKey| Fields::new().with("arn", key.arn.to_string()).with("region", key.region.as_str());
        let replicas: Vec<FieldValue> = self.replica_keys.iter().map(|key| one(key).into()).collect();
        Fields::new()
            .with("multiRegionKeyType", self.multi_region_key_type.as_str())
            .with("primaryKey", one(&self.primary_key))
            .with("replicaKeys", replicas)
    }
}

/// The response of operations that have none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unit;

fn names<T>(list: &Option<Vec<T>>, name: impl Fn(&T) -> &'static str) -> Option<Vec<&'static str>> {
    list.as_ref().map(|list| list.iter().map(name).collect())
}
