//! The JSON shapes.
#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use keystead_types::{AccountId, AliasArn, AliasName, KeyArn, KeyId, KmsArn, Partition, Region, Timestamp};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{from_str, from_value, json, to_string};

fn is_string<T: Serialize + DeserializeOwned + std::fmt::Display>(text: &str) {
    let json = to_string(text).unwrap();
    let value: T = from_str(&json).unwrap();
    assert_eq!(to_string(&value).unwrap(), json);
    assert_eq!(from_value::<T>(json!(text)).unwrap().to_string(), text);
    for bad in ["\"?\"", "7", "null", "[]"] {
        assert!(from_str::<T>(bad).is_err(), "{bad}");
    }
}

#[test]
fn names_are_strings() {
    is_string::<Partition>("aws-cn");
    is_string::<Region>("us-west-2");
    is_string::<AccountId>("111122223333");
    is_string::<KeyId>("mrk-1234abcd12ab34cd56ef1234567890ab");
    is_string::<AliasName>("alias/orders");
    is_string::<KeyArn>("arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab");
    is_string::<AliasArn>("arn:aws:kms:us-west-2:111122223333:alias/orders");
    is_string::<KmsArn>("arn:aws:kms:us-west-2:111122223333:alias/orders");
}

/// Spec: API-008, KEY-37
#[test]
fn timestamps_are_epoch_seconds() {
    let text = |millis| to_string(&Timestamp::from_millis(millis).unwrap()).unwrap();
    assert_eq!(text(1_502_910_355_475), "1502910355.475");
    assert_eq!(text(1_502_910_355_400), "1502910355.4");
    assert_eq!(text(1_502_910_355_000), "1502910355");
    assert_eq!(text(-1), "-0.001");
    assert_eq!(text(Timestamp::MAX.as_millis()), "253402207200.999");
    let millis = |json| from_str::<Timestamp>(json).unwrap().as_millis();
    assert_eq!(millis("1502910355.475"), 1_502_910_355_475);
    assert_eq!(millis("1502910355"), 1_502_910_355_000);
    assert_eq!(millis("1.502910355475E9"), 1_502_910_355_475);
    assert_eq!(millis("-1.5"), -1_500);
    assert_eq!(millis("0.0004999"), 0);
}

/// Spec: API-008
#[test]
fn other_values_are_no_timestamps() {
    for bad in ["\"2017-08-16T19:05:55Z\"", "\"1502910355\"", "null", "1e300", "-1e300", "18446744073709551615"] {
        assert!(from_str::<Timestamp>(bad).is_err(), "{bad}");
    }
    assert!(from_str::<Timestamp>(&i64::MAX.to_string()).is_err());
    assert!(from_str::<Timestamp>("253402207201").is_err());
    assert!(from_str::<Timestamp>("253402207200.9999").is_err());
}

proptest! {
    /// Spec: API-008, KEY-37
    #[test]
    fn timestamps_survive_json(millis in prop_oneof![
        Timestamp::MIN.as_millis()..=Timestamp::MAX.as_millis(),
        1_000_000_000_000_i64..2_000_000_000_000,
    ]) {
        let time = Timestamp::from_millis(millis).unwrap();
        let json = to_string(&time).unwrap();
        let fraction = json.split_once('.').map_or(0, |(_, digits)| digits.len());
        prop_assert!(fraction <= 3, "{json}");
        prop_assert_eq!(from_str::<Timestamp>(&json).unwrap(), time);
        prop_assert_eq!(from_value::<Timestamp>(serde_json::to_value(time).unwrap()).unwrap(), time);
    }
}
