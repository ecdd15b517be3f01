//! The condition keys of one claim (chapter 22): what the request, the key and the caller say, in the words of policies.

use std::borrow::Cow;

use keystead_hierarchy::EncryptionContext;
use keystead_hierarchy::spec::{KeyKind, KeyUsage};
use keystead_policy::{ConditionKey, Context, KeyName, KnownKey, Many, TextSet, Value};
use keystead_types::{AccountId, KeyArn, Region};

use crate::catalogue::{self, Conditions, Resource, Row};
use crate::door::CallFacts;
use crate::grant::{ContextConstraint, Grant};
use crate::quota::ResourceQuota;
use crate::snapshot::KeySnapshot;
use crate::targets::{Claim, Named, On, Target};
use crate::value::{MemberValue, Tag};

/// The condition keys of one claim. A key that does not apply to its action is absent (CND-06).
pub(crate) struct Facts<'f> {
    call: &'f CallFacts<'f>,
    conditions: Conditions,
    /// The owner of the key or alias.
    resource_account: Option<AccountId>,
    key: Option<&'f KeySnapshot>,
    /// Whether the key is yet to be created.
    is_new: bool,
    /// Where the claim is judged.
    region: Region,
    other: Option<&'f KeySnapshot>,
    /// The grant to be retired.
    grant: Option<&'f Grant>,
    request_alias: Option<&'f str>,
    /// What the members of this side begin with in a two-key request.
    side: &'static str,
    context_keys: ContextKeys<'f>,
    request_tags: RequestTags<'f>,
    grant_operations: Texts<'f>,
}

impl<'f> Facts<'f> {
    /// The facts of a claim. `context` is the encryption context of [`claimed_context`].
    pub(crate) fn of_claim(
        claim: &Claim<'f>,
        call: &'f CallFacts<'f>,
        context: Option<&'f EncryptionContext<'f>>,
    ) -> Self {
        let conditions = claim.action.conditions;
        let (key, other, grant) = match claim.on {
            On::Key(key, other) => (Some(key), other, None),
            On::Grant(key, grant) => (Some(key), None, grant),
            _ => (None, None, None),
        };
        let judged = match claim.on {
            On::Replica(draft) => Some(draft),
            _ => key.map(Target::snapshot),
        };
        let symmetric = judged.is_none_or(|key| key.record.spec.kind() == KeyKind::SymmetricEncryption);
        Self {
            call,
            conditions,
            resource_account: match claim.on {
                On::Key(key, _) | On::Grant(key, _) => Some(key.arn().account),
                On::Alias(alias) => Some(alias.account),
                On::NewKey(arn) => Some(arn.account),
                On::Predefined(key) => Some(key.arn.account),
                On::Replica(draft) => (claim.action.resource == Resource::Key).then_some(draft.arn.account),
                On::Nothing => None,
            },
            key: judged,
            is_new: key.is_none(),
            // What concerns a key in another Region is judged as if it were asked for there.
            region: judged.map_or(call.region.region, |key| key.arn.region),
            other: other.map(Target::snapshot),
            grant,
            request_alias: key.and_then(|key| match &key.named {
                Named::Alias(name) => Some(name.as_str()),
                _ => None,
            }),
            side: side(claim),
            context_keys: ContextKeys(context.filter(|context| symmetric && !context.is_empty())),
            request_tags: if conditions.has(Conditions::TAGS) {
                RequestTags::of(call.row, call.values)
            } else {
                RequestTags::None
            },
            grant_operations: Texts(if conditions.has(Conditions::GRANT) { texts(call, "Operations") } else { &[] }),
        }
    }

    /// What the caller would be judged by if it changed the policy of the key again; `key` is `None` or a
    /// draft if it is yet to be created. The flag that skips this very check is absent (POL-86).
    pub(crate) fn of_next_policy_change(arn: &KeyArn, key: Option<&'f KeySnapshot>, call: &'f CallFacts<'f>) -> Self {
        let conditions = catalogue::PUT_KEY_POLICY.actions[0].conditions.without(Conditions::BYPASS);
        let is_new = key.is_none_or(KeySnapshot::is_draft);
        Self {
            call,
            conditions: if is_new { conditions.and(Conditions::NEW_KEY) } else { conditions },
            resource_account: Some(arn.account),
            is_new,
            key,
            region: arn.region,
            other: None,
            grant: None,
            request_alias: None,
            side: "",
            context_keys: ContextKeys(None),
            request_tags: RequestTags::of(call.row, call.values),
            grant_operations: Texts(&[]),
        }
    }

    fn known<'a>(&'a self, known: KnownKey, key: &ConditionKey) -> Value<'a> {
        use KnownKey as K;

        let has = |group| self.conditions.has(group);
        match known {
            // Of the caller, the clock and the Region.
            K::AwsCurrentTime => Value::Time(self.call.now.as_jiff()),
            K::AwsEpochTime => Value::Epoch(self.call.now.as_jiff()),
            K::AwsRequestedRegion => Value::Text(self.region.as_str()),
            K::AwsResourceAccount => self.resource_account.as_ref().map(AccountId::as_str).into(),
            K::AwsUserId => match self.call.caller.statement().value(key) {
                Value::Absent => self.call.identity.principal_id.as_deref().into(),
                stated => stated,
            },
            K::KmsCallerAccount if has(Conditions::KEY) || has(Conditions::CALLER_ACCOUNT) => {
                self.call.principal.account().into()
            }
            K::KmsViaService if has(Conditions::KEY) || has(Conditions::VIA_SERVICE) => {
                self.call.caller.statement().via_service.as_deref().into()
            }
            // Of the key.
            K::KmsKeySpec | K::KmsCustomerMasterKeySpec if has(Conditions::KEY) || has(Conditions::NEW_KEY) => self
                .key_property(
                    |key| key.record.spec.as_str(),
                    &["KeySpec", "CustomerMasterKeySpec"],
                    "SYMMETRIC_DEFAULT",
                ),
            K::KmsKeyUsage | K::KmsCustomerMasterKeyUsage if has(Conditions::KEY) || has(Conditions::NEW_KEY) => {
                self.key_property(|key| key.record.usage.as_str(), &["KeyUsage"], KeyUsage::EncryptDecrypt.as_str())
            }
            K::KmsKeyOrigin if has(Conditions::KEY) || has(Conditions::NEW_KEY) => {
                self.key_property(|key| key.record.origin.as_str(), &["Origin"], "AWS_KMS")
            }
            K::KmsMultiRegion if has(Conditions::KEY) || has(Conditions::NEW_KEY) => {
                Value::Bool(self.is_multi_region())
            }
            K::KmsMultiRegionKeyType if has(Conditions::KEY) || has(Conditions::NEW_KEY) => {
                self.multi_region_role().into()
            }
            K::KmsResourceAliases if has(Conditions::KEY) => self.resource_aliases(),
            // Of the request.
            K::KmsRequestAlias if has(Conditions::REQUEST_ALIAS) => self.request_alias.into(),
            K::KmsEncryptionContextKeys => match self.context_keys.0 {
                Some(_) => Value::Many(Many::Set(&self.context_keys)),
                None => Value::Absent,
            },
            K::KmsEncryptionAlgorithm if has(Conditions::ENCRYPTION_ALGORITHM) => {
                Value::Text(self.text("EncryptionAlgorithm").unwrap_or("SYMMETRIC_DEFAULT"))
            }
            K::KmsSigningAlgorithm if has(Conditions::SIGNING) => self.text("SigningAlgorithm").into(),
            K::KmsMessageType if has(Conditions::SIGNING) => Value::Text(self.text("MessageType").unwrap_or("RAW")),
            K::KmsMacAlgorithm if has(Conditions::MAC) => self.text("MacAlgorithm").into(),
            K::KmsDataKeyPairSpec if has(Conditions::KEY_PAIR) => self.text("KeyPairSpec").into(),
            K::KmsReEncryptOnSameKey if has(Conditions::SAME_KEY) => {
                Value::Bool(self.key.map(|key| key.arn) == self.other.map(|key| key.arn))
            }
            K::KmsBypassPolicyLockoutSafetyCheck if has(Conditions::BYPASS) => {
                match self.member("BypassPolicyLockoutSafetyCheck") {
                    Some(MemberValue::Boolean(value)) => Value::Bool(*value),
                    _ => Value::Absent,
                }
            }
            K::KmsRotationPeriodInDays if has(Conditions::ROTATION_PERIOD) => {
                Value::Number(self.number("RotationPeriodInDays").unwrap_or(365))
            }
            K::KmsScheduleKeyDeletionPendingWindowInDays if has(Conditions::PENDING_WINDOW) => {
                Value::Number(self.number("PendingWindowInDays").unwrap_or(30))
            }
            K::KmsPolicyName if has(Conditions::POLICY_NAME) => {
                Value::Text(self.text("PolicyName").unwrap_or("default"))
            }
            K::KmsReplicaRegion if has(Conditions::REPLICA_REGION) => self.text("ReplicaRegion").into(),
            K::KmsPrimaryRegion if has(Conditions::PRIMARY_REGION) => self.text("PrimaryRegion").into(),
            K::KmsWrappingAlgorithm if has(Conditions::WRAPPING) => self.text("WrappingAlgorithm").into(),
            K::KmsWrappingKeySpec if has(Conditions::WRAPPING) => self.text("WrappingKeySpec").into(),
            K::KmsExpirationModel if has(Conditions::EXPIRATION) => self.text("ExpirationModel").into(),
            K::KmsValidTo if has(Conditions::EXPIRATION) => match self.member("ValidTo") {
                Some(MemberValue::Timestamp(at)) => Value::Epoch(at.as_jiff()),
                _ => Value::Absent,
            },
            K::KmsKeyAgreementAlgorithm if has(Conditions::KEY_AGREEMENT) => self.text("KeyAgreementAlgorithm").into(),
            K::KmsGrantIsForAwsResource if has(Conditions::GRANT_FOR_SERVICE) => {
                Value::Bool(self.call.caller.statement().grant_for_service)
            }
            K::KmsGrantConstraintType if has(Conditions::GRANT) => self.grant_constraint_type().into(),
            K::KmsGrantOperations if has(Conditions::GRANT) && !self.grant_operations.0.is_empty() => {
                Value::Many(Many::Set(&self.grant_operations))
            }
            K::KmsGranteePrincipal if has(Conditions::GRANT) => self.text("GranteePrincipal").into(),
            K::KmsRetiringPrincipal if has(Conditions::GRANT) => self.text("RetiringPrincipal").into(),
            K::KmsGranteeServicePrincipal if has(Conditions::GRANT) => self.text("GranteeServicePrincipal").into(),
            K::KmsRetiringServicePrincipal if has(Conditions::GRANT) => self.text("RetiringServicePrincipal").into(),
            K::KmsGrantConstraintSourceArn if has(Conditions::GRANT) => source_arn(self.call).into(),
            K::AwsTagKeys if has(Conditions::TAGS) && !self.request_tags.is_empty() => {
                Value::Many(Many::Set(&self.request_tags))
            }
            K::KmsTrailingDaysWithoutKeyUsage if has(Conditions::LAST_USAGE) => self.days_without_use(),
            _ if known.name().starts_with("kms:") => Value::Absent,
            _ => match self.call.principal.value(key) {
                Value::Absent => self.call.caller.statement().value(key),
                value => value,
            },
        }
    }

    /// A property of the key, or of the key to be created as the request asks for it (CND-03).
    fn key_property<'a>(
        &'a self,
        of_key: impl Fn(&'a KeySnapshot) -> &'a str,
        members: &[&'static str],
        default: &'static str,
    ) -> Value<'a> {
        match self.key {
            Some(key) => Value::Text(of_key(key)),
            None => Value::Text(members.iter().find_map(|member| self.text(member)).unwrap_or(default)),
        }
    }

    fn is_multi_region(&self) -> bool {
        match self.key {
            Some(key) => key.arn.key_id.is_multi_region(),
            None => matches!(self.member("MultiRegion"), Some(MemberValue::Boolean(true))),
        }
    }

    /// The role of the key at the time of the call, because roles move (MRK-70).
    fn multi_region_role(&self) -> Option<&'static str> {
        let is_replica = match self.key {
            Some(key) => key.record.related.is_some() && key.is_replica(self.call.now),
            None => false,
        };
        self.is_multi_region().then_some(if is_replica { "REPLICA" } else { "PRIMARY" })
    }

    /// The kind of constraint on the encryption context, of the grant to be made or to be retired.
    fn grant_constraint_type(&self) -> Option<&'static str> {
        match self.grant {
            Some(grant) => grant.context.as_ref().map(|context| match context {
                ContextConstraint::Equals(_) => EQUALS,
                ContextConstraint::Subset(_) => SUBSET,
            }),
            None => constraint(self.call).map(|(name, _)| name),
        }
    }

    /// Whole days since the last use of the key (CND-122).
    fn days_without_use(&self) -> Value<'_> {
        let Some(key) = self.key else { return Value::Absent };
        let days = key.usage.days_without(key.record.created, self.call.now);
        Value::Number(i64::try_from(days).unwrap_or(i64::MAX))
    }

    /// More aliases than the quota make the key unreliable (CND-55).
    fn resource_aliases(&self) -> Value<'_> {
        let Some(key) = self.key else { return Value::Absent };
        let limit = self.call.engine.limit(ResourceQuota::AliasesPerKey, self.call.region, key.arn.account);
        if limit.is_some_and(|limit| key.record.counted_aliases() > limit) {
            return Value::Unusable;
        }
        if key.alias_names.is_empty() { Value::Absent } else { Value::from(key.alias_names.as_slice()) }
    }

    /// The tags of the key, or those of the key to be created (CND-69).
    fn resource_tags<'a, 'n>(&'a self, name: &'n KeyName) -> impl Iterator<Item = &'a str> + use<'a, 'n, 'f> {
        let of_key = self.key.filter(|_| !self.is_new).into_iter().flat_map(|key| &key.record.tags);
        let of_new = self.is_new && self.conditions.has(Conditions::NEW_KEY);
        let of_request = of_new.then(|| self.request_tags.values(name)).into_iter().flatten();
        of_key
            .filter(|_| self.conditions.has(Conditions::KEY))
            .filter(|(key, _)| name.matches(key))
            .map(|(_, value)| value.as_str())
            .chain(of_request)
    }

    fn text(&self, name: &'static str) -> Option<&str> {
        match self.member(name)? {
            MemberValue::Text(text) => Some(text),
            _ => None,
        }
    }

    fn number(&self, name: &'static str) -> Option<i64> {
        match self.member(name)? {
            MemberValue::Integer(number) => Some(*number),
            _ => None,
        }
    }

    fn member(&self, name: &'static str) -> Option<&MemberValue<'f>> {
        member(self.call.row, self.call.values, self.side, name)
    }
}

impl Context for Facts<'_> {
    fn value<'a>(&'a self, key: &ConditionKey) -> Value<'a> {
        match key {
            ConditionKey::EncryptionContext(name) => {
                only(self.context_keys.pairs().filter(|(own, _)| name.matches(own)).map(|(_, value)| value))
            }
            ConditionKey::ResourceTag(name) => only(self.resource_tags(name)),
            ConditionKey::RequestTag(name) if self.conditions.has(Conditions::TAGS) => {
                only(self.request_tags.values(name))
            }
            ConditionKey::RecipientPcr(_)
            | ConditionKey::RecipientNitroTpmPcr(_)
            | ConditionKey::Known(KnownKey::KmsRecipientAttestationImageSha384) => {
                let attested = self.call.recipient().filter(|_| self.conditions.has(Conditions::ATTESTATION));
                attested.and_then(|attested| attested.value(key)).into()
            }
            ConditionKey::Known(known) => self.known(*known, key),
            _ => self.call.caller.statement().value(key),
        }
    }

    fn colliding<'a>(&'a self, key: &ConditionKey, nth: usize) -> Option<Value<'a>> {
        match key {
            ConditionKey::EncryptionContext(name) => self
                .context_keys
                .pairs()
                .filter(|(own, _)| name.matches(own))
                .nth(nth)
                .map(|(_, value)| Value::Text(value)),
            ConditionKey::ResourceTag(name) => self.resource_tags(name).nth(nth).map(Value::Text),
            ConditionKey::RequestTag(name) => self.request_tags.values(name).nth(nth).map(Value::Text),
            ConditionKey::PrincipalTag(name) => self.call.caller.statement().colliding_tag(name, nth),
            _ => None,
        }
    }
}

/// A member of the request; in a two-key request the one of the given side.
fn member<'v, 'f>(
    row: &'static Row,
    values: &'v [MemberValue<'f>],
    side: &'static str,
    name: &'static str,
) -> Option<&'v MemberValue<'f>> {
    // A comparison with an empty text is slow on processors where it reads, masked, from nowhere.
    let position = match side {
        "" => row.member(name)?,
        _ => row.members.iter().position(|member| member.name.strip_prefix(side) == Some(name))?,
    };
    values.get(position)
}

/// The encryption context that a claim is judged with: that of its side of the request, or of the constraint of the
/// grant to be made (CND-41).
pub(crate) fn claimed_context<'f>(claim: &Claim<'_>, call: &CallFacts<'f>) -> Option<&'f EncryptionContext<'f>> {
    if !claim.action.conditions.has(Conditions::CONTEXT) {
        None
    } else if claim.action.conditions.has(Conditions::GRANT) {
        constraint(call).map(|(_, context)| context)
    } else {
        encryption_context(call, side(claim))
    }
}

/// What the members begin with that belong to the key of a claim, if the request is about two keys (CND-08).
fn side(claim: &Claim<'_>) -> &'static str {
    match claim.on {
        On::Key(_, Some(_)) if claim.action.policy.name() == "ReEncryptFrom" => "Source",
        On::Key(_, Some(_)) => "Destination",
        _ => "",
    }
}

fn encryption_context<'f>(call: &CallFacts<'f>, side: &'static str) -> Option<&'f EncryptionContext<'f>> {
    match member(call.row, call.values, side, "EncryptionContext")? {
        MemberValue::TextMap(context) => Some(context),
        _ => None,
    }
}

/// The encryption context constraint of a grant to be made, with its name.
pub(crate) fn constraint<'f>(call: &CallFacts<'f>) -> Option<(&'static str, &'f EncryptionContext<'f>)> {
    let MemberValue::Structure(members) = member(call.row, call.values, "", "Constraints")? else { return None };
    match members.as_slice() {
        [MemberValue::TextMap(subset), ..] => Some((SUBSET, subset)),
        [_, MemberValue::TextMap(equals), ..] => Some((EQUALS, equals)),
        _ => None,
    }
}

/// The resource on whose behalf a grant to be made holds.
pub(crate) fn source_arn<'f>(call: &CallFacts<'f>) -> Option<&'f str> {
    let MemberValue::Structure(members) = member(call.row, call.values, "", "Constraints")? else { return None };
    match members.as_slice() {
        [_, _, MemberValue::Text(arn)] => Some(arn),
        _ => None,
    }
}

pub(crate) fn texts<'f>(call: &CallFacts<'f>, name: &'static str) -> &'f [Cow<'f, str>] {
    match member(call.row, call.values, "", name) {
        Some(MemberValue::TextList(texts)) => texts,
        _ => &[],
    }
}

/// The only value of several, none, or the note that there are several (POL-48).
fn only<'a>(mut values: impl Iterator<Item = &'a str>) -> Value<'a> {
    match (values.next(), values.next()) {
        (None, _) => Value::Absent,
        (Some(value), None) => Value::Text(value),
        _ => Value::Colliding,
    }
}

/// The encryption context, seen as the set of its keys.
struct ContextKeys<'f>(Option<&'f EncryptionContext<'f>>);

impl<'f> ContextKeys<'f> {
    fn pairs(&self) -> impl Iterator<Item = (&'f str, &'f str)> + use<'f> {
        self.0.into_iter().flat_map(EncryptionContext::iter)
    }
}

impl TextSet for ContextKeys<'_> {
    fn visit(&self, visit: &mut dyn FnMut(&str) -> bool) {
        self.pairs().all(|(key, _)| visit(key));
    }
}

/// Texts of the request, seen as a set.
struct Texts<'f>(&'f [Cow<'f, str>]);

impl TextSet for Texts<'_> {
    fn visit(&self, visit: &mut dyn FnMut(&str) -> bool) {
        self.0.iter().all(|text| visit(text));
    }
}

/// The tags or tag keys of the request, seen as the set of their keys.
enum RequestTags<'f> {
    None,
    Tags(&'f [Tag]),
    Keys(&'f [Cow<'f, str>]),
}

impl<'f> RequestTags<'f> {
    fn of(row: &'static Row, values: &'f [MemberValue<'f>]) -> Self {
        for name in ["Tags", "TagKeys"] {
            match row.member(name).and_then(|position| values.get(position)) {
                Some(MemberValue::Tags(tags)) => return Self::Tags(tags),
                Some(MemberValue::TextList(keys)) => return Self::Keys(keys),
                _ => {}
            }
        }
        Self::None
    }

    fn values<'n>(&self, name: &'n KeyName) -> impl Iterator<Item = &'f str> + use<'f, 'n> {
        let tags = match self {
            Self::Tags(tags) => *tags,
            _ => &[],
        };
        tags.iter().filter(|tag| name.matches(&tag.tag_key)).map(|tag| tag.tag_value.as_str())
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::None => true,
            Self::Tags(tags) => tags.is_empty(),
            Self::Keys(keys) => keys.is_empty(),
        }
    }
}

impl TextSet for RequestTags<'_> {
    fn visit(&self, visit: &mut dyn FnMut(&str) -> bool) {
        match self {
            Self::None => true,
            Self::Tags(tags) => tags.iter().all(|tag| visit(&tag.tag_key)),
            Self::Keys(keys) => keys.iter().all(|key| visit(key)),
        };
    }
}

pub(crate) const SUBSET: &str = "EncryptionContextSubset";
pub(crate) const EQUALS: &str = "EncryptionContextEquals";

#[cfg(test)]
mod tests;
