//! Carries out the calls of the model and brings the answers into its form.

use keystead::operations::{AliasListEntry, GetPublicKeyResponse, GrantListEntry, KeyMetadata, ListAliases, ListKeys};
use keystead::{CallError, Client, EncryptionContext, Tag, Timestamp};

use super::access::Seat;
use super::bench::Bench;
use super::call::{AliasEntry, Call, Context, GrantEntry, Material, Metadata, Named, Related, Reply, RotationEntry};
use super::grants::Constraint;
use super::world::PLACES;

impl Bench {
    /// Sends a call as whoever sits there.
    pub fn send(&self, seat: Seat, call: &Call) -> Result<Reply, CallError> {
        let (at, client) = (seat.at, self.client(seat));
        Ok(match call {
            Call::CreateKey { description, tags, kind, imported, multi_region } => {
                let mut call = client.create_key();
                if !kind.is_symmetric() {
                    call = call.key_spec(kind.spec).key_usage(kind.usage);
                }
                if *imported {
                    call = call.origin("EXTERNAL");
                }
                if *multi_region {
                    call = call.multi_region(true);
                }
                if let Some(description) = description {
                    call = call.description(description);
                }
                for (key, value) in tags {
                    call = call.tag(key, value);
                }
                Reply::Metadata(metadata(&call.send()?.key_metadata))
            }
            Call::DescribeKey { key, tokens } => {
                let mut request = client.describe_key(key).request().clone();
                request.grant_tokens = texts(tokens);
                Reply::Metadata(metadata(&client.call(request).send()?.key_metadata))
            }
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
                let policy = policy.text(at).unwrap_or_default();
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
                    imported: entry.import_state.map(|state| {
                        let model = entry.expiration_model.map(|model| model.as_str().to_owned());
                        let description = entry.key_material_description.clone();
                        (description, state.as_str().to_owned(), model, entry.valid_to.map(millis))
                    }),
                };
                Reply::Rotations(pages.iter().map(entry).collect())
            }
            Call::Encrypt { key, context, plaintext, algorithm, tokens, dry_run } => {
                let mut request = client.encrypt(key, plaintext).request().clone();
                request.encryption_context = context_member(context);
                request.encryption_algorithm = algorithm.map(Into::into);
                (request.grant_tokens, request.dry_run) = (texts(tokens), flag(*dry_run));
                let answer = client.call(request).send()?;
                assert_eq!(answer.encryption_algorithm.as_str(), algorithm.unwrap_or("SYMMETRIC_DEFAULT"));
                let (arn, blob) = (answer.key_id.to_string(), answer.ciphertext_blob.clone());
                Reply::Sealed { arn, source: None, material: None, plaintext: None, blob }
            }
            Call::Decrypt { blob, side, dry_run } => {
                let mut request = client.decrypt(&blob.bytes).request().clone();
                request.encryption_context = context_member(&side.context);
                request.key_id = side.key.as_deref().map(Into::into);
                request.encryption_algorithm = side.algorithm.map(Into::into);
                request.dry_run = flag(*dry_run);
                let answer = client.call(request).send()?;
                assert_eq!(answer.encryption_algorithm.as_str(), side.algorithm.unwrap_or("SYMMETRIC_DEFAULT"));
                Reply::Opened {
                    key: material(answer.key_id, answer.key_material_id),
                    plaintext: answer.expose().to_vec(),
                }
            }
            Call::ReEncrypt { blob, source, destination, dry_run } => {
                let target = destination.key.clone().unwrap_or_default();
                let mut request = client.re_encrypt(&blob.bytes, target).request().clone();
                request.source_key_id = source.key.as_deref().map(Into::into);
                request.source_encryption_context = context_member(&source.context);
                request.source_encryption_algorithm = source.algorithm.map(Into::into);
                request.destination_encryption_context = context_member(&destination.context);
                request.destination_encryption_algorithm = destination.algorithm.map(Into::into);
                request.dry_run = flag(*dry_run);
                let answer = client.call(request).send()?;
                Reply::Sealed {
                    arn: answer.key_id.to_string(),
                    source: Some(material(answer.source_key_id, answer.source_key_material_id)),
                    material: answer.destination_key_material_id.map(|id| id.to_string()),
                    plaintext: None,
                    blob: answer.ciphertext_blob.clone(),
                }
            }
            Call::GenerateDataKey { key, context, spec, bytes, plain: true, dry_run } => {
                let mut request = client.generate_data_key(key).request().clone();
                (request.encryption_context, request.dry_run) = (context_member(context), flag(*dry_run));
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
            Call::GenerateDataKey { key, context, spec, bytes, plain: false, dry_run } => {
                let mut request = client.generate_data_key_without_plaintext(key).request().clone();
                (request.encryption_context, request.dry_run) = (context_member(context), flag(*dry_run));
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
            Call::GenerateDataKeyPair { key, context, spec, plain: true, dry_run } => {
                let mut request = client.generate_data_key_pair(key).key_pair_spec(*spec).request().clone();
                (request.encryption_context, request.dry_run) = (context_member(context), flag(*dry_run));
                let answer = client.call(request).send()?;
                Reply::Pair {
                    key: material(answer.key_id, answer.key_material_id),
                    spec: answer.key_pair_spec.as_str().to_owned(),
                    blob: answer.private_key_ciphertext_blob.clone(),
                    public_key: answer.public_key.clone(),
                    private_key: answer.private_key_plaintext.as_ref().map(|key| key.expose().to_vec()),
                }
            }
            Call::GenerateDataKeyPair { key, context, spec, plain: false, dry_run } => {
                let call = client.generate_data_key_pair_without_plaintext(key).key_pair_spec(*spec);
                let mut request = call.request().clone();
                (request.encryption_context, request.dry_run) = (context_member(context), flag(*dry_run));
                let answer = client.call(request).send()?;
                Reply::Pair {
                    key: material(answer.key_id, answer.key_material_id),
                    spec: answer.key_pair_spec.as_str().to_owned(),
                    blob: answer.private_key_ciphertext_blob.clone(),
                    public_key: answer.public_key.clone(),
                    private_key: None,
                }
            }
            Call::GenerateRandom { bytes } => {
                let mut request = client.generate_random(1).request().clone();
                request.number_of_bytes = *bytes;
                Reply::Random(client.call(request).send()?.expose().to_vec())
            }
            Call::Sign { key, message, dry_run } => {
                let mut request =
                    client.sign(key, &message.bytes).signing_algorithm(message.algorithm).request().clone();
                (request.message_type, request.dry_run) = (message.kind.map(Into::into), flag(*dry_run));
                let answer = client.call(request).send()?;
                let algorithm = answer.signing_algorithm.as_str().to_owned();
                Reply::Signed { arn: answer.key_id.to_string(), bytes: answer.signature.clone(), algorithm }
            }
            Call::Verify { key, message, signature, dry_run } => {
                let call = client.verify(key, &message.bytes, signature).signing_algorithm(message.algorithm);
                let mut request = call.request().clone();
                (request.message_type, request.dry_run) = (message.kind.map(Into::into), flag(*dry_run));
                let answer = client.call(request).send()?;
                assert!(answer.signature_valid);
                let algorithm = answer.signing_algorithm.as_str().to_owned();
                Reply::Verified { arn: answer.key_id.to_string(), algorithm }
            }
            Call::GenerateMac { key, message, dry_run } => {
                let mut request = client.generate_mac(key, &message.bytes).request().clone();
                (request.mac_algorithm, request.dry_run) = (Some(message.algorithm.into()), flag(*dry_run));
                let answer = client.call(request).send()?;
                let algorithm = answer.mac_algorithm.as_str().to_owned();
                Reply::Signed { arn: answer.key_id.to_string(), bytes: answer.mac.clone(), algorithm }
            }
            Call::VerifyMac { key, message, code, dry_run } => {
                let mut request = client.verify_mac(key, &message.bytes, code).request().clone();
                (request.mac_algorithm, request.dry_run) = (Some(message.algorithm.into()), flag(*dry_run));
                let answer = client.call(request).send()?;
                assert!(answer.mac_valid);
                Reply::Verified { arn: answer.key_id.to_string(), algorithm: answer.mac_algorithm.as_str().to_owned() }
            }
            Call::GetPublicKey { key } => public_key(&*client.get_public_key(key).send()?),
            Call::DeriveSharedSecret { key, peer, dry_run } => {
                let mut request = client.derive_shared_secret(key, peer).request().clone();
                (request.key_agreement_algorithm, request.dry_run) = (Some("ECDH".into()), flag(*dry_run));
                let answer = client.call(request).send()?;
                let bytes = answer.shared_secret.as_ref().map(|secret| secret.expose().to_vec());
                Reply::Secret { arn: answer.key_id.to_string(), bytes: bytes.unwrap_or_default(), blob: None }
            }
            Call::Encapsulate { key, dry_run } => {
                let mut request = client.encapsulate(key).request().clone();
                (request.encapsulation_algorithm, request.dry_run) = (Some("ML_KEM".into()), flag(*dry_run));
                let answer = client.call(request).send()?;
                Reply::Secret {
                    arn: answer.key_id.to_string(),
                    bytes: answer.shared_secret.expose().to_vec(),
                    blob: Some(answer.shared_secret_ciphertext_blob.clone()),
                }
            }
            Call::Decapsulate { key, blob, dry_run } => {
                let mut request = client.decapsulate(key, blob).request().clone();
                (request.encapsulation_algorithm, request.dry_run) = (Some("ML_KEM".into()), flag(*dry_run));
                let answer = client.call(request).send()?;
                let bytes = answer.shared_secret.expose().to_vec();
                Reply::Secret { arn: answer.key_id.to_string(), bytes, blob: None }
            }
            Call::CreateGrant(wanted) => {
                let mut call = client.create_grant(&wanted.key, &wanted.grantee);
                call = match &wanted.constraint {
                    Some(Constraint { exact: true, pairs }) => call.encryption_context_equals(context_of(pairs)),
                    Some(Constraint { exact: false, pairs }) => call.encryption_context_subset(context_of(pairs)),
                    None => call,
                };
                let mut request = call.request().clone();
                request.operations = Some(wanted.operations.iter().map(|operation| (*operation).into()).collect());
                request.retiring_principal = wanted.retiring.as_deref().map(Into::into);
                request.name = wanted.name.as_deref().map(Into::into);
                (request.grant_tokens, request.dry_run) = (texts(&wanted.tokens), flag(wanted.dry_run));
                let answer = client.call(request).send()?;
                Reply::Granted { id: answer.grant_id.to_string(), token: answer.grant_token.clone() }
            }
            Call::ListGrants { key, id, grantee, limit } => {
                let pages = pages(*limit, 50, 100, |marker| {
                    let mut request = client.list_grants(key).request().clone();
                    (request.limit, request.marker) = (*limit, marker.map(Into::into));
                    request.grant_id = id.as_deref().map(Into::into);
                    request.grantee_principal = grantee.as_deref().map(Into::into);
                    let page = client.call(request).send()?;
                    Ok((page.grants.clone(), page.next_marker.clone(), page.truncated))
                })?;
                Reply::Grants(pages.iter().map(grant).collect())
            }
            Call::ListRetirableGrants { principal, limit } => {
                let pages = pages(*limit, 50, 100, |marker| {
                    let mut request = client.list_retirable_grants(principal).request().clone();
                    (request.limit, request.marker) = (*limit, marker.map(Into::into));
                    let page = client.call(request).send()?;
                    Ok((page.grants.clone(), page.next_marker.clone(), page.truncated))
                })?;
                let mut entries: Vec<_> = pages.iter().map(grant).collect();
                entries.sort();
                Reply::Grants(entries)
            }
            Call::RetireGrant { by, dry_run } => {
                let mut request = client.retire_grant().request().clone();
                match by {
                    Named::Token(token) => request.grant_token = Some(token.into()),
                    Named::Id { key, id } => (request.key_id, request.grant_id) = (Some(key.into()), Some(id.into())),
                }
                request.dry_run = flag(*dry_run);
                unit(client.call(request).send())?
            }
            Call::RevokeGrant { key, id, dry_run } => {
                let mut request = client.revoke_grant(key, id).request().clone();
                request.dry_run = flag(*dry_run);
                unit(client.call(request).send())?
            }
            Call::ReplicateKey { key, region, description, policy, tags } => {
                let mut call = client.replicate_key(key, region);
                for (key, value) in tags {
                    call = call.tag(key, value);
                }
                let there = PLACES.iter().position(|place| place.region == region).unwrap_or(at) | (at & 1);
                let mut request = call.request().clone();
                request.description = description.as_deref().map(Into::into);
                request.policy = policy.text(there).map(Into::into);
                let answer = client.call(request).send()?;
                Reply::Replicated {
                    metadata: metadata(&answer.replica_key_metadata),
                    policy: answer.replica_policy.clone(),
                    tags: answer.replica_tags.iter().map(|tag| (tag.tag_key.clone(), tag.tag_value.clone())).collect(),
                }
            }
            Call::UpdatePrimaryRegion { key, region } => unit(client.update_primary_region(key, region).send())?,
            Call::GetKeyLastUsage { key } => {
                let answer = client.get_key_last_usage(key).send()?;
                let last = &answer.key_last_usage;
                Reply::Usage {
                    key_id: answer.key_id.to_string(),
                    created: millis(answer.key_creation_date),
                    since: millis(answer.tracking_start_date),
                    last: last.operation.zip(last.timestamp).map(|(name, at)| (name.to_owned(), millis(at))),
                }
            }
            Call::GetParametersForImport { key, algorithm, spec } => {
                let answer = client.get_parameters_for_import(key, *algorithm, *spec).send()?;
                Reply::Parameters {
                    arn: answer.key_id.to_string(),
                    token: answer.import_token.clone(),
                    public_key: answer.public_key.clone(),
                    valid_to: millis(answer.parameters_valid_to),
                }
            }
            Call::ImportKeyMaterial(wanted) => {
                let call = client.import_key_material(&wanted.key, &wanted.token, &wanted.wrapped);
                let mut request = call.request().clone();
                let model = |expires| if expires { "KEY_MATERIAL_EXPIRES" } else { "KEY_MATERIAL_DOES_NOT_EXPIRE" };
                let kind = |new| if new { "NEW_KEY_MATERIAL" } else { "EXISTING_KEY_MATERIAL" };
                request.expiration_model = wanted.expires.map(|expires| model(expires).into());
                request.valid_to = wanted.valid_to.map(|at| Timestamp::from_millis(at).unwrap());
                request.import_type = wanted.new_material.map(|new| kind(new).into());
                request.key_material_id = wanted.id.as_deref().map(Into::into);
                request.key_material_description = wanted.description.as_deref().map(Into::into);
                let answer = client.call(request).send()?;
                let material = answer.key_material_id.map(|id| id.to_string());
                Reply::Imported { arn: answer.key_id.to_string(), material }
            }
            Call::DeleteImportedKeyMaterial { key, id } => {
                let mut request = client.delete_imported_key_material(key).request().clone();
                request.key_material_id = id.as_deref().map(Into::into);
                let answer = client.call(request).send()?;
                let material = answer.key_material_id.map(|id| id.to_string());
                Reply::Imported { arn: answer.key_id.to_string(), material }
            }
        })
    }
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
    Some(context_of(context))
}

fn context_of(context: &Context) -> EncryptionContext<'static> {
    let mut member = EncryptionContext::new();
    for (key, value) in context.iter().rev() {
        member.insert(key.clone(), value.clone());
    }
    member
}

fn metadata(metadata: &KeyMetadata) -> Metadata {
    let lists = [
        names(&metadata.encryption_algorithms, |algorithm| algorithm.as_str()),
        names(&metadata.signing_algorithms, |algorithm| algorithm.as_str()),
        names(&metadata.key_agreement_algorithms, |algorithm| algorithm.as_str()),
        names(&metadata.encapsulation_algorithms, |algorithm| algorithm.as_str()),
        names(&metadata.mac_algorithms, |algorithm| algorithm.as_str()),
    ];
    let related = metadata.multi_region_configuration.as_ref().map(|related| {
        let mut replicas: Vec<_> = related.replica_keys.iter().map(|key| key.arn.to_string()).collect();
        replicas.sort();
        Related {
            is_primary: related.multi_region_key_type.as_str() == "PRIMARY",
            primary: related.primary_key.arn.to_string(),
            replicas,
        }
    });
    assert_eq!(related.is_some(), metadata.multi_region);
    Metadata {
        account: metadata.aws_account_id.to_string(),
        key_id: metadata.key_id.to_string(),
        arn: metadata.arn.to_string(),
        created: millis(metadata.creation_date),
        enabled: metadata.enabled,
        description: metadata.description.clone(),
        state: metadata.key_state.as_str().to_owned(),
        deletion: metadata.deletion_date.map(millis),
        waiting: metadata.pending_deletion_window_in_days.map(Into::into),
        material: metadata.current_key_material_id.map(|id| id.to_string()),
        origin: metadata.origin.as_str().to_owned(),
        manager: metadata.key_manager.as_str().to_owned(),
        specs: [metadata.key_spec, metadata.customer_master_key_spec].map(|spec| spec.as_str().to_owned()),
        usage: metadata.key_usage.as_str().to_owned(),
        algorithms: only(lists),
        expiration: metadata.expiration_model.map(|model| model.as_str().to_owned()),
        valid_to: metadata.valid_to.map(millis),
        related,
    }
}

fn public_key(answer: &GetPublicKeyResponse) -> Reply {
    let lists = [
        names(&answer.encryption_algorithms, |algorithm| algorithm.as_str()),
        names(&answer.signing_algorithms, |algorithm| algorithm.as_str()),
        names(&answer.key_agreement_algorithms, |algorithm| algorithm.as_str()),
        names(&answer.encapsulation_algorithms, |algorithm| algorithm.as_str()),
    ];
    assert_eq!(answer.key_spec, answer.customer_master_key_spec);
    Reply::PublicKey {
        arn: answer.key_id.to_string(),
        bytes: answer.public_key.clone(),
        spec: answer.key_spec.as_str().to_owned(),
        usage: answer.key_usage.as_str().to_owned(),
        algorithms: only(lists),
    }
}

fn names<A>(list: &Option<Vec<A>>, name: impl Fn(&A) -> &'static str) -> Option<Vec<String>> {
    list.as_ref().map(|list| list.iter().map(|algorithm| name(algorithm).to_owned()).collect())
}

/// Exactly one list is present (ASY-10).
fn only<const N: usize>(lists: [Option<Vec<String>>; N]) -> Vec<String> {
    let mut present = lists.into_iter().flatten();
    let list = present.next().unwrap_or_default();
    assert!(present.next().is_none(), "two lists of algorithms");
    list
}

fn grant(entry: &GrantListEntry) -> GrantEntry {
    let pairs = |context: &EncryptionContext<'_>| {
        context.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect::<Context>()
    };
    let constraint = entry.constraints.as_ref().and_then(|constraints| {
        let exact = constraints.encryption_context_equals.as_ref().map(|context| (true, pairs(context)));
        exact.or_else(|| constraints.encryption_context_subset.as_ref().map(|context| (false, pairs(context))))
    });
    let mut operations: Vec<_> = entry.operations.iter().map(|operation| operation.as_str().to_owned()).collect();
    operations.sort();
    GrantEntry {
        key: entry.key_id.to_string(),
        created: millis(entry.creation_date),
        id: entry.grant_id.to_string(),
        name: entry.name.clone(),
        grantee: entry.grantee_principal.clone().unwrap_or_default(),
        retiring: entry.retiring_principal.clone(),
        issuer: entry.issuing_account.clone(),
        operations,
        constraint,
    }
}

fn material(key: keystead::KeyArn, id: Option<keystead::hierarchy::MaterialId>) -> Material {
    Material { arn: key.to_string(), id: id.map(|id| id.to_string()) }
}

fn texts(texts: &[String]) -> Option<Vec<std::borrow::Cow<'_, str>>> {
    (!texts.is_empty()).then(|| texts.iter().map(Into::into).collect())
}

fn flag(is: bool) -> Option<bool> {
    is.then_some(true)
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

fn millis(at: Timestamp) -> i64 {
    at.as_millis()
}

/// More items than any list of the model has.
const ITEMS: usize = 1000;
