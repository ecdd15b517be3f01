//! The library under test: carries out the calls of the model and brings the answers into its form.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use keystead::operations::{AliasListEntry, KeyMetadata, ListAliases, ListKeys};
use keystead::{AuditRecord, CallError, Caller, Client, EncryptionContext, EventKind, Kms, Sweep, Tag, Timestamp};

use super::call::{AliasEntry, Call, Context, Material, Metadata, Refusal, Reply, RotationEntry};
use super::instance::{Log, Parts, Setting};
use super::world::{Happening, PLACES};

pub struct Bench {
    parts: Parts,
    kms: Kms,
    clients: Vec<Client>,
    /// Records of the log that were looked at.
    read: AtomicUsize,
    /// Whether the instance is new and may deliver records again that an earlier one has delivered (AUD-07).
    fresh: AtomicBool,
    /// Where the walk over aliases stands, by place.
    markers: Mutex<Vec<Option<String>>>,
}

impl Bench {
    pub fn new(setting: Setting, now: i64) -> Self {
        let parts = Parts::new(setting, now);
        let kms = parts.open();
        let clients = clients(&kms);
        let (read, fresh) = (AtomicUsize::new(0), AtomicBool::new(false));
        Self { parts, kms, clients, read, fresh, markers: Mutex::new(vec![None; PLACES.len()]) }
    }

    pub fn advance(&self, millis: i64) {
        self.parts.clock.advance(Duration::from_millis(millis.unsigned_abs()));
    }

    /// Sweeps. Only a new instance may deliver a record again.
    pub fn sweep(&self) -> Result<Sweep, &'static str> {
        let repeated = || self.parts.log.lock().unwrap().repeated;
        let before = repeated();
        let sweep = self.kms.sweep().unwrap();
        let fresh = self.fresh.swap(false, Ordering::Relaxed);
        (fresh || repeated() == before).then_some(sweep).ok_or("a record was delivered twice by one instance")
    }

    /// Forgets everything but the store, as a process does that ends.
    pub fn restart(&mut self) {
        self.kms = self.parts.open();
        self.fresh.store(true, Ordering::Relaxed);
        self.clients = clients(&self.kms);
        self.markers = Mutex::new(vec![None; PLACES.len()]);
    }

    /// Keys counted in a place.
    pub fn key_count(&self, at: usize) -> u64 {
        let client = &self.clients[at];
        self.kms.key_count(client.region(), client.account()).unwrap()
    }

    /// Rotations and deletions as the audit trail has them: `RotateKey` with its type, `DeleteKey`.
    pub fn service_records(&self) -> Vec<Happening> {
        let Log { records, .. } = &*self.parts.log.lock().unwrap();
        let service = records.iter().filter(|record| record.event_type == "AwsServiceEvent");
        service.map(|record| service_record(record)).collect()
    }

    /// Rotations and deletions as the event sink has them.
    pub fn events(&self) -> Vec<Happening> {
        let happening = |event: &keystead::LifecycleEvent| Happening {
            arn: event.key_arn.to_string(),
            at: event.time.as_millis(),
            kind: match event.kind {
                EventKind::Rotation => "Rotation",
                EventKind::Deletion => "Deletion",
                _ => "unknown",
            },
        };
        let mut seen = HashSet::new();
        self.parts.events.events().iter().filter(|event| seen.insert(event.id.to_string())).map(happening).collect()
    }

    /// Carries out a call; answers what it answered. Each request leaves one record, with its name and error code.
    pub fn call(&self, at: usize, call: &Call) -> Result<Reply, Refusal> {
        let client = &self.clients[at];
        match self.send(at, client, call) {
            Ok(reply) => Ok(reply),
            Err(error) => {
                let record = self.parts.log.lock().unwrap().records.last().cloned().unwrap();
                assert_eq!(record.request_id.as_ref(), Some(error.request_id().as_uuid()), "the record of the call");
                assert_eq!(record.error_code.as_deref(), Some(error.audit_code()));
                Err(Refusal::new(error.code(), error.message()))
            }
        }
    }

    /// Carries out a call whose records the audit sink refuses.
    pub fn call_unheard(&self, at: usize, call: &Call) -> Result<Reply, Refusal> {
        self.parts.deaf.store(true, Ordering::Relaxed);
        let answer = self.send(at, &self.clients[at], call);
        self.parts.deaf.store(false, Ordering::Relaxed);
        answer.map_err(|error| Refusal::new(error.code(), error.message()))
    }

    /// How many records of calls there are that were not counted before.
    pub fn new_call_records(&self) -> usize {
        let Log { records, .. } = &*self.parts.log.lock().unwrap();
        let read = self.read.swap(records.len(), Ordering::Relaxed);
        records[read..].iter().filter(|record| record.event_type == "AwsApiCall").count()
    }

    fn send(&self, at: usize, client: &Client, call: &Call) -> Result<Reply, CallError> {
        Ok(match call {
            Call::CreateKey { description, tags } => {
                let mut call = client.create_key();
                if let Some(description) = description {
                    call = call.description(description);
                }
                for (key, value) in tags {
                    call = call.tag(key, value);
                }
                Reply::Metadata(metadata(&call.send()?.key_metadata))
            }
            Call::DescribeKey { key } => Reply::Metadata(metadata(&client.describe_key(key).send()?.key_metadata)),
            Call::ListKeys { limit } => {
                let pages = pages(*limit, 100, 1000, |marker| {
                    let mut request = ListKeys::new();
                    (request.limit, request.marker) = (*limit, marker.map(Into::into));
                    client
                        .call(request)
                        .send()
                        .map(|page| (page.keys.clone(), page.next_marker.clone(), page.truncated))
                })?;
                Reply::Keys(pages.iter().map(|key| (key.key_id.to_string(), key.key_arn.to_string())).collect())
            }
            Call::UpdateKeyDescription { key, description } => {
                unit(client.update_key_description(key, description).send())?
            }
            Call::EnableKey { key } => unit(client.enable_key(key).send())?,
            Call::DisableKey { key } => unit(client.disable_key(key).send())?,
            Call::ScheduleKeyDeletion { key, window } => {
                let mut call = client.schedule_key_deletion(key);
                if let Some(window) = window {
                    call = call.pending_window_in_days(*window);
                }
                let answer = call.send()?;
                Reply::Scheduled {
                    arn: answer.key_id.to_string(),
                    date: answer.deletion_date.map(millis),
                    state: answer.key_state.as_str().to_owned(),
                    window: answer.pending_window_in_days.into(),
                }
            }
            Call::CancelKeyDeletion { key } => Reply::Key(client.cancel_key_deletion(key).send()?.key_id.to_string()),
            Call::CreateAlias { name, key } => unit(client.create_alias(name, key).send())?,
            Call::UpdateAlias { name, key } => unit(client.update_alias(name, key).send())?,
            Call::DeleteAlias { name } => unit(client.delete_alias(name).send())?,
            Call::ListAliases { key, limit } => {
                let pages = pages(*limit, 50, 100, |marker| {
                    let page = list_aliases(client, key.as_deref(), *limit, marker).send()?;
                    Ok((page.aliases.clone(), page.next_marker.clone(), page.truncated))
                })?;
                Reply::Aliases(pages.iter().map(alias).collect())
            }
            Call::WalkAliases { limit } => {
                let marker = self.markers.lock().unwrap()[at].take();
                let page = list_aliases(client, None, Some(*limit), marker).send()?;
                self.markers.lock().unwrap()[at] = page.next_marker.clone();
                assert_eq!(page.truncated, page.next_marker.is_some());
                Reply::Page(page.aliases.iter().map(alias).collect(), page.truncated)
            }
            Call::ForeignMarker { key } => {
                let marker = match (key, client.list_keys().limit(1_i64).send()?.next_marker.clone()) {
                    (None, Some(marker)) => marker,
                    _ => match client.list_aliases().limit(1_i64).send()?.next_marker.clone() {
                        Some(marker) if key.is_some() => marker,
                        _ => "forged".to_owned(),
                    },
                };
                list_aliases(client, key.as_deref(), Some(1), Some(marker)).send().map(|_| Reply::Unit)?
            }
            Call::TagResource { key, tags } => {
                let tags = tags.iter().map(|(key, value)| Tag::new(key, value)).collect::<Vec<_>>();
                unit(client.tag_resource(key).tags(tags).send())?
            }
            Call::UntagResource { key, tag_keys } => {
                let call = tag_keys.iter().fold(client.untag_resource(key), |call, tag_key| call.tag_key(tag_key));
                unit(call.send())?
            }
            Call::ListResourceTags { key, limit } => {
                let pages = pages(*limit, 50, 50, |marker| {
                    let mut request = client.list_resource_tags(key).request().clone();
                    (request.limit, request.marker) = (*limit, marker.map(Into::into));
                    client
                        .call(request)
                        .send()
                        .map(|page| (page.tags.clone(), page.next_marker.clone(), page.truncated))
                })?;
                Reply::Tags(pages.into_iter().map(|tag| (tag.tag_key, tag.tag_value)).collect())
            }
            Call::GetKeyPolicy { key, name } => {
                let mut request = client.get_key_policy(key).request().clone();
                request.policy_name = name.as_deref().map(Into::into);
                let answer = client.call(request).send()?;
                Reply::Policy { name: answer.policy_name.clone(), text: answer.policy.clone() }
            }
            Call::PutKeyPolicy { key, name, policy } => {
                let mut request = client.put_key_policy(key, policy).request().clone();
                request.policy_name = name.as_deref().map(Into::into);
                unit(client.call(request).send())?
            }
            Call::ListKeyPolicies { key } => Reply::Names(client.list_key_policies(key).send()?.policy_names.clone()),
            Call::EnableKeyRotation { key, period } => {
                let mut request = client.enable_key_rotation(key).request().clone();
                request.rotation_period_in_days = *period;
                unit(client.call(request).send())?
            }
            Call::DisableKeyRotation { key } => unit(client.disable_key_rotation(key).send())?,
            Call::GetKeyRotationStatus { key } => {
                let answer = client.get_key_rotation_status(key).send()?;
                Reply::RotationStatus {
                    key_id: answer.key_id.to_string(),
                    period: answer.rotation_period_in_days.map(Into::into),
                    next: answer.next_rotation_date.map(millis),
                    enabled: answer.key_rotation_enabled,
                    running: answer.on_demand_rotation_start_date.is_some(),
                }
            }
            Call::RotateKeyOnDemand { key } => Reply::Key(client.rotate_key_on_demand(key).send()?.key_id.to_string()),
            Call::ListKeyRotations { key, all, limit } => {
                let pages = pages(*limit, 100, 1000, |marker| {
                    let mut request = client.list_key_rotations(key).request().clone();
                    (request.limit, request.marker) = (*limit, marker.map(Into::into));
                    request.include_key_material = all.then(|| "ALL_KEY_MATERIAL".into());
                    client
                        .call(request)
                        .send()
                        .map(|page| (page.rotations.clone(), page.next_marker.clone(), page.truncated))
                })?;
                let entry = |entry: &keystead::operations::RotationsListEntry| RotationEntry {
                    key_id: entry.key_id.to_string(),
                    material: entry.key_material_id.map(|id| id.to_string()),
                    state: entry.key_material_state.map(|state| state.as_str().to_owned()),
                    date: entry.rotation_date.map(millis),
                    kind: entry.rotation_type.map(|kind| kind.as_str().to_owned()),
                };
                Reply::Rotations(pages.iter().map(entry).collect())
            }
            Call::Encrypt { key, context, plaintext, dry_run } => {
                let mut request = client.encrypt(key, plaintext).request().clone();
                request.encryption_context = context_member(context);
                request.dry_run = dry_run.then_some(true);
                let answer = client.call(request).send()?;
                assert_eq!(answer.encryption_algorithm.as_str(), "SYMMETRIC_DEFAULT");
                Reply::Sealed {
                    arn: answer.key_id.to_string(),
                    source: None,
                    material: None,
                    plaintext: None,
                    blob: answer.ciphertext_blob.clone(),
                }
            }
            Call::Decrypt { blob, context, key, dry_run } => {
                let mut request = client.decrypt(&blob.bytes).request().clone();
                request.encryption_context = context_member(context);
                request.key_id = key.as_deref().map(Into::into);
                request.dry_run = dry_run.then_some(true);
                let answer = client.call(request).send()?;
                assert_eq!(answer.encryption_algorithm.as_str(), "SYMMETRIC_DEFAULT");
                let id = answer.key_material_id.map(|id| id.to_string());
                Reply::Opened {
                    key: Material { arn: answer.key_id.to_string(), id },
                    plaintext: answer.expose().to_vec(),
                }
            }
            Call::ReEncrypt { blob, source, destination } => {
                let mut request =
                    client.re_encrypt(&blob.bytes, destination.key.clone().unwrap_or_default()).request().clone();
                request.source_key_id = source.key.as_deref().map(Into::into);
                request.source_encryption_context = context_member(&source.context);
                request.destination_encryption_context = context_member(&destination.context);
                let answer = client.call(request).send()?;
                let id = answer.source_key_material_id.map(|id| id.to_string());
                Reply::Sealed {
                    arn: answer.key_id.to_string(),
                    source: Some(Material { arn: answer.source_key_id.to_string(), id }),
                    material: answer.destination_key_material_id.map(|id| id.to_string()),
                    plaintext: None,
                    blob: answer.ciphertext_blob.clone(),
                }
            }
            Call::GenerateDataKey { key, context, spec, bytes, plain: true } => {
                let mut request = client.generate_data_key(key).request().clone();
                request.encryption_context = context_member(context);
                (request.key_spec, request.number_of_bytes) = (spec.as_deref().map(Into::into), *bytes);
                let answer = client.call(request).send()?;
                Reply::Sealed {
                    arn: answer.key_id.to_string(),
                    source: None,
                    material: answer.key_material_id.map(|id| id.to_string()),
                    plaintext: Some(answer.expose().to_vec()),
                    blob: answer.ciphertext_blob.clone(),
                }
            }
            Call::GenerateDataKey { key, context, spec, bytes, plain: false } => {
                let mut request = client.generate_data_key_without_plaintext(key).request().clone();
                request.encryption_context = context_member(context);
                (request.key_spec, request.number_of_bytes) = (spec.as_deref().map(Into::into), *bytes);
                let answer = client.call(request).send()?;
                Reply::Sealed {
                    arn: answer.key_id.to_string(),
                    source: None,
                    material: answer.key_material_id.map(|id| id.to_string()),
                    plaintext: None,
                    blob: answer.ciphertext_blob.clone(),
                }
            }
        })
    }
}

fn clients(kms: &Kms) -> Vec<Client> {
    let client =
        |place: &super::world::Place| kms.client(place.region, Caller::account_root(place.account).unwrap()).unwrap();
    PLACES.iter().map(client).collect()
}

/// All items of a list, page by page. No page is too large, and a marker comes exactly when there is more.
fn pages<T>(
    limit: Option<i64>,
    default: usize,
    largest: usize,
    mut next: impl FnMut(Option<String>) -> Result<(Vec<T>, Option<String>, bool), CallError>,
) -> Result<Vec<T>, CallError> {
    let limit = limit.map_or(default, |limit| usize::try_from(limit).unwrap_or(0).min(largest));
    let mut all = Vec::new();
    let mut marker = None;
    loop {
        let (page, next_marker, truncated) = next(marker)?;
        assert!(page.len() <= limit, "a page of {} items under a limit of {limit}", page.len());
        assert_eq!(truncated, next_marker.is_some());
        assert!(!page.is_empty() || !truncated, "an empty page that is not the last");
        all.extend(page);
        assert!(all.len() <= ITEMS, "a list that does not end");
        marker = match next_marker {
            Some(marker) => Some(marker),
            None => return Ok(all),
        };
    }
}

fn list_aliases<'c>(
    client: &'c Client,
    key: Option<&'c str>,
    limit: Option<i64>,
    marker: Option<String>,
) -> keystead::Call<'c, ListAliases<'c>> {
    let mut request = ListAliases::new();
    request.key_id = key.map(Into::into);
    (request.limit, request.marker) = (limit, marker.map(Into::into));
    client.call(request)
}

fn unit<R>(answer: Result<R, CallError>) -> Result<Reply, CallError> {
    answer.map(|_| Reply::Unit)
}

/// The order of insertion must not matter: here it is the reverse of the sorted one (KEY-81).
fn context_member(context: &Context) -> Option<EncryptionContext<'static>> {
    if context.is_empty() {
        return None;
    }
    let mut member = EncryptionContext::new();
    for (key, value) in context.iter().rev() {
        member.insert(key.clone(), value.clone());
    }
    Some(member)
}

fn metadata(metadata: &KeyMetadata) -> Metadata {
    let mut constants = vec![
        metadata.key_usage.as_str().to_owned(),
        metadata.origin.as_str().to_owned(),
        metadata.key_manager.as_str().to_owned(),
        metadata.key_spec.as_str().to_owned(),
        metadata.customer_master_key_spec.as_str().to_owned(),
    ];
    constants.extend(metadata.encryption_algorithms.iter().flatten().map(|algorithm| algorithm.as_str().to_owned()));
    let members = [
        ("SigningAlgorithms", metadata.signing_algorithms.is_some()),
        ("KeyAgreementAlgorithms", metadata.key_agreement_algorithms.is_some()),
        ("EncapsulationAlgorithms", metadata.encapsulation_algorithms.is_some()),
        ("MacAlgorithms", metadata.mac_algorithms.is_some()),
        ("PendingDeletionWindowInDays", metadata.pending_deletion_window_in_days.is_some()),
        ("MultiRegion", metadata.multi_region),
    ];
    Metadata {
        account: metadata.aws_account_id.to_string(),
        key_id: metadata.key_id.to_string(),
        arn: metadata.arn.to_string(),
        created: millis(metadata.creation_date),
        enabled: metadata.enabled,
        description: metadata.description.clone(),
        state: metadata.key_state.as_str().to_owned(),
        deletion: metadata.deletion_date.map(millis),
        material: metadata.current_key_material_id.map(|id| id.to_string()),
        constants,
        surplus: members.iter().filter(|(_, present)| *present).map(|(name, _)| *name).collect(),
    }
}

fn alias(entry: &AliasListEntry) -> AliasEntry {
    AliasEntry {
        name: entry.alias_name.to_string(),
        arn: entry.alias_arn.to_string(),
        target: entry.target_key_id.map(|id| id.to_string()),
        created: entry.creation_date.map(millis),
        updated: entry.last_updated_date.map(millis),
    }
}

fn service_record(record: &AuditRecord) -> Happening {
    let detail = |name: &str| {
        let json: serde_json::Value = serde_json::from_str(&record.to_json()).unwrap();
        json["serviceEventDetails"][name].as_str().map(str::to_owned)
    };
    assert!(record.request_id.is_none() && record.error_code.is_none(), "{record:?}");
    Happening {
        arn: record.resources.iter().flatten().map(|resource| resource.arn.clone()).collect(),
        at: record.event_time.as_millis(),
        kind: match (&*record.event_name, detail("rotationType").as_deref()) {
            ("RotateKey", Some("AUTOMATIC")) => "AUTOMATIC",
            ("RotateKey", Some("ON_DEMAND")) => "ON_DEMAND",
            ("DeleteKey", _) => "DeleteKey",
            _ => "unknown",
        },
    }
}

fn millis(at: Timestamp) -> i64 {
    at.as_millis()
}

/// More items than any list of the model has.
const ITEMS: usize = 1000;
