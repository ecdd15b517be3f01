//! The JSON forms.

use keystead_hierarchy::spec::{KeySpec, KeyState};
use keystead_hierarchy::{Deletion, EncryptionContext, MaterialId, RotationPeriod, RotationSchedule};
use serde_json::{from_str, from_value, json, to_value};

use crate::support::day;

/// Spec: API-051
#[test]
fn enumerations_are_their_names() {
    for spec in KeySpec::ALL.iter().copied() {
        assert_eq!(to_value(spec).unwrap(), json!(spec.as_str()));
        assert_eq!(from_value::<KeySpec>(json!(spec.as_str())).unwrap(), spec);
    }
    assert!(from_value::<KeyState>(json!("enabled")).is_err());
    assert!(from_value::<KeyState>(json!(1)).is_err());
}

/// Spec: KEY-79, KEY-82, OVR-28
#[test]
fn contexts_are_maps_of_text() {
    let context = EncryptionContext::from_iter([("b", "2"), ("a", "密")]);
    let json = r#"{"a":"密","b":"2"}"#;
    assert_eq!(serde_json::to_string(&context).unwrap(), json);
    assert_eq!(from_str::<EncryptionContext<'_>>(json).unwrap(), context);

    let scalars: EncryptionContext<'_> = from_str(r#"{"a": 1, "b": -2, "c": 1.0, "d": true, "e": "x\ty"}"#).unwrap();
    assert!(scalars.iter().eq([("a", "1"), ("b", "-2"), ("c", "1.0"), ("d", "true"), ("e", "x\ty")]));
    for wrong in ["null", "[]", r#"{"a":null}"#, r#"{"a":[]}"#, r#"{"a":{}}"#] {
        assert!(from_str::<EncryptionContext<'_>>(wrong).is_err(), "{wrong}");
    }
}

/// Spec: ROT-21
#[test]
fn schedules_come_back_from_their_record() {
    let schedule = RotationSchedule::starting(RotationPeriod::new(180).unwrap(), day(0));
    let json = to_value(schedule).unwrap();
    assert_eq!(json["period"], json!(180));
    assert_eq!(from_value::<RotationSchedule>(json).unwrap(), schedule);
    assert!(from_value::<RotationPeriod>(json!(0)).is_err());
    assert_eq!(from_value::<RotationPeriod>(json!(7)).unwrap().days(), 7);
}

/// Spec: STA-55, STA-80
#[test]
fn deletions_come_back_from_their_record() {
    for deletion in [Deletion::None, Deletion::Scheduled { at: day(30) }, Deletion::AwaitingReplicas { window_days: 7 }]
    {
        assert_eq!(from_value::<Deletion>(to_value(deletion).unwrap()).unwrap(), deletion);
    }
}

/// Spec: IMP-07
#[test]
fn material_ids_are_hexadecimal() {
    let id = MaterialId::from_bytes([0xab; 32]);
    assert_eq!(to_value(id).unwrap(), json!("ab".repeat(32)));
    assert_eq!(from_value::<MaterialId>(json!("ab".repeat(32))).unwrap(), id);
    assert!(from_value::<MaterialId>(json!("AB".repeat(32))).is_err());
}
