//! Who can use a key (POL-123), and grants that double each other (GRA-67).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use keystead::policy::Means;
use keystead::{Caller, EncryptionContext, KeyAccess, KeyArn, KeyOpening, OpeningSource};
use serde_json::json;
use support::*;

const BOB: &str = "arn:aws:iam::111122223333:user/bob";
const STRANGER: &str = "arn:aws:iam::444455556666:role/partner";

fn arn(key: &Key) -> KeyArn {
    key.arn.parse().unwrap()
}

fn access(world: &World, key: &Key) -> KeyAccess {
    world.kms.who_can_use(&arn(key)).unwrap()
}

fn only<'a>(access: &'a KeyAccess, principal: &str) -> &'a KeyOpening {
    let found: Vec<_> = access.openings.iter().filter(|opening| opening.principal == principal).collect();
    let [opening] = found.as_slice() else { panic!("{principal}: {found:?}") };
    opening
}

/// Spec: POL-123, POL-125
#[test]
fn a_key_is_open_to_whom_its_policy_and_its_grants_name() {
    let world = World::new();
    let key = world.key_with_policy(&policy(&[
        delegation(),
        json!({ "Sid": "use", "Effect": "Allow", "Principal": { "AWS": [BOB, STRANGER] },
                "Action": ["kms:GenerateDataKey*", "kms:PutKeyPolicy", "kms:ListKeys"], "Resource": "*",
                "Condition": { "StringEquals": { "kms:ViaService": ["s3.us-west-2.amazonaws.com", "x"] },
                               "Bool": { "aws:SecureTransport": true } } }),
        json!({ "Sid": "never", "Effect": "Deny", "Principal": "*", "Action": "kms:Sign", "Resource": "*" }),
        // Gives nothing: a permission for lists works in identity policies only.
        json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::111122223333:user/eve" },
                "Action": ["kms:ListKeys", "kms:RetireGrant"], "Resource": "*" }),
        // Gives nothing: it has no resource.
        json!({ "Effect": "Allow", "Principal": "*", "Action": "kms:*" }),
    ]));
    let made = {
        let pairs = EncryptionContext::from_iter([("app", "orders"), ("tenant", "42")]);
        let call = world.root.create_grant(&key.id, STRANGER).operation("Decrypt").operation("DescribeKey");
        call.encryption_context_subset(pairs).send().unwrap().into_inner()
    };
    world.root.create_grant(&key.id, format!("arn:aws:iam::{OTHER}:root")).operation("Encrypt").send().unwrap();

    let access = access(&world, &key);
    assert_eq!(access.key.to_string(), key.arn);
    let roots = [ACCOUNT, OTHER].map(|account| format!("arn:aws:iam::{account}:root"));
    assert_same_set(access.delegates().map(str::to_owned), roots.clone());

    let own = only(&access, &roots[0]);
    assert_eq!((own.means, own.is_foreign, own.conditions.len()), (Means::Delegation, false, 0));
    assert!(own.actions.contains(&"kms:PutKeyPolicy".to_owned()));
    for useless in ["kms:CreateKey", "kms:RetireGrant", "kms:ListKeys", "kms:SynchronizeMultiRegionKey"] {
        assert!(!own.actions.contains(&useless.to_owned()), "{useless} in a key policy has no effect");
    }

    let bob = only(&access, BOB);
    let data_keys =
        ["", "Pair", "PairWithoutPlaintext", "WithoutPlaintext"].map(|end| format!("kms:GenerateDataKey{end}"));
    assert_same_set(bob.actions.iter().cloned(), data_keys.iter().cloned().chain(["kms:PutKeyPolicy".to_owned()]));
    assert_eq!((bob.means, bob.is_foreign), (Means::Direct, false));
    assert_same_set(
        bob.conditions.iter().map(String::as_str),
        ["StringEquals kms:ViaService: s3.us-west-2.amazonaws.com, x", "Bool aws:SecureTransport: true"],
    );
    let OpeningSource::Statement(statement) = &bob.source else { panic!("{:?}", bob.source) };
    assert_eq!((statement.position, statement.sid.as_deref()), (1, Some("use")));

    let [direct, grant] = access.of(STRANGER).collect::<Vec<_>>()[..] else { panic!("two openings") };
    assert!(direct.is_foreign && grant.is_foreign);
    // PutKeyPolicy is for no other account.
    assert_same_set(direct.actions.iter().cloned(), data_keys);
    assert_eq!(grant.means, Means::Grant);
    assert_same_set(grant.actions.iter().map(String::as_str), ["kms:Decrypt", "kms:DescribeKey"]);
    assert_eq!(grant.conditions, ["EncryptionContextSubset app: orders", "EncryptionContextSubset tenant: 42"]);
    assert_eq!(grant.source, OpeningSource::Grant(made.grant_id));
    assert_eq!(only(&access, &roots[1]).means, Means::GrantToAccount);

    assert!(access.of("arn:aws:iam::111122223333:user/eve").next().is_none());
    assert!(access.of("*").next().is_none());
    assert_eq!(
        access.denies.iter().map(|deny| (deny.position, deny.sid.as_deref())).collect::<Vec<_>>(),
        [(2, Some("never"))]
    );
}

/// Spec: POL-123
#[test]
fn the_list_follows_every_change() {
    let world = World::new();
    let key = world.key();
    let made = world.root.create_grant(&key.id, BOB).operation("Encrypt").send().unwrap().into_inner();
    assert_eq!(access(&world, &key).openings.len(), 2);
    world.root.revoke_grant(&key.id, &made.grant_id).send().unwrap();
    assert_eq!(access(&world, &key).openings.len(), 1);
    let narrow = json!({ "Effect": "Allow", "Principal": "*", "Action": "kms:Encrypt", "Resource": [key.arn] });
    let call = world.root.put_key_policy(&key.id, policy(&[narrow]));
    call.bypass_policy_lockout_safety_check(true).send().unwrap();
    let access = access(&world, &key);
    let everyone = only(&access, "*");
    assert_eq!(everyone.conditions, [format!("Resource: {}", key.arn)]);
    assert_eq!(access.delegates().count(), 0);
}

/// What is listed can be done, what is not listed cannot.
///
/// Spec: POL-123
#[test]
fn the_list_agrees_with_decisions() {
    let world = World::new();
    let direct =
        |action: &str| json!({ "Effect": "Allow", "Principal": { "AWS": BOB }, "Action": action, "Resource": "*" });
    let key = world.key_with_policy(&policy(&[direct("kms:E*"), direct("kms:Get*")]));
    let access = access(&world, &key);
    let listed: Vec<_> = access.of(BOB).flat_map(|opening| &opening.actions).map(String::as_str).collect();
    let bob = world.client(Caller::user(ACCOUNT, "bob").unwrap());
    for (action, attempt) in attempts::CLASS_A.iter().chain(attempts::CLASS_B_OWN) {
        let refused = attempt(&bob, &key.arn).is_err_and(|error| error.code() == "AccessDeniedException");
        assert_eq!(listed.contains(action), !refused, "{action}");
    }
    assert!(listed.contains(&"kms:Encrypt") && !listed.contains(&"kms:DisableKey"));
}

#[test]
fn of_a_key_that_is_gone_nothing_is_told() {
    let world = World::new();
    let key = world.key();
    let found = || (world.kms.who_can_use(&arn(&key)).is_ok(), world.kms.duplicate_grants(&arn(&key)).is_ok());
    world.root.schedule_key_deletion(&key.id).pending_window_in_days(7).send().unwrap();
    assert_eq!(found(), (true, true));
    world.clock.advance_days(7);
    assert_eq!(found(), (false, false));
    let mut elsewhere = arn(&world.key());
    elsewhere.partition = keystead::Partition::AWS_CN;
    let error = world.kms.who_can_use(&elsewhere).unwrap_err();
    assert_eq!(error.code(), "NotFoundException");
}

/// Spec: GRA-67
#[test]
fn grants_that_double_each_other_are_found() {
    let world = World::new();
    let key = world.key();
    let make =
        |name: Option<&'static str>, operations: &[&'static str], retiring: Option<&'static str>, app: &'static str| {
            let mut call = world.root.create_grant(&key.id, BOB);
            for operation in operations {
                call = call.operation(*operation);
            }
            call = if let Some(name) = name { call.name(name) } else { call };
            call = if let Some(retiring) = retiring { call.retiring_principal(retiring) } else { call };
            let pairs = EncryptionContext::from_iter([("app", app)]);
            world.clock.advance(std::time::Duration::from_secs(1));
            call.encryption_context_equals(pairs).send().unwrap().into_inner().grant_id
        };
    let first = make(None, &["Encrypt", "Decrypt"], None, "orders");
    make(None, &["Encrypt"], None, "orders");
    make(None, &["Encrypt", "Decrypt"], None, "sales");
    make(Some("n"), &["Encrypt", "Decrypt"], None, "orders");
    assert!(world.kms.duplicate_grants(&arn(&key)).unwrap().is_empty());
    let second = make(None, &["Decrypt", "Encrypt"], None, "orders");
    // Who may retire it makes no difference.
    let third = make(None, &["Encrypt", "Decrypt"], Some(BOB), "orders");
    let groups = world.kms.duplicate_grants(&arn(&key)).unwrap();
    let ids: Vec<Vec<_>> = groups.iter().map(|group| group.iter().map(|grant| grant.grant_id).collect()).collect();
    assert_eq!(ids, [[first, second, third]]);
    world.root.revoke_grant(&key.id, &first).send().unwrap();
    world.root.revoke_grant(&key.id, &third).send().unwrap();
    assert!(world.kms.duplicate_grants(&arn(&key)).unwrap().is_empty());
}
