//! Partitions, Regions, accounts, key identifiers and alias names: which texts are, and which are not.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use keystead_types::{AccountId, AliasName, AliasNameError, KeyId, ParseError, Partition, Region};

/// Spec: RUL-12
#[test]
fn the_partition_follows_the_region() {
    let of = |region: &str| Partition::of_region(&region.parse().unwrap());
    assert_eq!(of("cn-north-1"), Partition::AWS_CN);
    assert_eq!(of("us-gov-west-1"), Partition::AWS);
    assert_eq!(of("us-west-2"), Partition::AWS);
    assert_eq!(of("cnx-north-1"), Partition::AWS);
    assert_eq!(
        [Partition::AWS, Partition::AWS_CN, Partition::AWS_US_GOV].map(|p| p.to_string()),
        ["aws", "aws-cn", "aws-us-gov"]
    );
}

#[test]
fn partitions_have_a_narrow_alphabet() {
    for good in ["aws", "a", "aws-iso-b", "x1", &"a".repeat(32)] {
        assert_eq!(good.parse::<Partition>().unwrap(), good);
    }
    for bad in ["", "-aws", "1aws", "AWS", "aws_cn", "aws:cn", "aẃs", "a\0", &"a".repeat(33)] {
        assert_eq!(bad.parse::<Partition>(), Err(ParseError::Partition), "{bad}");
    }
}

#[test]
fn regions_follow_the_api_pattern() {
    for good in ["us-west-2", "us-gov-west-1", "cn-northwest-1", "a-b-0", "ap-southeast-10"] {
        assert_eq!(good.parse::<Region>().unwrap(), good);
    }
    let long = format!("us-{}-1", "a".repeat(27));
    assert_eq!(long.len(), 32);
    assert!(long.parse::<Region>().is_ok());
    for bad in [
        "",
        "us",
        "us-1",
        "us-west",
        "us-west-",
        "us-west-2a",
        "-west-2",
        "us--2",
        "a-b-c-d-1",
        "US-west-2",
        "us-west-٢",
        "us-we2t-2",
        " us-west-2",
        "us-west-2\n",
        &format!("us-{}-1", "a".repeat(28)),
    ] {
        assert_eq!(bad.parse::<Region>(), Err(ParseError::Region), "{bad}");
    }
}

#[test]
fn accounts_are_twelve_digits() {
    let account: AccountId = "000123456789".parse().unwrap();
    assert_eq!((account.as_u64(), account.as_str()), (123_456_789, "000123456789"));
    assert_eq!(AccountId::from_u64(123_456_789), Some(account));
    assert_eq!(AccountId::from_u64(999_999_999_999).unwrap(), "999999999999");
    assert_eq!(AccountId::from_u64(1_000_000_000_000), None);
    assert_eq!(AccountId::from_u64(u64::MAX), None);
    for bad in ["", "12345678901", "1234567890123", "12345678901a", "+12345678901", "12345678901٢"] {
        assert_eq!(bad.parse::<AccountId>(), Err(ParseError::AccountId), "{bad}");
    }
}

/// Spec: KEY-16
#[test]
fn key_ids_have_two_exact_forms() {
    let single: KeyId = "1234abcd-12ab-34cd-56ef-1234567890ab".parse().unwrap();
    assert!(!single.is_multi_region());
    assert_eq!(single, "1234abcd-12ab-34cd-56ef-1234567890ab");
    let multi: KeyId = "mrk-1234abcd12ab34cd56ef1234567890ab".parse().unwrap();
    assert!(multi.is_multi_region());
    assert_eq!(multi.to_string(), "mrk-1234abcd12ab34cd56ef1234567890ab");
    assert_eq!(single.to_bytes()[1..], multi.to_bytes()[1..]);
    assert_ne!(single, multi);
    for bad in [
        "",
        "1234ABCD-12ab-34cd-56ef-1234567890ab",
        "1234abcd-12ab-34cd-56ef-1234567890a",
        "1234abcd-12ab-34cd-56ef-1234567890abc",
        "1234abcd12ab-34cd-56ef-1234567890ab-",
        "1234abcd-12ab-34cd-56ef-1234567890ag",
        "1234abcd+12ab-34cd-56ef-1234567890ab",
        "1234abcd-12ab-34cd-56ef_1234567890ab",
        "mrk-1234abcd12ab34cd56ef1234567890aB",
        "MRK-1234abcd12ab34cd56ef1234567890ab",
        "mrk-1234abcd-12ab-34cd-56ef-1234567890ab",
        "mrk1234abcd12ab34cd56ef1234567890abcd",
        "{1234abcd-12ab-34cd-56ef-1234567890a}",
        "١٢٣٤abcd-12ab-34cd-56ef-12345678",
    ] {
        assert_eq!(bad.parse::<KeyId>(), Err(ParseError::KeyId), "{bad}");
    }
}

/// Every position of either form takes the characters of the grammar and no other byte.
///
/// Spec: KEY-16
#[test]
fn every_position_of_a_key_id_is_checked() {
    for text in ["00000000-0000-0000-0000-000000000000", "mrk-00000000000000000000000000000000"] {
        for at in 0..text.len() {
            for byte in 0..=127_u8 {
                let mut changed = text.as_bytes().to_vec();
                changed[at] = byte;
                let changed = String::from_utf8(changed).unwrap();
                let digit_here = text.as_bytes()[at] == b'0';
                let legal =
                    if digit_here { matches!(byte, b'0'..=b'9' | b'a'..=b'f') } else { byte == text.as_bytes()[at] };
                assert_eq!(changed.parse::<KeyId>().is_ok(), legal, "{changed:?}");
            }
        }
    }
}

/// Spec: KEY-24
#[test]
fn new_single_region_ids_are_version_4_uuids() {
    assert_eq!(KeyId::single_region([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    assert_eq!(KeyId::single_region([0x00; 16]), "00000000-0000-4000-8000-000000000000");
    assert_eq!(KeyId::multi_region([0xff; 16]), "mrk-ffffffffffffffffffffffffffffffff");
    assert_eq!(KeyId::multi_region([0x00; 16]), "mrk-00000000000000000000000000000000");
}

#[test]
fn only_two_kind_bytes_are_known() {
    for kind in 0..=255_u8 {
        let mut bytes = [7; 17];
        bytes[0] = kind;
        assert_eq!(KeyId::from_bytes(&bytes).is_some(), kind < 2);
    }
}

#[test]
fn key_ids_go_where_text_goes() {
    fn take<'a>(text: impl Into<Cow<'a, str>>) -> String {
        text.into().into_owned()
    }
    let id = KeyId::multi_region([0xab; 16]);
    let by_reference = &id;
    assert_eq!(take(by_reference), take(id));
    assert_eq!(take(id), "mrk-abababababababababababababababab");
    assert_eq!(format!("{id:?}"), id.to_string());
    assert_eq!(id.encode(&mut [0; KeyId::TEXT_LEN]), take(id));
    assert_eq!(HashSet::from([id, id]).len(), 1);
}

/// Spec: KEY-54, API-063
#[test]
fn each_violation_of_the_alias_rules_has_its_own_answer() {
    let of = |name: &str| AliasName::parse(name).map(|name| name.to_string());
    let long = format!("alias/{}", "x".repeat(250));
    for good in ["alias/x", "alias/alias/x", "alias/a/B-9_z", "alias//", "alias/aws/ebs", "alias/awsome", &long] {
        assert_eq!(of(good).unwrap(), good);
    }
    assert_eq!(of(""), Err(AliasNameError::Pattern));
    assert_eq!(of(&format!("{long}x")), Err(AliasNameError::Pattern));
    assert_eq!(of("alias/ä"), Err(AliasNameError::Pattern));
    assert_eq!(of("alias/a b"), Err(AliasNameError::Pattern));
    assert_eq!(of("no alias"), Err(AliasNameError::Pattern));
    assert_eq!(of("orders"), Err(AliasNameError::MissingPrefix));
    assert_eq!(of("alias"), Err(AliasNameError::MissingPrefix));
    assert_eq!(of("Alias/x"), Err(AliasNameError::MissingPrefix));
    assert_eq!(of("a:b"), Err(AliasNameError::MissingPrefix));
    assert_eq!(of("alias/a:b"), Err(AliasNameError::Colon));
    assert_eq!(of("alias/"), Err(AliasNameError::Empty));
}

/// Spec: KEY-54
#[test]
fn reserved_alias_names_are_recognized() {
    let reserved = |name: &str| AliasName::parse(name).unwrap().is_reserved();
    assert!(reserved("alias/aws/ebs"));
    assert!(reserved("alias/aws/"));
    assert!(!reserved("alias/aws"));
    assert!(!reserved("alias/awsome"));
    assert!(!reserved("alias/AWS/ebs"));
    assert!(!reserved("alias/x/aws/"));
}

/// Spec: KEY-53
#[test]
fn alias_names_compare_with_case_and_look_up_by_text() {
    let names =
        BTreeMap::from([("alias/foo", 1), ("alias/Foo", 2)].map(|(name, n)| (AliasName::parse(name).unwrap(), n)));
    assert_eq!((names.get("alias/foo"), names.get("alias/Foo"), names.get("alias/FOO")), (Some(&1), Some(&2), None));
}

/// Public facts that callers of the crates rely on: the small types stay small and need no heap.
#[test]
fn the_small_types_are_copy_and_small() {
    fn copy<T: Copy + Send + Sync + 'static>() -> usize {
        size_of::<T>()
    }
    assert_eq!(copy::<AccountId>(), 12);
    assert_eq!(copy::<KeyId>(), 17);
    assert!(copy::<Region>() <= 40 && copy::<Partition>() <= 40);
}
