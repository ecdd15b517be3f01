//! Ordered name-value pairs of a record: request parameters, response elements and the like.

use std::borrow::Cow;
use std::fmt;

use keystead_hierarchy::EncryptionContext;
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::catalogue::Shape;
use crate::value::{MemberValue, Tag};

/// Name-value pairs in a fixed order. Names are API names, shown in lower camel case (AUD-15).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(Vec<(Cow<'static, str>, FieldValue)>);

/// A value in a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldValue {
    /// A text.
    Text(Box<str>),
    /// A number.
    Number(i64),
    /// A switch.
    Bool(bool),
    /// A nested object.
    Object(Fields),
    /// A list.
    List(Vec<FieldValue>),
}

impl Fields {
    /// No pairs.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a pair.
    pub fn push(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<FieldValue>) {
        self.0.push((name.into(), value.into()));
    }

    /// Appends a pair.
    #[must_use]
    pub fn with(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<FieldValue>) -> Self {
        self.push(name, value);
        self
    }

    /// Appends all pairs of `other`.
    pub fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The value under a name in lower camel case.
    pub fn get(&self, name: &str) -> Option<&FieldValue> {
        self.0.iter().find(|(own, _)| lower_camel(own).eq(name.chars())).map(|(_, value)| value)
    }

    /// The text under a name in lower camel case.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            FieldValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These fields, or nothing if there are none: an empty object is recorded as `null`.
    pub fn or_null(self) -> Option<Self> {
        if self.is_empty() { None } else { Some(self) }
    }
}

impl FieldValue {
    /// The value of a request member of this shape; `None` for what cannot be recorded.
    pub(crate) fn of_member(value: &MemberValue<'_>, shape: &Shape) -> Option<Self> {
        if shape.is_sensitive() {
            return None;
        }
        Some(match value {
            MemberValue::Absent | MemberValue::Blob(_) => return None,
            MemberValue::Text(text) => Self::from(*text),
            MemberValue::Integer(number) => Self::Number(*number),
            MemberValue::Boolean(value) => Self::Bool(*value),
            MemberValue::Timestamp(instant) => Self::from(instant.to_audit_text().as_str()),
            MemberValue::TextMap(pairs) if pairs.is_empty() => return None,
            MemberValue::TextMap(pairs) => Self::Object(pairs_of(pairs)),
            MemberValue::TextList(texts) => Self::List(texts.iter().map(|text| Self::from(&**text)).collect()),
            MemberValue::Tags(tags) => Self::List(tags.iter().map(Self::from).collect()),
            MemberValue::Structure(values) => {
                let Shape::Structure(members) = shape else { return None };
                let mut fields = Fields::new();
                for (member, value) in members.iter().zip(values) {
                    if let Some(value) = Self::of_member(value, &member.shape) {
                        fields.push(member.name, value);
                    }
                }
                Self::Object(fields.or_null()?)
            }
        })
    }
}

/// The pairs under their own names, which keep their letter case.
fn pairs_of(context: &EncryptionContext<'_>) -> Fields {
    // A leading mark keeps the first letter of a caller's key as it is; see `lower_camel`.
    Fields(context.iter().map(|(key, value)| (Cow::Owned(format!("{VERBATIM}{key}")), value.into())).collect())
}

/// The name as it is shown: a verbatim name as it is, any other with its first letter in lower case.
fn lower_camel(name: &str) -> impl Iterator<Item = char> + '_ {
    let (verbatim, rest) = match name.strip_prefix(VERBATIM) {
        Some(rest) => (true, rest),
        None => (false, name),
    };
    rest.chars().enumerate().map(
        move |(index, letter)| {
            if index == 0 && !verbatim { letter.to_ascii_lowercase() } else { letter }
        },
    )
}

impl From<&Tag> for FieldValue {
    fn from(tag: &Tag) -> Self {
        Self::Object(Fields::new().with("tagKey", tag.tag_key.as_str()).with("tagValue", tag.tag_value.as_str()))
    }
}

impl From<&str> for FieldValue {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for FieldValue {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<bool> for FieldValue {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for FieldValue {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<Fields> for FieldValue {
    fn from(fields: Fields) -> Self {
        Self::Object(fields)
    }
}

impl From<Vec<FieldValue>> for FieldValue {
    fn from(values: Vec<FieldValue>) -> Self {
        Self::List(values)
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(&lower_camel(name).collect::<String>(), value)?;
        }
        map.end()
    }
}

impl Serialize for FieldValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => text.serialize(serializer),
            Self::Number(number) => number.serialize(serializer),
            Self::Bool(value) => value.serialize(serializer),
            Self::Object(fields) => fields.serialize(serializer),
            Self::List(values) => values.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Fields::new();
                while let Some((name, value)) = map.next_entry::<String, FieldValue>()? {
                    fields.0.push((Cow::Owned(format!("{VERBATIM}{name}")), value));
                }
                Ok(fields)
            }
        }

        deserializer.deserialize_map(Pairs)
    }
}

impl<'de> Deserialize<'de> for FieldValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Any {
            Bool(bool),
            Number(i64),
            Text(Box<str>),
            List(Vec<FieldValue>),
            Object(Fields),
        }

        Ok(match Any::deserialize(deserializer)? {
            Any::Bool(value) => Self::Bool(value),
            Any::Number(number) => Self::Number(number),
            Any::Text(text) => Self::Text(text),
            Any::List(values) => Self::List(values),
            Any::Object(fields) => Self::Object(fields),
        })
    }
}

/// Marks a name that is a caller's own text, so that its letter case stays. It cannot begin an API name.
const VERBATIM: char = '\u{1}';
