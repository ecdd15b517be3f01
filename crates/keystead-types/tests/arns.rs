//! ARNs: the split of any, and those of keys and aliases.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::borrow::Cow;

use keystead_types::{AliasArn, Arn, KeyArn, KmsArn, ParseError, Partition};

const KEY: &str = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const MRK: &str = "arn:aws-cn:kms:cn-north-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";
const ALIAS: &str = "arn:aws:kms:us-west-2:111122223333:alias/team/orders";

/// Spec: KEY-16
#[test]
fn key_arns_have_one_form() {
    for text in [KEY, MRK] {
        let arn: KeyArn = text.parse().unwrap();
        assert_eq!(arn, text);
        assert_eq!(format!("{arn} {arn:?}"), format!("{text} {text}"));
        assert_eq!(Cow::from(&arn), text);
        assert_eq!(KmsArn::parse(text), Ok(KmsArn::Key(arn)));
    }
    let arn: KeyArn = MRK.parse().unwrap();
    assert_eq!(arn.partition, Partition::AWS_CN);
    assert_eq!(arn.region, "cn-north-1");
    assert_eq!(arn.account, "111122223333");
    assert_eq!(arn.key_id, "mrk-1234abcd12ab34cd56ef1234567890ab");
}

/// Spec: KEY-16
#[test]
fn alias_arns_keep_the_slashes_of_the_name() {
    let arn: AliasArn = ALIAS.parse().unwrap();
    assert_eq!(arn, ALIAS);
    assert_eq!(arn.name, "alias/team/orders");
    assert_eq!(KmsArn::parse(ALIAS), Ok(KmsArn::Alias(arn)));
}

/// Spec: KEY-22, API-021
#[test]
fn other_arns_are_malformed() {
    for (from, to) in [
        ("arn:", "ARN:"),
        ("arn:aws", "arn:AWS"),
        ("arn:aws", "arn:"),
        (":kms:", ":iam:"),
        (":kms:", ":KMS:"),
        ("us-west-2", ""),
        ("us-west-2", "*"),
        ("111122223333", ""),
        ("111122223333", "11112222333"),
        ("key/", "key:"),
        ("key/", "key//"),
        ("key/", "Key/"),
        ("key/", ""),
        ("key/", "alias/a:"),
        ("56ef", "56EF"),
        ("7890ab", "7890ab "),
        ("7890ab", "7890ab:x"),
    ] {
        let text = KEY.replacen(from, to, 1);
        assert_eq!(KmsArn::parse(&text), Err(ParseError::KmsArn), "{text}");
        assert_eq!(text.parse::<KeyArn>(), Err(ParseError::KeyArn), "{text}");
    }
    for text in ["", "arn", "arn:aws:kms:us-west-2:111122223333", "arn:aws:kms:us-west-2:111122223333:alias/"] {
        assert_eq!(KmsArn::parse(text), Err(ParseError::KmsArn), "{text}");
    }
    assert_eq!(KEY.parse::<AliasArn>(), Err(ParseError::AliasArn));
    assert_eq!(ALIAS.parse::<KeyArn>(), Err(ParseError::KeyArn));
}

#[test]
fn comparison_with_text_needs_the_whole_text() {
    let arn: KeyArn = KEY.parse().unwrap();
    assert!(arn == KEY);
    assert!(arn != KEY[..KEY.len() - 1]);
    assert!(arn != format!("{KEY}x").as_str());
    assert!(arn != "");
}

#[test]
fn the_resource_keeps_its_colons() {
    let arn = Arn::parse("arn:aws:logs:us-west-2:111122223333:log-group:a:*").unwrap();
    assert_eq!(arn.resource, "log-group:a:*");
    let arn = Arn::parse("arn:aws:iam::111122223333:role/Admin").unwrap();
    assert_eq!((arn.service, arn.region, arn.account, arn.resource), ("iam", "", "111122223333", "role/Admin"));
    assert!(Arn::parse("arn:::::").is_some());
    for bad in ["", "arn", "arn:", "arn::::", "Arn:::::", " arn:::::", "urn:a:b:c:d:e"] {
        assert_eq!(Arn::parse(bad), None, "{bad}");
    }
}
