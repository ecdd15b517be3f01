//! CreateGrant, RetireGrant, RevokeGrant.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use keystead_hierarchy::EncryptionContext;
use keystead_hierarchy::spec::{KeyKind, KeyManager, KeySpec, KeyUsage};
use keystead_types::Arn;

use super::answers::Unit;
use super::common::text;
use crate::Error;
use crate::audit::{AuditExtras, Fields};
use crate::authorize::Authorized;
use crate::client::{Call, Client};
use crate::commit::{Changes, GrantChange, KeyChange};
use crate::door::{CallFacts, Effect, Operation};
use crate::engine::crypto;
use crate::grant::{Afterglow, ContextConstraint, Grant, GrantId, GrantOperation, GrantReference, Party, same_key};
use crate::quota::{self, ResourceQuota};
use crate::record::RECORD_FORMAT;
use crate::request::request;
use crate::response::response;
use crate::targets::{GrantOfKey, OneKey, Retiring, Target};
use crate::value::GrantConstraints;

request! {
    /// Grants a principal operations on a key (GRA-14 to GRA-21). Effective at once, and until it is retired or revoked.
    ///
    /// Authorized by `kms:CreateGrant` on the key, or by a grant that holds `CreateGrant`, which the new one must not
    /// exceed.
    CreateGrant: CREATE_GRANT -> CreateGrantResponse {
        /// The key: key ID or key ARN.
        key_id: Cow<'a, str>,
        /// Who may use the key: ARN of an account, user, role, role session or federated user.
        grantee_principal: Cow<'a, str>,
        /// Who may retire the grant.
        retiring_principal: Cow<'a, str>,
        /// What is granted, at least one operation.
        operations: Vec<Cow<'a, str>>,
        /// Under which conditions. Audit records and lists show them in clear: they are no place for secrets (GRA-09).
        constraints: GrantConstraints<'a>,
        /// Grants to be considered although they are new.
        grant_tokens: Vec<Cow<'a, str>>,
        /// Makes repeated calls idempotent. Audit records and lists show it in clear: it is no place for secrets
        /// (GRA-09).
        name: Cow<'a, str>,
        /// Checks everything and changes nothing; the call then always fails.
        dry_run: bool,
        /// The service that may use the key; needs a `source_arn` constraint and someone to retire the grant.
        grantee_service_principal: Cow<'a, str>,
        /// The service that may retire the grant.
        retiring_service_principal: Cow<'a, str>,
    }
}

response! {
    /// The answer of [`CreateGrant`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    CreateGrantResponse {
        /// A token of the grant; needed nowhere, accepted where grants count.
        grant_token: String,
        /// The ID of the grant.
        grant_id: GrantId,
    }
}

request! {
    /// Retires a grant, named by its token or by key and ID (GRA-56 to GRA-63).
    ///
    /// Open to the retiring principal, to the grantee if the grant holds `RetireGrant`, and to the accounts that
    /// issued the grant or own the key.
    RetireGrant: RETIRE_GRANT -> Unit {
        /// The token of the grant.
        grant_token: Cow<'a, str>,
        /// The key: key ARN.
        key_id: Cow<'a, str>,
        /// The grant.
        grant_id: Cow<'a, str>,
        /// Checks everything and changes nothing; the call then always fails.
        dry_run: bool,
    }
}

request! {
    /// Revokes a grant (GRA-55).
    ///
    /// Authorized by `kms:RevokeGrant` on the key.
    RevokeGrant: REVOKE_GRANT -> Unit {
        /// The key: key ID or key ARN.
        key_id: Cow<'a, str>,
        /// The grant.
        grant_id: Cow<'a, str>,
        /// Checks everything and changes nothing; the call then always fails.
        dry_run: bool,
    }
}

impl Client {
    /// Grants a principal operations on a key; add them with [`Call::operation`]. See [`CreateGrant`].
    pub fn create_grant<'c>(
        &'c self,
        key_id: impl Into<Cow<'c, str>>,
        grantee_principal: impl Into<Cow<'c, str>>,
    ) -> Call<'c, CreateGrant<'c>> {
        self.call(CreateGrant {
            key_id: Some(key_id.into()),
            grantee_principal: Some(grantee_principal.into()),
            ..CreateGrant::new()
        })
    }

    /// Retires a grant; name it by [`Call::grant_token`], or by [`Call::key_id`] and [`Call::grant_id`]. See
    /// [`RetireGrant`].
    pub fn retire_grant(&self) -> Call<'_, RetireGrant<'_>> {
        self.call(RetireGrant::new())
    }

    /// Revokes a grant. See [`RevokeGrant`].
    pub fn revoke_grant<'c>(
        &'c self,
        key_id: impl Into<Cow<'c, str>>,
        grant_id: impl Into<Cow<'c, str>>,
    ) -> Call<'c, RevokeGrant<'c>> {
        self.call(RevokeGrant { key_id: Some(key_id.into()), grant_id: Some(grant_id.into()), ..RevokeGrant::new() })
    }
}

impl<'c> Call<'c, CreateGrant<'c>> {
    /// Adds an operation to what is granted.
    pub fn operation(mut self, operation: impl Into<Cow<'c, str>>) -> Self {
        self.request.operations.get_or_insert_default().push(operation.into());
        self
    }

    /// Demands exactly these pairs of the encryption context.
    pub fn encryption_context_equals(mut self, context: EncryptionContext<'c>) -> Self {
        self.request.constraints.get_or_insert_default().encryption_context_equals = Some(context);
        self
    }

    /// Demands at least these pairs of the encryption context.
    pub fn encryption_context_subset(mut self, context: EncryptionContext<'c>) -> Self {
        self.request.constraints.get_or_insert_default().encryption_context_subset = Some(context);
        self
    }

    /// Demands that a call is made on behalf of this resource.
    pub fn source_arn(mut self, arn: impl Into<Cow<'c, str>>) -> Self {
        self.request.constraints.get_or_insert_default().source_arn = Some(arn.into());
        self
    }
}

/// A grant about to be made.
pub(crate) struct Granting<'p> {
    key: &'p Target,
    grant: Grant,
    /// The same grant made earlier under the same name.
    twin: Option<Arc<Grant>>,
}

impl CreateGrant<'_> {
    fn constraint(&self) -> Option<ContextConstraint> {
        let constraints = self.constraints.as_ref()?;
        let owned = |context: &EncryptionContext<'_>| -> BTreeMap<String, String> {
            context.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
        };
        let equals =
            constraints.encryption_context_equals.as_ref().map(|pairs| ContextConstraint::Equals(owned(pairs)));
        equals.or_else(|| {
            constraints.encryption_context_subset.as_ref().map(|pairs| ContextConstraint::Subset(owned(pairs)))
        })
    }

    fn grant_operations(&self) -> BTreeSet<GrantOperation> {
        self.operations.iter().flatten().filter_map(|name| name.parse().ok()).collect()
    }
}

impl Operation for CreateGrant<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = Granting<'p>
    where
        Self: 'p;

    fn check(&self) -> Result<(), Error> {
        let refuse = |message: &'static str| Err(Error::Validation(message.into()));
        match (&self.grantee_principal, &self.grantee_service_principal) {
            (Some(_), Some(_)) | (None, None) => {
                return refuse("Specify exactly one of GranteePrincipal and GranteeServicePrincipal.");
            }
            _ => {}
        }
        if self.retiring_principal.is_some() && self.retiring_service_principal.is_some() {
            return refuse("Specify at most one of RetiringPrincipal and RetiringServicePrincipal.");
        }
        if self.operations.as_ref().is_none_or(Vec::is_empty) {
            return refuse("Operations must name at least one grant operation.");
        }
        let constraints = self.constraints.as_ref();
        let source_arn = constraints.and_then(|constraints| constraints.source_arn.as_ref());
        let retiring = self.retiring_principal.is_some() || self.retiring_service_principal.is_some();
        if self.grantee_service_principal.is_some() && (source_arn.is_none() || !retiring) {
            return refuse("A grant to a service needs Constraints.SourceArn and a retiring principal.");
        }
        let Some(constraints) = constraints else { return Ok(()) };
        match (&constraints.encryption_context_equals, &constraints.encryption_context_subset) {
            (Some(_), Some(_)) => refuse("EncryptionContextEquals and EncryptionContextSubset exclude each other."),
            (Some(pairs), None) | (None, Some(pairs)) => check_pairs(pairs),
            (None, None) => Ok(()),
        }
    }

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn prepare<'p>(&'p self, targets: &'p Authorized<OneKey>, call: &CallFacts<'p>) -> Result<Granting<'p>, Error> {
        let key = targets.0.snapshot();
        let operations = self.grant_operations();
        let context = self.constraint();
        check_fit(&operations, context.as_ref(), key.record.spec, key.record.usage, &key.arn_text)?;
        let constraints = self.constraints.as_ref();
        let grant = Grant {
            format: RECORD_FORMAT,
            id: new_id(call)?,
            name: text(&self.name).to_owned(),
            created: call.now,
            grantee: party(&self.grantee_principal, &self.grantee_service_principal, call)?
                .ok_or_else(|| Error::Validation("GranteePrincipal is missing.".into()))?,
            retiring: party(&self.retiring_principal, &self.retiring_service_principal, call)?,
            issuer: call.account,
            operations,
            context,
            source_arn: constraints.and_then(|constraints| constraints.source_arn.as_deref()).map(ToOwned::to_owned),
        };
        let twin = key.grants.twin(&grant);
        let limit = call.engine.limit(ResourceQuota::GrantsPerKey, call.region, key.arn.account);
        // Those on keys of services do not count (GRA-05).
        let limit = limit.filter(|_| key.record.manager == KeyManager::Customer);
        if twin.is_none() && !quota::admits(limit, key.grants.len() as u64) {
            let limit = limit.unwrap_or_default();
            let message = format!("{} has {limit} grants, the quota. Retire or revoke grants.", key.arn_text);
            return Err(Error::LimitExceeded(message.into()));
        }
        Ok(Granting { key: &targets.0, grant, twin })
    }

    fn perform(granting: Granting<'_>, call: &CallFacts<'_>) -> Result<Effect<CreateGrantResponse>, Error> {
        let Granting { key, grant, twin } = granting;
        let grant_id = twin.as_ref().map_or(grant.id, |twin| twin.id);
        let reference = GrantReference { key: *key.arn(), grant: grant_id };
        let response =
            CreateGrantResponse { grant_token: crate::grant::seal_token(call.engine, &reference)?, grant_id };
        let changes = match twin {
            Some(_) => Changes::default(),
            None => changing(key, GrantChange::Add(Arc::new(grant))),
        };
        let recorded = Fields::new().with("grantId", grant_id.to_string()).with("keyId", key.arn().to_string());
        let audit = AuditExtras { response: Some(recorded), ..AuditExtras::default() };
        Ok(Effect { response, changes, audit })
    }
}

impl Operation for RetireGrant<'_> {
    type Targets = GrantOfKey;
    type Prepared<'p>
        = (&'p Target, GrantId)
    where
        Self: 'p;

    fn check(&self) -> Result<(), Error> {
        match (&self.grant_token, &self.key_id, &self.grant_id) {
            (Some(_), None, None) => Ok(()),
            (None, Some(_), Some(id)) => parse_grant_id(id).map(drop),
            _ => Err(Error::Validation("Specify either GrantToken, or KeyId and GrantId.".into())),
        }
    }

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<Retiring<'r>, Error> {
        match &self.grant_token {
            Some(token) => Ok(Retiring::Token(token)),
            None => Ok(Retiring::Ids(text(&self.key_id), parse_grant_id(text(&self.grant_id))?)),
        }
    }

    fn prepare<'p>(
        &'p self,
        targets: &'p Authorized<GrantOfKey>,
        _: &CallFacts<'p>,
    ) -> Result<(&'p Target, GrantId), Error> {
        match &targets.grant {
            Some(grant) => Ok((&targets.key, grant.id)),
            None => Err(grant_not_found(targets.id)),
        }
    }

    fn perform((key, id): (&Target, GrantId), call: &CallFacts<'_>) -> Result<Effect<Unit>, Error> {
        let additional = Some(Fields::new().with("grantId", id.to_string()));
        let afterglow = Afterglow::of(call.engine.grant_delay.retire, call.now);
        let changes = changing(key, GrantChange::Remove(id, afterglow));
        Ok(Effect { response: Unit, changes, audit: AuditExtras { additional, ..AuditExtras::default() } })
    }
}

impl Operation for RevokeGrant<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = (&'p Target, GrantId)
    where
        Self: 'p;

    fn check(&self) -> Result<(), Error> {
        parse_grant_id(text(&self.grant_id)).map(drop)
    }

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn prepare<'p>(
        &'p self,
        targets: &'p Authorized<OneKey>,
        _: &CallFacts<'p>,
    ) -> Result<(&'p Target, GrantId), Error> {
        let id = parse_grant_id(text(&self.grant_id))?;
        match targets.0.snapshot().grants.get(id) {
            Some(_) => Ok((&targets.0, id)),
            None => Err(grant_not_found(id)),
        }
    }

    fn perform((key, id): (&Target, GrantId), call: &CallFacts<'_>) -> Result<Effect<Unit>, Error> {
        let afterglow = Afterglow::of(call.engine.grant_delay.revoke, call.now);
        Ok(Effect::changing(Unit, changing(key, GrantChange::Remove(id, afterglow))))
    }
}

fn changing(key: &Target, change: GrantChange) -> Changes {
    let record = key.snapshot().record.clone();
    Changes::of(KeyChange { grant: Some(change), ..KeyChange::update(key.held(), record) })
}

pub(super) fn parse_grant_id(text: &str) -> Result<GrantId, Error> {
    text.parse().map_err(|_| Error::InvalidGrantId(format!("Invalid grant ID '{text}'").into()))
}

fn grant_not_found(id: GrantId) -> Error {
    Error::NotFound(format!("Grant ID {id} not found").into())
}

fn new_id(call: &CallFacts<'_>) -> Result<GrantId, Error> {
    let mut bytes = [0; 32];
    call.engine.entropy.fill(&mut bytes).map_err(crypto)?;
    Ok(GrantId::from_random(bytes))
}

/// Whether a grant on such a key can have these operations and this constraint (GRA-10, GRA-11, GRA-24).
fn check_fit(
    operations: &BTreeSet<GrantOperation>,
    context: Option<&ContextConstraint>,
    spec: KeySpec,
    usage: KeyUsage,
    arn: &str,
) -> Result<(), Error> {
    if let Some(unfit) = operations.iter().find(|operation| !operation.fits(spec, usage)) {
        return Err(Error::Validation(format!("Operation {unfit} is not valid for {arn}.").into()));
    }
    if context.is_some() && spec.kind() != KeyKind::SymmetricEncryption {
        let message = "Encryption context constraints are valid for symmetric encryption keys only.";
        return Err(Error::Validation(message.into()));
    }
    Ok(())
}

/// One to eight pairs, values of at most 384 characters, keys that differ in more than letter case (GRA-23, GRA-26).
fn check_pairs(pairs: &EncryptionContext<'_>) -> Result<(), Error> {
    let refuse = |message: &'static str| Err(Error::Validation(message.into()));
    if pairs.is_empty() || pairs.len() > MAX_PAIRS {
        return refuse("An encryption context constraint must have 1 to 8 pairs.");
    }
    if pairs.iter().any(|(_, value)| value.chars().count() > MAX_VALUE_LEN) {
        return refuse("A value in an encryption context constraint must have at most 384 characters.");
    }
    let keys: Vec<&str> = pairs.iter().map(|(key, _)| key).collect();
    let collide = keys.iter().enumerate().any(|(at, key)| keys[..at].iter().any(|other| same_key(key, other)));
    if collide {
        return refuse("Keys of an encryption context constraint must differ in more than letter case.");
    }
    Ok(())
}

/// The principal in one of two members. Only integrated services may write a service in the first (GRA-15, GRA-73).
fn party(
    principal: &Option<Cow<'_, str>>,
    service: &Option<Cow<'_, str>>,
    call: &CallFacts<'_>,
) -> Result<Option<Party>, Error> {
    if let Some(service) = service {
        return Ok(Some(Party::Service(service.to_string())));
    }
    let Some(principal) = principal else { return Ok(None) };
    let by_service = call.caller.statement().grant_for_service && is_service_name(principal);
    if by_service || is_principal_arn(principal) {
        return Ok(Some(Party::Principal(principal.to_string())));
    }
    let message = format!("'{principal}' is not the ARN of an account, user, role, role session or federated user.");
    Err(Error::InvalidArn(message.into()))
}

fn is_principal_arn(text: &str) -> bool {
    let Some(arn) = Arn::parse(text) else { return false };
    let named = |prefix: &str| arn.resource.strip_prefix(prefix).is_some_and(|name| !name.is_empty());
    let account = arn.account.len() == 12 && arn.account.bytes().all(|byte| byte.is_ascii_digit());
    let known = match arn.service {
        "iam" => arn.resource == "root" || named("user/") || named("role/"),
        "sts" => named("assumed-role/") || named("federated-user/"),
        _ => false,
    };
    account && known && arn.region.is_empty()
}

/// The form of POL-24.
fn is_service_name(text: &str) -> bool {
    let mut labels = text.split('.');
    let valid =
        |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    text.contains('.') && labels.all(valid)
}

const MAX_PAIRS: usize = 8;
const MAX_VALUE_LEN: usize = 384;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Spec: GRA-24
    #[test]
    fn constraints_on_the_context_are_for_symmetric_encryption_keys() {
        let pairs = BTreeMap::from([("k".to_owned(), "v".to_owned())]);
        let constraint = ContextConstraint::Subset(pairs);
        let operations = BTreeSet::from([GrantOperation::DescribeKey]);
        for spec in KeySpec::ALL {
            for usage in spec.usages() {
                let check = |context| check_fit(&operations, context, *spec, usage, "arn");
                check(None).unwrap();
                match check(Some(&constraint)) {
                    Ok(()) => assert_eq!(spec.kind(), KeyKind::SymmetricEncryption, "{spec}"),
                    Err(error) => {
                        assert_ne!(spec.kind(), KeyKind::SymmetricEncryption, "{spec}");
                        assert_eq!(error.code(), "ValidationException");
                    }
                }
            }
        }
    }
}
