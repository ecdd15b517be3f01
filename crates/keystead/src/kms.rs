//! The instance.

use std::fmt;
use std::sync::Arc;

use keystead_hierarchy::Profile;
use keystead_types::{AccountId, AliasArn, KeyArn, Partition, Region, Timestamp};

use crate::Error;
use crate::access::KeyAccess;
use crate::audit::{AuditRecord, MemorySink};
use crate::builder::KmsBuilder;
use crate::caller::{Caller, CallerError};
use crate::client::Client;
use crate::domain::{DomainKeyStatus, DomainRotation, domain_key_status};
use crate::engine::storage;
use crate::maintenance::Sweep;
use crate::managed::AwsManagedKey;
use crate::operations::GrantListEntry;
use crate::records::RecordCheck;
use crate::upkeep::Instance;

/// A key management system in this process. Cheap to clone; all clones are one instance.
///
/// ```
/// use keystead::{Caller, Kms};
///
/// let kms = Kms::in_memory();
/// let client = kms.client("us-west-2", Caller::account_root("111122223333")?)?;
/// let key = client.create_key().description("orders").send()?;
/// client.create_alias("alias/orders", &key.key_metadata.key_id).send()?;
///
/// let sealed = client.encrypt("alias/orders", b"4111 1111 1111 1111").context("order", "42").send()?;
/// let opened = client.decrypt(&sealed.ciphertext_blob).context("order", "42").send()?;
/// assert_eq!(opened.expose(), b"4111 1111 1111 1111");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Kms {
    pub(crate) engine: Arc<Instance>,
    /// The sink that is there by default.
    pub(crate) trail: Option<Arc<MemorySink>>,
}

impl Kms {
    /// An instance that lives and dies with the process: keys in memory under an ephemeral root key, the clock and
    /// entropy of the operating system, and the latest audit records kept in memory.
    ///
    /// # Panics
    /// When the operating system has no entropy; use [`Kms::builder`] to handle that.
    pub fn in_memory() -> Self {
        #[allow(clippy::expect_used)] // documented; there is no sensible way on without entropy
        Self::builder().build().expect("the operating system provides entropy")
    }

    /// Chooses every part of an instance.
    pub fn builder() -> KmsBuilder {
        KmsBuilder::default()
    }

    /// A client of `caller` in `region`. A service that has no account of its own uses the one it was made with.
    ///
    /// # Errors
    /// [`ClientError`] when the Region is no Region name, the caller has no account or is stated in contradictory terms,
    /// or the domain keys of the Region cannot be opened.
    pub fn client(&self, region: &str, caller: Caller) -> Result<Client, ClientError> {
        let region: Region = region.parse().map_err(|_| ClientError::Region(region.to_owned()))?;
        let account = caller.account().ok_or(ClientError::NoAccount)?;
        caller.check()?;
        let state = self.engine.region(region).map_err(ClientError::Open)?;
        Ok(Client::new(Arc::clone(&self.engine), state, caller, account))
    }

    /// Makes what time has changed happen: rotations, expiries of imported material and deletions that are due, and
    /// deliveries that failed before. It also saves when keys were last used, and goes on with rotations of domain keys.
    /// Hosts call it from a timer, or let [`KmsBuilder::maintenance`] do so; nothing depends on it but promptness (STA-02, RUL-15).
    ///
    /// # Errors
    /// [`Error::KmsInternal`] when the store fails. What was done until then stays done.
    pub fn sweep(&self) -> Result<Sweep, Error> {
        self.engine.sweep()
    }

    /// Gives a Region a new domain key and returns: new key material is wrapped under it from now on. [Sweeps](Self::sweep)
    /// wrap anew what material there is, up to 1,000 of them each, and destroy the former versions when nothing needs
    /// them any more. No ciphertext changes and no operation waits (OVR-17). After a crash, the sweeps of the next instance
    /// go on; [`Kms::domain_key_status`] says how far they are.
    ///
    /// # Errors
    /// [`Error::KmsInternal`] when the store, the root key or the entropy fails.
    pub fn begin_domain_key_rotation(&self, region: Region) -> Result<DomainKeyStatus, Error> {
        let state = self.engine.region(region)?;
        self.engine.begin_domain_key_rotation(&state)
    }

    /// Where the rotation of a Region's domain key stands.
    ///
    /// # Errors
    /// [`Error::KmsInternal`] when the Region cannot be opened.
    pub fn domain_key_status(&self, region: Region) -> Result<DomainKeyStatus, Error> {
        Ok(domain_key_status(self.engine.region(region)?.as_ref()))
    }

    /// Gives a Region a new domain key, wraps every key material anew under it and destroys the former versions, all
    /// before it returns: [`Kms::begin_domain_key_rotation`] leaves that to sweeps. A rotation that was begun before
    /// is finished with it. After a crash or an error, sweeps go on, or call it again.
    ///
    /// # Errors
    /// [`Error::KmsInternal`] when the store, the root key or the entropy fails. What was wrapped anew until then
    /// stays so; both versions remain in use.
    pub fn rotate_domain_key(&self, region: Region) -> Result<DomainRotation, Error> {
        let state = self.engine.region(region)?;
        self.engine.rotate_domain_key(&state)
    }

    /// Reads every record of the store and tells which were altered by something other than Keystead. In daily work that
    /// shows when a record is read: its key fails with [`Error::KmsInternal`], the others go on.
    ///
    /// # Errors
    /// [`Error::KmsInternal`] when the store fails.
    pub fn check_records(&self) -> Result<RecordCheck, Error> {
        self.engine.store.check().map_err(storage)
    }

    /// Says that a service has an AWS managed key in an account and Region (KEY-10): the alias `alias/aws/<service>` is
    /// there from now on, and the first DescribeKey that names it makes the key. Customers can use that key through the
    /// service and look at it, but not change it; it rotates every year and counts against no quota.
    ///
    /// A registration lives in the store. To repeat it, as hosts do when they start, changes nothing; only a key that is
    /// not made yet takes another policy.
    ///
    /// ```
    /// use keystead::{Caller, Kms};
    ///
    /// let kms = Kms::in_memory();
    /// kms.register_aws_managed_key("s3", "us-west-2".parse()?, "111122223333".parse()?)?;
    ///
    /// let root = kms.client("us-west-2", Caller::account_root("111122223333")?)?;
    /// root.describe_key("alias/aws/s3").send()?;
    /// assert!(root.encrypt("alias/aws/s3", b"directly").send().is_err());
    /// let caller = Caller::user("111122223333", "bob")?.via_service("s3.us-west-2.amazonaws.com");
    /// kms.client("us-west-2", caller)?.encrypt("alias/aws/s3", b"through S3").send()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidAliasName`] when the service has a name that no alias can have,
    /// [`Error::MalformedPolicyDocument`] when the given policy is malformed or would let somebody change the key,
    /// [`Error::KmsInternal`] when the store fails.
    pub fn register_aws_managed_key(
        &self,
        key: impl Into<AwsManagedKey>,
        region: Region,
        account: AccountId,
    ) -> Result<AliasArn, Error> {
        self.engine.register_aws_managed_key(&key.into(), region, account)
    }

    /// The latest audit records, oldest first, as long as no sink was installed.
    pub fn audit_trail(&self) -> Vec<Arc<AuditRecord>> {
        self.trail.as_ref().map(|trail| trail.records()).unwrap_or_default()
    }

    /// How many audit records best-effort sinks have lost.
    pub fn audit_failures(&self) -> u64 {
        self.engine.audit.failures()
    }

    /// Lists to whom the policy and the grants of a key open what, as of now. Conditions are told but not weighed, and
    /// policies of callers are not known here; [`Call::explain`](crate::Call::explain) weighs everything for one call.
    ///
    /// This is no operation of the API and asks for no permission: it is for who runs the service, not for its callers.
    ///
    /// ```
    /// use keystead::{Caller, Kms};
    ///
    /// let kms = Kms::in_memory();
    /// let root = kms.client("us-west-2", Caller::account_root("111122223333")?)?;
    /// let key = root.create_key().send()?.key_metadata.arn;
    /// let bob = "arn:aws:iam::444455556666:user/bob";
    /// root.create_grant(key, bob).operation("Decrypt").send()?;
    ///
    /// let access = kms.who_can_use(&key)?;
    /// assert_eq!(access.delegates().collect::<Vec<_>>(), ["arn:aws:iam::111122223333:root"]);
    /// let opening = access.of(bob).next().expect("a grant");
    /// assert_eq!(opening.actions, ["kms:Decrypt"]);
    /// assert!(opening.is_foreign && opening.conditions.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such key, [`Error::KmsInternal`] when the store fails.
    pub fn who_can_use(&self, key: &KeyArn) -> Result<KeyAccess, Error> {
        self.engine.who_can_use(key)
    }

    /// Finds grants on a key that differ in nothing that counts: grantee, operations, constraints and name (GRA-67).
    /// Each group has two at least, the oldest first. Whoever revokes one of them takes nothing away.
    ///
    /// Like [`Kms::who_can_use`] it is for who runs the service.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such key, [`Error::KmsInternal`] when the store fails.
    pub fn duplicate_grants(&self, key: &KeyArn) -> Result<Vec<Vec<GrantListEntry>>, Error> {
        self.engine.duplicate_grants(key)
    }

    /// The gauge `SecondsUntilKeyMaterialExpiration` (IMP-52): whole seconds until the first of the imported materials
    /// that a key needs expires. `None` for keys that have none, or none that expires. Hosts raise an alarm when it falls
    /// below what a renewed import takes.
    ///
    /// # Errors
    /// [`Error::KmsInternal`] when the store fails.
    pub fn seconds_until_key_material_expiration(&self, key: &KeyArn) -> Result<Option<u64>, Error> {
        let state = self.engine.region(key.region)?;
        let now = self.engine.now();
        let expiry = state.key(key)?.and_then(|key| key.material_expiry(now));
        self.engine.evict_surplus(now);
        Ok(expiry.map(|at| at.duration_since(now).as_secs()))
    }

    /// When a key will be deleted if nobody cancels; `None` if that is not scheduled. A multi-Region primary that waits
    /// for its replicas has no `DeletionDate`, but an expected one once all replicas have theirs (MRK-57).
    ///
    /// Like [`Kms::who_can_use`] it is for who runs the service.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such key, [`Error::KmsInternal`] when the store fails.
    pub fn expected_deletion(&self, key: &KeyArn) -> Result<Option<Timestamp>, Error> {
        self.engine.expected_deletion(key)
    }

    /// How many keys are in memory now; [`KmsBuilder::live_keys`] bounds them.
    pub fn live_keys(&self) -> usize {
        self.engine.live.count()
    }

    /// How many keys an account has in a Region, every state counted (QUO-03).
    ///
    /// # Errors
    /// [`Error::KmsInternal`] when the store fails.
    pub fn key_count(&self, region: Region, account: AccountId) -> Result<u64, Error> {
        let state = self.engine.region(region)?;
        self.engine.key_count(state.partition, region, account)
    }
}

impl fmt::Debug for Kms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kms").field("engine", &self.engine).finish()
    }
}

/// Why a client could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// Not a Region name.
    #[error("`{0}` is not a Region name; give one like us-west-2")]
    Region(String),
    /// The caller has no account.
    #[error("the caller has no account; state the one it calls for")]
    NoAccount,
    /// What the host states about the caller is contradictory.
    #[error(transparent)]
    Caller(#[from] CallerError),
    /// The Region could not be opened.
    #[error("the Region could not be opened: {0}")]
    Open(#[source] Error),
}

/// What a Region is, apart from its name (RUL-12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegionConfig {
    /// The partition, the second part of every ARN.
    pub partition: Partition,
    /// The meaning of `SYMMETRIC_DEFAULT`, and which key specs exist.
    pub profile: Profile,
    /// Whether HMAC keys can be made. Those that there are go on working without.
    pub hmac_keys: bool,
    /// Whether multi-Region keys may be there (RUL-09).
    pub multi_region: bool,
}

impl RegionConfig {
    /// What the name of the Region says: `cn-…` is in partition `aws-cn` under the China profile, any other in `aws`
    /// under the standard one. HMAC keys can be made in every Region (ASY-68), multi-Region keys in Regions of the
    /// standard profile.
    pub fn of_region(region: &Region) -> Self {
        let profile = Profile::of_region(region);
        Self {
            partition: Partition::of_region(region),
            profile,
            hmac_keys: true,
            multi_region: profile == Profile::Standard,
        }
    }
}
