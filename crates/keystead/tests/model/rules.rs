//! The steps that all operations share, in the order of checks of chapter 50, section 3.1: shape, identifiers,
//! authorization, what is overdue, state. What follows (content, conflicts, quotas) each operation has for itself.

use super::access::Seat;
use super::call::{Call, Given, Outcome, Refusal, Reply};
use super::world::{Form, Named, PLACES, Spot, World};

impl World {
    /// What `call` must be answered with.
    pub fn answer(&mut self, seat: Seat, call: &Call, given: Given<'_>) -> Outcome {
        self.complete_handovers();
        self.trail = super::audit::Trail::default();
        match call {
            Call::CreateKey { .. } => self.create_key(seat, call, given),
            Call::DescribeKey { key, tokens } => self.describe(seat, key, tokens, given),
            Call::ListKeys { limit } => self.list_keys(seat, *limit),
            Call::UpdateKeyDescription { key, description } => self.describe_anew(seat, key, description),
            Call::EnableKey { key } => self.enable_key(seat, key),
            Call::DisableKey { key } => self.disable_key(seat, key),
            Call::ScheduleKeyDeletion { key, window } => self.schedule_deletion(seat, key, *window),
            Call::CancelKeyDeletion { key } => self.cancel_deletion(seat, key),
            Call::GetKeyLastUsage { key } => self.last_usage(seat, key, given),
            Call::CreateAlias { name, key } => self.create_alias(seat, name, key),
            Call::UpdateAlias { name, key } => self.update_alias(seat, name, key),
            Call::DeleteAlias { name } => self.delete_alias(seat, name),
            Call::ListAliases { key, limit } => self.list_aliases(seat, key.as_deref(), *limit),
            Call::WalkAliases { limit } => self.walk(seat, *limit, given),
            Call::ForeignMarker { key } => self.foreign_marker(seat, key.as_deref()),
            Call::TagResource { key, tags } => self.tag(seat, key, tags),
            Call::UntagResource { key, tag_keys } => self.untag(seat, key, tag_keys),
            Call::ListResourceTags { key, limit } => self.list_tags(seat, key, *limit),
            Call::GetKeyPolicy { key, name } => self.get_policy(seat, key, name.as_deref(), given),
            Call::PutKeyPolicy { key, name, policy } => self.put_policy(seat, key, name.as_deref(), *policy),
            Call::ListKeyPolicies { key } => {
                self.admit(seat, key, "ListKeyPolicies")?;
                Ok(Reply::Names(vec!["default".to_owned()]))
            }
            Call::EnableKeyRotation { key, period } => self.enable_rotation(seat, key, *period),
            Call::DisableKeyRotation { key } => self.disable_rotation(seat, key),
            Call::GetKeyRotationStatus { key } => self.rotation_status(seat, key),
            Call::RotateKeyOnDemand { key } => self.rotate_on_demand(seat, key),
            Call::ListKeyRotations { key, all, limit } => self.list_rotations(seat, key, *all, *limit, given),
            Call::Encrypt { .. } => self.encrypt(seat, call, given),
            Call::Decrypt { blob, side, dry_run } => self.decrypt(seat, blob, side, *dry_run, given),
            Call::ReEncrypt { blob, source, destination, dry_run } => {
                self.re_encrypt(seat, blob, source, destination, *dry_run, given)
            }
            Call::GenerateDataKey { .. } => self.generate(seat, call, given),
            Call::GenerateDataKeyPair { .. } => self.generate_pair(seat, call, given),
            Call::GenerateRandom { bytes } => self.random(seat, *bytes, given),
            Call::Sign { key, message, dry_run } => self.sign(seat, key, message, *dry_run, given),
            Call::Verify { key, message, signature, dry_run } => self.verify(seat, key, message, signature, *dry_run),
            Call::GenerateMac { key, message, dry_run } => self.mac(seat, key, message, *dry_run, given),
            Call::VerifyMac { key, message, code, dry_run } => self.verify_mac(seat, key, message, code, *dry_run),
            Call::GetPublicKey { key } => self.get_public_key(seat, key, given),
            Call::DeriveSharedSecret { key, peer, dry_run } => self.derive(seat, key, peer, *dry_run, given),
            Call::Encapsulate { key, dry_run } => self.encapsulate(seat, key, *dry_run, given),
            Call::Decapsulate { key, blob, dry_run } => self.decapsulate(seat, key, blob, *dry_run, given),
            Call::CreateGrant(request) => self.create_grant(seat, request, given),
            Call::ListGrants { key, id, grantee, limit } => {
                self.list_grants(seat, key, id.as_deref(), grantee.as_deref(), *limit)
            }
            Call::ListRetirableGrants { principal, limit } => self.list_retirable_grants(seat, principal, *limit),
            Call::RetireGrant { by, dry_run } => self.retire_grant(seat, by, *dry_run),
            Call::RevokeGrant { key, id, dry_run } => self.revoke_grant(seat, key, id, *dry_run),
            Call::ReplicateKey { key, region, description, policy, tags } => {
                self.replicate(seat, key, region, description.as_deref(), *policy, tags, given)
            }
            Call::UpdatePrimaryRegion { key, region } => self.update_primary(seat, key, region),
            Call::GetParametersForImport { key, algorithm, spec } => self.parameters(seat, key, algorithm, spec, given),
            Call::ImportKeyMaterial(request) => self.import(seat, request, given),
            Call::DeleteImportedKeyMaterial { key, id } => self.delete_material(seat, key, id.as_deref()),
        }
    }

    /// A key that the caller may use so, in a state that admits it.
    pub fn admit(&mut self, seat: Seat, text: &str, action: &str) -> Result<Spot, Refusal> {
        let key = self.admit_unjudged(seat, text, action)?;
        self.judge(key, row(action).states)?;
        Ok(key)
    }

    /// The same, before its state is looked at: for operations that not all keys are capable of.
    pub fn admit_unjudged(&mut self, seat: Seat, text: &str, action: &str) -> Result<Spot, Refusal> {
        self.admit_in(seat, text, action, None)
    }

    /// The same, for a request with an encryption context.
    pub fn admit_in(
        &mut self,
        seat: Seat,
        text: &str,
        action: &str,
        context: Option<&super::call::Context>,
    ) -> Result<Spot, Refusal> {
        let rule = row(action);
        let key = self.resolve_key(seat, text, rule)?;
        let key = self.existing(seat, key, rule)?;
        let authorized = self.authorize(seat, key, rule, context);
        self.touch(seat, key, authorized.is_ok());
        authorized?;
        self.settle(key);
        Ok(key)
    }

    pub fn resolve_key(&mut self, seat: Seat, text: &str, rule: &Rule) -> Result<Named, Refusal> {
        require((1..=2048).contains(&text.chars().count()))?;
        let found = self.resolve(seat, text, rule.form)?;
        if let Named::Key(key) = found
            && !self.is_foreign(seat, key)
        {
            self.trail.found.push(self.arn(key));
        }
        Ok(found)
    }

    /// What is not there in another account is refused like what is not allowed.
    pub fn existing(&self, seat: Seat, key: Named, rule: &Rule) -> Result<Spot, Refusal> {
        match key {
            Named::Key(key) => Ok(key),
            Named::Nothing => Err(self.opaque(seat, rule.action, "this resource")),
        }
    }

    /// Notes that a call concerns a key; its owner hears of it unless the caller was refused (AUD-35).
    pub fn touch(&mut self, seat: Seat, key: Spot, authorized: bool) {
        let arn = self.arn(key);
        if !self.trail.resources.contains(&arn) {
            self.trail.resources.push(arn);
        }
        let owner = PLACES[key.at].account;
        if authorized && owner != seat.place().account && !self.trail.owners.contains(&owner) {
            self.trail.owners.push(owner);
        }
    }

    /// Chapter 20, section 4: `admitted` lists the states in which an operation works.
    pub fn judge(&self, key: Spot, admitted: &[&str]) -> Result<(), Refusal> {
        let (arn, state) = (self.arn(key), self.state(key));
        let invalid = |text: &str| Err(Refusal::new("KMSInvalidStateException", format!("{arn} is {text}.")));
        // What is missing is missing, also while the state speaks of something else (IMP-50).
        let lacks = self.core(key).imported && !self.core(key).is_complete(key);
        if state == "Updating" && lacks && admitted.contains(&state) && !admitted.contains(&"PendingImport") {
            return invalid("pending import");
        }
        if admitted.contains(&state) {
            return Ok(());
        }
        match state {
            _ if admitted == DYING => invalid("not pending deletion"),
            "Disabled" => Err(Refusal::new("DisabledException", format!("{arn} is disabled."))),
            "PendingDeletion" => invalid("pending deletion"),
            "PendingReplicaDeletion" => invalid("pending replica deletion"),
            "PendingImport" => invalid("pending import"),
            "Creating" => invalid("creating"),
            _ => invalid("updating"),
        }
    }

    /// Usage and algorithm (API-012, step 10).
    pub fn require_usage(
        &self,
        key: Spot,
        operation: &str,
        usage: &str,
        algorithm: Option<&str>,
    ) -> Result<(), Refusal> {
        let kind = self.kind(key);
        if kind.usage != usage {
            let (arn, usage) = (self.arn(key), kind.usage);
            let message = format!("{arn} key usage is {usage} which is not valid for {operation}.");
            return Err(Refusal::new("InvalidKeyUsageException", message));
        }
        match algorithm.filter(|algorithm| !kind.algorithms.contains(algorithm)) {
            None => Ok(()),
            Some(algorithm) => {
                let message = format!("Algorithm {algorithm} is incompatible with key spec {}.", kind.spec);
                Err(Refusal::new("InvalidKeyUsageException", message))
            }
        }
    }
}

/// How an operation treats identifiers, accounts and states.
#[derive(Debug)]
pub struct Rule {
    pub action: &'static str,
    pub form: Form,
    /// Whether other accounts can be allowed it.
    pub abroad: bool,
    pub states: &'static [&'static str],
}

/// The row of an action (chapters 20, 24 and 50).
pub fn row(action: &str) -> &'static Rule {
    RULES.iter().find(|rule| rule.action == action).unwrap_or_else(|| panic!("no row for {action}"))
}

const fn own(action: &'static str, states: &'static [&'static str]) -> Rule {
    Rule { action, form: Form { aliases: false, declares_invalid_arn: true }, abroad: false, states }
}

const fn shared(action: &'static str, states: &'static [&'static str]) -> Rule {
    Rule { action, form: Form { aliases: false, declares_invalid_arn: true }, abroad: true, states }
}

/// Operations that take aliases, and keys of other accounts.
const fn any(action: &'static str, declares_invalid_arn: bool, states: &'static [&'static str]) -> Rule {
    Rule { action, form: Form { aliases: true, declares_invalid_arn }, abroad: true, states }
}

const fn alias(action: &'static str) -> Rule {
    Rule { action, form: Form { aliases: false, declares_invalid_arn: false }, abroad: false, states: LIVING }
}

const ALL: &[&str] =
    &["Enabled", "Disabled", "PendingDeletion", "PendingReplicaDeletion", "PendingImport", "Creating", "Updating"];
const LIVING: &[&str] = &["Enabled", "Disabled", "PendingImport", "Creating", "Updating"];
const DYING: &[&str] = &["PendingDeletion", "PendingReplicaDeletion"];
const USABLE: &[&str] = &["Enabled", "Updating"];

static RULES: &[Rule] = &[
    any("DescribeKey", true, ALL),
    any("Encrypt", false, USABLE),
    any("Decrypt", false, USABLE),
    any("ReEncryptFrom", false, USABLE),
    any("ReEncryptTo", false, USABLE),
    any("GenerateDataKey", false, USABLE),
    any("GenerateDataKeyWithoutPlaintext", false, USABLE),
    any("GenerateDataKeyPair", false, USABLE),
    any("GenerateDataKeyPairWithoutPlaintext", false, USABLE),
    any("Sign", false, USABLE),
    any("Verify", false, USABLE),
    any("GenerateMac", false, USABLE),
    any("VerifyMac", false, USABLE),
    any("DeriveSharedSecret", false, USABLE),
    any("Encapsulate", false, USABLE),
    any("Decapsulate", false, USABLE),
    any("GetPublicKey", true, USABLE),
    shared("CreateGrant", USABLE),
    shared("ListGrants", ALL),
    shared("RevokeGrant", ALL),
    shared("RetireGrant", ALL),
    shared("GetKeyRotationStatus", ALL),
    own("UpdateKeyDescription", LIVING),
    own("EnableKey", &["Enabled", "Disabled"]),
    own("DisableKey", &["Enabled", "Disabled"]),
    own("ScheduleKeyDeletion", &["Enabled", "Disabled", "PendingImport", "Creating"]),
    own("CancelKeyDeletion", DYING),
    own("GetKeyLastUsage", ALL),
    own("TagResource", LIVING),
    own("UntagResource", LIVING),
    own("ListResourceTags", ALL),
    own("GetKeyPolicy", ALL),
    own("PutKeyPolicy", ALL),
    own("ListKeyPolicies", ALL),
    own("EnableKeyRotation", USABLE),
    own("DisableKeyRotation", USABLE),
    own("RotateKeyOnDemand", USABLE),
    own("ListKeyRotations", ALL),
    own("ListAliases", ALL),
    alias("CreateAlias"),
    alias("UpdateAlias"),
    alias("DeleteAlias"),
    own("ReplicateKey", &["Enabled"]),
    own("UpdatePrimaryRegion", &["Enabled"]),
    own("GetParametersForImport", &["Enabled", "Disabled", "PendingImport"]),
    own("ImportKeyMaterial", &["Enabled", "Disabled", "PendingImport", "Updating"]),
    own(
        "DeleteImportedKeyMaterial",
        &["Enabled", "Disabled", "PendingImport", "PendingDeletion", "PendingReplicaDeletion"],
    ),
];

pub fn require(holds: bool) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(Refusal::code("ValidationException")) }
}

pub fn page_size(limit: Option<i64>) -> Result<(), Refusal> {
    require(limit.is_none_or(|limit| (1..=1000).contains(&limit)))
}

pub fn dry() -> Refusal {
    Refusal::new("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
}
