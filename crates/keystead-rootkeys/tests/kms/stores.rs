//! Instances on durable stores.

use keystead::store::{Batch, Expect, Store};
use keystead::{QuotaProfile, replace_root_key, restore_backup};
use keystead_hierarchy::RootKey;
use keystead_hierarchy::root::conformance;
use keystead_rootkeys::KmsRootKey;

use crate::support::{Disk, Elsewhere, REGION, WAYS, Way, file_root_key, fill, opens};

/// Spec: OVR-18
#[test]
fn a_kms_key_passes_the_suite_of_root_keys() {
    for way in WAYS {
        let elsewhere = Elsewhere::new();
        elsewhere.set_quotas(QuotaProfile::UNLIMITED);
        conformance::run(|| elsewhere.root_key(way), || elsewhere.other_root_key(way));
    }
}

/// Spec: OVR-18
#[test]
fn a_store_opens_again() {
    for way in WAYS {
        let (elsewhere, disk) = (Elsewhere::new(), Disk::new());
        let kms = disk.open(elsewhere.root_key(way)).unwrap();
        let sealed = fill(&kms);
        opens(&kms, &sealed);
        drop(kms);
        opens(&disk.open(elsewhere.root_key(way)).unwrap(), &sealed);
        // However it is reached, the key is the same.
        let other_way = WAYS.into_iter().find(|other| *other != way).unwrap();
        opens(&disk.open(elsewhere.root_key(other_way)).unwrap(), &sealed);
    }
}

/// One call for the instance and one for each Region, and none for what is done with keys.
#[test]
fn the_kms_is_asked_once_for_each_secret() {
    for way in WAYS {
        let (elsewhere, disk) = (Elsewhere::new(), Disk::new());
        let kms = disk.open(elsewhere.root_key(way)).unwrap();
        let sealed = fill(&kms);
        assert_eq!(elsewhere.calls("Encrypt"), [None, None, None]);
        assert_eq!(elsewhere.calls("Decrypt"), []);
        drop(kms);
        let kms = disk.open(elsewhere.root_key(way)).unwrap();
        assert_eq!(elsewhere.calls("Decrypt"), [None], "a Region is opened when it is first touched");
        for _ in 0..3 {
            opens(&kms, &sealed);
        }
        assert_eq!(elsewhere.calls("Decrypt"), [None, None, None]);
        assert_eq!(elsewhere.calls("Encrypt").len(), 3);
    }
}

/// Key policies and the trail of the KMS can go by the encryption context.
#[test]
fn the_trail_of_the_kms_says_what_was_opened() {
    for way in WAYS {
        let (elsewhere, disk) = (Elsewhere::new(), Disk::new());
        fill(&disk.open(elsewhere.root_key(way)).unwrap());
        let trail = elsewhere.kms.audit_trail();
        let parameters: Vec<String> = trail
            .iter()
            .filter(|record| record.event_name == "Encrypt")
            .map(|record| format!("{:?}", record.request_parameters))
            .collect();
        assert_eq!(parameters.len(), 3);
        assert!(parameters.iter().all(|text| text.contains("keystead-purpose") && text.contains("root key v1")));
        let mut distinct = parameters.clone();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), 3, "each secret is bound to its place: {parameters:?}");
    }
}

/// Spec: OVR-18
#[test]
fn another_kms_key_is_refused_and_writes_nothing() {
    for way in WAYS {
        let (elsewhere, disk) = (Elsewhere::new(), Disk::new());
        fill(&disk.open(elsewhere.root_key(way)).unwrap());
        let before = disk.contents();
        let calls = elsewhere.kms.audit_trail().len();
        let error = disk.open(elsewhere.other_root_key(way)).unwrap_err();
        let needed = elsewhere.root_key(way).id().unwrap().to_string();
        assert!(error.contains("start with the root key of this store") && error.contains(&needed), "{error}");
        let error = disk.open(file_root_key(&disk)).unwrap_err();
        assert!(error.contains("start with the root key of this store") && error.contains(&needed), "{error}");
        assert_eq!(disk.contents(), before);
        assert_eq!(elsewhere.kms.audit_trail().len(), calls, "the KMS need not be asked which key it is");
    }
}

/// Spec: OVR-18
#[test]
fn damage_in_the_store_is_named() {
    for way in WAYS {
        let (elsewhere, disk) = (Elsewhere::new(), Disk::new());
        fill(&disk.open(elsewhere.root_key(way)).unwrap());
        let store = disk.store();
        let entry = store.get(INSTANCE_SECRET).unwrap().unwrap();
        let mut damaged = entry.value.to_vec();
        *damaged.last_mut().unwrap() ^= 1;
        let mut batch = Batch::new();
        batch.put(INSTANCE_SECRET, damaged, Expect::Revision(entry.revision));
        store.commit(batch).unwrap();
        drop(store);
        let error = disk.open(elsewhere.root_key(way)).unwrap_err();
        assert!(error.contains("is damaged or belongs elsewhere"), "{error}");
    }
}

/// Spec: OVR-17, OVR-18
#[test]
fn a_root_key_moves_from_a_file_into_a_kms_and_back() {
    for way in WAYS {
        let (elsewhere, disk) = (Elsewhere::new(), Disk::new());
        let sealed = fill(&disk.open(file_root_key(&disk)).unwrap());

        let store = disk.store();
        assert_eq!(replace_root_key(&store, &file_root_key(&disk), &elsewhere.root_key(way)).unwrap(), 3);
        drop(store);
        let error = disk.open(file_root_key(&disk)).unwrap_err();
        assert!(error.contains("start with the root key of this store"), "{error}");
        opens(&disk.open(elsewhere.root_key(way)).unwrap(), &sealed);

        let store = disk.store();
        assert_eq!(replace_root_key(&store, &elsewhere.root_key(way), &elsewhere.other_root_key(way)).unwrap(), 3);
        drop(store);
        assert!(disk.open(elsewhere.root_key(way)).is_err());
        opens(&disk.open(elsewhere.other_root_key(way)).unwrap(), &sealed);

        let store = disk.store();
        assert_eq!(replace_root_key(&store, &elsewhere.other_root_key(way), &file_root_key(&disk)).unwrap(), 3);
        drop(store);
        opens(&disk.open(file_root_key(&disk)).unwrap(), &sealed);
    }
}

/// Spec: OVR-18
#[test]
fn a_backup_needs_the_kms_key() {
    for way in WAYS {
        let (elsewhere, disk, restored) = (Elsewhere::new(), Disk::new(), Disk::new());
        let kms = disk.open(elsewhere.root_key(way)).unwrap();
        let sealed = fill(&kms);
        let mut backup = Vec::new();
        kms.backup(&mut backup).unwrap();

        let error = restore_backup(&restored.store(), &elsewhere.other_root_key(way), backup.as_slice()).unwrap_err();
        assert!(error.to_string().contains(&elsewhere.root_key(way).id().unwrap().to_string()), "{error}");
        assert_eq!(restored.contents(), []);
        restore_backup(&restored.store(), &elsewhere.root_key(way), backup.as_slice()).unwrap();
        opens(&restored.open(elsewhere.root_key(way)).unwrap(), &sealed);
    }
}

/// A root key that cannot be used leaves the store under the former one.
///
/// Spec: OVR-18
#[test]
fn a_replacement_that_fails_changes_nothing() {
    for way in WAYS {
        let (elsewhere, disk) = (Elsewhere::new(), Disk::new());
        let sealed = fill(&disk.open(file_root_key(&disk)).unwrap());
        let before = disk.contents();
        elsewhere.admin.disable_key(elsewhere.key.as_str()).send().unwrap();
        let store = disk.store();
        let error = replace_root_key(&store, &file_root_key(&disk), &elsewhere.root_key(way)).unwrap_err();
        assert!(error.to_string().contains("is disabled"), "{error}");
        drop(store);
        assert_eq!(disk.contents(), before);
        opens(&disk.open(file_root_key(&disk)).unwrap(), &sealed);
    }
}

/// What was sealed under former material opens, and the KMS seals under the current.
#[test]
fn the_kms_key_may_rotate() {
    for way in WAYS {
        let (elsewhere, disk) = (Elsewhere::new(), Disk::new());
        let root_key = elsewhere.root_key(way);
        let sealed = fill(&disk.open(elsewhere.root_key(way)).unwrap());
        let id = root_key.id();
        for _ in 0..2 {
            elsewhere.admin.rotate_key_on_demand(elsewhere.key.as_str()).send().unwrap();
            elsewhere.clock.advance_days(1);
            let kms = disk.open(elsewhere.root_key(way)).unwrap();
            opens(&kms, &sealed);
            let client = kms.client(REGION, keystead::Caller::account_root("111122223333").unwrap()).unwrap();
            kms.rotate_domain_key(REGION.parse().unwrap()).unwrap();
            client.create_key().send().unwrap();
        }
        assert_eq!(elsewhere.root_key(way).id(), id);
    }
}

/// For recovery when the Region of the primary key is lost.
#[test]
fn related_multi_region_keys_are_one_root_key() {
    for way in WAYS {
        let (elsewhere, disk) = (Elsewhere::new(), Disk::new());
        let created = elsewhere.admin.create_key().multi_region(true).send().unwrap();
        let primary = created.key_metadata.arn.to_string();
        let answer = elsewhere.admin.replicate_key(primary.as_str(), "eu-west-1").send().unwrap();
        let replica = answer.replica_key_metadata.arn.to_string();
        assert_ne!(primary, replica);
        let abroad = elsewhere.admin_in("eu-west-1");

        let sealed = fill(&disk.open(way.root_key(&elsewhere.admin, &elsewhere, &primary)).unwrap());
        let root_key = way.root_key(&abroad, &elsewhere, &replica);
        opens(&disk.open(root_key).unwrap(), &sealed);
    }
}

#[test]
fn a_root_key_names_its_key_and_no_secret() {
    for way in WAYS {
        let elsewhere = Elsewhere::new();
        let root_key = elsewhere.root_key(way);
        let shown = format!("{root_key:?}");
        assert_eq!(shown, format!("KmsRootKey({}, {})", elsewhere.key, root_key.id().unwrap()));
        assert_eq!(root_key.key_arn().to_string(), elsewhere.key);
    }
}

/// An alias may be turned to another key, so it cannot name a root key.
#[test]
fn a_root_key_is_named_by_the_arn_of_a_key() {
    let elsewhere = Elsewhere::new();
    let key_id = elsewhere.key.rsplit('/').next().unwrap();
    for text in ["", "alias/root", key_id, "arn:aws:kms:us-west-2:111122223333:alias/root", "arn:aws:s3:::bucket"] {
        let error = KmsRootKey::keystead(elsewhere.admin.clone(), text).unwrap_err();
        assert!(error.to_string().contains("is not the ARN of a KMS key"), "{error}");
    }
}

/// The ways differ in what they need, not in what they do.
#[test]
fn each_way_opens_what_the_other_has_sealed() {
    let elsewhere = Elsewhere::new();
    let [sdk, direct] = [Way::Sdk, Way::Direct].map(|way| elsewhere.root_key(way));
    assert_eq!(sdk.id(), direct.id());
    let sealed = sdk.seal(b"domain key", b"aad").unwrap();
    assert_eq!(direct.open(&sealed, b"aad").unwrap().expose(), b"domain key");
    let sealed = direct.seal(b"domain key", b"aad").unwrap();
    assert_eq!(sdk.open(&sealed, b"aad").unwrap().expose(), b"domain key");
}

/// Where the facade keeps the secret of the instance.
const INSTANCE_SECRET: &[u8] = b"\0instance\0secret";
