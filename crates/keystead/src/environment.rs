//! Condition keys that the host supplies: what it may state, and what agrees with what (chapter 22, section 6).

use std::net::IpAddr;

use keystead_policy::{ConditionKey, KeyName, KnownKey, Value};
use keystead_types::Timestamp;

use crate::caller::{CallerError, Kind, Statement};

/// A value of a condition key that the host supplies.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConditionValue {
    /// A text.
    Text(String),
    /// A switch.
    Bool(bool),
    /// A number.
    Number(i64),
    /// An instant.
    Time(Timestamp),
    /// An address.
    Address(IpAddr),
    /// Several texts; only for keys that may have several values.
    Many(Vec<String>),
}

impl Statement {
    /// Takes a condition key of the host, by any spelling of its name.
    pub(crate) fn supply(&mut self, name: &str, value: ConditionValue) -> Result<(), CallerError> {
        // Folded first, so that no letter that only looks different hides whose key it is.
        let key = ConditionKey::parse(KeyName::new(name).folded());
        if is_owned(&key) {
            return Err(CallerError::OwnedKey(name.to_owned()));
        }
        if matches!(value, ConditionValue::Many(_)) && matches!(key, ConditionKey::Known(_)) && !key.is_multi_valued() {
            return Err(CallerError::SingleValued(name.to_owned()));
        }
        // What has a method of its own is kept in one place, where the audit record finds it too.
        match (key, value) {
            (ConditionKey::PrincipalTag(tag), ConditionValue::Text(text)) => {
                self.tags.push((tag.folded().to_owned(), text));
            }
            (ConditionKey::Known(KnownKey::AwsUserAgent), ConditionValue::Text(text)) => self.user_agent = Some(text),
            (ConditionKey::Known(KnownKey::AwsSourceVpce), ConditionValue::Text(text)) => {
                self.vpc_endpoint = Some(text);
            }
            (ConditionKey::Known(KnownKey::AwsMultiFactorAuthPresent), ConditionValue::Bool(present)) => {
                self.mfa = Some(present);
            }
            (ConditionKey::Known(KnownKey::AwsTokenIssueTime), ConditionValue::Time(at)) => {
                self.token_issued = Some(at);
            }
            (key, value) => {
                self.conditions.retain(|(own, _)| *own != key);
                self.conditions.push((key, value));
            }
        }
        Ok(())
    }

    /// Whether the statements agree with each other (CND-116, CND-53).
    pub(crate) fn check(&self) -> Result<(), CallerError> {
        if self.supplied(KnownKey::AwsSourceIp).is_some() && self.is_through_endpoint() {
            return Err(CallerError::AddressAndEndpoint);
        }
        if self.via_service.is_some() && matches!(self.kind, Kind::Service(_)) {
            return Err(CallerError::ServiceViaService);
        }
        if self.is_via_service() && !self.may_be_via_service() {
            return Err(CallerError::NotViaService);
        }
        let has_service = matches!(self.kind, Kind::Service(_)) || self.is_via_service();
        let of_service = [KnownKey::AwsSourceArn, KnownKey::AwsSourceAccount];
        match of_service.into_iter().find(|key| self.supplied(*key).is_some()) {
            Some(key) if !has_service => Err(CallerError::SourceWithoutService(key.name())),
            _ => Ok(()),
        }
    }

    /// Where the call came from.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        let addresses = [KnownKey::AwsSourceIp, KnownKey::AwsVpcSourceIp];
        addresses.into_iter().find_map(|key| match self.known(key) {
            Value::Address(address) => Some(address),
            _ => None,
        })
    }

    /// The value of a condition key that the host supplied.
    pub(crate) fn value<'a>(&'a self, key: &ConditionKey) -> Value<'a> {
        match key {
            ConditionKey::PrincipalTag(name) => self.tag(name),
            ConditionKey::Known(known) => self.known(*known),
            _ => self.find(key).unwrap_or(Value::Absent),
        }
    }

    /// The n-th of several tags that differ in letter case only.
    pub(crate) fn colliding_tag(&self, name: &KeyName, nth: usize) -> Option<Value<'_>> {
        self.tags.iter().filter(|(key, _)| name.matches(key)).nth(nth).map(|(_, value)| Value::Text(value))
    }

    fn known(&self, known: KnownKey) -> Value<'_> {
        let stated = match known {
            KnownKey::AwsSourceIp if !self.is_through_endpoint() => self.source_ip.map(Value::Address),
            KnownKey::AwsVpcSourceIp if self.is_through_endpoint() => self.source_ip.map(Value::Address),
            KnownKey::AwsUserAgent => self.user_agent.as_deref().map(Value::Text),
            KnownKey::AwsSourceVpce => self.vpc_endpoint.as_deref().map(Value::Text),
            KnownKey::AwsMultiFactorAuthPresent => self.mfa.map(Value::Bool),
            KnownKey::AwsTokenIssueTime => self.token_issued.map(|at| Value::Time(at.as_jiff())),
            KnownKey::AwsCalledViaFirst => self.called_via().next().map(Value::Text),
            KnownKey::AwsCalledViaLast => self.called_via().last().map(Value::Text),
            _ => None,
        };
        stated.or_else(|| self.supplied(known)).unwrap_or(match known {
            KnownKey::AwsViaAwsService => Value::Bool(self.is_via_service()),
            KnownKey::AwsSecureTransport => Value::Bool(true),
            _ => Value::Absent,
        })
    }

    /// Whether a service calls with the principal's credentials.
    fn is_via_service(&self) -> bool {
        let said = matches!(self.supplied(KnownKey::AwsViaAwsService), Some(value) if is(value, true));
        said || self.via_service.is_some() || self.called_via().next().is_some()
    }

    fn may_be_via_service(&self) -> bool {
        self.supplied(KnownKey::AwsViaAwsService).is_none_or(|value| is(value, true))
    }

    /// Whether the call comes through a VPC endpoint.
    fn is_through_endpoint(&self) -> bool {
        let of_endpoint = [KnownKey::AwsSourceVpce, KnownKey::AwsSourceVpc, KnownKey::AwsVpcSourceIp];
        self.vpc_endpoint.is_some() || of_endpoint.into_iter().any(|key| self.supplied(key).is_some())
    }

    /// The services that called with the principal's credentials, the first one first.
    fn called_via(&self) -> impl Iterator<Item = &str> {
        let services = match self.conditions.iter().find(|(key, _)| *key == CALLED_VIA) {
            Some((_, ConditionValue::Many(services))) => services.as_slice(),
            Some((_, ConditionValue::Text(service))) => std::slice::from_ref(service),
            _ => &[],
        };
        services.iter().map(String::as_str)
    }

    fn supplied(&self, known: KnownKey) -> Option<Value<'_>> {
        self.find(&ConditionKey::Known(known))
    }

    fn find<'a>(&'a self, key: &ConditionKey) -> Option<Value<'a>> {
        let (_, value) = self.conditions.iter().find(|(own, _)| own == key)?;
        Some(match value {
            ConditionValue::Text(text) => Value::Text(text),
            ConditionValue::Bool(value) => Value::Bool(*value),
            ConditionValue::Number(number) => Value::Number(*number),
            ConditionValue::Time(at) => Value::Time(at.as_jiff()),
            ConditionValue::Address(address) => Value::Address(*address),
            ConditionValue::Many(texts) => Value::from(texts.as_slice()),
        })
    }

    fn tag(&self, name: &KeyName) -> Value<'_> {
        let mut found = self.tags.iter().filter(|(key, _)| name.matches(key));
        match (found.next(), found.next()) {
            (None, _) => Value::Absent,
            (Some((_, value)), None) => Value::Text(value),
            _ => Value::Colliding,
        }
    }
}

/// Whether the library derives the key itself (POL-03).
fn is_owned(key: &ConditionKey) -> bool {
    match key {
        ConditionKey::Known(known) => {
            known.name().starts_with(VENDOR)
                || matches!(
                    known,
                    KnownKey::AwsTagKeys
                        | KnownKey::AwsResourceAccount
                        | KnownKey::AwsRequestedRegion
                        | KnownKey::AwsCurrentTime
                        | KnownKey::AwsEpochTime
                        | KnownKey::AwsPrincipalAccount
                        | KnownKey::AwsPrincipalArn
                        | KnownKey::AwsPrincipalType
                        | KnownKey::AwsUsername
                        | KnownKey::AwsPrincipalIsAwsService
                        | KnownKey::AwsPrincipalServiceName
                        | KnownKey::AwsCalledViaFirst
                        | KnownKey::AwsCalledViaLast
                )
        }
        ConditionKey::Other(name) => name.folded().starts_with(VENDOR),
        ConditionKey::PrincipalTag(_) => false,
        _ => true,
    }
}

/// Whether a switch, perhaps written as a text, is in this position.
fn is(value: Value<'_>, expected: bool) -> bool {
    match value {
        Value::Bool(value) => value == expected,
        Value::Text(text) => text.eq_ignore_ascii_case(if expected { "true" } else { "false" }),
        _ => false,
    }
}

const VENDOR: &str = "kms:";
const CALLED_VIA: ConditionKey = ConditionKey::Known(KnownKey::AwsCalledVia);
