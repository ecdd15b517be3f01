//! Who may do what to sets, and where it is asked (section 12).

use keystead::{CallError, Caller, Client};
use serde_json::{Value, json};

use crate::support::statements::{ALICE, alice, allowing, equals, like};
use crate::support::{ACCOUNT, World, assert_code, assert_refused, delegation, policy};
use crate::{ASIA, EUROPE, HOME, Set, roles};

fn allow(actions: &[&str]) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": "*" })
}

fn client_in(world: &World, region: &str, statements: &[Value]) -> Client {
    world.kms.client(region, alice(statements)).unwrap()
}

/// Scenario 23.
///
/// Spec: MRK-69, RUL-25, KEY-28
#[test]
fn a_primary_needs_the_right_to_make_the_role() {
    let world = World::new();
    let creates = |world: &World, actions: &[&str], multi_region: bool| {
        client_in(world, HOME, &[allow(actions)]).create_key().multi_region(multi_region).send()
    };
    let refused = creates(&world, &["kms:CreateKey"], true);
    let message = format!(
        "User: {ALICE} is not authorized to perform: iam:CreateServiceLinkedRole on resource: * because no \
         identity-based policy allows the iam:CreateServiceLinkedRole action"
    );
    assert_refused(refused, "AccessDeniedException", &message);
    assert!(creates(&world, &["kms:CreateKey"], false).is_ok());
    assert!(creates(&world, &["kms:CreateKey", "iam:CreateServiceLinkedRole"], true).is_ok());
    assert!(creates(&world, &["kms:*", "iam:Create*"], true).is_ok());
    assert_code(creates(&world, &["iam:*"], true), "AccessDeniedException");
    let without = World::with(|builder| builder.without_service_linked_role());
    assert!(creates(&without, &["kms:CreateKey"], true).is_ok());
}

/// Scenario 11.
///
/// Spec: PRM-15, MRK-31, MRK-73, CND-79
#[test]
fn replicating_needs_rights_in_both_regions() {
    let world = World::new();
    let set = world.set(&[]);
    let tries = |statements: &[Value]| client_in(&world, HOME, statements).replicate_key(&set.id, EUROPE).send();
    assert_code(tries(&[allow(&["kms:CreateKey"])]), "AccessDeniedException");
    let refused = tries(&[allow(&["kms:ReplicateKey"])]);
    let message = format!(
        "User: {ALICE} is not authorized to perform: kms:CreateKey on resource: * because no identity-based policy \
         allows the kms:CreateKey action"
    );
    assert_refused(refused, "AccessDeniedException", &message);
    let create = |condition: Value| [allow(&["kms:ReplicateKey"]), allowing(&["kms:CreateKey"], condition)];
    assert_code(tries(&create(equals("aws:RequestedRegion", HOME))), "AccessDeniedException");
    assert_code(tries(&create(equals("kms:MultiRegionKeyType", "PRIMARY"))), "AccessDeniedException");
    assert_code(tries(&create(equals("kms:KeySpec", "RSA_2048"))), "AccessDeniedException");
    let here =
        json!({ "Effect": "Allow", "Action": "kms:CreateKey", "Resource": format!("arn:aws:kms:{HOME}:{ACCOUNT}:*") });
    assert_code(tries(&[allow(&["kms:ReplicateKey"]), here]), "AccessDeniedException");
    assert!(set.europe.list_keys().send().unwrap().keys.is_empty());
    assert!(roles(&set.described(&set.home)).2.is_empty());

    let there = json!({ "StringEquals": { "aws:RequestedRegion": EUROPE, "kms:MultiRegionKeyType": "REPLICA",
        "kms:KeySpec": "SYMMETRIC_DEFAULT", "kms:KeyUsage": "ENCRYPT_DECRYPT", "kms:KeyOrigin": "AWS_KMS" },
        "Bool": { "kms:MultiRegion": "true" } });
    tries(&create(there)).unwrap();
}

/// Spec: PRM-15, CND-69, CND-70
#[test]
fn tags_of_a_replica_need_a_right_of_their_own() {
    let world = World::new();
    let set = world.set(&[]);
    let tries = |statement: Option<Value>| {
        let mut statements = vec![allow(&["kms:ReplicateKey", "kms:CreateKey"])];
        statements.extend(statement);
        client_in(&world, HOME, &statements).replicate_key(&set.id, EUROPE).tag("team", "a").send()
    };
    assert_code(tries(None), "AccessDeniedException");
    let on = |region: &str| json!({ "Effect": "Allow", "Action": "kms:TagResource", "Resource": set.arn_in(region) });
    assert_code(tries(Some(on(HOME))), "AccessDeniedException");
    assert_code(
        tries(Some(allowing(&["kms:TagResource"], equals("aws:RequestTag/team", "b")))),
        "AccessDeniedException",
    );
    // The tags of the key to be are those of the request, whatever the primary has.
    set.home.tag_resource(&set.id).tag("team", "primary").send().unwrap();
    assert_code(
        tries(Some(allowing(&["kms:TagResource"], equals("aws:ResourceTag/team", "primary")))),
        "AccessDeniedException",
    );
    tries(Some(on(EUROPE))).unwrap();
}

/// Scenario 12.
///
/// Spec: MRK-71, CND-24, CND-22, MRK-37
#[test]
fn the_regions_of_requests_are_condition_keys() {
    let world = World::new();
    let set = world.set(&[]);
    let listed = json!({ "StringEquals": { "kms:ReplicaRegion": [EUROPE, ASIA] } });
    let statements = [allowing(&["kms:ReplicateKey", "kms:UpdatePrimaryRegion"], listed), allow(&["kms:CreateKey"])];
    let client = client_in(&world, HOME, &statements);
    assert_code(client.replicate_key(&set.id, "us-west-2").send(), "AccessDeniedException");
    client.replicate_key(&set.id, EUROPE).send().unwrap();
    assert_code(client.update_primary_region(&set.id, EUROPE).send(), "AccessDeniedException");

    let moves = |condition: Value| {
        client_in(&world, HOME, &[allowing(&["kms:UpdatePrimaryRegion"], condition)])
            .update_primary_region(&set.id, EUROPE)
            .send()
    };
    assert_code(moves(like("kms:PrimaryRegion", "us-*")), "AccessDeniedException");
    // Each key is judged in its own Region, with its own role.
    assert_code(moves(equals("aws:RequestedRegion", HOME)), "AccessDeniedException");
    assert_code(moves(equals("kms:MultiRegionKeyType", "PRIMARY")), "AccessDeniedException");
    moves(like("kms:PrimaryRegion", "eu-*")).unwrap();
}

/// Spec: PRM-20, MRK-73, MRK-37
#[test]
fn moving_needs_the_right_on_both_keys() {
    let world = World::new();
    let set = world.set(&[EUROPE]);
    let moves = || client_in(&world, HOME, &[]).update_primary_region(&set.id, EUROPE).send();
    let permit = |client: &Client| {
        let statement = json!({ "Effect": "Allow", "Principal": { "AWS": ALICE }, "Action": "kms:UpdatePrimaryRegion", "Resource": "*" });
        client.put_key_policy(&set.id, policy(&[delegation(), statement])).send().unwrap();
    };
    assert_code(moves(), "AccessDeniedException");
    permit(&set.home);
    let refused: CallError = moves().err().unwrap();
    assert!(refused.message().contains(&set.arn_in(EUROPE)), "{refused}");
    assert_eq!((set.state(&set.home), set.state(&set.europe)), ("Enabled", "Enabled"));
    permit(&set.europe);
    moves().unwrap();
}

/// Spec: MRK-70, CND-50, CND-51
#[test]
fn roles_are_condition_keys_of_the_moment() {
    let world = World::new();
    let set = world.set(&[EUROPE]);
    let single = world.root_in(HOME).create_key().send().unwrap().key_metadata.arn.to_string();
    let tries = |region: &str, condition: Value, key: &str| {
        client_in(&world, region, &[allowing(&["kms:Encrypt"], condition)]).encrypt(key.to_owned(), b"x").send().is_ok()
    };
    let role = |region: &str, set: &Set| {
        ["PRIMARY", "REPLICA"].map(|role| tries(region, equals("kms:MultiRegionKeyType", role), &set.id))
    };
    let is_multi = |key: &str, value: &str| tries(HOME, json!({ "Bool": { "kms:MultiRegion": value } }), key);
    assert_eq!((role(HOME, &set), role(EUROPE, &set)), ([true, false], [false, true]));
    assert_eq!((is_multi(&set.id, "true"), is_multi(&set.id, "false")), (true, false));
    assert_eq!((is_multi(&single, "true"), is_multi(&single, "false")), (false, true));
    assert!(!tries(HOME, like("kms:MultiRegionKeyType", "*"), &single));
    set.home.update_primary_region(&set.id, EUROPE).send().unwrap();
    assert_eq!((role(HOME, &set), role(EUROPE, &set)), ([false, true], [true, false]));

    // Scenario 17 of chapter 22: a former replica is refused.
    let client = client_in(
        &world,
        EUROPE,
        &[allowing(&["kms:ScheduleKeyDeletion"], equals("kms:MultiRegionKeyType", "REPLICA"))],
    );
    assert_code(client.schedule_key_deletion(&set.id).send(), "AccessDeniedException");
}

/// Spec: MRK-06, MRK-72, MRK-73
#[test]
fn a_policy_may_name_the_set_or_one_key_of_it() {
    let world = World::new();
    let set = world.set(&[EUROPE, ASIA]);
    let other = world.set(&[EUROPE]);
    let tries = |region: &str, key: &str, resource: &str| {
        let statement = json!({ "Effect": "Allow", "Action": "kms:Encrypt", "Resource": resource });
        client_in(&world, region, &[statement]).encrypt(key.to_owned(), b"x").send().is_ok()
    };
    for region in crate::REGIONS {
        assert!(tries(region, &set.id, &set.arn_in("*")));
        assert!(tries(region, &set.id, "*"));
        assert_eq!(tries(region, &set.id, &set.arn_in(EUROPE)), region == EUROPE);
    }
    assert!(!tries(EUROPE, &other.id, &set.arn_in("*")));

    // A grant is for one key.
    set.home.create_grant(&set.id, ALICE).operation("Encrypt").send().unwrap();
    assert!(client_in(&world, HOME, &[]).encrypt(&set.id, b"x").send().is_ok());
    assert_code(client_in(&world, EUROPE, &[]).encrypt(&set.id, b"x").send(), "AccessDeniedException");
    // So is a key policy.
    let statement = json!({ "Effect": "Allow", "Principal": { "AWS": ALICE }, "Action": "kms:*", "Resource": "*" });
    set.home.put_key_policy(&set.id, policy(&[delegation(), statement])).send().unwrap();
    assert!(client_in(&world, HOME, &[]).describe_key(&set.id).send().is_ok());
    assert_code(client_in(&world, EUROPE, &[]).describe_key(&set.id).send(), "AccessDeniedException");
}

/// Spec: CND-23
#[test]
fn a_related_key_is_another_key() {
    let world = World::new();
    let set = world.set(&[EUROPE]);
    let blob = set.encrypt(&set.home, b"x");
    // In Europe the ciphertext is one of the key there.
    let same = |value: &str| {
        let condition = json!({ "Bool": { "kms:ReEncryptOnSameKey": value } });
        let client = client_in(&world, EUROPE, &[allowing(&["kms:ReEncrypt*"], condition)]);
        client.re_encrypt(&blob, &set.id).source_context("order", "42").send().is_ok()
    };
    assert_eq!((same("true"), same("false")), (true, false));
}

/// Other accounts can be allowed to use related keys, never to change the set.
///
/// Spec: PRM-09, MRK-73
#[test]
fn other_accounts_change_no_set() {
    let world = World::new();
    let set = world.set(&[EUROPE]);
    let stranger = Caller::role_session("444455556666", "partner", "s").unwrap();
    let stranger = stranger.identity_policy(&policy(&[allow(&["kms:*"])])).unwrap();
    let everybody = json!({ "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::444455556666:root" }, "Action": "kms:*", "Resource": "*" });
    for client in [&set.home, &set.europe] {
        client.put_key_policy(&set.id, policy(&[delegation(), everybody.clone()])).send().unwrap();
    }
    let client = world.kms.client(HOME, stranger).unwrap();
    assert!(client.encrypt(set.arn_in(HOME), b"x").send().is_ok());
    assert_code(client.replicate_key(set.arn_in(HOME), ASIA).send(), "AccessDeniedException");
    assert_code(client.update_primary_region(set.arn_in(HOME), EUROPE).send(), "AccessDeniedException");
}

/// Explanations tell of every claim, in its Region.
///
/// Spec: POL-124
#[test]
fn explanations_name_the_other_region() {
    let world = World::new();
    let set = world.set(&[EUROPE]);
    let explained = set.home.replicate_key(&set.id, ASIA).tag("a", "b").explain().unwrap();
    let claims: Vec<_> = explained.claims.iter().map(|claim| (claim.action.as_str(), claim.resource.clone())).collect();
    let account = format!("arn:aws:kms:{ASIA}:{ACCOUNT}:*");
    assert_eq!(
        claims,
        [("kms:ReplicateKey", set.arn_in(HOME)), ("kms:CreateKey", account), ("kms:TagResource", set.arn_in(ASIA))]
    );
    let explained = set.home.update_primary_region(&set.id, EUROPE).explain().unwrap();
    let resources: Vec<_> = explained.claims.iter().map(|claim| claim.resource.clone()).collect();
    assert_eq!(resources, [set.arn_in(HOME), set.arn_in(EUROPE)]);
    assert!(explained.is_allowed());
}
