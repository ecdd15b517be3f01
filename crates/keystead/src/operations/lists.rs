//! ListKeys, ListAliases, ListResourceTags, ListKeyPolicies, ListKeyRotations.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use keystead_hierarchy::MaterialId;
use keystead_hierarchy::spec::KeyKind;
use keystead_store::Range;
use keystead_types::{AliasArn, AliasName, KeyArn, KeyId, Timestamp};

use super::common::{require_rotatable, text};
use super::imports::ExpirationModel;
use super::policies::DEFAULT_POLICY;
use super::rotation::ON_DEMAND;
use crate::Error;
use crate::authorize::Authorized;
use crate::client::{Call, Client};
use crate::door::{CallFacts, Effect, Operation};
use crate::engine::{damaged, storage};
use crate::pagination::{InvalidMarker, PageBounds, PageRequest, seal_marker};
use crate::record::{self, AliasRecord, Kind};
use crate::request::request;
use crate::response::response;
use crate::snapshot::KeySnapshot;
use crate::targets::{Filter, NoKey, OneKey};
use crate::value::Tag;

request! {
    /// Lists the keys of the account and Region, in every state, by key ID (KEY-40).
    ///
    /// Authorized by `kms:ListKeys` in an identity policy.
    ListKeys: LIST_KEYS -> ListKeysResponse {
        /// Items on a page, 1 to 1,000; by default 100.
        limit: i64,
        /// Where to go on.
        marker: Cow<'a, str>,
        /// `SELF`: own keys only.
        resource_owners: Vec<Cow<'a, str>>,
    }
}

response! {
    /// The answer of [`ListKeys`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    ListKeysResponse {
        /// One page.
        keys: Vec<KeyListEntry>,
        /// Where to go on; present if there is more.
        next_marker: Option<String>,
        /// Whether there is more.
        truncated: bool,
    }
}

response! {
    /// A key in a list.
    #[derive(Clone, Debug, PartialEq, Eq)]
    KeyListEntry {
        /// The key ID.
        key_id: KeyId,
        /// The key ARN.
        key_arn: KeyArn,
    }
}

request! {
    /// Lists the aliases of the account and Region, or of one key, by name (KEY-63).
    ///
    /// Authorized by `kms:ListAliases` in an identity policy.
    ListAliases: LIST_ALIASES -> ListAliasesResponse {
        /// Only aliases of this key: key ID or key ARN.
        key_id: Cow<'a, str>,
        /// Items on a page, at most 100; by default 50.
        limit: i64,
        /// Where to go on.
        marker: Cow<'a, str>,
    }
}

response! {
    /// The answer of [`ListAliases`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    ListAliasesResponse {
        /// One page.
        aliases: Vec<AliasListEntry>,
        /// Where to go on; present if there is more.
        next_marker: Option<String>,
        /// Whether there is more.
        truncated: bool,
    }
}

response! {
    /// An alias in a list.
    #[derive(Clone, Debug, PartialEq, Eq)]
    AliasListEntry {
        /// The name, with `alias/`.
        alias_name: AliasName,
        /// The ARN.
        alias_arn: AliasArn,
        /// The key it points to.
        target_key_id: Option<KeyId>,
        /// When it was created.
        creation_date: Option<Timestamp>,
        /// When it was last pointed to a key.
        last_updated_date: Option<Timestamp>,
    }
}

request! {
    /// Lists the tags of a key by tag key (KEY-74).
    ///
    /// Authorized by `kms:ListResourceTags` on the key.
    ListResourceTags: LIST_RESOURCE_TAGS -> ListResourceTagsResponse {
        /// The key: key ID or key ARN.
        key_id: Cow<'a, str>,
        /// Items on a page, at most 50; by default 50.
        limit: i64,
        /// Where to go on.
        marker: Cow<'a, str>,
    }
}

response! {
    /// The answer of [`ListResourceTags`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    ListResourceTagsResponse {
        /// One page.
        tags: Vec<Tag>,
        /// Where to go on; present if there is more.
        next_marker: Option<String>,
        /// Whether there is more.
        truncated: bool,
    }
}

request! {
    /// Lists the names of the policies of a key: `default` (POL-82).
    ///
    /// Authorized by `kms:ListKeyPolicies` on the key.
    ListKeyPolicies: LIST_KEY_POLICIES -> ListKeyPoliciesResponse {
        /// The key: key ID or key ARN.
        key_id: Cow<'a, str>,
        /// Items on a page, 1 to 1,000; by default 100.
        limit: i64,
        /// Where to go on.
        marker: Cow<'a, str>,
    }
}

response! {
    /// The answer of [`ListKeyPolicies`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    ListKeyPoliciesResponse {
        /// One page.
        policy_names: Vec<String>,
        /// Where to go on; present if there is more.
        next_marker: Option<String>,
        /// Whether there is more.
        truncated: bool,
    }
}

request! {
    /// Lists the completed rotations of a key, the oldest first (ROT-42).
    ///
    /// Authorized by `kms:ListKeyRotations` on the key.
    ListKeyRotations: LIST_KEY_ROTATIONS -> ListKeyRotationsResponse {
        /// The key: key ID or key ARN.
        key_id: Cow<'a, str>,
        /// `ALL_KEY_MATERIAL` to see the first material too.
        include_key_material: Cow<'a, str>,
        /// Items on a page, 1 to 1,000; by default 100.
        limit: i64,
        /// Where to go on.
        marker: Cow<'a, str>,
    }
}

response! {
    /// The answer of [`ListKeyRotations`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    ListKeyRotationsResponse {
        /// One page.
        rotations: Vec<RotationsListEntry>,
        /// Where to go on; present if there is more.
        next_marker: Option<String>,
        /// Whether there is more.
        truncated: bool,
    }
}

response! {
    /// A rotation, or a material, in a list.
    #[derive(Clone, Debug, PartialEq, Eq)]
    RotationsListEntry {
        /// The key ID.
        key_id: KeyId,
        /// The material that became current.
        key_material_id: Option<MaterialId>,
        /// What was said about it at its import.
        key_material_description: Option<String>,
        /// Whether imported material is there; for keys with imported material.
        import_state: Option<ImportState>,
        /// What the material is now.
        key_material_state: Option<KeyMaterialState>,
        /// Whether imported material expires; while it is there.
        expiration_model: Option<ExpirationModel>,
        /// When imported material expires; while it is there.
        valid_to: Option<Timestamp>,
        /// When the rotation was complete; absent for the first material.
        rotation_date: Option<Timestamp>,
        /// What caused it; absent for the first material.
        rotation_type: Option<RotationType>,
    }
}

keystead_hierarchy::api_enum! {
    /// What caused a rotation.
    #[non_exhaustive]
    pub enum RotationType("rotation type") {
        /// The schedule.
        Automatic = "AUTOMATIC",
        /// RotateKeyOnDemand.
        OnDemand = "ON_DEMAND",
    }
}

keystead_hierarchy::api_enum! {
    /// Whether imported material is there.
    #[non_exhaustive]
    pub enum ImportState("import state") {
        /// It is.
        Imported = "IMPORTED",
        /// It was deleted or has expired.
        PendingImport = "PENDING_IMPORT",
    }
}

keystead_hierarchy::api_enum! {
    /// What a version of key material is.
    #[non_exhaustive]
    pub enum KeyMaterialState("key material state") {
        /// It decrypts what it encrypted.
        NonCurrent = "NON_CURRENT",
        /// It encrypts.
        Current = "CURRENT",
        /// It waits for RotateKeyOnDemand.
        PendingRotation = "PENDING_ROTATION",
        /// It waits for its import into the replicas.
        PendingMultiRegionImportAndRotation = "PENDING_MULTI_REGION_IMPORT_AND_ROTATION",
    }
}

impl Client {
    /// Lists keys. See [`ListKeys`].
    pub fn list_keys(&self) -> Call<'_, ListKeys<'_>> {
        self.call(ListKeys::new())
    }

    /// Lists aliases. See [`ListAliases`].
    pub fn list_aliases(&self) -> Call<'_, ListAliases<'_>> {
        self.call(ListAliases::new())
    }

    /// Lists the tags of a key. See [`ListResourceTags`].
    pub fn list_resource_tags<'c>(&'c self, key_id: impl Into<Cow<'c, str>>) -> Call<'c, ListResourceTags<'c>> {
        self.call(ListResourceTags { key_id: Some(key_id.into()), ..ListResourceTags::new() })
    }

    /// Lists the policies of a key. See [`ListKeyPolicies`].
    pub fn list_key_policies<'c>(&'c self, key_id: impl Into<Cow<'c, str>>) -> Call<'c, ListKeyPolicies<'c>> {
        self.call(ListKeyPolicies { key_id: Some(key_id.into()), ..ListKeyPolicies::new() })
    }

    /// Lists the rotations of a key. See [`ListKeyRotations`].
    pub fn list_key_rotations<'c>(&'c self, key_id: impl Into<Cow<'c, str>>) -> Call<'c, ListKeyRotations<'c>> {
        self.call(ListKeyRotations { key_id: Some(key_id.into()), ..ListKeyRotations::new() })
    }
}

/// A page that was read.
pub(crate) struct ReadPage<T> {
    pub(super) items: Vec<T>,
    pub(super) next_marker: Option<String>,
}

/// Cuts `items`, which follow the marker and may be one too many, to a page. `id` is what the marker keeps.
pub(super) fn page<T>(
    mut items: Vec<T>,
    request: &PageRequest,
    filter: &[u8],
    id: impl Fn(&T) -> Vec<u8>,
    call: &CallFacts<'_>,
) -> ReadPage<T> {
    let truncated = items.len() > request.limit;
    items.truncate(request.limit);
    let last = items.last().filter(|_| truncated);
    let next_marker = last.map(|last| seal_marker(&id(last), filter, call));
    ReadPage { items, next_marker }
}

pub(super) fn invalid_marker(_: InvalidMarker) -> Error {
    Error::InvalidMarker("The marker was not issued for this list; start again without one.".into())
}

impl Operation for ListKeys<'_> {
    type Targets = NoKey;
    type Prepared<'p>
        = ReadPage<KeyListEntry>
    where
        Self: 'p;

    fn wanted(&self, _: &CallFacts<'_>) -> Result<(), Error> {
        Ok(())
    }

    fn prepare<'p>(&'p self, _: &'p Authorized<NoKey>, call: &CallFacts<'p>) -> Result<ReadPage<KeyListEntry>, Error> {
        let asks_for = |owner: &str| self.resource_owners.iter().flatten().any(|asked| asked == owner);
        let shared = asks_for("OTHER_ACCOUNTS_VIA_RAM");
        let filter: &[u8] = if shared { b"shared" } else { b"" };
        let bounds = PageBounds { default: 100, maximum: 1000 };
        let request =
            PageRequest::new(self.limit, self.marker.as_deref(), bounds, filter, call).map_err(invalid_marker)?;
        if shared && !asks_for("SELF") {
            // Nobody shares keys: other accounts own none of what is listed (API-124).
            return Ok(ReadPage { items: Vec::new(), next_marker: None });
        }
        let prefix = record::prefix(call.region.partition, call.region.region, call.account, Kind::Key);
        let mut keys = Vec::new();
        scan(&prefix, &request, call, |id, value| {
            let key_id: KeyId = parse_id(id)?;
            // A damaged record harms its own key only: it is still a key of the account.
            let record = value.and_then(record::decode::<record::KeyRecord>);
            if record.is_ok_and(|record| record.deletion_due(call.now).is_some_and(|at| at <= call.now)) {
                return Ok(true);
            }
            keys.push(KeyListEntry { key_id, key_arn: call.region.key_arn(call.account, key_id) });
            Ok(keys.len() <= request.limit)
        })?;
        Ok(page(keys, &request, filter, |entry| entry.key_id.to_string().into_bytes(), call))
    }

    fn perform(page: ReadPage<KeyListEntry>, _: &CallFacts<'_>) -> Result<Effect<ListKeysResponse>, Error> {
        let ReadPage { items, next_marker } = page;
        Ok(Effect::reading(ListKeysResponse { keys: items, truncated: next_marker.is_some(), next_marker }))
    }
}

impl Operation for ListAliases<'_> {
    type Targets = Filter;
    type Prepared<'p>
        = ReadPage<AliasListEntry>
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<Option<&'r str>, Error> {
        Ok(self.key_id.as_deref())
    }

    fn prepare<'p>(
        &'p self,
        targets: &'p Authorized<Filter>,
        call: &CallFacts<'p>,
    ) -> Result<ReadPage<AliasListEntry>, Error> {
        let bounds = PageBounds { default: 50, maximum: 100 };
        let only = targets.0.as_ref().map(|target| target.arn().key_id);
        let filter = only.map(|key_id| key_id.to_string().into_bytes()).unwrap_or_default();
        let request =
            PageRequest::new(self.limit, self.marker.as_deref(), bounds, &filter, call).map_err(invalid_marker)?;
        let mut aliases = Vec::new();
        match &targets.0 {
            Some(target) => {
                let names = target.snapshot().record.aliases.iter();
                for name in names.filter(|name| is_after(name.as_str().as_bytes(), &request)) {
                    if let Some((record, _)) = call.region.alias_record(call.account, name)? {
                        aliases.push(alias_entry(name, Some(&record), call));
                    }
                }
            }
            None => {
                let prefix = record::prefix(call.region.partition, call.region.region, call.account, Kind::Alias);
                scan(&prefix, &request, call, |id, value| {
                    let name = std::str::from_utf8(id).ok().and_then(|name| AliasName::parse(name).ok());
                    let name = name.ok_or_else(|| damaged("alias"))?;
                    let record: Option<AliasRecord> = value.and_then(record::decode).ok();
                    // What is damaged is listed as far as it can be read.
                    let lives = record.as_ref().and_then(|record| record.target).is_none_or(|target| {
                        let key = call.region.key(&call.region.key_arn(call.account, target));
                        key.map_or(true, |key| key.is_some_and(|key| !key.is_dead(call.now)))
                    });
                    if lives {
                        aliases.push(alias_entry(&name, record.as_ref(), call));
                    }
                    Ok(aliases.len() <= request.limit)
                })?;
            }
        }
        Ok(page(aliases, &request, &filter, |entry| entry.alias_name.as_str().as_bytes().to_vec(), call))
    }

    fn perform(page: ReadPage<AliasListEntry>, _: &CallFacts<'_>) -> Result<Effect<ListAliasesResponse>, Error> {
        let ReadPage { items, next_marker } = page;
        Ok(Effect::reading(ListAliasesResponse { aliases: items, truncated: next_marker.is_some(), next_marker }))
    }
}

fn alias_entry(name: &AliasName, record: Option<&AliasRecord>, call: &CallFacts<'_>) -> AliasListEntry {
    AliasListEntry {
        alias_name: name.clone(),
        alias_arn: call.region.alias_arn(call.account, name),
        target_key_id: record.and_then(|record| record.target),
        creation_date: record.map(|record| record.created),
        last_updated_date: record.map(|record| record.updated),
    }
}

impl Operation for ListResourceTags<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = ReadPage<Tag>
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn prepare<'p>(&'p self, targets: &'p Authorized<OneKey>, call: &CallFacts<'p>) -> Result<ReadPage<Tag>, Error> {
        let bounds = PageBounds { default: 50, maximum: 50 };
        let key = targets.0.snapshot();
        let request = key_page(key, self.limit, &self.marker, bounds, call).map_err(invalid_marker)?;
        let tags: &BTreeMap<String, String> = &key.record.tags;
        let following = tags.iter().filter(|(tag_key, _)| is_after(tag_key.as_bytes(), &request));
        let tags = following.map(|(tag_key, tag_value)| Tag::new(tag_key, tag_value)).collect();
        Ok(page(tags, &request, key.arn_text.as_bytes(), |tag| tag.tag_key.as_bytes().to_vec(), call))
    }

    fn perform(page: ReadPage<Tag>, _: &CallFacts<'_>) -> Result<Effect<ListResourceTagsResponse>, Error> {
        let ReadPage { items, next_marker } = page;
        Ok(Effect::reading(ListResourceTagsResponse { tags: items, truncated: next_marker.is_some(), next_marker }))
    }
}

impl Operation for ListKeyPolicies<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = ReadPage<String>
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn prepare<'p>(&'p self, targets: &'p Authorized<OneKey>, call: &CallFacts<'p>) -> Result<ReadPage<String>, Error> {
        let bounds = PageBounds { default: 100, maximum: 1000 };
        let key = targets.0.snapshot();
        // This operation does not declare InvalidMarkerException (KEY-104).
        let request = key_page(key, self.limit, &self.marker, bounds, call)
            .map_err(|_| Error::Validation("The marker was not issued for this list.".into()))?;
        let names = [DEFAULT_POLICY].into_iter().filter(|name| is_after(name.as_bytes(), &request));
        let names = names.map(ToOwned::to_owned).collect();
        Ok(page(names, &request, key.arn_text.as_bytes(), |name: &String| name.as_bytes().to_vec(), call))
    }

    fn perform(page: ReadPage<String>, _: &CallFacts<'_>) -> Result<Effect<ListKeyPoliciesResponse>, Error> {
        let ReadPage { items, next_marker } = page;
        let truncated = next_marker.is_some();
        Ok(Effect::reading(ListKeyPoliciesResponse { policy_names: items, truncated, next_marker }))
    }
}

impl Operation for ListKeyRotations<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = ReadPage<(u32, RotationsListEntry)>
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn capability(&self, targets: &Authorized<OneKey>, _: &CallFacts<'_>) -> Result<(), Error> {
        debug_assert!(targets.0.exists);
        match targets.0.snapshot().record.spec.kind() {
            KeyKind::SymmetricEncryption => require_rotatable(&targets.0, ON_DEMAND),
            _ => Err(Error::UnsupportedOperation("".into())),
        }
    }

    fn prepare<'p>(
        &'p self,
        targets: &'p Authorized<OneKey>,
        call: &CallFacts<'p>,
    ) -> Result<ReadPage<(u32, RotationsListEntry)>, Error> {
        let bounds = PageBounds { default: 100, maximum: 1000 };
        let key = targets.0.snapshot();
        let all = self.include_key_material.as_deref() == Some("ALL_KEY_MATERIAL");
        let filter = [key.arn_text.as_bytes(), &[u8::from(all)]].concat();
        let request =
            PageRequest::new(self.limit, self.marker.as_deref(), bounds, &filter, call).map_err(invalid_marker)?;
        let pending_state = match key.pending_material() {
            Some(pending) if !call.engine.is_everywhere(key, pending, call.now)? => {
                KeyMaterialState::PendingMultiRegionImportAndRotation
            }
            _ => KeyMaterialState::PendingRotation,
        };
        let listed = key.materials.iter().filter(|material| all || material.rotation.is_some());
        let following = listed.filter(|material| is_after(&material.version.to_be_bytes(), &request));
        let entries = following.take(request.limit + 1).map(|material| {
            let imported = material.imported.as_ref();
            let valid_to = material.valid_to();
            let entry = RotationsListEntry {
                key_id: key.arn.key_id,
                key_material_id: Some(material.id),
                key_material_description: imported.and_then(|imported| imported.description.as_deref()).map(Into::into),
                import_state: imported.map(|_| match material.ekt {
                    Some(_) => ImportState::Imported,
                    None => ImportState::PendingImport,
                }),
                key_material_state: Some(match material.version.cmp(&key.record.current) {
                    Ordering::Less => KeyMaterialState::NonCurrent,
                    Ordering::Equal => KeyMaterialState::Current,
                    Ordering::Greater => pending_state,
                }),
                expiration_model: imported.filter(|_| material.ekt.is_some()).map(|_| match valid_to {
                    Some(_) => ExpirationModel::Expires,
                    None => ExpirationModel::DoesNotExpire,
                }),
                valid_to,
                rotation_date: material.rotation.map(|rotation| rotation.at),
                rotation_type: material
                    .rotation
                    .map(|rotation| if rotation.on_demand { RotationType::OnDemand } else { RotationType::Automatic }),
            };
            (material.version, entry)
        });
        Ok(page(entries.collect(), &request, &filter, |(version, _)| version.to_be_bytes().to_vec(), call))
    }

    fn perform(
        page: ReadPage<(u32, RotationsListEntry)>,
        _: &CallFacts<'_>,
    ) -> Result<Effect<ListKeyRotationsResponse>, Error> {
        let ReadPage { items, next_marker } = page;
        let rotations = items.into_iter().map(|(_, entry)| entry).collect();
        Ok(Effect::reading(ListKeyRotationsResponse { rotations, truncated: next_marker.is_some(), next_marker }))
    }
}

/// A page of something that belongs to one key; its marker works for no other.
fn key_page(
    key: &KeySnapshot,
    limit: Option<i64>,
    marker: &Option<Cow<'_, str>>,
    bounds: PageBounds,
    call: &CallFacts<'_>,
) -> Result<PageRequest, InvalidMarker> {
    PageRequest::new(limit, marker.as_deref(), bounds, key.arn_text.as_bytes(), call)
}

fn is_after(id: &[u8], request: &PageRequest) -> bool {
    request.after.as_deref().is_none_or(|after| id > after)
}

/// Calls `visit` with the ID and value of each record on the page that is asked for, until it answers `false`. An altered
/// record has no value but an error.
pub(super) fn scan(
    prefix: &[u8],
    request: &PageRequest,
    call: &CallFacts<'_>,
    mut visit: impl FnMut(&[u8], Result<&[u8], Error>) -> Result<bool, Error>,
) -> Result<(), Error> {
    let mut range = Range::prefix(prefix);
    if let Some(after) = &request.after {
        range = range.after([prefix, after].concat());
    }
    // Whoever fills a page looks at one record more, to know whether there is another page.
    let together = request.limit.saturating_add(1).min(SCAN_PAGE);
    loop {
        let records = call.engine.store.scan_each(&range, together).map_err(storage)?;
        let last = records.last().map(|(key, _)| key.clone()).filter(|_| records.len() == together);
        for (key, entry) in records {
            let id = key.as_ref().strip_prefix(prefix).unwrap_or_default();
            let value = entry.as_ref().map(|entry| &*entry.value).map_err(|_| damaged("list entry"));
            if !visit(id, value)? {
                return Ok(());
            }
        }
        match last {
            Some(last) => range = Range::prefix(prefix).after(last),
            None => return Ok(()),
        }
    }
}

fn parse_id<T: std::str::FromStr>(id: &[u8]) -> Result<T, Error> {
    std::str::from_utf8(id).ok().and_then(|text| text.parse().ok()).ok_or_else(|| damaged("key"))
}

/// Records read at a time.
const SCAN_PAGE: usize = 256;
