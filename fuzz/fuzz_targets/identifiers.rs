//! Texts that name things: what parses must print as it was written.
#![no_main]

use std::fmt::Display;
use std::str::FromStr;

use keystead_types::{AccountId, AliasArn, AliasName, Arn, KeyArn, KeyId, KmsArn, Partition, Region};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    prints_as_written::<Partition>(text);
    prints_as_written::<Region>(text);
    prints_as_written::<AccountId>(text);
    prints_as_written::<AliasName>(text);
    prints_as_written::<KeyArn>(text);
    prints_as_written::<AliasArn>(text);
    if let Some(id) = prints_as_written::<KeyId>(text) {
        assert_eq!(KeyId::from_bytes(&id.to_bytes()), Some(id));
    }
    if let Some(arn) = Arn::parse(text) {
        assert_eq!(arn.to_string(), text);
    }
    if let Ok(arn) = text.parse::<KmsArn>() {
        let general = Arn::parse(text).expect("an ARN of KMS is an ARN");
        assert_eq!(arn.region(), general.region);
        assert_eq!(arn.account(), general.account);
        assert_eq!(arn.partition(), general.partition);
    }
});

fn prints_as_written<T: FromStr + Display>(text: &str) -> Option<T> {
    let parsed: T = text.parse().ok()?;
    assert_eq!(parsed.to_string(), text);
    Some(parsed)
}
