//! What must be recorded of a call (chapter 12, sections 3 to 6 and 9).

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::access::Seat;
use super::call::{Call, Context, GrantRequest, Import, Named, Outcome, Pairs, Reply};
use super::world::{PLACES, World};

/// What the model notes while it answers a call.
#[derive(Clone, Debug, Default)]
pub struct Trail {
    /// The keys and aliases concerned, as far as they were found.
    pub resources: Vec<String>,
    /// Own keys that were found, and may be named even if the call failed before it came to them.
    pub found: Vec<String>,
    /// The other accounts that hear of the call.
    pub owners: Vec<&'static str>,
    /// `responseElements`, where the answer alone does not tell them.
    pub answered: Value,
    pub additional: Value,
    /// Where ReplicateKey has created a key.
    pub created_replica: Option<usize>,
    /// Where the new primary will be.
    pub moved_to: Option<usize>,
}

/// A record of a call, as far as the model predicts it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub name: String,
    pub region: String,
    /// The ARN of the caller; the account alone where its owner must not be told more (RUL-27).
    pub identity: String,
    pub code: Option<String>,
    pub message: Option<String>,
    pub parameters: Value,
    pub response: Value,
    pub resources: Vec<String>,
    /// What a failed call may name besides.
    pub found: Vec<String>,
    /// The key as the caller named it, where that is not among the parameters.
    pub named: Option<String>,
    pub recipient: String,
    pub read_only: bool,
    pub additional: Value,
    pub at: String,
}

impl World {
    /// The records of a call that was answered so.
    pub fn records(&self, seat: Seat, call: &Call, answer: &Outcome) -> Vec<Entry> {
        let Trail { resources, owners, additional, .. } = &self.trail;
        let (name, parameters) = request(call);
        let refusal = answer.as_ref().err();
        let main = Entry {
            name: name.to_owned(),
            region: seat.place().region.to_owned(),
            identity: seat.arn(),
            code: refusal.map(|refusal| refusal.code.replace("AccessDeniedException", "AccessDenied")),
            message: refusal.and_then(|refusal| refusal.message.clone()).filter(|message| !message.is_empty()),
            parameters,
            response: answer.as_ref().map_or(Value::Null, |reply| self.response(call, reply)),
            resources: resources.clone(),
            found: self.trail.found.clone(),
            named: match call {
                Call::RetireGrant { by: Named::Id { key, .. }, .. } => Some(key.clone()),
                _ => None,
            },
            recipient: seat.place().account.to_owned(),
            read_only: reads(name),
            additional: additional.clone(),
            at: seconds(self.now),
        };
        let mut entries = vec![main.clone()];
        entries.extend(owners.iter().map(|owner| Entry {
            identity: format!("account {}", seat.place().account),
            recipient: (*owner).to_owned(),
            ..main.clone()
        }));
        if refusal.is_none()
            && let Some(at) = self.trail.moved_to
        {
            let arn = resources[0].replace(seat.place().region, PLACES[at].region);
            entries.push(Entry {
                region: PLACES[at].region.to_owned(),
                parameters: json!({ "keyId": arn, "primaryRegion": PLACES[at].region }),
                response: json!({ "keyId": arn }),
                resources: Vec::new(),
                ..main.clone()
            });
        }
        if refusal.is_none()
            && let Some(at) = self.trail.created_replica
        {
            let arn = resources[0].replace(seat.place().region, PLACES[at].region);
            entries.push(Entry {
                name: "CreateKey".to_owned(),
                region: PLACES[at].region.to_owned(),
                parameters: json!({ "...": null }),
                response: json!({ "keyMetadata": { "arn": arn, "keyState": "Creating", "...": null } }),
                resources: vec![arn],
                ..main
            });
        }
        entries
    }

    fn response(&self, call: &Call, reply: &Reply) -> Value {
        if !self.trail.answered.is_null() {
            return self.trail.answered.clone();
        }
        let key = self.trail.resources.iter().find(|arn| arn.contains(":key/"));
        match (call, reply) {
            (Call::ScheduleKeyDeletion { .. }, Reply::Scheduled { arn, date, state, window }) => fields(&[
                ("keyId", json!(arn)),
                ("keyState", json!(state)),
                ("pendingWindowInDays", json!(window)),
                ("deletionDate", date.map_or(Value::Null, |date| json!(words(date)))),
            ]),
            (_, Reply::Imported { arn, material }) => {
                fields(&[("keyId", json!(arn)), ("keyMaterialId", json!(material))])
            }
            (
                Call::CancelKeyDeletion { .. }
                | Call::CreateAlias { .. }
                | Call::UpdateAlias { .. }
                | Call::DeleteAlias { .. }
                | Call::EnableKey { .. }
                | Call::DisableKey { .. }
                | Call::EnableKeyRotation { .. }
                | Call::RotateKeyOnDemand { .. }
                | Call::UntagResource { .. }
                | Call::UpdatePrimaryRegion { .. },
                _,
            ) => json!({ "keyId": key }),
            _ => Value::Null,
        }
    }
}

impl Entry {
    /// Whether `actual` is this record. What a failed call concerns need not all be known.
    pub fn is(&self, actual: &Self) -> bool {
        let resources = if self.code.is_none() {
            self.resources == actual.resources
        } else {
            let written = |arn: &String| {
                self.parameters.as_object().is_some_and(|members| members.values().any(|value| *value == **arn))
            };
            let written = |arn: &String| {
                let by_id = matches!(&self.named, Some(named) if named == arn);
                written(arn) || by_id
            };
            let known = |arn: &String| self.resources.contains(arn) || self.found.contains(arn) || written(arn);
            actual.resources.iter().all(known)
        };
        let additional = self.additional.is_null() || covers(&self.additional, &actual.additional);
        (&self.name, &self.region, &self.identity) == (&actual.name, &actual.region, &actual.identity)
            && (&self.code, &self.recipient, &self.at) == (&actual.code, &actual.recipient, &actual.at)
            && (self.message.is_none() || self.message == actual.message)
            && self.read_only == actual.read_only
            && resources
            && additional
            && covers(&self.parameters, &actual.parameters)
            && covers(&self.response, &actual.response)
    }
}

/// Whether both are equal; an object with `...` may have more members.
fn covers(expected: &Value, actual: &Value) -> bool {
    let (Value::Object(expected), Value::Object(actual)) = (expected, actual) else { return expected == actual };
    let open = expected.contains_key("...");
    let members = || expected.iter().filter(|(name, _)| *name != "...");
    members().all(|(name, value)| actual.get(name).is_some_and(|actual| covers(value, actual)))
        && (open || members().count() == actual.len())
}

/// The name of the operation, and `requestParameters`.
fn request(call: &Call) -> (&'static str, Value) {
    match call {
        Call::CreateKey { description, tags, kind, imported, multi_region } => (
            "CreateKey",
            fields(&[
                ("description", json!(description.clone().unwrap_or_default())),
                ("origin", json!(if *imported { "EXTERNAL" } else { "AWS_KMS" })),
                ("keySpec", json!(kind.spec)),
                ("customerMasterKeySpec", json!(kind.spec)),
                ("keyUsage", json!(kind.usage)),
                ("bypassPolicyLockoutSafetyCheck", json!(false)),
                ("tags", tag_list(tags)),
                ("multiRegion", multi_region.then_some(true).into()),
            ]),
        ),
        Call::DescribeKey { key, .. } => ("DescribeKey", json!({ "keyId": key })),
        Call::ListKeys { limit } => ("ListKeys", or_null(fields(&[("limit", json!(limit))]))),
        Call::UpdateKeyDescription { key, description } => {
            ("UpdateKeyDescription", json!({ "keyId": key, "description": description }))
        }
        Call::EnableKey { key } => ("EnableKey", json!({ "keyId": key })),
        Call::DisableKey { key } => ("DisableKey", json!({ "keyId": key })),
        Call::ScheduleKeyDeletion { key, window } => {
            ("ScheduleKeyDeletion", fields(&[("keyId", json!(key)), ("pendingWindowInDays", json!(window))]))
        }
        Call::CancelKeyDeletion { key } => ("CancelKeyDeletion", json!({ "keyId": key })),
        Call::GetKeyLastUsage { key } => ("GetKeyLastUsage", json!({ "keyId": key })),
        Call::CreateAlias { name, key } => ("CreateAlias", json!({ "aliasName": name, "targetKeyId": key })),
        Call::UpdateAlias { name, key } => ("UpdateAlias", json!({ "aliasName": name, "targetKeyId": key })),
        Call::DeleteAlias { name } => ("DeleteAlias", json!({ "aliasName": name })),
        Call::ListAliases { key, limit } => {
            ("ListAliases", or_null(fields(&[("keyId", json!(key)), ("limit", json!(limit))])))
        }
        Call::WalkAliases { limit } => ("ListAliases", json!({ "limit": limit, "...": null })),
        Call::ForeignMarker { .. } => ("ListAliases", json!({ "...": null })),
        Call::TagResource { key, tags } => {
            let tags = if tags.is_empty() { json!([]) } else { tag_list(tags) };
            ("TagResource", json!({ "keyId": key, "tags": tags }))
        }
        Call::UntagResource { key, tag_keys } => ("UntagResource", json!({ "keyId": key, "tagKeys": tag_keys })),
        Call::ListResourceTags { key, limit } => ("ListResourceTags", listed(key, *limit)),
        Call::GetKeyPolicy { key, name } => {
            ("GetKeyPolicy", fields(&[("keyId", json!(key)), ("policyName", json!(name))]))
        }
        Call::PutKeyPolicy { key, name, policy } => (
            "PutKeyPolicy",
            fields(&[
                ("keyId", json!(key)),
                ("policyName", json!(name)),
                ("policy", json!({ "...": null })),
                ("bypassPolicyLockoutSafetyCheck", json!(false)),
            ]),
        )
            .with_policy(policy),
        Call::ListKeyPolicies { key } => ("ListKeyPolicies", json!({ "keyId": key })),
        Call::EnableKeyRotation { key, period } => {
            ("EnableKeyRotation", fields(&[("keyId", json!(key)), ("rotationPeriodInDays", json!(period))]))
        }
        Call::DisableKeyRotation { key } => ("DisableKeyRotation", json!({ "keyId": key })),
        Call::GetKeyRotationStatus { key } => ("GetKeyRotationStatus", json!({ "keyId": key })),
        Call::RotateKeyOnDemand { key } => ("RotateKeyOnDemand", json!({ "keyId": key })),
        Call::ListKeyRotations { key, all, limit } => (
            "ListKeyRotations",
            fields(&[
                ("keyId", json!(key)),
                ("includeKeyMaterial", json!(all.then_some("ALL_KEY_MATERIAL"))),
                ("limit", json!(limit)),
            ]),
        ),
        Call::Encrypt { key, context, algorithm, dry_run, .. } => (
            "Encrypt",
            fields(&[
                ("keyId", json!(key)),
                ("encryptionAlgorithm", json!(algorithm.unwrap_or("SYMMETRIC_DEFAULT"))),
                ("encryptionContext", pairs(context)),
                ("dryRun", dry(*dry_run)),
            ]),
        ),
        Call::Decrypt { side, dry_run, .. } => (
            "Decrypt",
            fields(&[
                ("keyId", json!(side.key)),
                ("encryptionAlgorithm", json!(side.algorithm.unwrap_or("SYMMETRIC_DEFAULT"))),
                ("encryptionContext", pairs(&side.context)),
                ("dryRun", dry(*dry_run)),
            ]),
        ),
        Call::ReEncrypt { source, destination, dry_run, .. } => (
            "ReEncrypt",
            fields(&[
                ("sourceKeyId", json!(source.key)),
                ("sourceEncryptionAlgorithm", json!(source.algorithm.unwrap_or("SYMMETRIC_DEFAULT"))),
                ("sourceEncryptionContext", pairs(&source.context)),
                ("destinationKeyId", json!(destination.key)),
                ("destinationEncryptionAlgorithm", json!(destination.algorithm.unwrap_or("SYMMETRIC_DEFAULT"))),
                ("destinationEncryptionContext", pairs(&destination.context)),
                ("dryRun", dry(*dry_run)),
            ]),
        ),
        Call::GenerateDataKey { key, context, spec, bytes, plain, dry_run } => (
            if *plain { "GenerateDataKey" } else { "GenerateDataKeyWithoutPlaintext" },
            fields(&[
                ("keyId", json!(key)),
                ("keySpec", json!(spec)),
                ("numberOfBytes", json!(bytes)),
                ("encryptionContext", pairs(context)),
                ("dryRun", dry(*dry_run)),
            ]),
        ),
        Call::GenerateDataKeyPair { key, context, spec, plain, dry_run } => (
            if *plain { "GenerateDataKeyPair" } else { "GenerateDataKeyPairWithoutPlaintext" },
            fields(&[
                ("keyId", json!(key)),
                ("keyPairSpec", json!(spec)),
                ("encryptionContext", pairs(context)),
                ("dryRun", dry(*dry_run)),
            ]),
        ),
        Call::GenerateRandom { .. } => ("GenerateRandom", Value::Null),
        Call::Sign { key, message, dry_run } => ("Sign", signing(key, message, *dry_run)),
        Call::Verify { key, message, dry_run, .. } => ("Verify", signing(key, message, *dry_run)),
        Call::GenerateMac { key, message, dry_run } => ("GenerateMac", authenticating(key, message, *dry_run)),
        Call::VerifyMac { key, message, dry_run, .. } => ("VerifyMac", authenticating(key, message, *dry_run)),
        Call::GetPublicKey { key } => ("GetPublicKey", json!({ "keyId": key })),
        Call::DeriveSharedSecret { key, dry_run, .. } => {
            ("DeriveSharedSecret", fields(&[("keyId", json!(key)), ("dryRun", dry(*dry_run)), ("...", json!(true))]))
        }
        Call::Encapsulate { key, dry_run } => (
            "Encapsulate",
            fields(&[("keyId", json!(key)), ("encapsulationAlgorithm", json!("ML_KEM")), ("dryRun", dry(*dry_run))]),
        ),
        Call::Decapsulate { key, dry_run, .. } => (
            "Decapsulate",
            fields(&[("keyId", json!(key)), ("encapsulationAlgorithm", json!("ML_KEM")), ("dryRun", dry(*dry_run))]),
        ),
        Call::CreateGrant(request) => ("CreateGrant", granting(request)),
        Call::ListGrants { key, id, grantee, limit } => (
            "ListGrants",
            fields(&[
                ("keyId", json!(key)),
                ("grantId", json!(id)),
                ("granteePrincipal", json!(grantee)),
                ("limit", json!(limit)),
            ]),
        ),
        Call::ListRetirableGrants { principal, limit } => {
            ("ListRetirableGrants", fields(&[("retiringPrincipal", json!(principal)), ("limit", json!(limit))]))
        }
        Call::RetireGrant { dry_run, .. } => ("RetireGrant", or_null(fields(&[("dryRun", dry(*dry_run))]))),
        Call::RevokeGrant { key, id, dry_run } => {
            ("RevokeGrant", fields(&[("keyId", json!(key)), ("grantId", json!(id)), ("dryRun", dry(*dry_run))]))
        }
        Call::ReplicateKey { key, region, description, policy, tags } => (
            "ReplicateKey",
            fields(&[
                ("keyId", json!(key)),
                ("replicaRegion", json!(region)),
                ("description", json!(description)),
                ("bypassPolicyLockoutSafetyCheck", json!(false)),
                ("tags", tag_list(tags)),
                ("policy", json!(null)),
            ]),
        )
            .with_policy(policy),
        Call::UpdatePrimaryRegion { key, region } => {
            ("UpdatePrimaryRegion", json!({ "keyId": key, "primaryRegion": region }))
        }
        Call::GetParametersForImport { key, algorithm, spec } => {
            ("GetParametersForImport", json!({ "keyId": key, "wrappingAlgorithm": algorithm, "wrappingKeySpec": spec }))
        }
        Call::ImportKeyMaterial(request) => ("ImportKeyMaterial", importing(request)),
        Call::DeleteImportedKeyMaterial { key, id } => {
            ("DeleteImportedKeyMaterial", fields(&[("keyId", json!(key)), ("keyMaterialId", json!(id))]))
        }
    }
}

/// A policy is recorded in full; which text a document has depends on the place, so it is left open here.
trait WithPolicy {
    fn with_policy(self, policy: &super::access::Document) -> Self;
}

impl WithPolicy for (&'static str, Value) {
    fn with_policy(mut self, policy: &super::access::Document) -> Self {
        if let Value::Object(members) = &mut self.1 {
            members.remove("policy");
            if *policy != super::access::Document::Default {
                members.insert("...".to_owned(), Value::Null);
            }
        }
        self
    }
}

fn granting(request: &GrantRequest) -> Value {
    let constraint = request.constraint.as_ref().filter(|constraint| !constraint.pairs.is_empty());
    let constraint = constraint.map_or(Value::Null, |constraint| {
        let name = if constraint.exact { "encryptionContextEquals" } else { "encryptionContextSubset" };
        json!({ name: constraint.pairs })
    });
    fields(&[
        ("keyId", json!(request.key)),
        ("granteePrincipal", json!(request.grantee)),
        ("retiringPrincipal", json!(request.retiring)),
        ("operations", json!(request.operations)),
        ("constraints", constraint),
        ("name", json!(request.name)),
        ("dryRun", dry(request.dry_run)),
    ])
}

fn importing(request: &Import) -> Value {
    let model =
        request.expires.map(|expires| if expires { "KEY_MATERIAL_EXPIRES" } else { "KEY_MATERIAL_DOES_NOT_EXPIRE" });
    let kind = request.new_material.map(|new| if new { "NEW_KEY_MATERIAL" } else { "EXISTING_KEY_MATERIAL" });
    fields(&[
        ("keyId", json!(request.key)),
        ("expirationModel", json!(model)),
        ("validTo", request.valid_to.map_or(Value::Null, |at| json!(words(at)))),
        ("importType", json!(kind)),
        ("keyMaterialDescription", json!(request.description)),
        ("keyMaterialId", json!(request.id)),
    ])
}

fn signing(key: &str, message: &super::call::Message, dry_run: bool) -> Value {
    fields(&[
        ("keyId", json!(key)),
        ("messageType", json!(message.kind)),
        ("signingAlgorithm", json!(message.algorithm)),
        ("dryRun", dry(dry_run)),
    ])
}

fn authenticating(key: &str, message: &super::call::Message, dry_run: bool) -> Value {
    fields(&[("keyId", json!(key)), ("macAlgorithm", json!(message.algorithm)), ("dryRun", dry(dry_run))])
}

fn listed(key: &str, limit: Option<i64>) -> Value {
    fields(&[("keyId", json!(key)), ("limit", json!(limit))])
}

/// The members that are not null.
fn fields(members: &[(&str, Value)]) -> Value {
    let present = members.iter().filter(|(_, value)| !value.is_null());
    Value::Object(present.map(|(name, value)| ((*name).to_owned(), value.clone())).collect::<Map<_, _>>())
}

fn or_null(fields: Value) -> Value {
    if fields.as_object().is_some_and(Map::is_empty) { Value::Null } else { fields }
}

fn pairs(context: &Context) -> Value {
    if context.is_empty() { Value::Null } else { json!(context) }
}

fn tag_list(tags: &Pairs) -> Value {
    if tags.is_empty() {
        return Value::Null;
    }
    tags.iter().map(|(key, value)| json!({ "tagKey": key, "tagValue": value })).collect()
}

fn dry(dry_run: bool) -> Value {
    dry_run.then_some(true).into()
}

/// All but what changes something (API-048).
fn reads(name: &str) -> bool {
    let changes = [
        "Cancel",
        "Create",
        "Delete",
        "Disable",
        "Enable",
        "Import",
        "Put",
        "Replicate",
        "Retire",
        "Revoke",
        "Rotate",
        "Schedule",
        "Tag",
        "Untag",
        "Update",
    ];
    !changes.iter().any(|start| name.starts_with(start) && !name.starts_with("GetParameters"))
}

/// An instant as it stands inside of records (AUD-16).
fn words(millis: i64) -> String {
    Timestamp::from_millisecond(millis).unwrap_or_default().strftime("%b %-d, %Y, %-I:%M:%S %p").to_string()
}

/// `eventTime`.
fn seconds(millis: i64) -> String {
    Timestamp::from_millisecond(millis).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
