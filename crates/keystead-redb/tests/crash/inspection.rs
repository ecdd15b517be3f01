//! Whether a store holds nothing by half: counters, names, grants, indices and sets of keys agree.

use std::collections::{BTreeMap, BTreeSet};

use keystead::operations::{GrantListEntry, KeyMetadata};
use keystead::store::{Range, Store};
use keystead::{Client, KeyId};

use crate::deeds::RETIRING;
use crate::instance::{Opened, name};

/// Looks at everything; `met` takes note of what there was to look at.
pub(crate) fn inspect(opened: &Opened, when: &str, met: &mut BTreeSet<&'static str>) {
    let mut keys = BTreeMap::new();
    for client in &opened.clients {
        let listed = client.list_keys().limit(1000).send().unwrap().into_inner().keys;
        let described = listed.iter().map(|key| client.describe_key(key.key_id).send().unwrap().into_inner());
        let of_region: Vec<_> = described.map(|answer| answer.key_metadata).collect();
        let counted = opened.kms.key_count(client.region(), client.account()).unwrap();
        assert_eq!(counted, of_region.len() as u64, "{when}: the counter of {}", client.region());
        aliases_agree(client, when);
        grants_agree(client, &of_region, when, met);
        records_agree(opened, client, &of_region, when, met);
        keys.extend(of_region.into_iter().map(|key| (name(client, &key.key_id), key)));
    }
    sets_agree(opened, &keys, when, met);
}

/// Aliases name keys that name them.
fn aliases_agree(client: &Client, when: &str) {
    for alias in &client.list_aliases().limit(100).send().unwrap().aliases {
        let target = client.describe_key(&alias.alias_name).send().unwrap().key_metadata.key_id;
        assert_eq!(alias.target_key_id, Some(target), "{when}: {alias:?}");
        let own = client.list_aliases().key_id(target).send().unwrap();
        assert!(own.aliases.contains(alias), "{when}: {alias:?} is not among the aliases of its key");
    }
}

/// The grants that a principal may retire are those of the keys.
fn grants_agree(client: &Client, keys: &[KeyMetadata], when: &str, met: &mut BTreeSet<&'static str>) {
    let of_keys: Vec<_> = keys
        .iter()
        .flat_map(|key| client.list_grants(key.key_id).limit(100).send().unwrap().into_inner().grants)
        .collect();
    for principal in RETIRING.iter().filter(|principal| !principal.is_empty()) {
        let retirable = client.list_retirable_grants(*principal).limit(100).send().unwrap().into_inner().grants;
        let ids = |grants: &mut dyn Iterator<Item = &GrantListEntry>| {
            grants.map(|grant| (grant.key_id, grant.grant_id.to_string())).collect::<BTreeSet<_>>()
        };
        let expected = ids(&mut of_keys.iter().filter(|grant| grant.retiring_principal.as_deref() == Some(*principal)));
        assert_eq!(ids(&mut retirable.iter()), expected, "{when}: {principal} in {}", client.region());
        if !expected.is_empty() {
            met.insert("grants to retire");
        }
    }
}

/// No record belongs to a key that is not there, and the index of due instants has the keys that will be due.
fn records_agree(opened: &Opened, client: &Client, keys: &[KeyMetadata], when: &str, met: &mut BTreeSet<&'static str>) {
    let present: BTreeSet<KeyId> = keys.iter().map(|key| key.key_id).collect();
    let (mut due, mut retirable) = (BTreeSet::new(), 0);
    let prefix = [b"aws\0", client.region().to_string().as_bytes(), b"\0"].concat();
    for (key, _) in opened.store.scan(&Range::prefix(&prefix), usize::MAX).unwrap() {
        let rest = &key.as_ref()[prefix.len()..];
        // An instant and the account stand before the key in the index; the account and the kind of record elsewhere.
        let owner = if let Some(entry) = rest.strip_prefix(b"due") {
            let owner = KeyId::from_bytes(entry[20..].try_into().unwrap()).unwrap();
            assert!(due.insert(owner), "{when}: {owner} is twice in the index of due instants");
            owner
        } else if rest.starts_with(b"retire") {
            retirable += 1;
            continue;
        } else if let Some(b'k' | b'm' | b'g' | b'u') = rest.get(12).filter(|_| rest[0].is_ascii_digit()) {
            std::str::from_utf8(&rest[13..13 + KeyId::TEXT_LEN]).unwrap().parse().unwrap()
        } else {
            continue;
        };
        assert!(present.contains(&owner), "{when}: `{key}` is left of a key that is not there");
    }
    let grants =
        keys.iter().flat_map(|key| client.list_grants(key.key_id).limit(100).send().unwrap().into_inner().grants);
    let expected = grants.filter(|grant| grant.retiring_principal.is_some()).count();
    assert_eq!(retirable, expected, "{when}: the index of grants to retire in {}", client.region());
    let will_be = |key: &&KeyMetadata| {
        let deletion = opened.kms.expected_deletion(&key.arn).unwrap().is_some();
        let status = client.get_key_rotation_status(key.key_id).send();
        let is_replica = key.multi_region_configuration.as_ref().is_some_and(|set| set.primary_key.arn != key.arn);
        let rotates =
            status.is_ok_and(|status| status.key_rotation_enabled) && key.key_state.is_usable() && !is_replica;
        let all = client.list_key_rotations(key.key_id).include_key_material("ALL_KEY_MATERIAL").send();
        let expires = all.is_ok_and(|all| all.rotations.iter().any(|material| material.valid_to.is_some()));
        for (is, what) in [(deletion, "a deletion to come"), (rotates, "a rotation to come"), (expires, "an expiry")] {
            if is {
                met.insert(what);
            }
        }
        deletion || rotates || expires || key.valid_to.is_some()
    };
    let expected: BTreeSet<KeyId> = keys.iter().filter(will_be).map(|key| key.key_id).collect();
    assert_eq!(due, expected, "{when}: the index of due instants of {}", client.region());
}

/// Related keys know each other, have the same roles in mind and the same materials.
fn sets_agree(opened: &Opened, keys: &BTreeMap<String, KeyMetadata>, when: &str, met: &mut BTreeSet<&'static str>) {
    for (key, metadata) in keys {
        let Some(set) = &metadata.multi_region_configuration else { continue };
        let members = || std::iter::once(&set.primary_key).chain(&set.replica_keys);
        let regions: BTreeSet<_> = members().map(|member| member.region.to_string()).collect();
        let there: BTreeSet<_> = keys
            .values()
            .filter(|other| other.key_id == metadata.key_id)
            .map(|other| other.arn.region.to_string())
            .collect();
        assert_eq!(regions, there, "{when}: the set of {key}");
        if regions.len() < 2 {
            continue;
        }
        met.insert("a set of related keys");
        let materials = |other: &str| {
            let (client, id) = opened.find(other);
            let all = client.list_key_rotations(id).include_key_material("ALL_KEY_MATERIAL").send();
            all.map(|all| all.rotations.iter().map(|one| (one.key_material_id, one.rotation_date)).collect::<Vec<_>>())
                .map_err(|error| error.code())
        };
        for client in &opened.clients {
            let other = name(client, &metadata.key_id);
            let theirs = keys[&other].multi_region_configuration.as_ref().unwrap();
            assert_eq!(theirs.primary_key, set.primary_key, "{when}: the primary of {key}");
            assert_eq!(materials(&other), materials(key), "{when}: the materials of {key}");
        }
    }
}
