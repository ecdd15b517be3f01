//! ListGrants and ListRetirableGrants.

use std::borrow::Cow;

use keystead_hierarchy::EncryptionContext;
use keystead_types::{KeyArn, Timestamp};

use super::common::text;
use super::grants::parse_grant_id;
use super::lists::{ReadPage, invalid_marker, page, scan};
use crate::Error;
use crate::authorize::Authorized;
use crate::client::{Call, Client};
use crate::door::{CallFacts, Effect, Operation};
use crate::grant::{ContextConstraint, Grant, GrantId, GrantOperation, Party};
use crate::pagination::{PageBounds, PageRequest};
use crate::record;
use crate::request::request;
use crate::response::response;
use crate::targets::{NoKey, OneKey};
use crate::value::GrantConstraints;

request! {
    /// Lists the grants on a key, the oldest first (GRA-49).
    ///
    /// Authorized by `kms:ListGrants` on the key, across accounts too.
    ListGrants: LIST_GRANTS -> ListGrantsResponse {
        /// Items on a page, at most 100; by default 50.
        limit: i64,
        /// Where to go on.
        marker: Cow<'a, str>,
        /// The key: key ID or key ARN.
        key_id: Cow<'a, str>,
        /// Only this grant.
        grant_id: Cow<'a, str>,
        /// Only grants to this principal.
        grantee_principal: Cow<'a, str>,
        /// Only grants to this service. For callers that are services.
        grantee_service_principal: Cow<'a, str>,
    }
}

response! {
    /// The answer of [`ListGrants`].
    #[derive(Clone, Debug)]
    ListGrantsResponse {
        /// One page.
        grants: Vec<GrantListEntry>,
        /// Where to go on; present if there is more.
        next_marker: Option<String>,
        /// Whether there is more.
        truncated: bool,
    }
}

request! {
    /// Lists the grants that a principal may retire, on keys of all accounts (GRA-51).
    ///
    /// Authorized by `kms:ListRetirableGrants` in an identity policy.
    ListRetirableGrants: LIST_RETIRABLE_GRANTS -> ListRetirableGrantsResponse {
        /// Items on a page, at most 100; by default 50.
        limit: i64,
        /// Where to go on.
        marker: Cow<'a, str>,
        /// The principal, of the caller's account.
        retiring_principal: Cow<'a, str>,
        /// The service, which must be the caller.
        retiring_service_principal: Cow<'a, str>,
    }
}

response! {
    /// The answer of [`ListRetirableGrants`].
    #[derive(Clone, Debug)]
    ListRetirableGrantsResponse {
        /// One page.
        grants: Vec<GrantListEntry>,
        /// Where to go on; present if there is more.
        next_marker: Option<String>,
        /// Whether there is more.
        truncated: bool,
    }
}

response! {
    /// A grant in a list (GRA-07).
    #[derive(Clone, Debug)]
    GrantListEntry {
        /// The key.
        key_id: KeyArn,
        /// The grant.
        grant_id: GrantId,
        /// The name; empty if none was given.
        name: String,
        /// When it was made.
        creation_date: Timestamp,
        /// Who may use the key.
        grantee_principal: Option<String>,
        /// The service that may use the key.
        grantee_service_principal: Option<String>,
        /// Who may retire the grant.
        retiring_principal: Option<String>,
        /// The service that may retire the grant.
        retiring_service_principal: Option<String>,
        /// The account whose principal made the grant, as ARN of its root.
        issuing_account: String,
        /// What is granted.
        operations: Vec<GrantOperation>,
        /// Under which conditions.
        constraints: Option<GrantConstraints<'static>>,
    }
}

impl Client {
    /// Lists the grants on a key. See [`ListGrants`].
    pub fn list_grants<'c>(&'c self, key_id: impl Into<Cow<'c, str>>) -> Call<'c, ListGrants<'c>> {
        self.call(ListGrants { key_id: Some(key_id.into()), ..ListGrants::new() })
    }

    /// Lists the grants that a principal may retire. See [`ListRetirableGrants`].
    pub fn list_retirable_grants<'c>(
        &'c self,
        retiring_principal: impl Into<Cow<'c, str>>,
    ) -> Call<'c, ListRetirableGrants<'c>> {
        self.call(ListRetirableGrants {
            retiring_principal: Some(retiring_principal.into()),
            ..ListRetirableGrants::new()
        })
    }
}

impl GrantListEntry {
    pub(crate) fn of(key: KeyArn, grant: Grant) -> Self {
        let (grantee_principal, grantee_service_principal) = members(Some(grant.grantee));
        let (retiring_principal, retiring_service_principal) = members(grant.retiring);
        let mut constraints = GrantConstraints::default();
        let bound = grant.context.is_some() || grant.source_arn.is_some();
        match grant.context {
            Some(ContextConstraint::Equals(pairs)) => {
                constraints.encryption_context_equals = Some(EncryptionContext::from_iter(pairs));
            }
            Some(ContextConstraint::Subset(pairs)) => {
                constraints.encryption_context_subset = Some(EncryptionContext::from_iter(pairs));
            }
            None => {}
        }
        constraints.source_arn = grant.source_arn.map(Cow::Owned);
        Self {
            key_id: key,
            grant_id: grant.id,
            name: grant.name,
            creation_date: grant.created,
            grantee_principal,
            grantee_service_principal,
            retiring_principal,
            retiring_service_principal,
            issuing_account: format!("arn:{}:iam::{}:root", key.partition, grant.issuer),
            operations: grant.operations.into_iter().collect(),
            constraints: bound.then_some(constraints),
        }
    }
}

/// The members for a principal and for a service, one of which is set.
fn members(party: Option<Party>) -> (Option<String>, Option<String>) {
    match party {
        Some(Party::Principal(name)) => (Some(name), None),
        Some(Party::Service(name)) => (None, Some(name)),
        None => (None, None),
    }
}

/// A grant with its place in the list.
type Placed = (Vec<u8>, GrantListEntry);

impl Operation for ListGrants<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = ReadPage<Placed>
    where
        Self: 'p;

    fn check(&self) -> Result<(), Error> {
        self.grant_id.as_deref().map_or(Ok(()), |id| parse_grant_id(id).map(drop))
    }

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn prepare<'p>(&'p self, targets: &'p Authorized<OneKey>, call: &CallFacts<'p>) -> Result<ReadPage<Placed>, Error> {
        let key = targets.0.arn();
        if self.grantee_service_principal.is_some() {
            require_service(call)?;
        }
        let filters = [&self.grant_id, &self.grantee_principal, &self.grantee_service_principal];
        let filter = filters.map(|member| format!("{member:?}")).join("\n") + &key.to_string();
        let request = PageRequest::new(self.limit, self.marker.as_deref(), BOUNDS, filter.as_bytes(), call)
            .map_err(invalid_marker)?;
        let is = |wanted: &Option<Cow<'_, str>>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found == Some(wanted))
        };
        let wanted = |grant: &Grant| {
            let (principal, service) = match &grant.grantee {
                Party::Principal(name) => (Some(name.as_str()), None),
                Party::Service(name) => (None, Some(name.as_str())),
            };
            is(&self.grantee_principal, principal) && is(&self.grantee_service_principal, service)
        };
        let mut grants: Vec<Placed> = Vec::new();
        if let Some(id) = &self.grant_id {
            let found = targets.0.snapshot().grants.get(parse_grant_id(id)?).filter(|grant| wanted(grant));
            grants.extend(found.map(|grant| (Vec::new(), GrantListEntry::of(*key, Grant::clone(&grant)))));
        } else {
            scan(&record::grant_prefix(key), &request, call, |place, value| {
                let grant: Grant = record::decode(value?)?;
                if wanted(&grant) {
                    grants.push((place.to_vec(), GrantListEntry::of(*key, grant)));
                }
                Ok(grants.len() <= request.limit)
            })?;
        }
        Ok(page(grants, &request, filter.as_bytes(), |(place, _)| place.clone(), call))
    }

    fn perform(page: ReadPage<Placed>, _: &CallFacts<'_>) -> Result<Effect<ListGrantsResponse>, Error> {
        let ReadPage { items, next_marker } = page;
        let grants = items.into_iter().map(|(_, entry)| entry).collect();
        Ok(Effect::reading(ListGrantsResponse { grants, truncated: next_marker.is_some(), next_marker }))
    }
}

impl Operation for ListRetirableGrants<'_> {
    type Targets = NoKey;
    type Prepared<'p>
        = ReadPage<Placed>
    where
        Self: 'p;

    fn check(&self) -> Result<(), Error> {
        match (&self.retiring_principal, &self.retiring_service_principal) {
            (Some(_), Some(_)) | (None, None) => {
                let message = "Specify exactly one of RetiringPrincipal and RetiringServicePrincipal.";
                Err(Error::Validation(message.into()))
            }
            _ => Ok(()),
        }
    }

    fn wanted(&self, _: &CallFacts<'_>) -> Result<(), Error> {
        Ok(())
    }

    fn prepare<'p>(&'p self, _: &'p Authorized<NoKey>, call: &CallFacts<'p>) -> Result<ReadPage<Placed>, Error> {
        let party = match (&self.retiring_principal, &self.retiring_service_principal) {
            (Some(principal), _) => Party::Principal(principal.to_string()),
            (None, service) => Party::Service(text(service).to_owned()),
        };
        require_own(&party, call)?;
        let filter = format!("{party:?}");
        let request = PageRequest::new(self.limit, self.marker.as_deref(), BOUNDS, filter.as_bytes(), call)
            .map_err(invalid_marker)?;
        let prefix = record::retirable_prefix(call.region.partition, call.region.region, party.name());
        let mut grants: Vec<Placed> = Vec::new();
        scan(&prefix, &request, call, |place, value| {
            // An altered entry hides its own grant only.
            let Ok(value) = value else { return Ok(true) };
            let (key, id): (KeyArn, GrantId) = record::decode(value)?;
            let found = call.region.key(&key)?.filter(|key| !key.is_dead(call.now));
            if let Some(grant) = found.and_then(|key| key.grants.get(id))
                && grant.retiring.as_ref() == Some(&party)
            {
                grants.push((place.to_vec(), GrantListEntry::of(key, Grant::clone(&grant))));
            }
            Ok(grants.len() <= request.limit)
        })?;
        Ok(page(grants, &request, filter.as_bytes(), |(place, _)| place.clone(), call))
    }

    fn perform(page: ReadPage<Placed>, _: &CallFacts<'_>) -> Result<Effect<ListRetirableGrantsResponse>, Error> {
        let ReadPage { items, next_marker } = page;
        let grants = items.into_iter().map(|(_, entry)| entry).collect();
        Ok(Effect::reading(ListRetirableGrantsResponse { grants, truncated: next_marker.is_some(), next_marker }))
    }
}

/// Only services ask for the grants of a service (GRA-69, API-125).
fn require_service(call: &CallFacts<'_>) -> Result<(), Error> {
    // Services are the callers without an account of their own (RUL-65).
    if call.principal.account().is_none() {
        return Ok(());
    }
    let message = format!(
        "User: {} is not authorized to use GranteeServicePrincipal, which is for service principals only",
        call.principal.arn()
    );
    Err(Error::AccessDenied(message.into()))
}

/// The principal belongs to the caller's account; a service is the caller itself (GRA-51, GRA-69).
fn require_own(party: &Party, call: &CallFacts<'_>) -> Result<(), Error> {
    let own = match party {
        Party::Principal(arn) => arn.split(':').nth(4) == Some(call.account.as_str()),
        Party::Service(name) => name == call.principal.arn(),
    };
    if own {
        return Ok(());
    }
    let message = format!(
        "User: {} is not authorized to perform: kms:ListRetirableGrants on resource: {} because it belongs to another \
         account",
        call.principal.arn(),
        party.name()
    );
    Err(Error::AccessDenied(message.into()))
}

const BOUNDS: PageBounds = PageBounds { default: 50, maximum: 100 };
