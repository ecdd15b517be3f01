//! The grants of a key, found by grantee without looking at the others.

use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use keystead_hierarchy::EncryptionContext;
use keystead_policy::{GrantMatch, Principal};
use keystead_types::Timestamp;

use super::trie::GrantTrie;
use super::visibility::{Afterglow, Sight};
use super::{ChildGrant, Grant, GrantId, GrantOperation};

/// All grants of a key, immutable. A changed index shares all but a few paths with the one before, so one grant more
/// does not copy the others, and the cost of a look-up does not depend on how many there are.
#[derive(Clone, Debug, Default)]
pub(crate) struct GrantIndex {
    entries: GrantTrie,
    count: usize,
    /// Removed grants that still count; only under a [`GrantVisibilityDelay`](super::GrantVisibilityDelay).
    fading: Vec<(Afterglow, Arc<Grant>)>,
}

/// What a call asks of the grants.
pub(crate) struct GrantQuery<'q> {
    pub(crate) operation: GrantOperation,
    pub(crate) caller: &'q Principal,
    /// `arn:<partition>:iam::<account>:root` of the caller's account.
    pub(crate) account_root: Option<&'q str>,
    /// The encryption context; for CreateGrant the pairs of the new grant's constraint.
    pub(crate) context: Option<&'q EncryptionContext<'q>>,
    pub(crate) source_arn: Option<&'q str>,
    /// For CreateGrant: what is to be granted.
    pub(crate) child: Option<&'q ChildGrant<'q>>,
    pub(crate) sight: Sight<'q>,
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

    pub(crate) fn without(&self, id: GrantId, afterglow: Option<Afterglow>) -> Self {
        let mut index = self.clone();
        if let Some(grant) = self.get(id) {
            for hash in candidates(&grant) {
                index.entries.remove(hash, id);
            }
            index.count -= 1;
            if let Some(afterglow) = afterglow {
                index.fading.retain(|(earlier, _)| earlier.lasts(afterglow.began()));
                index.fading.push((afterglow, grant));
            }
        }
        index
    }

    pub(crate) fn get(&self, id: GrantId) -> Option<Arc<Grant>> {
        self.entries.find(hash_id(id), |grant| grant.id == id).map(Arc::clone)
    }

    /// All grants, in no order.
    pub(crate) fn all(&self) -> Vec<Arc<Grant>> {
        let mut grants = Vec::with_capacity(self.count);
        self.entries.each(&mut |hash, grant| {
            if hash == hash_id(grant.id) {
                grants.push(Arc::clone(grant));
            }
        });
        grants
    }

    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// Whether a removed grant still counts.
    pub(crate) fn is_fading(&self, now: Timestamp) -> bool {
        self.fading.iter().any(|(afterglow, _)| afterglow.lasts(now))
    }

    /// A grant with this name and otherwise equal properties (GRA-19).
    pub(crate) fn twin(&self, grant: &Grant) -> Option<Arc<Grant>> {
        if grant.name.is_empty() {
            return None;
        }
        self.entries.find(hash_properties(grant), |other| other.is_same_as(grant)).map(Arc::clone)
    }

    /// The strongest grant that allows the call (GRA-37, GRA-38).
    pub(crate) fn find(&self, query: &GrantQuery<'_>) -> GrantMatch {
        if self.count == 0 && self.fading.is_empty() {
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
        let pairs =
            || std::iter::once(None).chain(query.context.into_iter().flat_map(EncryptionContext::iter).map(Some));
        let sources = std::iter::once(None).chain(query.source_arn.map(Some));
        let mut hashes =
            sources.flat_map(|source| pairs().map(move |pair| hash_grantee(grantee, query.operation, pair, source)));
        let fits = |grant: &Grant| query.fits(grantee, grant);
        let glows = |(afterglow, grant): &(Afterglow, Arc<Grant>)| afterglow.lasts(query.sight.now) && fits(grant);
        hashes.any(|hash| self.entries.find(hash, fits).is_some()) || self.fading.iter().any(glows)
    }

    fn add(&mut self, grant: Arc<Grant>) {
        for hash in self.places(&grant) {
            self.entries.insert(hash, Arc::clone(&grant));
        }
        self.count += 1;
    }

    /// Under which hashes a new grant is put: by ID, by its properties if it has a name, and for each operation by
    /// grantee. A constraint adds the pair under which there are fewest: every fitting request has them all, and so
    /// many grants for one grantee with different contexts do not meet.
    fn places(&self, grant: &Grant) -> Vec<u64> {
        let mut places = identities(grant);
        for operation in &grant.operations {
            places.extend(grantee_hashes(grant, *operation).into_iter().min_by_key(|hash| self.crowd(*hash)));
        }
        places
    }

    /// How many entries there are under a hash; beyond a few it makes no difference.
    fn crowd(&self, hash: u64) -> usize {
        let mut seen = 0;
        self.entries.find(hash, |_| {
            seen += 1;
            seen == CROWD
        });
        seen
    }
}

impl GrantQuery<'_> {
    /// Whether a grant to this grantee allows the call.
    fn fits(&self, grantee: &str, grant: &Grant) -> bool {
        grant.grantee.name() == grantee
            && grant.operations.contains(&self.operation)
            && (!binds_context(self.operation) || grant.admits_context(self.context))
            && grant.admits_source(self.source_arn)
            && self.child.is_none_or(|child| grant.admits_child(child))
            && self.sight.sees(grant)
    }
}

/// Whether the constraint on the encryption context is held against the context of the request (GRA-28). For
/// CreateGrant the constraint of the child takes its place.
fn binds_context(operation: GrantOperation) -> bool {
    !matches!(operation, GrantOperation::DescribeKey | GrantOperation::RetireGrant | GrantOperation::CreateGrant)
}

/// Every hash under which the grant can have been put.
fn candidates(grant: &Grant) -> Vec<u64> {
    let mut hashes = identities(grant);
    hashes.extend(grant.operations.iter().flat_map(|operation| grantee_hashes(grant, *operation)));
    hashes
}

/// The hashes by which a grant is found as such.
fn identities(grant: &Grant) -> Vec<u64> {
    let mut hashes = vec![hash_id(grant.id)];
    if !grant.name.is_empty() {
        hashes.push(hash_properties(grant));
    }
    hashes
}

/// The hashes by which a grant is found for an operation; one of them suffices.
fn grantee_hashes(grant: &Grant, operation: GrantOperation) -> Vec<u64> {
    let hash = |pair| hash_grantee(grant.grantee.name(), operation, pair, grant.source_arn.as_deref());
    match &grant.context {
        // The constraint of a child has all pairs of its parent's (GRA-32).
        Some(context) if binds_context(operation) || operation == GrantOperation::CreateGrant => {
            context.pairs().iter().map(|(key, value)| hash(Some((key, value)))).collect()
        }
        _ => vec![hash(None)],
    }
}

fn hash_id(id: GrantId) -> u64 {
    hash(&(0_u8, id))
}

fn hash_properties(grant: &Grant) -> u64 {
    let Grant { name, grantee, retiring, issuer, operations, context, source_arn, .. } = grant;
    hash(&(1_u8, name, grantee, retiring, issuer, operations, context, source_arn))
}

/// Keys of a context are hashed without letter case (GRA-26).
fn hash_grantee(grantee: &str, operation: GrantOperation, pair: Option<(&str, &str)>, source: Option<&str>) -> u64 {
    match pair {
        None => hash(&(2_u8, grantee, operation, source)),
        Some((key, value)) => {
            let key = key.chars().flat_map(char::to_lowercase).fold(0_u64, |sum, letter| {
                sum.rotate_left(5).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(u32::from(letter))
            });
            hash(&(3_u8, grantee, operation, source, key, value))
        }
    }
}

/// Any seed does: equal hashes are followed by a comparison of what was hashed.
fn hash(value: &impl Hash) -> u64 {
    static STATE: std::sync::LazyLock<foldhash::fast::RandomState> = std::sync::LazyLock::new(Default::default);
    STATE.hash_one(value)
}

/// As many grants under one hash as makes another one preferable.
const CROWD: usize = 16;

#[cfg(test)]
mod tests;
