//! How a response, or a structure inside one, is declared.

/// Declares a structure that operations answer with.
///
/// ```text
/// response! {
///     /// Doc of the structure.
///     #[derive(Clone, Debug)]
///     EncryptResponse {
///         /// Doc of the member.
///         ciphertext_blob: Vec<u8>,
///     }
/// }
/// ```
macro_rules! response {
    (
        $(#[$meta:meta])*
        $name:ident {
            $($(#[$member_meta:meta])* $member:ident: $type:ty,)*
        }
    ) => {
        $(#[$meta])*
        #[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "PascalCase"))]
        #[non_exhaustive]
        pub struct $name {
            $(
                $(#[$member_meta])*
                #[cfg_attr(
                    feature = "serde",
                    serde(
                        serialize_with = "crate::json::write_member",
                        skip_serializing_if = "crate::json::is_absent"
                    )
                )]
                pub $member: $type,
            )*
        }

        #[cfg(feature = "serde")]
        impl $crate::json::WriteMember for $name {
            fn write<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serde::Serialize::serialize(self, serializer)
            }

            #[cfg(test)]
            fn describe() -> serde_json::Value {
                $crate::json::describe_structure([$((stringify!($member), <$type>::describe())),*])
            }
        }
    };
}

pub(crate) use response;
