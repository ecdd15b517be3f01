//! The members of a line.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// A line as it is written.
#[derive(Deserialize)]
pub(super) struct Line<'l> {
    #[serde(default)]
    pub(super) id: Value,
    #[serde(borrow, default)]
    pub(super) principal: Option<Cow<'l, str>>,
    #[serde(default)]
    pub(super) principal_tags: Option<BTreeMap<String, String>>,
    pub(super) action: String,
    pub(super) resource: String,
    #[serde(default)]
    pub(super) resource_account: Option<String>,
    #[serde(default)]
    pub(super) context: Pairs,
    #[serde(borrow, default)]
    pub(super) identity_policies: Option<Vec<&'l RawValue>>,
    #[serde(borrow, default)]
    pub(super) resource_policy: Option<&'l RawValue>,
    #[serde(default)]
    pub(super) resource_policy_delegates: Option<bool>,
    #[serde(borrow, default)]
    pub(super) permissions_boundary: Option<&'l RawValue>,
    #[serde(borrow, default)]
    pub(super) session_policies: Option<Vec<&'l RawValue>>,
    #[serde(borrow, default)]
    pub(super) endpoint_policies: Option<Vec<&'l RawValue>>,
    #[serde(borrow, default)]
    pub(super) service_control_policies: Option<Vec<Vec<&'l RawValue>>>,
    #[serde(borrow, default)]
    pub(super) resource_control_policies: Option<Vec<Vec<&'l RawValue>>>,
    #[serde(default)]
    pub(super) grants: Option<Vec<Grant>>,
}

/// A grant on the resource.
#[derive(Deserialize)]
pub(super) struct Grant {
    #[serde(rename = "GranteePrincipal", alias = "grantee_principal")]
    pub(super) grantee: String,
    #[serde(rename = "Operations", alias = "operations")]
    pub(super) operations: Vec<String>,
    #[serde(rename = "Constraints", alias = "constraints", default)]
    pub(super) constraints: Option<Constraints>,
}

/// What a grant demands of the encryption context.
#[derive(Deserialize)]
pub(super) struct Constraints {
    #[serde(rename = "EncryptionContextSubset", alias = "encryption_context_subset", default)]
    pub(super) subset: Option<BTreeMap<String, String>>,
    #[serde(rename = "EncryptionContextEquals", alias = "encryption_context_equals", default)]
    pub(super) equals: Option<BTreeMap<String, String>>,
}

/// The members of an object in their order, names that occur twice included.
#[derive(Default)]
pub(super) struct Pairs(pub(super) Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_unit<E>(self) -> Result<Pairs, E> {
                Ok(Pairs::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_any(Members)
    }
}
