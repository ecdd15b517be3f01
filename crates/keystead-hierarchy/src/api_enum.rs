//! One macro for the enumerations of the API.

/// Defines an enumeration whose values have names that are fixed by the API.
///
/// Each gets `ALL`, `as_str`, `Display` and `FromStr` (failing with [`UnknownName`](crate::spec::UnknownName)) in the
/// API's own spelling and, with feature `serde` of `keystead-hierarchy`, `Serialize` and `Deserialize` as that string.
///
/// ```
/// keystead_hierarchy::api_enum! {
///     /// How a rotation came about.
///     pub enum RotationType("rotation type") {
///         /// The schedule asked for it.
///         Automatic = "AUTOMATIC",
///         /// A caller asked for it.
///         OnDemand = "ON_DEMAND",
///     }
/// }
/// assert_eq!("ON_DEMAND".parse(), Ok(RotationType::OnDemand));
/// ```
#[macro_export]
macro_rules! api_enum {
    (
        $(#[$attribute:meta])*
        $visibility:vis enum $name:ident($what:literal) {
            $($(#[$variant_attribute:meta])* $variant:ident = $text:literal),+ $(,)?
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        $visibility enum $name {
            $($(#[$variant_attribute])* $variant),+
        }

        impl $name {
            /// All values, in the order of their definition.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name in the API.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text),+
                }
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::spec::UnknownName;

            /// The letter case counts.
            fn from_str(name: &str) -> ::std::result::Result<Self, Self::Err> {
                match name {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::spec::UnknownName::new($what)),
                }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        $crate::__api_enum_serde!($name, $what);
    };
}

/// The serde half of [`api_enum!`], decided by the features of this crate and not of the one that calls.
#[cfg(feature = "serde")]
#[doc(hidden)]
#[macro_export]
macro_rules! __api_enum_serde {
    ($name:ident, $what:literal) => {
        impl $crate::__private::serde::Serialize for $name {
            fn serialize<S: $crate::__private::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> $crate::__private::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::__private::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                $crate::__private::deserialize_from_str(deserializer, concat!("the name of a ", $what))
            }
        }
    };
}

/// Without feature `serde` there is no serde half.
#[cfg(not(feature = "serde"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __api_enum_serde {
    ($name:ident, $what:literal) => {};
}
