//! What every type that has a text form shares.

use std::fmt::{self, Write};

/// Gives a type the traits of a text.
///
/// `stored` types hold their text and have `as_str`; `composed` types write it in their `Display`. Both parse it with
/// `FromStr`. The rest follows: `Debug` and serde as that text, `TryFrom<&str>`, comparison with `str`, conversion to
/// `String` and to `Cow<str>` (which request builders take).
macro_rules! text_type {
    (stored $type:ty) => {
        impl ::std::fmt::Display for $type {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl<'a> From<&'a $type> for ::std::borrow::Cow<'a, str> {
            fn from(value: &'a $type) -> Self {
                Self::Borrowed(value.as_str())
            }
        }

        $crate::text::text_type!($type);
    };
    (composed $type:ty) => {
        impl<'a> From<&'a $type> for ::std::borrow::Cow<'a, str> {
            fn from(value: &'a $type) -> Self {
                Self::Owned(value.to_string())
            }
        }

        $crate::text::text_type!($type);
    };
    ($type:ty) => {
        impl ::std::fmt::Debug for $type {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(self, f)
            }
        }

        impl TryFrom<&str> for $type {
            type Error = <Self as ::std::str::FromStr>::Err;

            fn try_from(text: &str) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl PartialEq<str> for $type {
            fn eq(&self, other: &str) -> bool {
                $crate::text::displays_as(self, other)
            }
        }

        impl PartialEq<&str> for $type {
            fn eq(&self, other: &&str) -> bool {
                $crate::text::displays_as(self, other)
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.to_string()
            }
        }

        impl From<&$type> for String {
            fn from(value: &$type) -> Self {
                value.to_string()
            }
        }

        impl<'a> From<$type> for ::std::borrow::Cow<'a, str> {
            fn from(value: $type) -> Self {
                Self::Owned(value.to_string())
            }
        }

        #[cfg(feature = "serde")]
        impl ::serde::Serialize for $type {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> ::serde::Deserialize<'de> for $type {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::serde::text(deserializer)
            }
        }
    };
}

pub(crate) use text_type;

/// Whether `value` prints exactly `text`, found out without allocating.
pub(crate) fn displays_as(value: &impl fmt::Display, text: &str) -> bool {
    let mut rest = Remainder(text);
    write!(rest, "{value}").is_ok() && rest.0.is_empty()
}

/// The part of an expected text that has not been printed yet.
struct Remainder<'a>(&'a str);

impl Write for Remainder<'_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        self.0 = self.0.strip_prefix(piece).ok_or(fmt::Error)?;
        Ok(())
    }
}
