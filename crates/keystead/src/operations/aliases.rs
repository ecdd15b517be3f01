//! CreateAlias, UpdateAlias, DeleteAlias.

use std::borrow::Cow;

use keystead_store::Expect;
use keystead_types::{AliasName, AliasNameError};

use super::answers::Unit;
use super::common::text;
use crate::Error;
use crate::authorize::Authorized;
use crate::client::{Call, Client};
use crate::commit::{AliasChange, Changes, KeyChange};
use crate::door::{CallFacts, Effect, Operation};
use crate::engine::damaged;
use crate::quota::{self, ResourceQuota};
use crate::record::AliasRecord;
use crate::request::request;
use crate::targets::{BoundAlias, MovingAlias, NewAlias, Target};

request! {
    /// Gives a key a name of its own (KEY-55).
    ///
    /// Authorized by `kms:CreateAlias` on the alias, in identity policies, and on the key.
    CreateAlias: CREATE_ALIAS -> Unit {
        /// `alias/` and up to 250 letters, digits, slashes, underscores and dashes. Not secret.
        alias_name: Cow<'a, str>,
        /// The key: key ID or key ARN, in the caller's account.
        target_key_id: Cow<'a, str>,
    }
}

request! {
    /// Points an alias to another key of the same kind and usage (KEY-56 to KEY-58).
    ///
    /// Authorized by `kms:UpdateAlias` on the alias, in identity policies, on the present and on the new key.
    UpdateAlias: UPDATE_ALIAS -> Unit {
        /// The alias name.
        alias_name: Cow<'a, str>,
        /// The new key: key ID or key ARN, in the caller's account.
        target_key_id: Cow<'a, str>,
    }
}

request! {
    /// Deletes an alias; the key stays (KEY-59).
    ///
    /// Authorized by `kms:DeleteAlias` on the alias, in identity policies, and on the key.
    DeleteAlias: DELETE_ALIAS -> Unit {
        /// The alias name.
        alias_name: Cow<'a, str>,
    }
}

impl Client {
    /// Creates an alias. See [`CreateAlias`].
    pub fn create_alias<'c>(
        &'c self,
        alias_name: impl Into<Cow<'c, str>>,
        target_key_id: impl Into<Cow<'c, str>>,
    ) -> Call<'c, CreateAlias<'c>> {
        self.call(CreateAlias {
            alias_name: Some(alias_name.into()),
            target_key_id: Some(target_key_id.into()),
            ..CreateAlias::new()
        })
    }

    /// Points an alias to another key. See [`UpdateAlias`].
    pub fn update_alias<'c>(
        &'c self,
        alias_name: impl Into<Cow<'c, str>>,
        target_key_id: impl Into<Cow<'c, str>>,
    ) -> Call<'c, UpdateAlias<'c>> {
        self.call(UpdateAlias {
            alias_name: Some(alias_name.into()),
            target_key_id: Some(target_key_id.into()),
            ..UpdateAlias::new()
        })
    }

    /// Deletes an alias. See [`DeleteAlias`].
    pub fn delete_alias<'c>(&'c self, alias_name: impl Into<Cow<'c, str>>) -> Call<'c, DeleteAlias<'c>> {
        self.call(DeleteAlias { alias_name: Some(alias_name.into()), ..DeleteAlias::new() })
    }
}

impl Operation for CreateAlias<'_> {
    type Targets = NewAlias;
    type Prepared<'p>
        = &'p NewAlias
    where
        Self: 'p;

    fn check(&self) -> Result<(), Error> {
        let name = alias_name(&self.alias_name)?;
        if name.is_reserved() {
            let message = format!("Alias {name} is reserved; names must not begin with alias/aws/.");
            return Err(Error::InvalidAliasName(message.into()));
        }
        Ok(())
    }

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<(AliasName, &'r str), Error> {
        Ok((alias_name(&self.alias_name)?, text(&self.target_key_id)))
    }

    fn prepare<'p>(&'p self, targets: &'p Authorized<NewAlias>, call: &CallFacts<'p>) -> Result<&'p NewAlias, Error> {
        let alias = &targets.alias;
        if call.region.alias(alias.account, &alias.name)?.is_some() {
            return Err(Error::AlreadyExists(format!("An alias with the name {alias} already exists").into()));
        }
        require_alias_quota(&targets.target, call)?;
        Ok(targets)
    }

    fn perform(targets: &NewAlias, call: &CallFacts<'_>) -> Result<Effect<Unit>, Error> {
        let name = &targets.alias.name;
        let key = targets.target.held();
        let mut record = key.record.clone();
        record.aliases.insert(name.clone());
        let alias = AliasRecord::of(key.arn.key_id, call.now);
        let change = change(&targets.alias, Some(alias), Expect::Absent);
        let keys = vec![KeyChange::update(key, record)];
        Ok(Effect::changing(Unit, Changes { keys, aliases: vec![change], ..Changes::default() }))
    }
}

impl Operation for UpdateAlias<'_> {
    type Targets = MovingAlias;
    type Prepared<'p>
        = &'p MovingAlias
    where
        Self: 'p;

    fn check(&self) -> Result<(), Error> {
        alias_name(&self.alias_name).map(drop)
    }

    fn wanted<'r>(&'r self, call: &CallFacts<'_>) -> Result<(AliasName, &'r str), Error> {
        Ok((own_name(&self.alias_name, call)?, text(&self.target_key_id)))
    }

    fn prepare<'p>(
        &'p self,
        targets: &'p Authorized<MovingAlias>,
        call: &CallFacts<'p>,
    ) -> Result<&'p MovingAlias, Error> {
        let (current, target) = (&targets.current.snapshot().record, &targets.target.snapshot().record);
        if (current.spec.kind(), current.usage) != (target.spec.kind(), target.usage) {
            let message = format!(
                "Alias {} can point only to a key of the same type and key usage as {}.",
                targets.alias,
                targets.current.arn()
            );
            return Err(Error::Validation(message.into()));
        }
        if targets.current.arn() != targets.target.arn() {
            require_alias_quota(&targets.target, call)?;
        }
        Ok(targets)
    }

    fn perform(targets: &MovingAlias, call: &CallFacts<'_>) -> Result<Effect<Unit>, Error> {
        let MovingAlias { alias, current, target } = targets;
        let (mut record, revision) =
            call.region.alias_record(alias.account, &alias.name)?.ok_or_else(|| damaged("alias"))?;
        record.target = Some(target.arn().key_id);
        record.updated = call.now;
        let mut keys = Vec::new();
        if current.arn() != target.arn() {
            let mut old = current.snapshot().record.clone();
            old.aliases.remove(&alias.name);
            let mut new = target.snapshot().record.clone();
            new.aliases.insert(alias.name.clone());
            keys = vec![KeyChange::update(current.held(), old), KeyChange::update(target.held(), new)];
        }
        let aliases = vec![change(alias, Some(record), Expect::Revision(revision))];
        Ok(Effect::changing(Unit, Changes { keys, aliases, ..Changes::default() }))
    }
}

impl Operation for DeleteAlias<'_> {
    type Targets = BoundAlias;
    type Prepared<'p>
        = &'p BoundAlias
    where
        Self: 'p;

    fn check(&self) -> Result<(), Error> {
        alias_name(&self.alias_name).map(drop)
    }

    fn wanted(&self, call: &CallFacts<'_>) -> Result<AliasName, Error> {
        own_name(&self.alias_name, call)
    }

    fn prepare<'p>(&'p self, targets: &'p Authorized<BoundAlias>, _: &CallFacts<'p>) -> Result<&'p BoundAlias, Error> {
        Ok(targets)
    }

    fn perform(targets: &BoundAlias, call: &CallFacts<'_>) -> Result<Effect<Unit>, Error> {
        let alias = &targets.alias;
        let (_, revision) = call.region.alias_record(alias.account, &alias.name)?.ok_or_else(|| damaged("alias"))?;
        let key = targets.current.held();
        let mut record = key.record.clone();
        record.aliases.remove(&alias.name);
        let keys = vec![KeyChange::update(key, record)];
        let aliases = vec![change(alias, None, Expect::Revision(revision))];
        Ok(Effect::changing(Unit, Changes { keys, aliases, ..Changes::default() }))
    }
}

/// The name in the request; its form is checked here, its pattern was checked by the shape step (API-063).
fn alias_name(member: &Option<Cow<'_, str>>) -> Result<AliasName, Error> {
    let name = text(member);
    AliasName::parse(name).map_err(|error| {
        let message: Cow<'static, str> = match error {
            AliasNameError::MissingPrefix => "Alias must start with the prefix \"alias/\". Please see \
                 https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
                .into(),
            AliasNameError::Colon => format!("{name} contains invalid characters for an alias").into(),
            _ => format!("{name} is not an alias name; give `alias/` and at least one more character").into(),
        };
        Error::Validation(message)
    })
}

/// The name in the request, if it is not one of the services', which nobody may change (KEY-54).
fn own_name(member: &Option<Cow<'_, str>>, call: &CallFacts<'_>) -> Result<AliasName, Error> {
    let name = alias_name(member)?;
    if name.is_reserved() {
        let (caller, action) = (call.principal.arn(), call.row.name());
        let alias = call.region.alias_arn(call.account, &name);
        let message = format!(
            "User: {caller} is not authorized to perform: kms:{action} on resource: {alias} because no resource-based \
             policy allows the kms:{action} action"
        );
        return Err(Error::AccessDenied(message.into()));
    }
    Ok(name)
}

/// One alias more on the key stays within the quota (KEY-62).
fn require_alias_quota(target: &Target, call: &CallFacts<'_>) -> Result<(), Error> {
    let limit = call.engine.limit(ResourceQuota::AliasesPerKey, call.region, target.arn().account);
    if quota::admits(limit, target.snapshot().record.counted_aliases()) {
        return Ok(());
    }
    let limit = limit.unwrap_or_default();
    let message = format!("{} has {limit} aliases, the quota. Delete aliases or raise the quota.", target.arn());
    Err(Error::LimitExceeded(message.into()))
}

fn change(alias: &keystead_types::AliasArn, record: Option<AliasRecord>, expect: Expect) -> AliasChange {
    AliasChange { alias: alias.clone(), record, expect }
}
