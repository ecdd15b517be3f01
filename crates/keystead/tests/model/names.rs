//! Aliases and tags (chapter 10).

use std::collections::BTreeSet;

use super::access::Seat;
use super::call::{Given, Outcome, Pairs, Refusal, Reply};
use super::rules::{page_size, require, row};
use super::world::{ALIASES_PER_KEY, Alias, Named, Spot, World, absent_key};

impl World {
    pub fn create_alias(&mut self, seat: Seat, name: &str, target: &str) -> Outcome {
        alias_name(name)?;
        require((1..=2048).contains(&target.chars().count()))?;
        if name.starts_with("alias/aws/") {
            return Err(Refusal::code("InvalidAliasNameException"));
        }
        let rule = row("CreateAlias");
        let key = self.resolve_key(seat, target, rule)?;
        self.authorize_identity(seat, "CreateAlias", Some(&seat.place().arn(name)))?;
        let key = self.existing(seat, key, rule)?;
        self.authorize(seat, key, rule, None)?;
        self.touch(seat, key, true);
        self.trail.resources.push(seat.place().arn(name));
        self.settle(key);
        self.judge(key, rule.states)?;
        let scope = &self.scopes[seat.at];
        if scope.aliases.contains_key(name) {
            let message = format!("An alias with the name {} already exists", scope.place.arn(name));
            return Err(Refusal::new("AlreadyExistsException", message));
        }
        self.alias_quota(key)?;
        let alias = Alias { key: key.index, created: self.now, updated: self.now };
        self.scopes[seat.at].aliases.insert(name.to_owned(), alias);
        Ok(Reply::Unit)
    }

    pub fn update_alias(&mut self, seat: Seat, name: &str, target: &str) -> Outcome {
        alias_name(name)?;
        require((1..=2048).contains(&target.chars().count()))?;
        if name.starts_with("alias/aws/") {
            return Err(Refusal::code("AccessDeniedException"));
        }
        let rule = row("UpdateAlias");
        let current = self.alias(seat.at, name)?;
        self.trail.found.push(self.arn(current));
        self.trail.found.push(seat.place().arn(name));
        let key = self.resolve_key(seat, target, rule)?;
        self.authorize_identity(seat, "UpdateAlias", Some(&seat.place().arn(name)))?;
        self.authorize(seat, current, rule, None)?;
        let key = self.existing(seat, key, rule)?;
        self.authorize(seat, key, rule, None)?;
        self.trail.resources.push(seat.place().arn(name));
        self.touch(seat, key, true);
        self.settle(current);
        self.settle(key);
        self.judge(key, rule.states)?;
        // Only between keys of one type and usage (KEY-57).
        if !alike(self.kind(current), self.kind(key)) {
            return Err(Refusal::code("ValidationException"));
        }
        if current != key {
            self.alias_quota(key)?;
        }
        let now = self.now;
        if let Some(alias) = self.scopes[seat.at].aliases.get_mut(name) {
            (alias.key, alias.updated) = (key.index, now);
        }
        Ok(Reply::Unit)
    }

    pub fn delete_alias(&mut self, seat: Seat, name: &str) -> Outcome {
        alias_name(name)?;
        if name.starts_with("alias/aws/") {
            return Err(Refusal::code("AccessDeniedException"));
        }
        let key = self.alias(seat.at, name)?;
        self.trail.found.push(self.arn(key));
        self.trail.found.push(seat.place().arn(name));
        self.authorize_identity(seat, "DeleteAlias", Some(&seat.place().arn(name)))?;
        self.authorize(seat, key, row("DeleteAlias"), None)?;
        self.trail.resources.push(seat.place().arn(name));
        self.touch(seat, key, true);
        self.settle(key);
        self.scopes[seat.at].aliases.remove(name);
        Ok(Reply::Unit)
    }

    fn alias_quota(&self, key: Spot) -> Result<(), Refusal> {
        let held = self.scopes[key.at].aliases.values().filter(|alias| alias.key == key.index).count() as u64;
        if held < ALIASES_PER_KEY { Ok(()) } else { Err(Refusal::code("LimitExceededException")) }
    }

    pub fn list_aliases(&mut self, seat: Seat, key: Option<&str>, limit: Option<i64>) -> Outcome {
        page_size(limit)?;
        let only = self.filter(seat, key)?;
        Ok(Reply::Aliases(self.aliases(seat.at, only.map(|key| key.index))))
    }

    pub fn foreign_marker(&mut self, seat: Seat, key: Option<&str>) -> Outcome {
        self.filter(seat, key)?;
        Err(Refusal::code("InvalidMarkerException"))
    }

    /// The key that narrows a list; one of another account does not exist for this caller (KEY-20).
    fn filter(&mut self, seat: Seat, text: Option<&str>) -> Result<Option<Spot>, Refusal> {
        let Some(text) = text else {
            self.authorize_identity(seat, "ListAliases", Some("*"))?;
            return Ok(None);
        };
        let rule = row("ListAliases");
        let key = self.resolve_key(seat, text, rule)?;
        let own = match key {
            Named::Key(key) if !self.is_foreign(seat, key) => Ok(key),
            // Only ARNs name keys of other accounts.
            _ => Err(absent_key(text)),
        };
        let key = own?;
        self.authorize_identity(seat, "ListAliases", Some("*"))?;
        self.settle(key);
        Ok(Some(key))
    }

    /// A page may be short, but it repeats nothing, leaves out nothing, and goes on if there is more (KEY-105).
    pub fn walk(&mut self, seat: Seat, limit: i64, given: Given<'_>) -> Outcome {
        let at = seat.at;
        // Whoever is refused has used the marker.
        let seen = self.scopes[at].walk.take();
        page_size(Some(limit))?;
        self.authorize_identity(seat, "ListAliases", Some("*"))?;
        let mut rest = self.aliases(at, None);
        rest.retain(|entry| seen.as_ref().is_none_or(|seen| entry.name > *seen));
        let more = match given {
            Ok(Reply::Page(page, true)) if !page.is_empty() && page.len() < rest.len() => {
                rest.truncate(page.len().min(limit as usize));
                true
            }
            _ => rest.len() > limit as usize,
        };
        if more {
            self.scopes[at].walk = rest.last().map(|entry| entry.name.clone());
        }
        Ok(Reply::Page(rest, more))
    }

    pub fn tag(&mut self, seat: Seat, key: &str, tags: &Pairs) -> Outcome {
        tag_shape(tags)?;
        let key = self.admit(seat, key, "TagResource")?;
        if tags.is_empty() {
            return Err(Refusal::code("TagException"));
        }
        tag_rules(tags)?;
        let mut result = self.key(key).tags.clone();
        result.extend(tags.iter().cloned());
        if result.len() > 50 {
            return Err(Refusal::code("LimitExceededException"));
        }
        self.key_mut(key).tags = result;
        Ok(Reply::Unit)
    }

    pub fn untag(&mut self, seat: Seat, key: &str, tag_keys: &[String]) -> Outcome {
        require(tag_keys.iter().all(|tag_key| (1..=128).contains(&tag_key.chars().count())))?;
        let key = self.admit(seat, key, "UntagResource")?;
        if tag_keys.is_empty() {
            return Err(Refusal::code("TagException"));
        }
        self.key_mut(key).tags.retain(|tag_key, _| !tag_keys.contains(tag_key));
        Ok(Reply::Unit)
    }

    pub fn list_tags(&mut self, seat: Seat, key: &str, limit: Option<i64>) -> Outcome {
        page_size(limit)?;
        let key = self.admit(seat, key, "ListResourceTags")?;
        Ok(Reply::Tags(self.key(key).tags.clone().into_iter().collect()))
    }
}

/// Symmetric, of two halves, or for codes; and for the same use.
fn alike(one: &super::kinds::Kind, other: &super::kinds::Kind) -> bool {
    one.usage == other.usage && one.is_pair() == other.is_pair()
}

/// KEY-54.
fn alias_name(name: &str) -> Result<(), Refusal> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-');
    require((1..=256).contains(&name.len()))?;
    let rest = name.strip_prefix("alias/").ok_or_else(|| Refusal::code("ValidationException"))?;
    require(!rest.is_empty() && rest.bytes().all(allowed))
}

/// KEY-71.
pub fn tag_shape(tags: &Pairs) -> Result<(), Refusal> {
    require(tags.iter().all(|(key, value)| (1..=128).contains(&key.chars().count()) && value.chars().count() <= 256))
}

/// KEY-69, KEY-71.
pub fn tag_rules(tags: &Pairs) -> Result<(), Refusal> {
    let allowed = |char: char| char.is_alphabetic() || char.is_numeric() || " _.:/=+-@".contains(char);
    if tags.iter().any(|(key, _)| key.to_ascii_lowercase().starts_with("aws:")) {
        return Err(Refusal::new("TagException", "Tags beginning with aws: are reserved"));
    }
    if tags.iter().any(|(key, value)| !key.chars().all(allowed) || !value.chars().all(allowed)) {
        return Err(Refusal::code("TagException"));
    }
    let keys: BTreeSet<_> = tags.iter().map(|(key, _)| key).collect();
    if keys.len() == tags.len() { Ok(()) } else { Err(Refusal::new("TagException", "Duplicate tag keys")) }
}
