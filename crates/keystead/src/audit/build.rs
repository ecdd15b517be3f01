//! From a call to its records: one for the caller's account, one for each other owner of a key (AUD-35).

use std::borrow::Cow;
use std::sync::Arc;

use keystead_types::{AccountId, KeyArn, Region, Timestamp};

use super::{AuditRecord, FieldValue, Fields, ResourceEntry, UserIdentity, identity::INTERNAL};
use crate::Error;
use crate::caller::Caller;
use crate::catalogue::{RecordedDefault, Resources, ResponseElements};
use crate::door::CallFacts;
use crate::targets::{AliasPlace, Named, Target, Targets};

/// What an operation adds to its record.
#[derive(Debug, Default)]
pub(crate) struct AuditExtras {
    /// The key that was created.
    pub(crate) created: Option<KeyArn>,
    /// `responseElements`, where the response decides.
    pub(crate) response: Option<Fields>,
    /// `additionalEventData`.
    pub(crate) additional: Option<Fields>,
    /// What the call has done in another Region.
    pub(crate) elsewhere: Option<Elsewhere>,
}

/// The record of a call in another Region than the one where it was made (AUD-02).
#[derive(Debug)]
pub(crate) struct Elsewhere {
    pub(crate) name: &'static str,
    pub(crate) region: Region,
    pub(crate) request: Fields,
    pub(crate) response: Fields,
    /// The key that is listed; without it the field is absent.
    pub(crate) resource: Option<KeyArn>,
    /// The service that passed the call on.
    pub(crate) invoked_by: Option<&'static str>,
}

impl Elsewhere {
    fn into_record(self, record: &AuditRecord, event_id: uuid::Uuid) -> AuditRecord {
        let mut user_identity = Arc::clone(&record.user_identity);
        if let Some(service) = self.invoked_by {
            Arc::make_mut(&mut user_identity).invoked_by = Some(service.to_owned());
        }
        AuditRecord {
            event_name: Cow::Borrowed(self.name),
            aws_region: self.region,
            event_id,
            user_identity,
            request_parameters: Some(self.request),
            response_elements: Some(self.response),
            resources: self.resource.map(|arn| vec![ResourceEntry::new(arn, arn.account)]),
            ..record.clone()
        }
    }
}

/// What is known of a call so far, should it have to be recorded.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    listening: bool,
    resources: Vec<ResourceEntry>,
    /// The last key, for `responseElements` (AUD-21).
    key: Option<KeyArn>,
    /// Owners other than the caller's account; known only when the caller may know of the key.
    owners: Vec<AccountId>,
}

impl Draft {
    pub(crate) fn new(call: &CallFacts<'_>) -> Self {
        Self { listening: !call.engine.audit.is_silent(), ..Self::default() }
    }

    /// The targets are found; should the caller be refused, the record says no more than the caller knew (AUD-12).
    pub(crate) fn resolved(&mut self, targets: &impl Targets, call: &CallFacts<'_>) {
        if !self.listening || call.row.resources != Resources::Found {
            return;
        }
        self.key = None;
        self.owners.clear();
        self.resources = targets
            .recorded()
            .into_iter()
            .filter_map(|target| match target {
                Target { named: Named::Arn(arn), .. } => Some(ResourceEntry::new(arn, arn.account)),
                Target { foreign: false, named: Named::Id | Named::Alias(_), .. } => Some(entry_of(target)),
                _ => None,
            })
            .collect();
    }

    /// The caller may use the targets.
    pub(crate) fn authorized(&mut self, targets: &impl Targets, call: &CallFacts<'_>) {
        if !self.listening || call.row.resources != Resources::Found {
            return;
        }
        let recorded = targets.recorded();
        self.key = recorded.last().map(|target| *target.arn());
        self.resources = recorded.iter().map(|target| entry_of(target)).collect();
        if let Some((alias, place)) = targets.alias() {
            let entry = ResourceEntry::new(alias, alias.account);
            match place {
                AliasPlace::First => self.resources.insert(0, entry),
                AliasPlace::Last => self.resources.push(entry),
            }
        }
        self.owners.clear();
        for target in recorded.iter().filter(|target| target.foreign) {
            if !self.owners.contains(&target.arn().account) {
                self.owners.push(target.arn().account);
            }
        }
    }

    /// The records of a call that succeeds.
    pub(crate) fn succeeded(&self, call: &CallFacts<'_>, extras: AuditExtras) -> Result<Vec<AuditRecord>, Error> {
        if !self.listening {
            return Ok(Vec::new());
        }
        let response_elements = match call.row.response {
            ResponseElements::Null => None,
            ResponseElements::KeyArn => self.key.map(|arn| Fields::new().with("keyId", arn.to_string())),
            ResponseElements::Response => extras.response,
        };
        let mut record = self.record(call)?;
        if let (Some(created), Some(resources)) = (&extras.created, &mut record.resources) {
            resources.push(ResourceEntry::new(created, created.account));
        }
        record.response_elements = response_elements;
        if let Some(additional) = extras.additional {
            record.additional_event_data.get_or_insert_default().append(additional);
        }
        let elsewhere = match extras.elsewhere {
            Some(elsewhere) => Some(elsewhere.into_record(&record, call.engine.new_uuid()?)),
            None => None,
        };
        let mut records = self.copies(record, call)?;
        records.extend(elsewhere);
        Ok(records)
    }

    /// The records of a call that fails.
    pub(crate) fn failed(self, call: &CallFacts<'_>, error: &Error) -> Result<Vec<AuditRecord>, Error> {
        if !self.listening {
            return Ok(Vec::new());
        }
        let mut record = self.record(call)?;
        record.error_code = Some(error.audit_code().into());
        record.error_message = match error.message() {
            "" => None,
            message => Some(message.to_owned().into()),
        };
        self.copies(record, call)
    }

    fn record(&self, call: &CallFacts<'_>) -> Result<AuditRecord, Error> {
        let event_id = call.engine.new_uuid()?;
        let record = blank(call.row.name, call.region.region, call.now, event_id, Arc::clone(call.identity));
        Ok(AuditRecord {
            request_parameters: request_parameters(call),
            request_id: Some(*call.request_id.as_uuid()),
            read_only: call.row.read_only,
            resources: match call.row.resources {
                Resources::Absent => None,
                Resources::Empty => Some(Vec::new()),
                Resources::Found => Some(self.resources.clone()),
            },
            event_type: Cow::Borrowed("AwsApiCall"),
            recipient_account_id: Some(call.account),
            additional_event_data: call.recipient().map(|to| Fields::new().with("recipient", to.recorded())),
            ..from_caller(record, call.caller)
        })
    }

    /// The record, and a copy for each other owner (AUD-36, RUL-27).
    fn copies(&self, mut record: AuditRecord, call: &CallFacts<'_>) -> Result<Vec<AuditRecord>, Error> {
        if self.owners.is_empty() {
            return Ok(vec![record]);
        }
        record.shared_event_id = Some(call.engine.new_uuid()?);
        let seen = Arc::new(record.user_identity.as_seen_by_owner());
        let mut records = Vec::with_capacity(1 + self.owners.len());
        for owner in &self.owners {
            records.push(AuditRecord {
                event_id: call.engine.new_uuid()?,
                recipient_account_id: Some(*owner),
                user_identity: Arc::clone(&seen),
                ..record.clone()
            });
        }
        records.insert(0, record);
        Ok(records)
    }
}

/// An internal action to be recorded (chapter 12, section 7).
pub(crate) struct ServiceEvent {
    pub(crate) name: &'static str,
    pub(crate) details: Option<Fields>,
    pub(crate) response: Option<Fields>,
}

impl ServiceEvent {
    pub(crate) fn into_record(self, arn: &KeyArn, now: Timestamp, event_id: uuid::Uuid) -> AuditRecord {
        AuditRecord {
            response_elements: self.response,
            service_event_details: self.details,
            resources: Some(vec![ResourceEntry::new(arn, arn.account)]),
            recipient_account_id: Some(arn.account),
            ..blank(self.name, arn.region, now, event_id, Arc::new(UserIdentity::internal(arn.account)))
        }
    }
}

/// The record, with where and how the caller has called.
pub(super) fn from_caller(record: AuditRecord, caller: &Caller) -> AuditRecord {
    let statement = caller.statement();
    AuditRecord {
        source_ip_address: statement.address().map_or(Cow::Borrowed(NO_ADDRESS), |ip| ip.to_string().into()),
        user_agent: statement.user_agent.clone().map_or(Cow::Borrowed(NO_AGENT), Cow::Owned),
        vpc_endpoint_id: statement.vpc_endpoint.clone().map(Cow::Owned),
        tls_details: statement.tls.clone(),
        ..record
    }
}

/// A record with what all have in common, as of an internal action.
pub(super) fn blank(
    name: &'static str,
    region: keystead_types::Region,
    now: Timestamp,
    event_id: uuid::Uuid,
    user_identity: Arc<UserIdentity>,
) -> AuditRecord {
    AuditRecord {
        event_version: Cow::Borrowed("1.11"),
        user_identity,
        event_time: now,
        event_source: Cow::Borrowed("kms.amazonaws.com"),
        event_name: Cow::Borrowed(name),
        aws_region: region,
        source_ip_address: Cow::Borrowed(INTERNAL),
        user_agent: Cow::Borrowed(INTERNAL),
        error_code: None,
        error_message: None,
        request_parameters: None,
        response_elements: None,
        additional_event_data: None,
        request_id: None,
        event_id,
        read_only: false,
        resources: None,
        event_type: Cow::Borrowed("AwsServiceEvent"),
        management_event: true,
        recipient_account_id: None,
        event_category: Cow::Borrowed("Management"),
        service_event_details: None,
        shared_event_id: None,
        vpc_endpoint_id: None,
        tls_details: None,
    }
}

/// The members that the catalogue allows, as the caller wrote them.
fn request_parameters(call: &CallFacts<'_>) -> Option<Fields> {
    let mut fields = Fields::new();
    let value = |name: &str| {
        let position = call.row.member(name)?;
        FieldValue::of_member(call.values.get(position)?, &call.row.members.get(position)?.shape)
    };
    for recorded in call.row.recorded {
        // A dry run is worth a word only if it was one.
        if recorded.member == "DryRun" && value("DryRun") != Some(FieldValue::Bool(true)) {
            continue;
        }
        let shown = value(recorded.member).or_else(|| match recorded.default {
            RecordedDefault::Omit => None,
            RecordedDefault::Text(text) => Some(text.into()),
            RecordedDefault::False => Some(false.into()),
            RecordedDefault::MemberOr(other, text) => Some(value(other).unwrap_or_else(|| text.into())),
        });
        if let Some(shown) = shown {
            fields.push(recorded.name(), shown);
        }
    }
    fields.or_null()
}

fn entry_of(target: &Target) -> ResourceEntry {
    ResourceEntry::new(&target.snapshot().arn_text, target.arn().account)
}

const NO_ADDRESS: &str = "in-process";
const NO_AGENT: &str = concat!("Keystead/", env!("CARGO_PKG_VERSION"));
