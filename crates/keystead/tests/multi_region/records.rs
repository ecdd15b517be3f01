//! Audit records and events of sets (section 12).

use serde_json::{Value, json};

use crate::support::{ACCOUNT, World, assert_same_set};
use crate::{DELAY, EUROPE, HOME, REGIONS, Set};

fn records(world: &World, name: &str) -> Vec<Value> {
    world.records(name).iter().map(|record| serde_json::from_str(&record.to_json()).unwrap()).collect()
}

fn resources(arn: String) -> Value {
    json!([{ "ARN": arn, "accountId": ACCOUNT, "type": "AWS::KMS::Key" }])
}

/// Spec: AUD-02, AUD-25
#[test]
fn the_record_of_a_primary_shows_its_set() {
    let world = World::new();
    let set = world.set(&[]);
    let record = &records(&world, "CreateKey")[0];
    assert_eq!(record["requestParameters"]["multiRegion"], true);
    let configuration = &record["responseElements"]["keyMetadata"]["multiRegionConfiguration"];
    let primary = json!({ "arn": set.arn_in(HOME), "region": HOME });
    assert_eq!(*configuration, json!({ "multiRegionKeyType": "PRIMARY", "primaryKey": primary, "replicaKeys": [] }));
    assert!(records(&world, "SynchronizeMultiRegionKey").is_empty());
}

/// Scenario 11 of chapter 12.
///
/// Spec: AUD-02, AUD-25, MRK-30, MRK-75
#[test]
fn replicating_is_recorded_in_both_regions() {
    let world = World::new();
    let set = world.set(&[]);
    let home = world.root_in(HOME);
    home.replicate_key(&set.id, EUROPE).description("copy").tag("team", "a").send().unwrap();
    let all: Vec<Value> =
        world.kms.audit_trail().iter().map(|one| serde_json::from_str(&one.to_json()).unwrap()).collect();
    let [replicate, create, synchronize] = &all[all.len() - 3..] else { panic!() };

    assert_eq!((&replicate["eventName"], &replicate["awsRegion"]), (&json!("ReplicateKey"), &json!(HOME)));
    let expected = json!({ "keyId": set.id, "replicaRegion": EUROPE, "description": "copy",
        "bypassPolicyLockoutSafetyCheck": false, "tags": [{ "tagKey": "team", "tagValue": "a" }] });
    assert_eq!(replicate["requestParameters"], expected);
    assert_eq!(replicate["resources"], resources(set.arn_in(HOME)));
    assert_eq!(replicate["readOnly"], false);
    let metadata = &replicate["responseElements"]["replicaKeyMetadata"];
    assert_eq!((&metadata["keyState"], &metadata["enabled"]), (&json!("Creating"), &json!(false)));
    assert_eq!(metadata["multiRegionConfiguration"]["multiRegionKeyType"], "REPLICA");
    assert_eq!(replicate["responseElements"]["replicaTags"], json!([{ "tagKey": "team", "tagValue": "a" }]));
    assert!(replicate["responseElements"]["replicaPolicy"].as_str().unwrap().contains("kms:*"));

    assert_eq!((&create["eventName"], &create["awsRegion"]), (&json!("CreateKey"), &json!(EUROPE)));
    assert_eq!(create["userIdentity"], replicate["userIdentity"]);
    let expected = json!({ "description": "copy", "origin": "AWS_KMS", "keySpec": "SYMMETRIC_DEFAULT",
        "customerMasterKeySpec": "SYMMETRIC_DEFAULT", "keyUsage": "ENCRYPT_DECRYPT",
        "bypassPolicyLockoutSafetyCheck": false, "tags": [{ "tagKey": "team", "tagValue": "a" }], "multiRegion": true });
    assert_eq!(create["requestParameters"], expected);
    assert_eq!(create["responseElements"]["keyMetadata"]["arn"], set.arn_in(EUROPE));
    assert_eq!(create["resources"], resources(set.arn_in(EUROPE)));
    assert_ne!(create["eventID"], replicate["eventID"]);

    is_synchronization(synchronize, &set, HOME);
}

fn is_synchronization(record: &Value, set: &Set, region: &str) {
    assert_eq!((&record["eventName"], &record["awsRegion"]), (&json!("SynchronizeMultiRegionKey"), &json!(region)));
    assert_eq!(record["userIdentity"], json!({ "accountId": ACCOUNT, "invokedBy": "AWS Internal" }));
    assert_eq!((&record["sourceIPAddress"], &record["userAgent"]), (&json!("AWS Internal"), &json!("AWS Internal")));
    assert_eq!((&record["eventType"], &record["readOnly"]), (&json!("AwsApiCall"), &json!(false)));
    assert_eq!(record["requestParameters"], Value::Null);
    assert_eq!(record["responseElements"], json!({ "keyId": set.arn_in(region) }));
    assert_eq!(record["resources"], resources(set.arn_in(region)));
}

/// Scenario 12 of chapter 12.
///
/// Spec: AUD-02, AUD-21, MRK-38
#[test]
fn moving_the_primary_is_recorded_in_both_regions() {
    let world = World::new();
    let set = world.set(&[EUROPE]);
    set.home.update_primary_region(&set.id, EUROPE).send().unwrap();
    let [here, there] = &records(&world, "UpdatePrimaryRegion")[..] else { panic!() };
    assert_eq!(here["awsRegion"], HOME);
    assert_eq!(here["requestParameters"], json!({ "keyId": set.id, "primaryRegion": EUROPE }));
    assert_eq!(here["responseElements"], json!({ "keyId": set.arn_in(HOME) }));
    assert_eq!(here["resources"], resources(set.arn_in(HOME)));
    assert_eq!(there["awsRegion"], EUROPE);
    assert_eq!(there["requestParameters"], json!({ "keyId": set.arn_in(EUROPE), "primaryRegion": EUROPE }));
    assert_eq!(there["responseElements"], json!({ "keyId": set.arn_in(EUROPE) }));
    assert!(there.get("resources").is_none());
    assert_eq!(there["userIdentity"]["invokedBy"], "kms.amazonaws.com");
    assert!(here["userIdentity"].get("invokedBy").is_none());
    assert!(!there.to_string().contains(HOME), "{there}");
    assert_eq!(here["requestID"], there["requestID"]);
    assert_ne!(here["eventID"], there["eventID"]);
    is_synchronization(records(&world, "SynchronizeMultiRegionKey").last().unwrap(), &set, EUROPE);
}

/// Scenario 13 of chapter 12.
///
/// Spec: STA-92
#[test]
fn a_waiting_primary_is_recorded_without_a_date() {
    let world = World::new();
    let set = world.set(&[EUROPE]);
    set.home.schedule_key_deletion(&set.id).pending_window_in_days(7).send().unwrap();
    let record = world.last_record();
    let expected = json!({ "keyId": set.arn_in(HOME), "keyState": "PendingReplicaDeletion", "pendingWindowInDays": 7 });
    assert_eq!(record["responseElements"], expected);
    assert_eq!(record["requestParameters"], json!({ "keyId": set.id, "pendingWindowInDays": 7 }));
}

/// Spec: ROT-56, MRK-75, STA-96
#[test]
fn a_rotation_is_recorded_in_every_region() {
    let world = World::new();
    let set = world.set(&[EUROPE, crate::ASIA]);
    let synchronized = records(&world, "SynchronizeMultiRegionKey").len();
    set.home.rotate_key_on_demand(&set.id).send().unwrap();
    let rotated = records(&world, "RotateKey");
    assert_same_set(rotated.iter().map(|one| one["awsRegion"].as_str().unwrap()), REGIONS);
    for record in &rotated {
        let region = record["awsRegion"].as_str().unwrap();
        assert_eq!(record["resources"], resources(set.arn_in(region)));
        assert_eq!(record["eventType"], "AwsServiceEvent");
        assert_eq!(record["serviceEventDetails"]["rotationType"], "ON_DEMAND");
        assert_eq!(record["serviceEventDetails"], rotated[0]["serviceEventDetails"]);
    }
    let after = records(&world, "SynchronizeMultiRegionKey");
    assert_eq!(after.len(), synchronized + 1);
    is_synchronization(after.last().unwrap(), &set, HOME);
    let events: Vec<_> = world.events.events().iter().map(|event| event.key_arn.to_string()).collect();
    assert_same_set(events, REGIONS.map(|region| set.arn_in(region)));
}

/// One record per change that is propagated, none for what is not.
///
/// Spec: MRK-75, MRK-15
#[test]
fn only_changes_of_shared_properties_are_synchronised() {
    let world = World::new();
    let set = world.set(&[EUROPE, crate::ASIA]);
    let count = || records(&world, "SynchronizeMultiRegionKey").len();
    let mut expected = count();
    assert_eq!(expected, 2, "two replicas");
    let mut after = |steps: usize, what: &str| {
        expected += steps;
        assert_eq!(count(), expected, "{what}");
    };
    set.home.enable_key_rotation(&set.id).rotation_period_in_days(90).send().unwrap();
    after(1, "rotation on");
    set.home.enable_key_rotation(&set.id).rotation_period_in_days(90).send().unwrap();
    after(0, "the same again");
    set.home.disable_key_rotation(&set.id).send().unwrap();
    after(1, "rotation off");
    set.home.tag_resource(&set.id).tag("a", "b").send().unwrap();
    set.home.disable_key(&set.id).send().unwrap();
    set.home.enable_key(&set.id).send().unwrap();
    set.europe.schedule_key_deletion(&set.id).pending_window_in_days(7).send().unwrap();
    after(0, "properties of one key");
    world.clock.advance_days(7);
    world.kms.sweep().unwrap();
    after(1, "a replica less");
    set.asia.schedule_key_deletion(&set.id).pending_window_in_days(7).send().unwrap();
    world.clock.advance_days(7);
    world.kms.sweep().unwrap();
    set.home.rotate_key_on_demand(&set.id).send().unwrap();
    after(0, "nobody to synchronise with");
}

/// A refusal is recorded where the call was made, and nowhere else.
///
/// Spec: MRK-31, AUD-03
#[test]
fn refusals_are_recorded_once() {
    let world = World::delayed();
    let set = world.set(&[EUROPE]);
    let before = world.kms.audit_trail().len();
    set.home.replicate_key(&set.id, EUROPE).send().err().unwrap();
    set.home.update_primary_region(&set.id, "us-west-2").send().err().unwrap();
    let trail = world.kms.audit_trail();
    let found: Vec<_> =
        trail[before..].iter().map(|one| (one.event_name.clone(), one.error_code.clone().unwrap())).collect();
    assert_eq!(
        found,
        [
            ("ReplicateKey".into(), "AlreadyExistsException".into()),
            ("UpdatePrimaryRegion".into(), "NotFoundException".into())
        ]
    );
    world.clock.advance(DELAY);
    assert_eq!(world.kms.sweep().unwrap(), keystead::Sweep::default());
}
