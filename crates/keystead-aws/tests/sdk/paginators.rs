//! The paginators of the SDK, with pages of one.

use std::collections::BTreeSet;

use aws_sdk_kms::Client;
use aws_sdk_kms::types::{GrantOperation, Tag};
use keystead::Kms;

use crate::checked::Checked;
use crate::support::root;

macro_rules! items {
    ($call:expr) => {
        $call.into_paginator().page_size(1).items().send().collect::<Result<Vec<_>, _>>().await.unwrap()
    };
}

/// Spec: API-038, API-113
#[test]
fn paginators_see_every_item_once() {
    pollster::block_on(async {
        let kms = Kms::in_memory();
        let client = &Checked::new(&kms, root()).client(&kms);
        let mut keys = BTreeSet::new();
        for _ in 0..3 {
            keys.insert(new_key(client).await);
        }
        let listed = items!(client.list_keys());
        assert_eq!(listed.len(), 3);
        assert_eq!(listed.iter().map(|key| key.key_id().unwrap().to_owned()).collect::<BTreeSet<_>>(), keys);

        let id = keys.first().unwrap();
        let principal = "arn:aws:iam::111122223333:root";
        for name in ["a", "b", "c"] {
            client.create_alias().alias_name(format!("alias/{name}")).target_key_id(id).send().await.unwrap();
            let tag = Tag::builder().tag_key(name).tag_value(name).build().unwrap();
            client.tag_resource().key_id(id).tags(tag).send().await.unwrap();
            let grant = client.create_grant().key_id(id).name(name).operations(GrantOperation::Decrypt);
            grant.grantee_principal(principal).retiring_principal(principal).send().await.unwrap();
            client.rotate_key_on_demand().key_id(id).send().await.unwrap();
            client.describe_key().key_id(id).send().await.unwrap();
        }
        let aliases = items!(client.list_aliases());
        assert!(aliases.iter().filter_map(|alias| alias.alias_name()).eq(["alias/a", "alias/b", "alias/c"]));
        let tags = items!(client.list_resource_tags().key_id(id));
        assert!(tags.iter().map(Tag::tag_key).eq(["a", "b", "c"]));
        let grants = items!(client.list_grants().key_id(id));
        let names: BTreeSet<_> = grants.iter().filter_map(|grant| grant.name()).collect();
        assert_eq!((grants.len(), names), (3, BTreeSet::from(["a", "b", "c"])));
        let retirable = items!(client.list_retirable_grants().retiring_principal(principal));
        assert_eq!(retirable, grants);
        assert_eq!(items!(client.list_key_rotations().key_id(id)).len(), 3);
        assert_eq!(items!(client.list_key_policies().key_id(id)), ["default"]);
    });
}

async fn new_key(client: &Client) -> String {
    client.create_key().send().await.unwrap().key_metadata().unwrap().key_id().to_owned()
}
