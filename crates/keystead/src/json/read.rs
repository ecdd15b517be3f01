//! Members of requests from JSON.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keystead_crypto::SecretBytes;
use keystead_hierarchy::EncryptionContext;
use keystead_types::Timestamp;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::catalogue::{Member, Shape};
use crate::value::{Blob, GrantConstraints, RecipientInfo, Tag, XksProxyAuthenticationCredential};

/// A structure of the API that is read member by member.
pub(crate) trait Structure<'de>: Sized {
    /// Reads the member at this position of the model.
    fn read<A: MapAccess<'de>>(&mut self, position: usize, member: &Member, map: &mut A) -> Result<(), A::Error>;
}

/// Reads a structure: unknown members are ignored, of a repeated one the last counts (API-009, API-011).
pub(crate) fn read_structure<'de, T: Structure<'de> + Default, D: Deserializer<'de>>(
    members: &'static [Member],
    deserializer: D,
) -> Result<T, D::Error> {
    let whole = Member { name: "the request", required: true, shape: Shape::Structure(members) };
    let request: Option<Request<T>> = Value::of(&whole).deserialize(deserializer)?;
    request.map(|request| request.0).ok_or_else(|| D::Error::custom(unfit::<Request<T>>(&whole)))
}

/// Reads one member; `null` is absence (API-009).
pub(crate) fn read_member<'de, T: ReadMember<'de>, A: MapAccess<'de>>(
    into: &mut Option<T>,
    member: &Member,
    map: &mut A,
) -> Result<(), A::Error> {
    *into = map.next_value_seed(Value::of(member))?;
    Ok(())
}

/// A type that a member of a request can have. What a JSON value cannot be made into is `None`.
pub(crate) trait ReadMember<'de>: Sized {
    /// What a value has to be, for the message.
    const EXPECTED: &'static str;

    fn from_text(text: &str, shape: &Shape) -> Option<Self> {
        let _ = (text, shape);
        None
    }

    /// From text that the input lends.
    fn from_lent_text(text: &'de str, shape: &Shape) -> Option<Self> {
        Self::from_text(text, shape)
    }

    fn from_integer(number: i64) -> Option<Self> {
        let _ = number;
        None
    }

    fn from_fraction(number: f64) -> Option<Self> {
        let _ = number;
        None
    }

    fn from_boolean(value: bool) -> Option<Self> {
        let _ = value;
        None
    }

    fn from_list<A: SeqAccess<'de>>(list: A, member: &Member) -> Result<Option<Self>, A::Error> {
        let _ = (list, member);
        Ok(None)
    }

    fn from_object<A: MapAccess<'de>>(object: A, member: &Member) -> Result<Option<Self>, A::Error> {
        let _ = (object, member);
        Ok(None)
    }
}

impl<'de> ReadMember<'de> for Cow<'de, str> {
    const EXPECTED: &'static str = "a string";

    fn from_text(text: &str, _: &Shape) -> Option<Self> {
        Some(Cow::Owned(text.to_owned()))
    }

    fn from_lent_text(text: &'de str, _: &Shape) -> Option<Self> {
        Some(Cow::Borrowed(text))
    }
}

/// Base64; texts that the model marks as sensitive are held like bytes, but stand as they are.
impl<'de> ReadMember<'de> for Blob<'de> {
    const EXPECTED: &'static str = "a Base64 string";

    fn from_text(text: &str, shape: &Shape) -> Option<Self> {
        match shape {
            Shape::Text { .. } => Some(Blob::Owned(text.as_bytes().into())),
            _ => STANDARD.decode(text).ok().map(|bytes| Blob::Owned(SecretBytes::from(bytes))),
        }
    }

    fn from_lent_text(text: &'de str, shape: &Shape) -> Option<Self> {
        match shape {
            Shape::Text { .. } => Some(Blob::Borrowed(text.as_bytes())),
            _ => Self::from_text(text, shape),
        }
    }
}

impl ReadMember<'_> for i64 {
    const EXPECTED: &'static str = "a whole number";

    fn from_integer(number: i64) -> Option<Self> {
        Some(number)
    }
}

impl ReadMember<'_> for bool {
    const EXPECTED: &'static str = "true or false";

    fn from_boolean(value: bool) -> Option<Self> {
        Some(value)
    }
}

/// Digits beyond the millisecond are rounded (API-008).
impl ReadMember<'_> for Timestamp {
    const EXPECTED: &'static str = "a number of seconds since the Unix epoch";

    fn from_integer(seconds: i64) -> Option<Self> {
        seconds.checked_mul(MILLIS_PER_SECOND).and_then(Self::from_millis)
    }

    fn from_fraction(seconds: f64) -> Option<Self> {
        // The cast saturates, far outside the range of timestamps. JSON has no NaN.
        Self::from_millis((seconds * MILLIS_PER_SECOND as f64).round() as i64)
    }
}

impl<'de> ReadMember<'de> for EncryptionContext<'de> {
    const EXPECTED: &'static str = "an object of strings";

    fn from_object<A: MapAccess<'de>>(mut object: A, member: &Member) -> Result<Option<Self>, A::Error> {
        let mut context = EncryptionContext::new();
        while let Some(key) = object.next_key_seed(Key)? {
            let value: &'de RawValue = object.next_value()?;
            let value = literal(value.get()).ok_or_else(|| A::Error::custom(unfit::<Self>(member)))?;
            context.insert(key, value);
        }
        Ok(Some(context))
    }
}

/// The text of a scalar: what a string says, or a number or switch as it is written (KEY-82).
fn literal(json: &str) -> Option<Cow<'_, str>> {
    match json.as_bytes().first()? {
        b'"' => Key.deserialize(&mut serde_json::Deserializer::from_str(json)).ok(),
        b'n' | b'{' | b'[' => None,
        _ => Some(Cow::Borrowed(json)),
    }
}

impl<'de> ReadMember<'de> for Vec<Cow<'de, str>> {
    const EXPECTED: &'static str = "a list of strings";

    fn from_list<A: SeqAccess<'de>>(list: A, member: &Member) -> Result<Option<Self>, A::Error> {
        elements(list, member)
    }
}

impl<'de> ReadMember<'de> for Vec<Tag> {
    const EXPECTED: &'static str = "a list of tags";

    fn from_list<A: SeqAccess<'de>>(list: A, member: &Member) -> Result<Option<Self>, A::Error> {
        elements(list, member)
    }
}

/// Reads the elements of a list, none of which may be `null`.
fn elements<'de, T: ReadMember<'de>, A: SeqAccess<'de>>(
    mut list: A,
    member: &Member,
) -> Result<Option<Vec<T>>, A::Error> {
    let Shape::List { element, .. } = &member.shape else { return Ok(None) };
    let element = Member { name: member.name, required: true, shape: **element };
    let mut elements = Vec::new();
    while let Some(value) = list.next_element_seed(Value::of(&element))? {
        elements.push(value.ok_or_else(|| A::Error::custom(unfit::<T>(member)))?);
    }
    Ok(Some(elements))
}

/// Implements reading for structures inside requests.
macro_rules! structure {
    ($($type:ident$(<$lifetime:lifetime>)? { $($member:ident),* })*) => {
        $(impl<'de> ReadMember<'de> for $type$(<$lifetime>)? {
            const EXPECTED: &'static str = "an object";

            fn from_object<A: MapAccess<'de>>(object: A, member: &Member) -> Result<Option<Self>, A::Error> {
                let Shape::Structure(members) = &member.shape else { return Ok(None) };
                read_members(Self::default(), object, members).map(Some)
            }
        }

        impl<'de> Structure<'de> for $type$(<$lifetime>)? {
            fn read<A: MapAccess<'de>>(&mut self, position: usize, member: &Member, map: &mut A) -> Result<(), A::Error> {
                let mut at = 0..;
                $(if at.next() == Some(position) {
                    return read_member(&mut self.$member, member, map);
                })*
                map.next_value::<IgnoredAny>().map(drop)
            }
        })*
    };
}

structure! {
    RecipientInfo<'de> { key_encryption_algorithm, attestation_document }
    GrantConstraints<'de> { encryption_context_subset, encryption_context_equals, source_arn }
    XksProxyAuthenticationCredential<'de> { access_key_id, raw_secret_access_key }
}

impl<'de> ReadMember<'de> for Tag {
    const EXPECTED: &'static str = "an object with TagKey and TagValue";

    fn from_object<A: MapAccess<'de>>(object: A, member: &Member) -> Result<Option<Self>, A::Error> {
        let Shape::Structure(members) = &member.shape else { return Ok(None) };
        let tag = read_members(TagMembers::default(), object, members)?;
        let TagMembers(Some(key), Some(value)) = tag else { return Ok(None) };
        Ok(Some(Tag::new(key, value)))
    }
}

/// The members of a tag, as far as they are given.
#[derive(Default)]
struct TagMembers<'de>(Option<Cow<'de, str>>, Option<Cow<'de, str>>);

impl<'de> Structure<'de> for TagMembers<'de> {
    fn read<A: MapAccess<'de>>(&mut self, position: usize, member: &Member, map: &mut A) -> Result<(), A::Error> {
        read_member(if position == 0 { &mut self.0 } else { &mut self.1 }, member, map)
    }
}

/// Reads the members of a structure into it.
fn read_members<'de, T: Structure<'de>, A: MapAccess<'de>>(
    mut structure: T,
    mut map: A,
    members: &[Member],
) -> Result<T, A::Error> {
    while let Some(name) = map.next_key_seed(Key)? {
        match members.iter().enumerate().find(|(_, member)| member.name == name) {
            Some((position, member)) => structure.read(position, member, &mut map)?,
            None => map.next_value::<IgnoredAny>().map(drop)?,
        }
    }
    Ok(structure)
}

/// A whole request.
struct Request<T>(T);

impl<'de, T: Structure<'de> + Default> ReadMember<'de> for Request<T> {
    const EXPECTED: &'static str = "a JSON object";

    fn from_object<A: MapAccess<'de>>(object: A, member: &Member) -> Result<Option<Self>, A::Error> {
        let Shape::Structure(members) = &member.shape else { return Ok(None) };
        read_members(T::default(), object, members).map(|structure| Some(Self(structure)))
    }
}

/// The value of a member, or `None` if it is `null`.
struct Value<'m, T> {
    member: &'m Member,
    value: PhantomData<T>,
}

impl<'m, T> Value<'m, T> {
    fn of(member: &'m Member) -> Self {
        Self { member, value: PhantomData }
    }
}

impl<'de, T: ReadMember<'de>> DeserializeSeed<'de> for Value<'_, T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// Takes every type of JSON itself, because the messages of serde repeat what they refuse.
impl<'de, T: ReadMember<'de>> Visitor<'de> for Value<'_, T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_unit<E: Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Option<T>, E> {
        self.fit(T::from_text(text, &self.member.shape))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Option<T>, E> {
        self.fit(T::from_lent_text(text, &self.member.shape))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Option<T>, E> {
        self.fit(T::from_integer(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Option<T>, E> {
        self.fit(i64::try_from(number).ok().and_then(T::from_integer))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Option<T>, E> {
        self.fit(T::from_fraction(number))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Option<T>, E> {
        self.fit(T::from_boolean(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Option<T>, A::Error> {
        let value = T::from_list(list, self.member)?;
        self.fit(value)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Option<T>, A::Error> {
        let value = T::from_object(object, self.member)?;
        self.fit(value)
    }
}

impl<'de, T: ReadMember<'de>> Value<'_, T> {
    fn fit<E: Error>(&self, value: Option<T>) -> Result<Option<T>, E> {
        value.map(Some).ok_or_else(|| E::custom(unfit::<T>(self.member)))
    }
}

/// What is wrong with a value of another type, without the value.
fn unfit<'de, T: ReadMember<'de>>(member: &Member) -> String {
    format!("{} must be {}", member.name, T::EXPECTED)
}

/// The name of a member, or a key of an encryption context.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(text))
    }
}

const MILLIS_PER_SECOND: i64 = 1_000;
