//! TagResource and UntagResource.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::answers::Unit;
use super::common::text;
use crate::Error;
use crate::authorize::Authorized;
use crate::client::{Call, Client};
use crate::commit::{Changes, KeyChange};
use crate::door::{CallFacts, Effect, Operation};
use crate::record::KeyRecord;
use crate::request::request;
use crate::targets::{OneKey, Target};
use crate::value::Tag;

request! {
    /// Adds tags to a key, or gives them new values (KEY-72). All or nothing.
    ///
    /// Authorized by `kms:TagResource` on the key.
    TagResource: TAG_RESOURCE -> Unit {
        /// The key: key ID or key ARN.
        key_id: Cow<'a, str>,
        /// The tags. Not secret.
        tags: Vec<Tag>,
    }
}

request! {
    /// Removes tags from a key; absent ones are ignored (KEY-73).
    ///
    /// Authorized by `kms:UntagResource` on the key.
    UntagResource: UNTAG_RESOURCE -> Unit {
        /// The key: key ID or key ARN.
        key_id: Cow<'a, str>,
        /// The keys of the tags.
        tag_keys: Vec<Cow<'a, str>>,
    }
}

impl Client {
    /// Tags a key; add tags with [`Call::tag`]. See [`TagResource`].
    pub fn tag_resource<'c>(&'c self, key_id: impl Into<Cow<'c, str>>) -> Call<'c, TagResource<'c>> {
        self.call(TagResource { key_id: Some(key_id.into()), tags: Some(Vec::new()), ..TagResource::new() })
    }

    /// Removes tags; name them with [`Call::tag_key`]. See [`UntagResource`].
    pub fn untag_resource<'c>(&'c self, key_id: impl Into<Cow<'c, str>>) -> Call<'c, UntagResource<'c>> {
        self.call(UntagResource { key_id: Some(key_id.into()), tag_keys: Some(Vec::new()), ..UntagResource::new() })
    }
}

impl<'c> Call<'c, TagResource<'c>> {
    /// Adds a tag.
    pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.request.tags.get_or_insert_default().push(Tag::new(key, value));
        self
    }
}

impl<'c> Call<'c, UntagResource<'c>> {
    /// Adds the key of a tag to be removed.
    pub fn tag_key(mut self, key: impl Into<Cow<'c, str>>) -> Self {
        self.request.tag_keys.get_or_insert_default().push(key.into());
        self
    }
}

impl Operation for TagResource<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = (&'p Target, BTreeMap<String, String>)
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn prepare<'p>(
        &'p self,
        targets: &'p Authorized<OneKey>,
        _: &CallFacts<'p>,
    ) -> Result<(&'p Target, BTreeMap<String, String>), Error> {
        let given = self.tags.as_deref().unwrap_or_default();
        if given.is_empty() {
            return Err(Error::Tag("The list of tags is empty; give at least one tag.".into()));
        }
        let present = &targets.0.snapshot().record.tags;
        let tags = accept_tags(present, given).map_err(|error| match error {
            // Too many in one request is a fault of the request, too many on the key one of the quota (KEY-71).
            Error::Tag(message) if message == TOO_MANY => Error::LimitExceeded(message),
            other => other,
        })?;
        Ok((&targets.0, tags))
    }

    fn perform((key, tags): (&Target, BTreeMap<String, String>), _: &CallFacts<'_>) -> Result<Effect<Unit>, Error> {
        let record = KeyRecord { tags, ..key.snapshot().record.clone() };
        Ok(Effect::changing(Unit, Changes::of(KeyChange::update(key.held(), record))))
    }
}

impl Operation for UntagResource<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = (&'p Target, &'p [Cow<'p, str>])
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn prepare<'p>(
        &'p self,
        targets: &'p Authorized<OneKey>,
        _: &CallFacts<'p>,
    ) -> Result<(&'p Target, &'p [Cow<'p, str>]), Error> {
        let keys = self.tag_keys.as_deref().unwrap_or_default();
        if keys.is_empty() {
            return Err(Error::Tag("The list of tag keys is empty; name at least one tag.".into()));
        }
        Ok((&targets.0, keys))
    }

    fn perform((key, tag_keys): (&Target, &[Cow<'_, str>]), _: &CallFacts<'_>) -> Result<Effect<Unit>, Error> {
        let mut record = key.snapshot().record.clone();
        for tag_key in tag_keys {
            record.tags.remove(&**tag_key);
        }
        Ok(Effect::changing(Unit, Changes::of(KeyChange::update(key.held(), record))))
    }
}

/// The tags that a key has after `given` were added, if all of them are acceptable (KEY-68 to KEY-71).
pub(crate) fn accept_tags(
    present: &BTreeMap<String, String>,
    given: &[Tag],
) -> Result<BTreeMap<String, String>, Error> {
    let mut seen = BTreeSet::new();
    let mut tags = present.clone();
    for tag in given {
        if tag.tag_key.get(..RESERVED.len()).is_some_and(|prefix| prefix.eq_ignore_ascii_case(RESERVED)) {
            return Err(Error::Tag("Tags beginning with aws: are reserved".into()));
        }
        if !tag.tag_key.chars().chain(tag.tag_value.chars()).all(is_allowed) {
            let message = "Tag keys and values may hold letters, digits, spaces and _ . : / = + - @ only.";
            return Err(Error::Tag(message.into()));
        }
        if !seen.insert(&tag.tag_key) {
            return Err(Error::Tag("Duplicate tag keys".into()));
        }
        tags.insert(tag.tag_key.clone(), tag.tag_value.clone());
    }
    if tags.len() > MAX_TAGS { Err(Error::Tag(TOO_MANY.into())) } else { Ok(tags) }
}

/// Whether these can be the tags of a key.
pub(crate) fn are_acceptable_tags(tags: &BTreeMap<String, String>) -> bool {
    let given: Vec<Tag> = tags.iter().map(|(key, value)| Tag::new(key, value)).collect();
    let fits = |(key, value): (&String, &String)| {
        (1..=MAX_KEY_CHARS).contains(&key.chars().count()) && value.chars().count() <= MAX_VALUE_CHARS
    };
    tags.iter().all(fits) && accept_tags(&BTreeMap::new(), &given).is_ok()
}

/// The characters of tags (KEY-69).
fn is_allowed(letter: char) -> bool {
    letter.is_alphanumeric() || letter == ' ' || "_.:/=+-@".contains(letter)
}

const MAX_TAGS: usize = 50;
/// Characters of a tag key and of a tag value (API model).
const MAX_KEY_CHARS: usize = 128;
const MAX_VALUE_CHARS: usize = 256;
const RESERVED: &str = "aws:";
const TOO_MANY: &str = "Too many tags";
