//! Members of responses as JSON.

use std::borrow::Cow;

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use keystead_crypto::SecretBytes;
use keystead_hierarchy::{EncryptionContext, MaterialId, spec};
use keystead_types::{AccountId, AliasArn, AliasName, KeyArn, KeyId, Region, Timestamp};
use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::grant::{GrantId, GrantOperation};
use crate::operations::{ExpirationModel, ImportState, KeyMaterialState, MultiRegionKeyType, RotationType, Unit};
use crate::value::{GrantConstraints, Tag};

/// A type that a member of a response can have.
pub(crate) trait WriteMember {
    /// Whether the member is left out.
    fn is_absent(&self) -> bool {
        false
    }

    /// Writes the value of the member.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// What the member looks like, in the terms of the API model.
    #[cfg(test)]
    fn describe() -> serde_json::Value;
}

/// For `skip_serializing_if`.
pub(crate) fn is_absent(member: &impl WriteMember) -> bool {
    member.is_absent()
}

/// For `serialize_with`.
pub(crate) fn write_member<T: WriteMember, S: Serializer>(member: &T, serializer: S) -> Result<S::Ok, S::Error> {
    member.write(serializer)
}

impl<T: WriteMember> WriteMember for Option<T> {
    fn is_absent(&self) -> bool {
        self.is_none()
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(value) => value.write(serializer),
            None => serializer.serialize_none(),
        }
    }

    #[cfg(test)]
    fn describe() -> serde_json::Value {
        T::describe()
    }
}

impl<T: WriteMember> WriteMember for Vec<T> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Member))
    }

    #[cfg(test)]
    fn describe() -> serde_json::Value {
        serde_json::json!({ "list": T::describe() })
    }
}

impl WriteMember for Vec<u8> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Base64Display::new(self, &STANDARD))
    }

    #[cfg(test)]
    fn describe() -> serde_json::Value {
        "blob".into()
    }
}

impl WriteMember for SecretBytes {
    /// Straight into the output: no copy of the secret is left behind.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Base64Display::new(self.expose(), &STANDARD))
    }

    #[cfg(test)]
    fn describe() -> serde_json::Value {
        "blob".into()
    }
}

/// Types that are JSON by themselves.
macro_rules! plain {
    ($kind:literal: $($type:ty),*) => {
        $(impl WriteMember for $type {
            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.serialize(serializer)
            }

            #[cfg(test)]
            fn describe() -> serde_json::Value {
                $kind.into()
            }
        })*
    };
}

/// Enumerations, written by their names.
macro_rules! words {
    ($($type:ty),*) => {
        $(impl WriteMember for $type {
            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }

            #[cfg(test)]
            fn describe() -> serde_json::Value {
                let words: std::collections::BTreeSet<_> = Self::ALL.iter().map(|word| word.as_str()).collect();
                serde_json::json!({ "enumeration": words })
            }
        })*
    };
}

plain!("boolean": bool);
plain!("integer": u32);
plain!("timestamp": Timestamp);
plain!("map": EncryptionContext<'_>);
plain!("string": String, &'static str, uuid::Uuid, AccountId, AliasArn, AliasName, GrantId, KeyArn, KeyId, MaterialId, Region);
words!(
    spec::DataKeyPairSpec,
    spec::EncapsulationAlgorithm,
    spec::EncryptionAlgorithm,
    spec::KeyAgreementAlgorithm,
    spec::KeyManager,
    spec::KeySpec,
    spec::KeyState,
    spec::KeyUsage,
    spec::MacAlgorithmSpec,
    spec::Origin,
    spec::SigningAlgorithm,
    ExpirationModel,
    GrantOperation,
    ImportState,
    KeyMaterialState,
    MultiRegionKeyType,
    RotationType
);

/// Structures that are members of requests, too, are written by hand: every member, absent ones left out.
macro_rules! structure {
    ($type:ty { $($member:ident: $name:literal = $member_type:ty),* }) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                // JSON writers close a structure at once that says it is empty.
                let present = 0 $(+ usize::from(!self.$member.is_absent()))*;
                let mut structure = serializer.serialize_struct(stringify!($type), present)?;
                $(if !self.$member.is_absent() {
                    structure.serialize_field($name, &Member(&self.$member))?;
                })*
                structure.end()
            }
        }

        impl WriteMember for $type {
            fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.serialize(serializer)
            }

            #[cfg(test)]
            fn describe() -> serde_json::Value {
                serde_json::json!({ $($name: <$member_type>::describe()),* })
            }
        }
    };
}

structure!(Tag { tag_key: "TagKey" = String, tag_value: "TagValue" = String });
structure!(GrantConstraints<'_> {
    encryption_context_subset: "EncryptionContextSubset" = EncryptionContext<'_>,
    encryption_context_equals: "EncryptionContextEquals" = EncryptionContext<'_>,
    source_arn: "SourceArn" = Cow<'_, str>
});

impl WriteMember for Cow<'_, str> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }

    #[cfg(test)]
    fn describe() -> serde_json::Value {
        "string".into()
    }
}

impl Serialize for Unit {
    /// Nothing: such an operation answers with an empty body (API-005).
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

/// A member inside a list or a structure.
struct Member<'m, T>(&'m T);

impl<T: WriteMember> Serialize for Member<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

/// The members of a structure under their API names.
#[cfg(test)]
pub(crate) fn describe_structure<const N: usize>(members: [(&str, serde_json::Value); N]) -> serde_json::Value {
    let named = members.into_iter().map(|(name, shape)| (api_name(name), shape));
    serde_json::Value::Object(named.collect())
}

/// `key_id` becomes `KeyId`, as serde does it.
#[cfg(test)]
fn api_name(member: &str) -> String {
    if member == "aws_account_id" {
        return "AWSAccountId".to_owned();
    }
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    member.split('_').map(capital).collect()
}
