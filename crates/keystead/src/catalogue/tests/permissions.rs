//! Permissions against chapter 24, PRM-07 and PRM-36 to PRM-41.

use std::collections::BTreeSet;

use super::super::{AccessLevel, Action, Conditions, Identifiers, POLICY_ACTIONS, ROWS, Resource, Row};
use super::markdown::{Table, code_spans, without_brackets};

/// The condition groups that a name in the last column stands for.
fn group(name: &str) -> Conditions {
    match name {
        "K" => Conditions::KEY,
        "EC" => Conditions::CONTEXT,
        "CRY" => Conditions::ENCRYPTION_ALGORITHM.and(Conditions::REQUEST_ALIAS),
        "SIG" => Conditions::SIGNING.and(Conditions::REQUEST_ALIAS),
        "MAC" => Conditions::MAC.and(Conditions::REQUEST_ALIAS),
        "DKP" => Conditions::KEY_PAIR,
        "GR" => Conditions::GRANT.and(Conditions::GRANT_FOR_SERVICE),
        "TAG" => Conditions::TAGS,
        "ATT" => Conditions::ATTESTATION,
        "CA" | "kms:CallerAccount" => Conditions::CALLER_ACCOUNT,
        "kms:ViaService" => Conditions::VIA_SERVICE,
        "kms:RequestAlias" => Conditions::REQUEST_ALIAS,
        "kms:GrantIsForAWSResource" => Conditions::GRANT_FOR_SERVICE,
        "kms:GrantConstraintType" => Conditions::GRANT,
        "kms:BypassPolicyLockoutSafetyCheck" => Conditions::BYPASS,
        "kms:RotationPeriodInDays" => Conditions::ROTATION_PERIOD,
        "kms:ScheduleKeyDeletionPendingWindowInDays" => Conditions::PENDING_WINDOW,
        "kms:TrailingDaysWithoutKeyUsage" => Conditions::LAST_USAGE,
        "kms:WrappingAlgorithm" | "kms:WrappingKeySpec" => Conditions::WRAPPING,
        "kms:ExpirationModel" | "kms:ValidTo" => Conditions::EXPIRATION,
        "kms:ReEncryptOnSameKey" => Conditions::SAME_KEY,
        "kms:ReplicaRegion" => Conditions::REPLICA_REGION,
        "kms:PrimaryRegion" => Conditions::PRIMARY_REGION,
        "kms:KeyAgreementAlgorithm" => Conditions::KEY_AGREEMENT,
        "kms:PolicyName" => Conditions::POLICY_NAME,
        "kms:KeySpec"
        | "kms:KeyUsage"
        | "kms:KeyOrigin"
        | "kms:MultiRegion"
        | "kms:MultiRegionKeyType"
        | "aws:ResourceTag/<tag-key>" => Conditions::NEW_KEY,
        other => panic!("unknown condition group {other}"),
    }
}

/// The groups of a cell, with what PRM-39 adds to the row of this operation.
fn conditions(operation: &str, cell: &str) -> Conditions {
    let plain = cell.replace(['†', '`'], "");
    let mut names: Vec<_> = plain.split(", ").map(|part| part.trim().to_owned()).collect();
    match operation {
        "ReplicateKey" if cell == "as CreateKey" => return CREATE_KEY_CONDITIONS,
        // The cell of 2024 and what is newer (PRM-40).
        "RetireGrant" => names = ["EC", "kms:GrantConstraintType", "CA", "kms:ViaService", "K"].map(Into::into).into(),
        "GenerateRandom" => names = vec!["ATT".into()],
        "DisableKey" | "ScheduleKeyDeletion" => names.push("kms:TrailingDaysWithoutKeyUsage".into()),
        "GetKeyPolicy" | "PutKeyPolicy" => names.push("kms:PolicyName".into()),
        _ => {}
    }
    let named = names.iter().map(|name| without_brackets(name).trim().to_owned());
    named.filter(|name| name != "none").fold(Conditions::NONE, |all, name| all.and(group(&name)))
}

const CREATE_KEY_CONDITIONS: Conditions = Conditions::BYPASS
    .and(Conditions::CALLER_ACCOUNT)
    .and(Conditions::NEW_KEY)
    .and(Conditions::VIA_SERVICE)
    .and(Conditions::TAGS);

/// One row of the table, as data.
struct Permission {
    operation: String,
    /// What stands in brackets behind the operation.
    part: String,
    action: String,
    identity_only: bool,
    cross_account: bool,
    resource: String,
    identifiers: String,
    conditions: Conditions,
}

/// The table of PRM-07 and the rows that section 7 writes as text.
fn permissions() -> Vec<Permission> {
    let table = Table::read("24-permissions-reference.md", &["Operation", "Action", "Policy kind"]);
    let mut found: Vec<_> = table
        .rows()
        .map(|cells| {
            let [name, action, kind, cross_account, resource, identifiers, groups] = cells else { panic!("{cells:?}") };
            let (operation, part) = name.split_once(" (").unwrap_or((name, ""));
            Permission {
                operation: operation.to_owned(),
                part: part.trim_end_matches(')').to_owned(),
                action: code_spans(action)[0].clone(),
                identity_only: kind.starts_with("IAM"),
                cross_account: cross_account == "yes",
                resource: without_brackets(resource).trim().to_owned(),
                identifiers: identifiers.clone(),
                conditions: conditions(operation, groups),
            }
        })
        .collect();
    let newer = [
        ("DeriveSharedSecret", true, "any", "K, `kms:KeyAgreementAlgorithm`, `kms:RequestAlias`, ATT"),
        ("Encapsulate", true, "any", "K, `kms:RequestAlias`"),
        ("Decapsulate", true, "any", "K, `kms:RequestAlias`"),
        ("GetKeyLastUsage", false, "id/arn", "K"),
    ];
    found.extend(newer.map(|(operation, cross_account, identifiers, groups)| Permission {
        operation: operation.to_owned(),
        part: String::new(),
        action: format!("kms:{operation}"),
        identity_only: false,
        cross_account,
        resource: "key".to_owned(),
        identifiers: identifiers.to_owned(),
        conditions: conditions(operation, groups),
    }));
    found
}

/// The actions of the row that this line of the table is about.
fn actions(permission: &Permission) -> Vec<&'static Action> {
    let row = Row::find(&permission.operation).unwrap();
    let of_part: fn(&Action) -> bool = match permission.part.as_str() {
        "alias part" => |action| action.resource == Resource::Alias,
        "key part" | "current and new key" | "source" | "destination" | "primary" => {
            |action| action.resource == Resource::Key
        }
        "replica Region" => |action| action.resource == Resource::None,
        "" => |_| true,
        other => panic!("{other}"),
    };
    let named = |action: &&Action| action.policy.to_string() == permission.action;
    row.actions.iter().filter(|action| of_part(action)).filter(named).collect()
}

/// Spec: PRM-01..PRM-03, PRM-05, PRM-07..PRM-10, PRM-24, PRM-36..PRM-41, CND-127
#[test]
fn permissions_are_those_of_the_table() {
    for permission in permissions() {
        let Permission { operation, part, .. } = &permission;
        let found = actions(&permission);
        let expected = match permission.resource.as_str() {
            "key, key" | "both keys, each in its Region" => 2,
            _ => 1,
        };
        assert_eq!(found.len(), expected, "{operation} {part}");
        for action in found {
            let resource = match (permission.identity_only, permission.resource.split([',', ' ']).next().unwrap()) {
                (false, "key" | "both") => Resource::Key,
                (true, "alias") => Resource::Alias,
                (true, "`*`") => Resource::None,
                (true, "key") => Resource::Grant,
                other => panic!("{operation}: {other:?}"),
            };
            assert_eq!(action.resource, resource, "{operation} {part}");
            assert_eq!(action.cross_account, permission.cross_account, "{operation} {part}");
            assert_eq!(action.conditions, permission.conditions, "{operation} {part}");
        }
    }
}

/// Spec: PRM-04
#[test]
fn identifiers_are_those_of_the_table() {
    for permission in permissions().iter().filter(|permission| !permission.part.starts_with("alias")) {
        let expected = match permission.identifiers.split([' ', ',']).next().unwrap() {
            "any" => Identifiers::Any,
            "id/arn" | "(optional" | "key" => Identifiers::KeyOnly,
            // The key of UpdateAlias; that of DeleteAlias is named by the alias alone.
            "(target)" if permission.operation == "UpdateAlias" => Identifiers::KeyOnly,
            "—" | "(target" => Identifiers::None,
            other => panic!("{}: {other}", permission.operation),
        };
        let row = Row::find(&permission.operation).unwrap();
        // The second permission of ReplicateKey concerns no key.
        if permission.part != "replica Region" {
            assert_eq!(row.identifiers, expected, "{}", row.name);
        }
    }
}

/// Spec: PRM-14, PRM-15, PRM-22, PRM-26
#[test]
fn every_action_of_every_operation_is_in_the_table() {
    let permissions = permissions();
    for row in ROWS {
        let lines: Vec<_> = permissions.iter().filter(|line| line.operation == row.name).collect();
        assert!(!lines.is_empty(), "{} has no line", row.name);
        let listed: usize = lines.iter().map(|line| actions(line).len()).sum();
        // With tags, creating a key needs one permission more.
        let tagging = usize::from(row.member("Tags").is_some() && row.name != "TagResource");
        assert_eq!(row.actions.len(), listed + tagging, "{}", row.name);
        if tagging == 1 {
            assert_eq!(row.actions.last().unwrap().policy.to_string(), "kms:TagResource");
        }
    }
}

/// Spec: PRM-26, PRM-46
#[test]
fn access_levels_are_those_of_the_chapter() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/spec/24-permissions-reference.md");
    let text = std::fs::read_to_string(path).unwrap();
    let line = text.lines().find(|line| line.starts_with("| PRM-46 ")).unwrap();
    let named = |class: &str| {
        let list = line.split(&format!("{class} = ")).nth(1).unwrap().split([';', '.']).next().unwrap();
        code_spans(list)
    };
    assert_eq!(named("List"), ["List*"]);
    let classes = [
        (AccessLevel::Read, named("Read")),
        (AccessLevel::Permissions, named("Permissions management")),
        (AccessLevel::Tagging, named("Tagging")),
    ];
    for row in ROWS {
        let listed = classes.iter().find(|(_, names)| names.iter().any(|name| name == row.name));
        let expected = match listed {
            _ if row.name.starts_with("List") => AccessLevel::List,
            Some((level, _)) => *level,
            None => AccessLevel::Write,
        };
        assert_eq!(row.access_level(), expected, "{}", row.name);
    }
    for name in classes.iter().flat_map(|(_, names)| names) {
        assert!(Row::find(name).is_some(), "{name} is no operation");
    }
}

/// Spec: PRM-08, PRM-45
#[test]
fn policies_can_name_the_actions_of_the_table_and_one_without_operation() {
    let mut named: BTreeSet<_> = permissions().into_iter().map(|permission| permission.action).collect();
    named.insert("kms:SynchronizeMultiRegionKey".to_owned());
    let known: BTreeSet<_> = POLICY_ACTIONS.iter().map(|name| format!("kms:{name}")).collect();
    assert_eq!(known, named);
    assert!(!known.contains("kms:ReEncrypt"));
}
