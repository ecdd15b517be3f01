//! What holds for every value and every text.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fmt::{Debug, Display};
use std::str::FromStr;

use keystead_types::{AccountId, AliasArn, AliasName, Arn, KeyArn, KeyId, KmsArn, Partition, Region, Timestamp};
use proptest::prelude::*;

fn partition() -> impl Strategy<Value = Partition> {
    "[a-z][a-z0-9-]{0,31}".prop_map(|text| text.parse().unwrap())
}

fn region() -> impl Strategy<Value = Region> {
    "([a-z]{1,6}-){2,3}[0-9]{1,4}".prop_map(|text| text.parse().unwrap())
}

fn account() -> impl Strategy<Value = AccountId> {
    "[0-9]{12}".prop_map(|text| text.parse().unwrap())
}

fn key_id() -> impl Strategy<Value = KeyId> {
    prop_oneof![
        "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}".prop_map(|text| text.parse().unwrap()),
        "mrk-[0-9a-f]{32}".prop_map(|text| text.parse().unwrap()),
    ]
}

fn alias_name() -> impl Strategy<Value = AliasName> {
    "alias/[a-zA-Z0-9/_-]{1,250}".prop_map(|text| text.parse().unwrap())
}

fn key_arn() -> impl Strategy<Value = KeyArn> {
    (partition(), region(), account(), key_id()).prop_map(|(partition, region, account, key_id)| KeyArn {
        partition,
        region,
        account,
        key_id,
    })
}

fn alias_arn() -> impl Strategy<Value = AliasArn> {
    (partition(), region(), account(), alias_name()).prop_map(|(partition, region, account, name)| AliasArn {
        partition,
        region,
        account,
        name,
    })
}

/// The text of a value parses to the value, is what `Debug` shows, and equals the value.
fn round_trips<T>(value: &T)
where
    T: FromStr<Err: Debug> + Display + Debug + PartialEq + for<'a> PartialEq<&'a str>,
{
    let text = value.to_string();
    assert_eq!(&text.parse::<T>().unwrap(), value);
    assert_eq!(format!("{value:?}"), text);
    assert!(value == &text.as_str());
}

/// Values order as their texts.
fn orders_as_text<T: Ord + Display>(a: &T, b: &T) {
    assert_eq!(a.cmp(b), a.to_string().cmp(&b.to_string()));
}

proptest! {
    #[test]
    fn names_round_trip(p in partition(), r in region(), a in account(), k in key_id(), n in alias_name()) {
        round_trips(&p);
        round_trips(&r);
        round_trips(&a);
        round_trips(&k);
        round_trips(&n);
        prop_assert_eq!(KeyId::from_bytes(&k.to_bytes()), Some(k));
        prop_assert_eq!(AccountId::from_u64(a.as_u64()), Some(a));
    }

    /// Spec: KEY-16
    #[test]
    fn arns_round_trip(key in key_arn(), alias in alias_arn()) {
        round_trips(&key);
        round_trips(&alias);
        round_trips(&KmsArn::Key(key));
        round_trips(&KmsArn::Alias(alias));
    }

    #[test]
    fn order_is_text_order(
        p in [partition(), partition()],
        r in [region(), region()],
        a in [account(), account()],
        k in [key_id(), key_id()],
        n in [alias_name(), alias_name()],
    ) {
        orders_as_text(&p[0], &p[1]);
        orders_as_text(&r[0], &r[1]);
        orders_as_text(&a[0], &a[1]);
        orders_as_text(&k[0], &k[1]);
        orders_as_text(&n[0], &n[1]);
    }

    /// `^([a-z]+-){2,3}\d+$`, read off the pattern word by word.
    #[test]
    fn regions_are_what_the_pattern_says(text in "([a-z0-9]{0,2}-?){0,5}[0-9]{0,2}") {
        let parts: Vec<&str> = text.split('-').collect();
        let (number, words) = parts.split_last().unwrap();
        let all = |part: &str, class: fn(&u8) -> bool| !part.is_empty() && part.as_bytes().iter().all(class);
        let expected = all(number, u8::is_ascii_digit)
            && (words.len() == 2 || words.len() == 3)
            && words.iter().all(|word| all(word, u8::is_ascii_lowercase));
        prop_assert_eq!(text.parse::<Region>().is_ok(), expected, "{}", text);
    }

    #[test]
    fn a_shared_beginning_keeps_text_order(p in "[a-z]{1,8}", tails in ["[a-z0-9-]{0,4}", "[a-z0-9-]{0,4}"]) {
        let [a, b] = tails.map(|tail| format!("{p}{tail}").parse::<Partition>().unwrap());
        orders_as_text(&a, &b);
    }

    /// Whatever the bits, a new single-Region ID has version 4 and the RFC variant, and keeps the other bits.
    ///
    /// Spec: KEY-24
    #[test]
    fn new_ids_keep_their_random_bits(random in any::<[u8; 16]>()) {
        let id = KeyId::single_region(random).to_bytes();
        prop_assert_eq!((id[0], id[7] >> 4, id[9] >> 6), (0, 4, 2));
        prop_assert_eq!((id[7] & 0x0f, id[9] & 0x3f), (random[6] & 0x0f, random[8] & 0x3f));
        prop_assert_eq!(&KeyId::multi_region(random).to_bytes()[1..], &random[..]);
    }

    /// What parses prints itself; nothing panics.
    #[test]
    fn any_text_is_taken_whole_or_refused(text in prop_oneof![
        any::<String>(),
        "[a-f0-9-]{30,40}",
        "(arn|aws|kms|us-west-2|[0-9]{12}|key/|alias/|:|[a-f0-9-]{36}|é){0,14}",
    ]) {
        fn check<T: FromStr + Display>(text: &str) {
            if let Ok(value) = text.parse::<T>() {
                assert_eq!(value.to_string(), text);
            }
        }
        check::<Partition>(&text);
        check::<Region>(&text);
        check::<AccountId>(&text);
        check::<KeyId>(&text);
        check::<AliasName>(&text);
        check::<KmsArn>(&text);
        if let Some(arn) = Arn::parse(&text) {
            prop_assert_eq!(arn.to_string(), text);
        }
    }

    #[test]
    fn timestamps_round_trip(millis in Timestamp::MIN.as_millis()..=Timestamp::MAX.as_millis(), d in any::<u32>()) {
        let time = Timestamp::from_millis(millis).unwrap();
        prop_assert_eq!(time.as_millis(), millis);
        prop_assert_eq!(Timestamp::from(time.as_jiff()), time);
        prop_assert_eq!(time.to_string().parse::<jiff::Timestamp>().unwrap(), time.as_jiff());
        let later = time.plus_days(d);
        prop_assert!(later >= time);
        prop_assert_eq!(time.plus(later.duration_since(time)), later);
        prop_assert_eq!(later.minus(later.duration_since(time)), time);
        let _ = (time.to_iso_seconds(), time.to_audit_text());
    }

    #[test]
    fn any_milliseconds_are_taken_or_refused(millis in any::<i64>()) {
        let expected = (Timestamp::MIN.as_millis()..=Timestamp::MAX.as_millis()).contains(&millis);
        prop_assert_eq!(Timestamp::from_millis(millis).is_some(), expected);
    }
}
