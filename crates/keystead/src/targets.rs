//! Steps 5 and 7 of the door need to know what an operation is about: its targets.

use std::sync::Arc;

use keystead_types::{AliasArn, AliasName, KeyArn, Region};
use smallvec::{SmallVec, smallvec};

use crate::Error;
use crate::catalogue::{Action, CREATE_SERVICE_LINKED_ROLE, Row};
use crate::grant::{Grant, GrantId};
use crate::managed::PredefinedKey;
use crate::resolve::Resolver;
use crate::snapshot::{Held, KeySnapshot};

/// What an operation works on. The door resolves it, and authorizes every [`Claim`] of it.
pub(crate) trait Targets: Sized {
    /// How a request describes the targets.
    type Wanted<'r>;

    /// Finds the targets, in the order of the request.
    fn resolve(wanted: &Self::Wanted<'_>, resolver: &Resolver<'_>) -> Result<Self, Error>;

    /// What must be allowed, in the order in which a refusal is reported.
    fn claims(&self, row: &'static Row) -> Claims<'_>;

    /// All keys, in the order of the request.
    fn keys(&self) -> SmallVec<[&Target; 2]>;

    /// The keys that are brought up to date first. Decrypting never waits for a rotation (ROT-29).
    fn settled(&self) -> SmallVec<[&Target; 2]> {
        self.keys()
    }

    /// The keys whose state is judged.
    fn judged(&self) -> SmallVec<[&Target; 2]> {
        self.keys()
    }

    /// The keys that the audit record lists; the last one is the one that `responseElements` names.
    fn recorded(&self) -> SmallVec<[&Target; 2]> {
        self.keys()
    }

    /// The alias that is created, changed or deleted, and whether the record lists it before the key.
    fn alias(&self) -> Option<(&AliasArn, AliasPlace)> {
        None
    }

    /// The alias that the call changes, whether or not its record lists it.
    fn changed_alias(&self) -> Option<&AliasArn> {
        self.alias().map(|(alias, _)| alias)
    }
}

/// Where the audit record lists the alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AliasPlace {
    First,
    Last,
}

/// One thing that must be allowed.
pub(crate) struct Claim<'t> {
    pub(crate) action: &'static Action,
    pub(crate) on: On<'t>,
}

/// What a [`Claim`] is about.
#[derive(Clone, Copy)]
pub(crate) enum On<'t> {
    /// An existing key, and the other key of a two-key operation.
    Key(&'t Target, Option<&'t Target>),
    /// An alias.
    Alias(&'t AliasArn),
    /// A grant to be retired, if the key has it.
    Grant(&'t Target, Option<&'t Grant>),
    /// A key that does not exist yet.
    NewKey(&'t KeyArn),
    /// An AWS managed key that does not exist yet.
    Predefined(&'t PredefinedKey),
    /// A replica that does not exist yet, as it will look, in its Region.
    Replica(&'t KeySnapshot),
    /// No resource.
    Nothing,
}

pub(crate) type Claims<'t> = SmallVec<[Claim<'t>; 3]>;

/// A key that a request named.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) key: Held,
    /// How it was named.
    pub(crate) named: Named,
    /// Whether it belongs to another account than the caller's.
    pub(crate) foreign: bool,
    /// False for the stand-in that an absent key of another account is judged by (API-014).
    pub(crate) exists: bool,
}

/// How a request named a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// By key ID.
    Id,
    /// By key ARN, which is shown in the audit record even when the call is refused (AUD-12).
    Arn(KeyArn),
    /// By alias name or alias ARN.
    Alias(AliasName),
    /// By the ciphertext alone.
    Ciphertext,
}

impl Target {
    pub(crate) fn snapshot(&self) -> &KeySnapshot {
        &self.key
    }

    pub(crate) fn arn(&self) -> &KeyArn {
        &self.key.arn
    }

    /// The snapshot to base a change on.
    pub(crate) fn held(&self) -> Arc<KeySnapshot> {
        Arc::clone(&self.key)
    }
}

/// One key.
#[derive(Debug)]
pub(crate) struct OneKey(pub(crate) Target);

impl Targets for OneKey {
    type Wanted<'r> = &'r str;

    fn resolve(wanted: &&str, resolver: &Resolver<'_>) -> Result<Self, Error> {
        resolver.key(wanted).map(Self)
    }

    fn claims(&self, row: &'static Row) -> Claims<'_> {
        row.actions.iter().map(|action| Claim { action, on: On::Key(&self.0, None) }).collect()
    }

    fn keys(&self) -> SmallVec<[&Target; 2]> {
        smallvec![&self.0]
    }
}

/// A key, or an AWS managed key that is made because its alias is named (DescribeKey).
#[derive(Debug)]
pub(crate) enum DescribedKey {
    Key(Target),
    Predefined(Box<PredefinedKey>),
}

impl Targets for DescribedKey {
    type Wanted<'r> = &'r str;

    fn resolve(wanted: &&str, resolver: &Resolver<'_>) -> Result<Self, Error> {
        resolver.described_key(wanted)
    }

    /// A key that is yet to be made has no policy: the identity policies decide alone (RUL-24).
    fn claims(&self, row: &'static Row) -> Claims<'_> {
        let on = match self {
            Self::Key(key) => On::Key(key, None),
            Self::Predefined(key) => On::Predefined(key),
        };
        row.actions.iter().map(|action| Claim { action, on }).collect()
    }

    fn keys(&self) -> SmallVec<[&Target; 2]> {
        match self {
            Self::Key(key) => smallvec![key],
            Self::Predefined(_) => SmallVec::new(),
        }
    }

    fn changed_alias(&self) -> Option<&AliasArn> {
        match self {
            Self::Key(_) => None,
            Self::Predefined(key) => Some(&key.alias),
        }
    }
}

/// The key of a Decrypt: named, or found in the ciphertext.
#[derive(Debug)]
pub(crate) struct DecryptingKey(pub(crate) Target);

/// What identifies the key that decrypts.
pub(crate) struct Decrypting<'r> {
    pub(crate) key_id: Option<&'r str>,
    pub(crate) ciphertext: &'r [u8],
}

impl Targets for DecryptingKey {
    type Wanted<'r> = Decrypting<'r>;

    fn resolve(wanted: &Decrypting<'_>, resolver: &Resolver<'_>) -> Result<Self, Error> {
        resolver.decrypting_key(wanted).map(Self)
    }

    fn claims(&self, row: &'static Row) -> Claims<'_> {
        row.actions.iter().map(|action| Claim { action, on: On::Key(&self.0, None) }).collect()
    }

    fn keys(&self) -> SmallVec<[&Target; 2]> {
        smallvec![&self.0]
    }

    fn settled(&self) -> SmallVec<[&Target; 2]> {
        SmallVec::new()
    }
}

/// The two keys of a ReEncrypt. The first action is checked on the source, the second on the destination (CND-08).
#[derive(Debug)]
pub(crate) struct TwoKeys {
    pub(crate) source: Target,
    pub(crate) destination: Target,
}

impl Targets for TwoKeys {
    type Wanted<'r> = (Decrypting<'r>, &'r str);

    fn resolve((source, destination): &Self::Wanted<'_>, resolver: &Resolver<'_>) -> Result<Self, Error> {
        Ok(Self { source: resolver.decrypting_key(source)?, destination: resolver.key(destination)? })
    }

    fn claims(&self, row: &'static Row) -> Claims<'_> {
        let sides = [(&self.source, &self.destination), (&self.destination, &self.source)];
        row.actions
            .iter()
            .zip(sides)
            .map(|(action, (key, other))| Claim { action, on: On::Key(key, Some(other)) })
            .collect()
    }

    fn keys(&self) -> SmallVec<[&Target; 2]> {
        smallvec![&self.source, &self.destination]
    }

    fn settled(&self) -> SmallVec<[&Target; 2]> {
        smallvec![&self.destination]
    }
}

/// A grant and its key (RetireGrant).
#[derive(Debug)]
pub(crate) struct GrantOfKey {
    pub(crate) key: Target,
    pub(crate) id: GrantId,
    /// `None` if the key has no such grant.
    pub(crate) grant: Option<Arc<Grant>>,
}

/// How a grant to be retired is named.
pub(crate) enum Retiring<'r> {
    Token(&'r str),
    Ids(&'r str, GrantId),
}

impl Targets for GrantOfKey {
    type Wanted<'r> = Retiring<'r>;

    fn resolve(wanted: &Retiring<'_>, resolver: &Resolver<'_>) -> Result<Self, Error> {
        let (key, id) = match wanted {
            Retiring::Token(token) => resolver.granted_key(token)?,
            Retiring::Ids(identifier, id) => (resolver.key(identifier)?, *id),
        };
        let grant = key.snapshot().grants.get(id);
        // A token names a grant that is not visible yet, an ID does not (GRA-62).
        let grant = grant.filter(|grant| matches!(wanted, Retiring::Token(_)) || resolver.sees(grant));
        Ok(Self { key, id, grant })
    }

    fn claims(&self, row: &'static Row) -> Claims<'_> {
        row.actions.iter().map(|action| Claim { action, on: On::Grant(&self.key, self.grant.as_deref()) }).collect()
    }

    fn keys(&self) -> SmallVec<[&Target; 2]> {
        smallvec![&self.key]
    }
}

/// A free alias name and the key it shall point to (CreateAlias).
#[derive(Debug)]
pub(crate) struct NewAlias {
    pub(crate) alias: AliasArn,
    pub(crate) target: Target,
    /// A key whose waiting period is over still holds the name; it is removed first (STA-70).
    holder: Option<Target>,
}

impl Targets for NewAlias {
    type Wanted<'r> = (AliasName, &'r str);

    fn resolve((name, target): &Self::Wanted<'_>, resolver: &Resolver<'_>) -> Result<Self, Error> {
        let target = resolver.key(target)?;
        Ok(Self { alias: resolver.alias_arn(name), target, holder: resolver.dead_holder(name)? })
    }

    fn claims(&self, row: &'static Row) -> Claims<'_> {
        alias_claims(row, &self.alias, [&self.target])
    }

    fn keys(&self) -> SmallVec<[&Target; 2]> {
        smallvec![&self.target]
    }

    fn settled(&self) -> SmallVec<[&Target; 2]> {
        std::iter::once(&self.target).chain(&self.holder).collect()
    }

    fn alias(&self) -> Option<(&AliasArn, AliasPlace)> {
        Some((&self.alias, AliasPlace::Last))
    }
}

/// An alias and the key it points to (DeleteAlias).
#[derive(Debug)]
pub(crate) struct BoundAlias {
    pub(crate) alias: AliasArn,
    pub(crate) current: Target,
}

impl Targets for BoundAlias {
    type Wanted<'r> = AliasName;

    fn resolve(name: &AliasName, resolver: &Resolver<'_>) -> Result<Self, Error> {
        Ok(Self { alias: resolver.alias_arn(name), current: resolver.own_alias(name)? })
    }

    fn claims(&self, row: &'static Row) -> Claims<'_> {
        alias_claims(row, &self.alias, [&self.current])
    }

    fn keys(&self) -> SmallVec<[&Target; 2]> {
        smallvec![&self.current]
    }

    fn alias(&self) -> Option<(&AliasArn, AliasPlace)> {
        Some((&self.alias, AliasPlace::First))
    }
}

/// An alias, the key it points to and the key it shall point to (UpdateAlias).
#[derive(Debug)]
pub(crate) struct MovingAlias {
    pub(crate) alias: AliasArn,
    pub(crate) current: Target,
    pub(crate) target: Target,
}

impl Targets for MovingAlias {
    type Wanted<'r> = (AliasName, &'r str);

    fn resolve((name, target): &Self::Wanted<'_>, resolver: &Resolver<'_>) -> Result<Self, Error> {
        let current = resolver.own_alias(name)?;
        Ok(Self { alias: resolver.alias_arn(name), current, target: resolver.key(target)? })
    }

    fn claims(&self, row: &'static Row) -> Claims<'_> {
        alias_claims(row, &self.alias, [&self.current, &self.target])
    }

    fn keys(&self) -> SmallVec<[&Target; 2]> {
        smallvec![&self.current, &self.target]
    }

    /// The new key only (AUD-21).
    fn recorded(&self) -> SmallVec<[&Target; 2]> {
        smallvec![&self.target]
    }

    /// A dying key may lose its alias (STA-45).
    fn judged(&self) -> SmallVec<[&Target; 2]> {
        smallvec![&self.target]
    }

    fn alias(&self) -> Option<(&AliasArn, AliasPlace)> {
        Some((&self.alias, AliasPlace::First))
    }
}

/// A key to be created.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewKey {
    pub(crate) arn: KeyArn,
    /// Whether it gets tags.
    pub(crate) tagged: bool,
    /// Whether it makes KMS synchronise keys, for which there is a role.
    pub(crate) linked_role: bool,
}

impl Targets for NewKey {
    type Wanted<'r> = Self;

    fn resolve(wanted: &Self, _: &Resolver<'_>) -> Result<Self, Error> {
        Ok(*wanted)
    }

    /// `kms:CreateKey`, with tags `kms:TagResource` on the key to be (PRM-14), and for the primary of a set the right
    /// to create the role that synchronises it (MRK-69).
    fn claims(&self, row: &'static Row) -> Claims<'_> {
        let on = [On::Nothing, On::NewKey(&self.arn)];
        let wanted = if self.tagged { 2 } else { 1 };
        let own = row.actions.iter().zip(on).take(wanted).map(|(action, on)| Claim { action, on });
        let role = self.linked_role.then(|| Claim { action: &CREATE_SERVICE_LINKED_ROLE, on: On::Nothing });
        own.chain(role).collect()
    }

    fn keys(&self) -> SmallVec<[&Target; 2]> {
        SmallVec::new()
    }
}

/// A key and the replica to be made of it (ReplicateKey).
#[derive(Debug)]
pub(crate) struct NewReplica {
    pub(crate) key: Target,
    /// The replica by its properties; it has no material yet.
    pub(crate) draft: KeySnapshot,
    tagged: bool,
    /// A key whose waiting period is over and which is in the way; it is removed first (MRK-29, KEY-33).
    obstacle: Option<Target>,
}

/// How a replica is asked for.
pub(crate) struct WantedReplica<'r> {
    pub(crate) key_id: &'r str,
    pub(crate) region: Region,
    /// Whether it gets tags.
    pub(crate) tagged: bool,
}

impl Targets for NewReplica {
    type Wanted<'r> = WantedReplica<'r>;

    fn resolve(wanted: &WantedReplica<'_>, resolver: &Resolver<'_>) -> Result<Self, Error> {
        let key = resolver.key(wanted.key_id)?;
        let draft = resolver.replica_draft(key.snapshot(), wanted.region)?;
        let obstacle = resolver.dead_obstacle(&key, wanted.region)?;
        Ok(Self { key, draft, tagged: wanted.tagged, obstacle })
    }

    /// `kms:ReplicateKey` on the key; in the other Region `kms:CreateKey`, and with tags `kms:TagResource` (PRM-15).
    fn claims(&self, row: &'static Row) -> Claims<'_> {
        let on = [On::Key(&self.key, None), On::Replica(&self.draft), On::Replica(&self.draft)];
        let wanted = if self.tagged { 3 } else { 2 };
        row.actions.iter().zip(on).take(wanted).map(|(action, on)| Claim { action, on }).collect()
    }

    fn keys(&self) -> SmallVec<[&Target; 2]> {
        smallvec![&self.key]
    }

    fn settled(&self) -> SmallVec<[&Target; 2]> {
        std::iter::once(&self.key).chain(&self.obstacle).collect()
    }
}

/// A primary and the replica that shall take over its role (UpdatePrimaryRegion).
#[derive(Debug)]
pub(crate) struct Succession {
    pub(crate) primary: Target,
    /// `None` if the key is no primary, or has no replica there.
    pub(crate) heir: Option<Target>,
}

impl Targets for Succession {
    type Wanted<'r> = (&'r str, Region);

    fn resolve((key_id, region): &Self::Wanted<'_>, resolver: &Resolver<'_>) -> Result<Self, Error> {
        let primary = resolver.key(key_id)?;
        let heir = resolver.replica(&primary, *region)?;
        Ok(Self { primary, heir })
    }

    /// The same permission on both, each in its Region (PRM-20).
    fn claims(&self, row: &'static Row) -> Claims<'_> {
        row.actions.iter().zip(self.keys()).map(|(action, key)| Claim { action, on: On::Key(key, None) }).collect()
    }

    fn keys(&self) -> SmallVec<[&Target; 2]> {
        std::iter::once(&self.primary).chain(&self.heir).collect()
    }

    /// The record of the call is about the primary; the other Region has a record of its own.
    fn recorded(&self) -> SmallVec<[&Target; 2]> {
        smallvec![&self.primary]
    }
}

/// Nothing: the operation concerns the account and Region as a whole.
#[derive(Debug)]
pub(crate) struct NoKey;

impl Targets for NoKey {
    type Wanted<'r> = ();

    fn resolve((): &(), _: &Resolver<'_>) -> Result<Self, Error> {
        Ok(Self)
    }

    fn claims(&self, row: &'static Row) -> Claims<'_> {
        row.actions.iter().map(|action| Claim { action, on: On::Nothing }).collect()
    }

    fn keys(&self) -> SmallVec<[&Target; 2]> {
        SmallVec::new()
    }
}

/// A list of the account and Region, perhaps narrowed to one key (ListAliases).
#[derive(Debug)]
pub(crate) struct Filter(pub(crate) Option<Target>);

impl Targets for Filter {
    type Wanted<'r> = Option<&'r str>;

    fn resolve(wanted: &Option<&str>, resolver: &Resolver<'_>) -> Result<Self, Error> {
        wanted.map(|identifier| resolver.own_key(identifier)).transpose().map(Self)
    }

    fn claims(&self, row: &'static Row) -> Claims<'_> {
        row.actions.iter().map(|action| Claim { action, on: On::Nothing }).collect()
    }

    fn keys(&self) -> SmallVec<[&Target; 2]> {
        self.0.iter().collect()
    }
}

/// The alias part, then the key parts (PRM-16 to PRM-18).
fn alias_claims<'t, const N: usize>(row: &'static Row, alias: &'t AliasArn, keys: [&'t Target; N]) -> Claims<'t> {
    let on = std::iter::once(On::Alias(alias)).chain(keys.into_iter().map(|key| On::Key(key, None)));
    row.actions.iter().zip(on).map(|(action, on)| Claim { action, on }).collect()
}
