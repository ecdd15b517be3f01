//! Small histories that were once answered wrongly.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use keystead::{Caller, Kms};

/// Spec: KEY-20
#[test]
fn a_filter_tells_nothing_about_a_key_of_another_account() {
    let kms = Kms::in_memory();
    let owner = kms.client("us-west-2", Caller::account_root("444455556666").unwrap()).unwrap();
    let stranger = kms.client("us-west-2", Caller::account_root("111122223333").unwrap()).unwrap();
    let present = owner.create_key().send().unwrap().key_metadata.arn.to_string();
    let absent = "arn:aws:kms:us-west-2:444455556666:key/00000000-0000-4000-8000-000000000000";
    for arn in [present.as_str(), absent] {
        let refused = stranger.list_aliases().key_id(arn.to_owned()).send().unwrap_err();
        assert_eq!((refused.code(), refused.message()), ("NotFoundException", &*format!("Key '{arn}' does not exist")));
    }
}

/// Spec: KEY-54
#[test]
fn reserved_aliases_are_changed_by_nobody() {
    let kms = Kms::in_memory();
    let client = kms.client("us-west-2", Caller::account_root("111122223333").unwrap()).unwrap();
    let key = client.create_key().send().unwrap().key_metadata.key_id;
    assert_eq!(client.create_alias("alias/aws/ebs", key).send().unwrap_err().code(), "InvalidAliasNameException");
    assert_eq!(client.update_alias("alias/aws/ebs", key).send().unwrap_err().code(), "AccessDeniedException");
    assert_eq!(client.delete_alias("alias/aws/ebs").send().unwrap_err().code(), "AccessDeniedException");
}
