//! The principals that a compiled statement names, and how they match a caller (chapter 21, section 4.5).

use crate::principal::{AccountDigits, ChainMask, Named, last_segment};
use crate::{Principal, PrincipalKind};

/// How strongly a statement names a caller; each is stronger than the one before (POL-98).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// Not at all.
    None,
    /// By its account: a mere delegation in an `Allow` (POL-73), which the root user needs no identity policy to use
    /// (POL-74, POL-94).
    Account,
    /// A session by its role, a federated session by its user.
    Role,
    /// Itself, or everyone.
    Direct,
}

/// The `Principal` or `NotPrincipal` element of a statement.
#[derive(Clone, Debug)]
pub(crate) enum Principals {
    /// The element is not part of this kind of policy.
    Unstated,
    /// `Principal`.
    Named(Box<[Entry]>),
    /// `NotPrincipal`.
    AllBut(Box<[Entry]>),
}

/// One entry of a principal list.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    /// `*`.
    Everyone,
    /// A 12-digit account, or an account ARN with its partition.
    Account { digits: AccountDigits, partition: Option<Box<str>> },
    /// A user, federated user or session.
    Exact { arn: Named, unique_id: Option<Box<str>> },
    /// A role: it stands for its sessions.
    Role { arn: Named, unique_id: Option<Box<str>> },
    /// The unique ID of a user or role.
    UniqueId(Box<str>),
    /// A service principal.
    Service(Named),
    /// A principal that no request to this service has (`Federated`, `CanonicalUser`; POL-22).
    Nobody,
}

impl Principals {
    /// How a statement with this element names the caller. `bounded`: the caller has a permissions boundary.
    pub(crate) fn reach(&self, caller: &Principal, bounded: bool) -> Reach {
        match self {
            Self::Unstated => Reach::Direct,
            Self::Named(entries) => strongest(entries, caller),
            Self::AllBut(entries) if bounded || !is_exempt(entries, caller) => Reach::Direct,
            Self::AllBut(_) => Reach::None,
        }
    }

    /// Callers whose chain meets this mask may be named; no other can be.
    pub(crate) fn mask(&self) -> ChainMask {
        match self {
            Self::Unstated | Self::AllBut(_) => ChainMask::ALL,
            Self::Named(entries) => entries.iter().map(Entry::mask).fold(ChainMask::NONE, ChainMask::or),
        }
    }

    /// The hashes of the names that the element lists: it names no caller who has none of them. None if it may name
    /// callers otherwise. A caller whose role path is unknown may be named without one of its names being listed.
    pub(crate) fn name_hashes(&self) -> Option<Vec<u64>> {
        let Self::Named(entries) = self else { return None };
        entries.iter().filter(|entry| !matches!(entry, Entry::Nobody)).map(Entry::name_hash).collect()
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        match self {
            Self::Unstated => &[],
            Self::Named(entries) | Self::AllBut(entries) => entries,
        }
    }
}

impl Entry {
    fn reach(&self, caller: &Principal) -> Reach {
        match self {
            Self::Everyone => Reach::Direct,
            Self::Account { .. } if self.lists_account(caller) => Reach::Account,
            Self::Exact { .. } | Self::Service(_) if self.lists_itself(caller) => Reach::Direct,
            Self::Exact { .. } | Self::Role { .. } if self.lists_outer(caller) => Reach::Role,
            Self::UniqueId(id) if caller.unique_id() == Some(id) => match caller.kind() {
                PrincipalKind::User => Reach::Direct,
                _ => Reach::Role,
            },
            _ => Reach::None,
        }
    }

    fn name_hash(&self) -> Option<u64> {
        match self {
            Self::Everyone | Self::UniqueId(_) | Self::Nobody => None,
            Self::Account { digits, .. } => Some(digits.hash()),
            Self::Exact { arn, .. } | Self::Role { arn, .. } => Some(arn.hash()),
            Self::Service(name) => Some(name.hash()),
        }
    }

    fn mask(&self) -> ChainMask {
        match self {
            Self::Everyone | Self::UniqueId(_) => ChainMask::ALL,
            Self::Account { digits, .. } => digits.mask(),
            Self::Exact { arn, .. } | Self::Role { arn, .. } => arn.mask(),
            Self::Service(name) => name.mask(),
            Self::Nobody => ChainMask::NONE,
        }
    }

    /// Lists the user, session or service itself.
    fn lists_itself(&self, caller: &Principal) -> bool {
        match self {
            Self::Everyone => true,
            Self::Exact { arn, unique_id } => {
                arn == caller.own() && (caller.kind() != PrincipalKind::User || is_bound_to(unique_id, caller))
            }
            Self::Service(name) => caller.kind() == PrincipalKind::Service && name == caller.own(),
            Self::UniqueId(id) => caller.kind() == PrincipalKind::User && caller.unique_id() == Some(id),
            Self::Account { .. } | Self::Role { .. } | Self::Nobody => false,
        }
    }

    /// Lists the role of a session, or the user of a federated session.
    fn lists_outer(&self, caller: &Principal) -> bool {
        let Some(outer) = caller.outer() else { return false };
        match self {
            Self::Everyone => true,
            Self::Role { arn, unique_id } => {
                (arn == outer || (caller.is_path_unknown() && is_same_role(arn.text(), outer.text())))
                    && is_bound_to(unique_id, caller)
            }
            Self::Exact { arn, unique_id } => arn == outer && is_bound_to(unique_id, caller),
            Self::UniqueId(id) => caller.unique_id() == Some(id),
            Self::Account { .. } | Self::Service(_) | Self::Nobody => false,
        }
    }

    fn lists_account(&self, caller: &Principal) -> bool {
        match self {
            Self::Everyone => true,
            Self::Account { digits, partition } => {
                caller.digits() == Some(*digits)
                    && partition.as_deref().is_none_or(|partition| partition == caller.partition())
            }
            _ => false,
        }
    }
}

fn strongest(entries: &[Entry], caller: &Principal) -> Reach {
    let mut strongest = Reach::None;
    for entry in entries {
        strongest = strongest.max(entry.reach(caller));
        if strongest == Reach::Direct {
            break;
        }
    }
    strongest
}

/// Whether a `NotPrincipal` list spares the caller: every element of its chain must be listed (POL-08, POL-71).
fn is_exempt(entries: &[Entry], caller: &Principal) -> bool {
    let itself = || entries.iter().any(|entry| entry.lists_itself(caller));
    let outer = || caller.outer().is_none() || entries.iter().any(|entry| entry.lists_outer(caller));
    let account = || entries.iter().any(|entry| entry.lists_account(caller));
    match caller.kind() {
        PrincipalKind::Root => account(),
        PrincipalKind::User => itself() && account(),
        PrincipalKind::RoleSession | PrincipalKind::FederatedUser => itself() && outer() && account(),
        PrincipalKind::Service => itself(),
        PrincipalKind::Anonymous => false,
    }
}

/// Whether an entry bound to a unique ID means this caller (POL-26). A caller whose ID the host does not state is
/// compared by ARN alone.
fn is_bound_to(bound: &Option<Box<str>>, caller: &Principal) -> bool {
    match (bound.as_deref(), caller.unique_id()) {
        (Some(bound), Some(id)) => bound == id,
        _ => true,
    }
}

/// Whether two role ARNs agree but for the path: partition, account and name (POL-144).
fn is_same_role(a: &str, b: &str) -> bool {
    let head = |arn: &str| arn.find('/').unwrap_or(arn.len());
    a.get(..head(a)) == b.get(..head(b)) && last_segment(a) == last_segment(b)
}
