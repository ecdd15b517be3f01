//! How an operation is declared: its request, with every member in the order of the API model.

use std::fmt;

use crate::catalogue::Row;
use crate::value::Values;

/// A request of the KMS API, as a caller writes it.
pub trait ApiRequest: fmt::Debug {
    /// The name of the operation, such as `Encrypt`.
    const NAME: &'static str;

    /// What the operation answers.
    type Response;
}

/// What a caller wrote, as the door sees it.
///
/// Requests hold members exactly as given; the door checks them. All members are optional here, because what a
/// caller forgot must be reported by the shape step like any other violation (API-016).
pub(crate) trait Request: ApiRequest {
    /// The facts about the operation.
    const ROW: &'static Row;

    /// The members in the order of [`Row::members`].
    fn values(&self) -> Values<'_>;
}

/// Declares the request of an operation and its fluent setters.
///
/// ```text
/// request! {
///     /// Doc of the operation.
///     Encrypt: ENCRYPT -> EncryptResponse {
///         /// Doc of the member.
///         key_id: Cow<'a, str>,
///     }
/// }
/// ```
macro_rules! request {
    (
        $(#[$doc:meta])*
        $name:ident: $row:ident -> $response:ty {
            $($(#[$member_doc:meta])* $member:ident: $type:ty,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default)]
        #[non_exhaustive]
        pub struct $name<'a> {
            $($(#[$member_doc])* pub $member: Option<$type>,)*
            #[doc(hidden)]
            pub __borrows: std::marker::PhantomData<&'a ()>,
        }

        impl $crate::request::ApiRequest for $name<'_> {
            const NAME: &'static str = stringify!($name);
            type Response = $response;
        }

        impl $crate::request::Request for $name<'_> {
            const ROW: &'static $crate::catalogue::Row = &$crate::catalogue::$row;

            fn values(&self) -> $crate::value::Values<'_> {
                smallvec::smallvec![$($crate::value::MemberField::value(&self.$member)),*]
            }
        }

        impl<'a> $name<'a> {
            /// A request without any member set.
            pub fn new() -> Self {
                Self::default()
            }

            /// The names of the members, in order; compared with the API model by a test.
            #[cfg(test)]
            pub(crate) const MEMBERS: &'static [&'static str] = &[$(stringify!($member)),*];
        }

        #[cfg(feature = "serde")]
        impl<'de> $crate::json::Structure<'de> for $name<'de> {
            fn read<A: serde::de::MapAccess<'de>>(
                &mut self,
                position: usize,
                member: &$crate::catalogue::Member,
                map: &mut A,
            ) -> Result<(), A::Error> {
                let mut at = 0..;
                $(if at.next() == Some(position) {
                    return $crate::json::read_member(&mut self.$member, member, map);
                })*
                map.next_value::<serde::de::IgnoredAny>().map(drop)
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name<'de> {
            /// Reads the JSON form of the API, which `serde_json` must lend as bytes or text.
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::json::read_structure(<Self as $crate::request::Request>::ROW.members, deserializer)
            }
        }

        impl<'a> $crate::client::Call<'a, $name<'a>> {
            $(
                $(#[$member_doc])*
                pub fn $member(mut self, value: impl Into<$type>) -> Self {
                    self.request.$member = Some(value.into());
                    self
                }
            )*
        }
    };
}

pub(crate) use request;
