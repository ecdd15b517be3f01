//! The catalogue: what differs between operations as data, one row each.
//!
//! The rows come from the tables of chapters 12, 20, 24 and 50 and the published API model; tests compare them cell by
//! cell. Nothing else in the crate asks which operation it is dealing with.

mod constraint;
mod rows;
mod shapes;

use std::sync::LazyLock;

use keystead_hierarchy::spec::KeyState;
use keystead_policy::Catalogue;

pub(crate) use constraint::{Member, Shape, UNLIMITED};
pub(crate) use rows::*;

/// The rows, in alphabetical order of their operations (PRM-26).
///
/// ```
/// use keystead::catalogue::{Identifiers, operations};
///
/// let encrypt = operations().iter().find(|row| row.name() == "Encrypt").unwrap();
/// assert_eq!(encrypt.identifiers(), Identifiers::Any);
/// assert!(encrypt.actions().iter().all(|action| action.crosses_accounts()));
/// ```
pub fn operations() -> &'static [&'static Row] {
    ROWS
}

/// The facts about one operation.
#[derive(Debug)]
pub struct Row {
    /// The API name, such as `Encrypt`.
    pub(crate) name: &'static str,
    /// The members of the input, in model order.
    pub(crate) members: &'static [Member],
    /// What a permission for it lets somebody do, roughly (PRM-46).
    pub(crate) level: AccessLevel,
    /// Which forms of identifier its key members take (API-019).
    pub(crate) identifiers: Identifiers,
    /// What must be allowed, in the order in which a refusal is reported (PRM-22).
    pub(crate) actions: &'static [Action],
    /// The key states that admit the operation (STA-38).
    pub(crate) states: States,
    /// `readOnly` of the audit record (API-048). Cryptographic operations are read-only.
    pub(crate) read_only: bool,
    /// The request quota it counts against (QUO-16).
    pub(crate) bucket: Bucket,
    /// Request members shown by the audit record; any other member is withheld (AUD-19).
    pub(crate) recorded: &'static [Recorded],
    /// `responseElements` of the audit record.
    pub(crate) response: ResponseElements,
    /// `resources` of the audit record.
    pub(crate) resources: Resources,
}

impl Row {
    /// The row of the operation with this API name.
    pub fn find(name: &str) -> Option<&'static Row> {
        ROWS.iter().find(|row| row.name == name).copied()
    }

    /// The API name, such as `Encrypt`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What a permission for it lets somebody do, roughly.
    pub fn access_level(&self) -> AccessLevel {
        self.level
    }

    /// Which forms of identifier its key members take.
    pub fn identifiers(&self) -> Identifiers {
        self.identifiers
    }

    /// What must be allowed, in the order in which a refusal is reported.
    pub fn actions(&self) -> &'static [Action] {
        self.actions
    }

    /// Whether a key in `state` admits the operation.
    pub fn admits(&self, state: KeyState) -> bool {
        self.states.admits(state)
    }

    /// Whether the operation changes nothing; true for cryptographic operations.
    pub fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// The request quota it counts against.
    pub fn bucket(&self) -> Bucket {
        self.bucket
    }

    /// The names of the input members, in the order of the API model.
    pub fn members(&self) -> impl ExactSizeIterator<Item = &'static str> {
        self.members.iter().map(|member| member.name)
    }

    /// Whether the model declares the exception for the operation; front-end errors are declared by none.
    pub(crate) fn declares(&self, code: &str) -> bool {
        shapes::ERRORS.iter().any(|(name, codes)| *name == self.name && codes.contains(&code))
    }

    /// The position of a member in [`Row::members`].
    pub(crate) fn member(&self, name: &str) -> Option<usize> {
        self.members.iter().position(|member| member.name == name)
    }
}

/// What a permission lets somebody do, in the classes by which tools summarise policies (PRM-46).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccessLevel {
    /// See what there is.
    List,
    /// See properties.
    Read,
    /// Use, create, change or delete; everything that is nothing else.
    Write,
    /// Decide who may do what.
    Permissions,
    /// Change tags.
    Tagging,
}

/// The forms of identifier that key members take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identifiers {
    /// No member names a key.
    None,
    /// Class A: key ID, key ARN, alias name, alias ARN.
    Any,
    /// Class B: key ID or key ARN.
    KeyOnly,
}

/// One permission an operation needs (PRM-07).
#[derive(Debug)]
pub struct Action {
    /// The policy action, such as `kms:ReEncryptFrom`.
    pub(crate) policy: keystead_policy::Action<'static>,
    /// Whose ARN it is evaluated on.
    pub(crate) resource: Resource,
    /// Whether callers of other accounts can ever be allowed (PRM-09).
    pub(crate) cross_account: bool,
    /// Whether a grant can carry it.
    pub(crate) grantable: bool,
    /// The request-derived and resource-derived condition keys that have a value.
    pub(crate) conditions: Conditions,
}

impl Action {
    /// The policy action, such as `kms:ReEncryptFrom`.
    pub fn policy_action(&self) -> keystead_policy::Action<'static> {
        self.policy
    }

    /// Whose ARN it is evaluated on.
    pub fn resource(&self) -> Resource {
        self.resource
    }

    /// Whether callers of other accounts can ever be allowed.
    pub fn crosses_accounts(&self) -> bool {
        self.cross_account
    }

    /// Whether a grant can carry it.
    pub fn is_grantable(&self) -> bool {
        self.grantable
    }
}

/// What an action is evaluated on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// A key: key policy, identity policies, grants.
    Key,
    /// An alias: identity policies only.
    Alias,
    /// A grant, by the ARN of its key: identity policies, and whom the grant names (PRM-10, GRA-57).
    Grant,
    /// Nothing in particular: identity policies only (POL-10).
    None,
}

/// A set of condition key groups (PRM-05).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conditions(u32);

impl Conditions {
    pub(crate) const NONE: Self = Self(0);
    /// Properties of the key and the caller's account and service.
    pub(crate) const KEY: Self = Self(1);
    /// `kms:CallerAccount`.
    pub(crate) const CALLER_ACCOUNT: Self = Self(1 << 1);
    /// `kms:ViaService`.
    pub(crate) const VIA_SERVICE: Self = Self(1 << 2);
    /// `kms:EncryptionContext:*` and `kms:EncryptionContextKeys`.
    pub(crate) const CONTEXT: Self = Self(1 << 3);
    /// `kms:EncryptionAlgorithm`.
    pub(crate) const ENCRYPTION_ALGORITHM: Self = Self(1 << 4);
    /// `kms:RequestAlias`.
    pub(crate) const REQUEST_ALIAS: Self = Self(1 << 5);
    /// `kms:SigningAlgorithm` and `kms:MessageType`.
    pub(crate) const SIGNING: Self = Self(1 << 6);
    /// `kms:MacAlgorithm`.
    pub(crate) const MAC: Self = Self(1 << 7);
    /// `kms:DataKeyPairSpec`.
    pub(crate) const KEY_PAIR: Self = Self(1 << 8);
    /// The grant keys.
    pub(crate) const GRANT: Self = Self(1 << 9);
    /// `kms:GrantIsForAWSResource`.
    pub(crate) const GRANT_FOR_SERVICE: Self = Self(1 << 10);
    /// `aws:RequestTag/*` and `aws:TagKeys`.
    pub(crate) const TAGS: Self = Self(1 << 11);
    /// `kms:RecipientAttestation:*`.
    pub(crate) const ATTESTATION: Self = Self(1 << 12);
    /// `kms:BypassPolicyLockoutSafetyCheck`.
    pub(crate) const BYPASS: Self = Self(1 << 13);
    /// `kms:RotationPeriodInDays`.
    pub(crate) const ROTATION_PERIOD: Self = Self(1 << 14);
    /// `kms:ScheduleKeyDeletionPendingWindowInDays`.
    pub(crate) const PENDING_WINDOW: Self = Self(1 << 15);
    /// `kms:WrappingAlgorithm` and `kms:WrappingKeySpec`.
    pub(crate) const WRAPPING: Self = Self(1 << 16);
    /// `kms:ExpirationModel` and `kms:ValidTo`.
    pub(crate) const EXPIRATION: Self = Self(1 << 17);
    /// `kms:ReEncryptOnSameKey`.
    pub(crate) const SAME_KEY: Self = Self(1 << 18);
    /// `kms:ReplicaRegion`.
    pub(crate) const REPLICA_REGION: Self = Self(1 << 19);
    /// `kms:PrimaryRegion`.
    pub(crate) const PRIMARY_REGION: Self = Self(1 << 20);
    /// `kms:KeyAgreementAlgorithm`.
    pub(crate) const KEY_AGREEMENT: Self = Self(1 << 21);
    /// `kms:PolicyName`.
    pub(crate) const POLICY_NAME: Self = Self(1 << 22);
    /// `kms:TrailingDaysWithoutKeyUsage`.
    pub(crate) const LAST_USAGE: Self = Self(1 << 23);
    /// The properties of a key to be created.
    pub(crate) const NEW_KEY: Self = Self(1 << 24);

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) const fn has(self, group: Self) -> bool {
        self.0 & group.0 != 0
    }
}

/// A set of key states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct States(u16);

impl States {
    pub(crate) const ALL: Self = Self(0xff);
    /// The states in which key material may be used.
    pub(crate) const USE: Self = Self::of(&[KeyState::Enabled, KeyState::Updating]);
    /// Those of a key that is going to be deleted.
    pub(crate) const PENDING: Self = Self::of(&[KeyState::PendingDeletion, KeyState::PendingReplicaDeletion]);
    /// All but those of a key that is going to be deleted.
    pub(crate) const LIVING: Self = Self(Self::ALL.0 & !Self::PENDING.0);

    pub(crate) const fn of(states: &[KeyState]) -> Self {
        let mut set = 0;
        let mut index = 0;
        while index < states.len() {
            set |= 1 << states[index] as u16;
            index += 1;
        }
        Self(set)
    }

    pub(crate) const fn admits(self, state: KeyState) -> bool {
        self.0 & (1 << state as u16) != 0
    }
}

/// The request quota an operation counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bucket {
    /// Shared by all cryptographic operations on one kind of key.
    Cryptographic,
    /// Per spec of the key pair.
    KeyPair,
    /// The operation's own.
    Own,
    /// The operation's own, and that of the key whose state it changes (QUO-34).
    OwnAndKey,
    /// The operation's own, and twice that of CreateKey in the Region of the replica (QUO-15).
    Replication,
    /// The operation's own in both Regions (QUO-15), and that of the key whose state it changes.
    BothRegions,
}

impl Bucket {
    /// Whether what the operation does is a use of key material (API-123).
    pub(crate) fn is_cryptographic(self) -> bool {
        matches!(self, Self::Cryptographic | Self::KeyPair)
    }

    /// Whether the operation has a rate of its own.
    pub(crate) fn has_own(self) -> bool {
        !self.is_cryptographic()
    }

    /// Whether the operation counts as a change of the state of its key.
    pub(crate) fn changes_state(self) -> bool {
        matches!(self, Self::OwnAndKey | Self::BothRegions)
    }
}

/// A request member that the audit record shows.
#[derive(Debug)]
pub(crate) struct Recorded {
    /// The API spelling of the member.
    pub(crate) member: &'static str,
    /// What is shown when the member is absent: another member, then a fixed value.
    pub(crate) default: RecordedDefault,
}

impl Recorded {
    /// The name in the record: that of the member but for one (AUD-15).
    pub(crate) fn name(&self) -> &'static str {
        match self.member {
            "CloudHsmClusterId" => "clusterId",
            name => name,
        }
    }
}

/// What the audit record shows for an absent member (AUD-20).
#[derive(Debug)]
pub(crate) enum RecordedDefault {
    /// Nothing.
    Omit,
    /// This text.
    Text(&'static str),
    /// The text of the other member if given, else this text.
    MemberOr(&'static str, &'static str),
    /// `false`.
    False,
}

/// What the audit record shows of a response (chapter 12, section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResponseElements {
    /// `null`.
    Null,
    /// `keyId`: the ARN of the last key resource (AUD-21).
    KeyArn,
    /// What the response chooses to show.
    Response,
}

/// Which resources the audit record lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resources {
    /// The field is absent.
    Absent,
    /// The empty list.
    Empty,
    /// The keys (and aliases), as the operation found them, in order.
    Found,
}

/// The actions of KMS that policies are compiled against, under the vendor `kms`.
pub const KMS_ACTIONS: Catalogue = Catalogue::new("kms", POLICY_ACTIONS);

/// What the creation of a multi-Region primary needs besides (RUL-25); KMS synchronises such keys through the role.
pub(crate) static CREATE_SERVICE_LINKED_ROLE: LazyLock<Action> = LazyLock::new(|| Action {
    policy: keystead_policy::Action::foreign("iam:CreateServiceLinkedRole"),
    resource: Resource::None,
    cross_account: false,
    grantable: false,
    conditions: Conditions::NONE,
});

#[cfg(test)]
mod tests;
