//! Step 5 of the door: from what the caller wrote to keys and aliases.
//!
//! A key or alias of another account that is absent resolves to a stand-in, so that it takes the same path as one
//! that is forbidden: the caller cannot tell them apart (API-014). What the one costs more than the other in reads of
//! the store is made up for when the call is refused.

use std::cell::{Cell, RefCell};

use keystead_hierarchy::BlobHeader;
use keystead_types::{AccountId, AliasArn, AliasName, KeyArn, KeyId, KmsArn, Region, Timestamp};

use crate::Error;
use crate::catalogue::{Bucket, Identifiers, Row};
use crate::door::CallFacts;
use crate::engine::Engine;
use crate::grant::{Grant, GrantId, GrantReference, Sight, open_token};
use crate::managed::PredefinedKey;
use crate::policies::default_key_policy;
use crate::quota::{self, ResourceQuota};
use crate::region::RegionState;
use crate::snapshot::{Held, KeySnapshot};
use crate::targets::{Decrypting, DescribedKey, Named, Target};

/// Resolves the identifiers of one call.
pub(crate) struct Resolver<'c> {
    engine: &'c Engine,
    pub(crate) region: &'c RegionState,
    /// The account in which bare names are looked up (API-022).
    pub(crate) account: AccountId,
    pub(crate) row: &'static Row,
    pub(crate) now: Timestamp,
    /// Keys met whose waiting period is over.
    dead: RefCell<Vec<Held>>,
    /// Reads of the store that looking up a key took less than it can take, where the caller must not know.
    spared: Cell<u32>,
}

impl<'c> Resolver<'c> {
    pub(crate) fn new(call: &CallFacts<'c>) -> Self {
        let CallFacts { engine, region, account, row, now, .. } = *call;
        Self { engine, region, account, row, now, dead: RefCell::default(), spared: Cell::default() }
    }

    /// Makes the refused call cost what it would have cost if what it names were another thing of its kind.
    pub(crate) fn make_up(&self) -> Result<(), Error> {
        (0..self.spared.take()).try_for_each(|_| self.region.read_in_vain())
    }

    /// The keys met that should be removed.
    pub(crate) fn into_dead(self) -> Vec<Held> {
        self.dead.into_inner()
    }

    /// A key by any form of identifier that the operation takes.
    pub(crate) fn key(&self, identifier: &str) -> Result<Target, Error> {
        self.identified(identifier, self.row.identifiers)
    }

    /// A key by any form of identifier, or the AWS managed key that is yet to be made if its alias is named (KEY-10).
    pub(crate) fn described_key(&self, identifier: &str) -> Result<DescribedKey, Error> {
        let missing = match self.key(identifier) {
            Ok(key) => return Ok(DescribedKey::Key(key)),
            Err(error) => error,
        };
        let Some(alias) = self.own_predefined_alias(identifier) else { return Err(missing) };
        match PredefinedKey::find(self.engine, self.region, alias)? {
            Some(key) => Ok(DescribedKey::Predefined(Box::new(key))),
            // Somebody else may have been quicker.
            None => self.key(identifier).map(DescribedKey::Key),
        }
    }

    /// A key of the caller's own account; one of another account does not exist for this caller (KEY-20).
    pub(crate) fn own_key(&self, identifier: &str) -> Result<Target, Error> {
        let target = self.key(identifier)?;
        match &target.named {
            // The ARN as written: that of a stand-in would tell that the key is absent.
            Named::Arn(arn) if target.foreign => Err(key_not_found(arn)),
            _ if target.foreign => Err(key_not_found(target.arn())),
            _ => Ok(target),
        }
    }

    /// The key that an alias of the caller's account points to.
    pub(crate) fn own_alias(&self, name: &AliasName) -> Result<Target, Error> {
        self.alias(self.account, name)
    }

    /// The key that holds a name although its waiting period is over.
    pub(crate) fn dead_holder(&self, name: &AliasName) -> Result<Option<Target>, Error> {
        let Some(key_id) = self.region.alias(self.account, name)? else { return Ok(None) };
        let holder = self.region.key(&self.region.key_arn(self.account, key_id))?;
        let dead = holder.filter(|key| key.is_dead(self.now));
        Ok(dead.map(|key| Target { key, named: Named::Id, foreign: false, exists: true }))
    }

    /// A replica of `key` to be made in `region`, by its properties.
    pub(crate) fn replica_draft(&self, key: &KeySnapshot, region: Region) -> Result<KeySnapshot, Error> {
        let partition = self.engine.region_config(&region).partition;
        let arn = KeyArn { partition, region, ..key.arn };
        let mut record = key.record.as_replica(self.now);
        record.policy = default_key_policy(partition, arn.account).into();
        record.current = 0;
        if let Some(related) = &mut record.related {
            related.add(region, None);
        }
        KeySnapshot::preview(arn, &record, &[])
    }

    /// A key whose waiting period is over and which stands in the way of a replica of `key` in `region`: the former
    /// replica, or one too many for the quota.
    pub(crate) fn dead_obstacle(&self, key: &Target, region: Region) -> Result<Option<Target>, Error> {
        let snapshot = key.snapshot();
        let Some(related) = snapshot.record.related.as_ref().filter(|_| !key.foreign) else { return Ok(None) };
        let arn = snapshot.arn_in(region);
        let limit = self.engine.quotas().limit(ResourceQuota::Keys, region, arn.account);
        let dead = if related.regions().any(|own| own == region) {
            self.engine.region(region)?.key(&arn)?.filter(|replica| replica.is_dead(self.now))
        } else if quota::admits(limit, self.engine.key_count(arn.partition, region, arn.account)?) {
            None
        } else {
            self.engine.first_dead_key(self.engine.region(region)?.as_ref(), arn.account, self.now)?
        };
        Ok(dead.map(|key| Target { key, named: Named::Id, foreign: false, exists: true }))
    }

    /// The replica of `key` in `region`, if `key` is a primary and has one there.
    pub(crate) fn replica(&self, key: &Target, region: Region) -> Result<Option<Target>, Error> {
        let (foreign, key) = (key.foreign, key.snapshot());
        let related = key.record.related.as_ref().filter(|_| !foreign && !key.is_replica(self.now));
        let Some(related) = related else { return Ok(None) };
        if !related.replicas_at(self.now).any(|own| own == region) {
            return Ok(None);
        }
        let replica = self.engine.region(region)?.key(&key.arn_in(region))?;
        Ok(replica.map(|key| Target { named: Named::Arn(key.arn), key, foreign: false, exists: true }))
    }

    /// The key and grant that a token stands for. The token itself proves that they existed (GRA-74).
    pub(crate) fn granted_key(&self, token: &str) -> Result<(Target, GrantId), Error> {
        let GrantReference { key: arn, grant } = open_token(self.engine, self.region, token)?;
        let gone = || Error::NotFound(format!("Grant ID {grant} not found").into());
        let key = self.living(&arn)?.ok_or_else(gone)?;
        if key.grants.get(grant).is_none() {
            return Err(gone());
        }
        let foreign = arn.account != self.account;
        Ok((Target { key, named: Named::Arn(arn), foreign, exists: true }, grant))
    }

    /// Whether the grant is visible without its token.
    pub(crate) fn sees(&self, grant: &Grant) -> bool {
        Sight { now: self.now, delay: self.engine.grant_delay.create, presented: &[] }.sees(grant)
    }

    /// The key that a ciphertext or the caller names (API-013).
    pub(crate) fn decrypting_key(&self, wanted: &Decrypting<'_>) -> Result<Target, Error> {
        let header = BlobHeader::parse(wanted.ciphertext).ok();
        match (wanted.key_id, header) {
            (Some(identifier), Some(header)) if self.names_foreign_key_by_id(identifier, &header) => {
                let arn = self.region.key_arn(header.account, header.key_id);
                self.key_or_stand_in(&arn, Named::Id)
            }
            (Some(identifier), _) => self.key(identifier),
            (None, Some(header)) => {
                let arn = self.region.key_arn(header.account, header.key_id);
                let found = self.secretly_living(&arn)?;
                Ok(Target {
                    exists: found.is_some(),
                    key: found.unwrap_or_else(|| self.region.stand_in()),
                    named: Named::Ciphertext,
                    foreign: arn.account != self.account,
                })
            }
            (None, None) => Err(Error::InvalidCiphertext("".into())),
        }
    }

    /// The ARN of an alias of the caller's account.
    pub(crate) fn alias_arn(&self, name: &AliasName) -> AliasArn {
        self.region.alias_arn(self.account, name)
    }

    /// The predefined alias of the caller's account that an identifier names.
    fn own_predefined_alias(&self, identifier: &str) -> Option<AliasArn> {
        let alias = match KmsArn::parse(identifier) {
            Ok(KmsArn::Alias(arn)) => arn,
            Ok(KmsArn::Key(_)) => return None,
            Err(_) => self.alias_arn(&AliasName::parse(identifier).ok()?),
        };
        (alias.name.is_reserved() && alias == self.alias_arn(&alias.name)).then_some(alias)
    }

    fn identified(&self, identifier: &str, forms: Identifiers) -> Result<Target, Error> {
        if identifier.starts_with("arn:") {
            return self.by_arn(identifier, forms);
        }
        if identifier.starts_with(AliasName::PREFIX) && forms == Identifiers::Any {
            return match AliasName::parse(identifier) {
                Ok(name) => self.alias(self.account, &name),
                Err(_) => Err(alias_not_found(&format!("{}{identifier}", self.region.arn_prefix(self.account)))),
            };
        }
        let key_id: KeyId =
            identifier.parse().map_err(|_| Error::NotFound(format!("Invalid keyId '{identifier}'").into()))?;
        let arn = self.region.key_arn(self.account, key_id);
        self.existing(&arn, Named::Id)
    }

    fn by_arn(&self, text: &str, forms: Identifiers) -> Result<Target, Error> {
        let arn = KmsArn::parse(text).map_err(|_| self.invalid_arn(format!("Invalid arn {text}")))?;
        if arn.region() != self.region.region {
            return Err(Error::NotFound(format!("Invalid arn {}", arn.region()).into()));
        }
        if arn.partition() != self.region.partition {
            return Err(self.invalid_arn(format!("Invalid arn {text}")));
        }
        match arn {
            KmsArn::Key(arn) => self.key_or_stand_in(&arn, Named::Arn(arn)),
            KmsArn::Alias(_) if forms != Identifiers::Any => {
                Err(self.invalid_arn("Key Aliases are not supported for this operation".to_owned()))
            }
            KmsArn::Alias(arn) => self.alias(arn.account, &arn.name),
        }
    }

    fn alias(&self, account: AccountId, name: &AliasName) -> Result<Target, Error> {
        let foreign = account != self.account;
        if foreign && self.region.has_live_alias(account, name) {
            self.spare(1);
        }
        // An alias and its keys are published in one step, but read one after the other: look again if they disagree.
        for _ in 0..ALIAS_RETRIES {
            let Some(key_id) = self.region.alias(account, name)? else {
                self.spare(if foreign { KEY_READS } else { 0 });
                break;
            };
            let arn = self.region.key_arn(account, key_id);
            match if foreign { self.secretly_living(&arn)? } else { self.living(&arn)? } {
                Some(key) if key.record.aliases.contains(name) => {
                    return Ok(Target { key, named: Named::Alias(name.clone()), foreign, exists: true });
                }
                Some(_) => self.region.wait_for_publication(),
                None => break,
            }
        }
        if foreign {
            return Ok(Target {
                key: self.region.stand_in(),
                named: Named::Alias(name.clone()),
                foreign,
                exists: false,
            });
        }
        Err(alias_not_found(&self.region.alias_arn(account, name).to_string()))
    }

    fn key_or_stand_in(&self, arn: &KeyArn, named: Named) -> Result<Target, Error> {
        if arn.account == self.account {
            return self.existing(arn, named);
        }
        let found = self.secretly_living(arn)?;
        let exists = found.is_some();
        Ok(Target { key: found.unwrap_or_else(|| self.region.stand_in()), named, foreign: true, exists })
    }

    fn existing(&self, arn: &KeyArn, named: Named) -> Result<Target, Error> {
        match self.living(arn)? {
            Some(key) => Ok(Target { key, named, foreign: false, exists: true }),
            None => Err(key_not_found(arn)),
        }
    }

    /// The key, in such a way that it can be hidden how it was found.
    fn secretly_living(&self, arn: &KeyArn) -> Result<Option<Held>, Error> {
        let was_live = self.region.has_live_key(arn);
        let found = self.living(arn)?;
        self.spare(match (was_live, &found) {
            (true, _) => KEY_READS,
            (false, Some(_)) => 0,
            (false, None) => KEY_READS - 1,
        });
        Ok(found)
    }

    fn spare(&self, reads: u32) {
        self.spared.set(self.spared.get().saturating_add(reads));
    }

    /// The key, unless its waiting period is over.
    fn living(&self, arn: &KeyArn) -> Result<Option<Held>, Error> {
        // Related keys become visible one after the other. Who looks at several of them sees the change as a whole; who
        // uses one has no need to wait (MRK-33).
        if arn.key_id.is_multi_region() && self.row.bucket != Bucket::Cryptographic {
            self.region.wait_for_publication();
        }
        match self.region.key(arn)? {
            Some(key) if key.is_dead(self.now) => {
                self.dead.borrow_mut().push(key);
                Ok(None)
            }
            found => Ok(found),
        }
    }

    /// A bare ID of a foreign key is accepted when the ciphertext names the very key (KEY-19).
    fn names_foreign_key_by_id(&self, identifier: &str, header: &BlobHeader) -> bool {
        header.account != self.account && identifier.parse::<KeyId>().is_ok_and(|key_id| key_id == header.key_id)
    }

    /// `InvalidArnException`, or `NotFoundException` for operations that do not declare it (KEY-22).
    fn invalid_arn(&self, message: String) -> Error {
        if self.row.declares("InvalidArnException") {
            Error::InvalidArn(message.into())
        } else {
            Error::NotFound(message.into())
        }
    }
}

/// The key does not exist in the caller's account and Region.
pub(crate) fn key_not_found(arn: &KeyArn) -> Error {
    Error::NotFound(format!("Key '{arn}' does not exist").into())
}

pub(crate) fn alias_not_found(arn: &str) -> Error {
    Error::NotFound(format!("Alias {arn} is not found.").into())
}

/// Reads of the store that load a key: its record, its materials, its grants, its last use.
const KEY_READS: u32 = 4;
/// How often an alias is looked up again while it moves.
const ALIAS_RETRIES: usize = 16;
