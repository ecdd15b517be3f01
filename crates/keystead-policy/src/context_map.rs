//! A context of texts, for simulation and tests.

use crate::{ConditionKey, Context, Many, Value};

/// Condition-key values as texts, the way people write them down: the context of a simulated request. It holds what is
/// put in and nothing else; typed operators read the texts.
///
/// ```
/// use keystead_policy::ContextMap;
///
/// let mut context = ContextMap::new();
/// context.insert("kms:ViaService", "s3.us-west-2.amazonaws.com");
/// context.insert_all("kms:EncryptionContextKeys", ["AppName".to_owned(), "Stage".to_owned()]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct ContextMap(Vec<(ConditionKey, Held)>);

#[derive(Clone, Debug)]
enum Held {
    One(String),
    Many(Vec<String>),
}

impl ContextMap {
    /// A context without any key.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key with one value. A second entry for a name that differs in letter case only stays beside the first
    /// (POL-48).
    pub fn insert(&mut self, key: &str, value: impl Into<String>) {
        self.0.push((ConditionKey::parse(key), Held::One(value.into())));
    }

    /// Adds a key with a set of values.
    pub fn insert_all(&mut self, key: &str, values: impl IntoIterator<Item = String>) {
        let mut set: Vec<String> = Vec::new();
        for value in values {
            if !set.contains(&value) {
                set.push(value);
            }
        }
        self.0.push((ConditionKey::parse(key), Held::Many(set)));
    }

    /// Whether there is an entry for the key.
    pub fn contains(&self, key: &str) -> bool {
        let key = ConditionKey::parse(key);
        self.entries(&key).next().is_some()
    }

    fn entries<'m>(&'m self, key: &ConditionKey) -> impl Iterator<Item = Value<'m>> {
        self.0.iter().filter(move |(own, _)| own == key).map(|(_, held)| match held {
            Held::One(text) => Value::Text(text),
            Held::Many(texts) => Value::Many(Many::Owned(texts)),
        })
    }
}

impl Context for ContextMap {
    fn value<'a>(&'a self, key: &ConditionKey) -> Value<'a> {
        let mut entries = self.entries(key);
        match (entries.next(), entries.next()) {
            (None, _) => Value::Absent,
            (Some(value), None) => value,
            (Some(_), Some(_)) => Value::Colliding,
        }
    }

    fn colliding<'a>(&'a self, key: &ConditionKey, nth: usize) -> Option<Value<'a>> {
        self.entries(key).nth(nth)
    }
}
