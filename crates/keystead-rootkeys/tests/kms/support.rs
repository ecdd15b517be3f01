//! A KMS elsewhere, and stores whose root key it keeps.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use keystead::{Caller, Client, Kms, ManualClock, QuotaProfile};
use keystead_aws::sdk::AwsSdk;
use keystead_hierarchy::RootKey;
use keystead_redb::RedbStore;
use keystead_rootkeys::KmsRootKey;
use tempfile::TempDir;

pub(crate) const REGION: &str = "us-west-2";
const ACCOUNT: &str = "111122223333";

/// The ways to a KMS key. Each test of a KMS goes all of them.
pub(crate) const WAYS: [Way; 2] = [Way::Sdk, Way::Direct];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Sdk,
    Direct,
}

impl Way {
    pub(crate) fn root_key(self, client: &Client, elsewhere: &Elsewhere, key_arn: &str) -> KmsRootKey {
        match self {
            Self::Sdk => {
                let caller = elsewhere.caller(client.caller_arn());
                let sdk = elsewhere.kms.aws_sdk_client(client.region().as_str(), caller).unwrap();
                KmsRootKey::aws(&sdk, key_arn).unwrap()
            }
            Self::Direct => KmsRootKey::keystead(client.clone(), key_arn).unwrap(),
        }
    }
}

/// Another KMS, with two keys.
pub(crate) struct Elsewhere {
    pub(crate) kms: Kms,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) admin: Client,
    pub(crate) key: String,
    pub(crate) other_key: String,
}

impl Elsewhere {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(ManualClock::at("2026-01-31T12:00:00Z"));
        let kms = Kms::builder().clock(Arc::clone(&clock)).build().unwrap();
        let admin = kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
        let create = || admin.create_key().send().unwrap().key_metadata.arn.to_string();
        Self { key: create(), other_key: create(), kms, clock, admin }
    }

    pub(crate) fn root_key(&self, way: Way) -> KmsRootKey {
        way.root_key(&self.admin, self, &self.key)
    }

    pub(crate) fn other_root_key(&self, way: Way) -> KmsRootKey {
        way.root_key(&self.admin, self, &self.other_key)
    }

    /// The administrator in another Region.
    pub(crate) fn admin_in(&self, region: &str) -> Client {
        self.kms.client(region, Caller::account_root(ACCOUNT).unwrap()).unwrap()
    }

    /// A client of a user to whom nobody has allowed anything.
    pub(crate) fn stranger(&self) -> Client {
        self.kms.client(REGION, self.caller("user/stranger")).unwrap()
    }

    fn caller(&self, arn: &str) -> Caller {
        match arn.split_once("user/") {
            Some((_, name)) => Caller::user(ACCOUNT, name).unwrap(),
            None => Caller::account_root(ACCOUNT).unwrap(),
        }
    }

    pub(crate) fn set_quotas(&self, quotas: QuotaProfile) {
        self.kms.set_quotas(quotas).unwrap();
    }

    /// How often an operation was called, and what it was answered.
    pub(crate) fn calls(&self, operation: &str) -> Vec<Option<String>> {
        let trail = self.kms.audit_trail();
        let calls = trail.iter().filter(|record| record.event_name == operation);
        calls.map(|record| record.error_code.as_ref().map(ToString::to_string)).collect()
    }
}

/// A durable store in a temporary file.
pub(crate) struct Disk {
    _folder: TempDir,
    pub(crate) path: PathBuf,
}

impl Disk {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { path: folder.path().join("store"), _folder: folder }
    }

    pub(crate) fn store(&self) -> RedbStore {
        RedbStore::open(&self.path).unwrap()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.parent().map(Path::to_owned).unwrap_or_default().join(name)
    }

    /// An instance on the store, or the text of why there is none.
    pub(crate) fn open(&self, root_key: impl RootKey) -> Result<Kms, String> {
        Kms::builder().store(self.store()).root_key(root_key).build().map_err(|error| error.to_string())
    }

    /// Everything in the store.
    pub(crate) fn contents(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        contents(&self.store())
    }
}

pub(crate) fn contents(store: &dyn keystead::store::Store) -> Vec<(Vec<u8>, Vec<u8>)> {
    let entries = store.scan(&keystead::store::Range::all(), usize::MAX).unwrap();
    entries.into_iter().map(|(key, entry)| (key.as_ref().to_vec(), entry.value.to_vec())).collect()
}

/// Encrypts under a new key in each of two Regions.
pub(crate) fn fill(kms: &Kms) -> Vec<(&'static str, Vec<u8>)> {
    let encrypt = |region| {
        let client = kms.client(region, Caller::account_root(ACCOUNT).unwrap()).unwrap();
        let key = client.create_key().send().unwrap().key_metadata.key_id;
        (region, client.encrypt(key, b"secret").send().unwrap().into_inner().ciphertext_blob)
    };
    [REGION, "eu-west-1"].map(encrypt).to_vec()
}

pub(crate) fn opens(kms: &Kms, sealed: &[(&'static str, Vec<u8>)]) {
    for (region, blob) in sealed {
        let client = kms.client(region, Caller::account_root(ACCOUNT).unwrap()).unwrap();
        assert_eq!(client.decrypt(blob).send().unwrap().expose(), b"secret");
    }
}

/// A file root key beside the store.
pub(crate) fn file_root_key(disk: &Disk) -> keystead::FileRootKey {
    keystead::FileRootKey::open_or_create(disk.file("root.key")).unwrap()
}
