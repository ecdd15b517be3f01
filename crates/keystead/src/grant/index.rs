//! The grants of a key, found by grantee without looking at the others.

use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use keystead_hierarchy::EncryptionContext;
use keystead_policy::{GrantMatch, Principal};

use super::{ChildGrant, ContextConstraint, Grant, GrantId, GrantOperation};

/// All grants of a key, immutable. A changed index shares all but a few shards with the one before, so one grant more
/// does not copy the others; the cost of a look-up does not depend on how many there are.
#[derive(Clone, Debug, Default)]
pub(crate) struct GrantIndex {
    /// Empty while there are no grants.
    shards: Vec<Arc<Shard>>,
    count: usize,
}

/// Entries whose hash ends alike.
type Shard = Vec<(u64, Arc<Grant>)>;

/// What a call asks of the grants.
pub(crate) struct GrantQuery<'q> {
    pub(crate) operation: GrantOperation,
    pub(crate) caller: &'q Principal,
    /// `arn:<partition>:iam::<account>:root` of the caller's account.
    pub(crate) account_root: Option<&'q str>,
    pub(crate) context: Option<&'q EncryptionContext<'q>>,
    pub(crate) source_arn: Option<&'q str>,
    /// For CreateGrant: what is to be granted.
    pub(crate) child: Option<&'q ChildGrant<'q>>,
}

impl GrantIndex {
    /// An index of these grants.
    pub(crate) fn of(grants: impl IntoIterator<Item = Grant>) -> Self {
        let mut index = Self::default();
        for grant in grants {
            index.add(Arc::new(grant));
        }
        index
    }

    pub(crate) fn with(&self, grant: Arc<Grant>) -> Self {
        let mut index = self.clone();
        index.add(grant);
        index
    }

    pub(crate) fn without(&self, id: GrantId) -> Self {
        let mut index = self.clone();
        if let Some(grant) = self.get(id) {
            for hash in places(&grant) {
                let shard = Arc::make_mut(&mut index.shards[shard_of(hash)]);
                shard.retain(|(own, entry)| *own != hash || entry.id != id);
            }
            index.count -= 1;
        }
        index
    }

    pub(crate) fn get(&self, id: GrantId) -> Option<Arc<Grant>> {
        self.at(hash_id(id)).find(|grant| grant.id == id).map(Arc::clone)
    }

    /// All grants, in no order.
    pub(crate) fn all(&self) -> Vec<Arc<Grant>> {
        let entries = self.shards.iter().flat_map(|shard| shard.iter());
        entries.filter(|(hash, grant)| *hash == hash_id(grant.id)).map(|(_, grant)| Arc::clone(grant)).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// A grant with this name and otherwise equal properties (GRA-19).
    pub(crate) fn twin(&self, grant: &Grant) -> Option<Arc<Grant>> {
        let found = self.at(hash_name(&grant.name)).find(|other| other.is_same_as(grant));
        found.filter(|_| !grant.name.is_empty()).map(Arc::clone)
    }

    /// The strongest grant that allows the call (GRA-37, GRA-38).
    pub(crate) fn find(&self, query: &GrantQuery<'_>) -> GrantMatch {
        if self.count == 0 {
            return GrantMatch::None;
        }
        let role = query.caller.principal_arn().filter(|role| *role != query.caller.arn());
        if self.has(query.caller.arn(), query) {
            GrantMatch::ToPrincipal
        } else if role.is_some_and(|role| self.has(role, query)) {
            GrantMatch::ToRole
        } else if query.account_root.is_some_and(|account| self.has(account, query)) {
            GrantMatch::ToAccount
        } else {
            GrantMatch::None
        }
    }

    fn has(&self, grantee: &str, query: &GrantQuery<'_>) -> bool {
        let unconstrained = self.at(hash_grantee(grantee, query.operation, None));
        let pairs = query.context.into_iter().flat_map(EncryptionContext::iter);
        let constrained = pairs.flat_map(|pair| self.at(hash_grantee(grantee, query.operation, Some(pair))));
        unconstrained.chain(constrained).any(|grant| {
            grant.grantee.name() == grantee
                && grant.operations.contains(&query.operation)
                && (ignores_context(query.operation) || grant.admits_context(query.context))
                && grant.admits_source(query.source_arn)
                && query.child.is_none_or(|child| grant.admits_child(child))
        })
    }

    fn at(&self, hash: u64) -> impl Iterator<Item = &Arc<Grant>> {
        let shard = self.shards.get(shard_of(hash)).map(|shard| shard.as_slice()).unwrap_or_default();
        shard.iter().filter(move |(own, _)| *own == hash).map(|(_, grant)| grant)
    }

    fn add(&mut self, grant: Arc<Grant>) {
        if self.shards.is_empty() {
            self.shards = vec![Arc::default(); SHARDS];
        }
        for hash in places(&grant) {
            Arc::make_mut(&mut self.shards[shard_of(hash)]).push((hash, Arc::clone(&grant)));
        }
        self.count += 1;
    }
}

/// Operations for which the constraint on the encryption context means nothing (GRA-28). For CreateGrant the
/// constraint of the child takes its place.
fn ignores_context(operation: GrantOperation) -> bool {
    matches!(operation, GrantOperation::DescribeKey | GrantOperation::RetireGrant | GrantOperation::CreateGrant)
}

/// Under which hashes a grant is found: by ID, by name, and for each operation by grantee. A constraint adds its first
/// pair, which every fitting request has, so that many grants for one grantee with different contexts do not meet.
fn places(grant: &Grant) -> Vec<u64> {
    let mut places = vec![hash_id(grant.id)];
    if !grant.name.is_empty() {
        places.push(hash_name(&grant.name));
    }
    let first = grant.context.as_ref().map(ContextConstraint::pairs).and_then(|pairs| pairs.iter().next());
    let first = first.map(|(key, value)| (key.as_str(), value.as_str()));
    for operation in &grant.operations {
        let pair = first.filter(|_| !ignores_context(*operation));
        places.push(hash_grantee(grant.grantee.name(), *operation, pair));
    }
    places
}

fn hash_id(id: GrantId) -> u64 {
    hash(&(0_u8, id))
}

fn hash_name(name: &str) -> u64 {
    hash(&(1_u8, name))
}

/// Keys of a context are hashed without letter case (GRA-26).
fn hash_grantee(grantee: &str, operation: GrantOperation, pair: Option<(&str, &str)>) -> u64 {
    match pair {
        None => hash(&(2_u8, grantee, operation)),
        Some((key, value)) => {
            let key = key.chars().flat_map(char::to_lowercase).fold(0_u64, |sum, letter| {
                sum.rotate_left(5).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(u32::from(letter))
            });
            hash(&(3_u8, grantee, operation, key, value))
        }
    }
}

/// Any seed does: equal hashes are followed by a comparison of what was hashed.
fn hash(value: &impl Hash) -> u64 {
    static STATE: std::sync::LazyLock<foldhash::fast::RandomState> = std::sync::LazyLock::new(Default::default);
    STATE.hash_one(value)
}

fn shard_of(hash: u64) -> usize {
    (hash >> 48) as usize % SHARDS
}

/// A change copies the list of shards and a few of them.
const SHARDS: usize = 256;
