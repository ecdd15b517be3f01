//! The actions that policies are compiled against.

use std::fmt;

/// The actions of one service, in a fixed order: what an action pattern such as `kms:Get*` is expanded against.
///
/// The catalogue is a parameter of the engine. Actions of other services are legal in policies and can be evaluated
/// too ([`Action::foreign`]), on a slower path of the same evaluator.
#[derive(Clone, Copy, Debug)]
pub struct Catalogue {
    service: &'static str,
    actions: &'static [&'static str],
    cross_account: &'static [&'static str],
}

impl Catalogue {
    /// The most actions that one catalogue may hold.
    pub const CAPACITY: usize = 128;

    /// A catalogue of the actions `<service>:<name>`; `actions` holds the names without the service.
    ///
    /// # Panics
    ///
    /// When `actions` is longer than [`Catalogue::CAPACITY`]; in a constant this is an error at build time.
    pub const fn new(service: &'static str, actions: &'static [&'static str]) -> Self {
        assert!(actions.len() <= Self::CAPACITY, "a catalogue holds at most 128 actions");
        Self { service, actions, cross_account: &[] }
    }

    /// Names the actions that principals of other accounts can be authorized for. Only the lint
    /// [`LintKind::CrossAccountResourceWildcard`](crate::LintKind::CrossAccountResourceWildcard) reads this; a
    /// decision takes the fact from its request.
    #[must_use]
    pub const fn with_cross_account(mut self, actions: &'static [&'static str]) -> Self {
        self.cross_account = actions;
        self
    }

    /// The action with this full name (`kms:Encrypt`), spelled exactly; `None` if the catalogue has no such action.
    pub const fn action(&self, full_name: &str) -> Option<Action<'static>> {
        let mut index = 0;
        while index < self.actions.len() {
            if is_full_name(full_name.as_bytes(), self.service.as_bytes(), self.actions[index].as_bytes()) {
                return self.at(index);
            }
            index += 1;
        }
        None
    }

    /// The action at this position of the list; `None` beyond its end.
    pub const fn at(&self, index: usize) -> Option<Action<'static>> {
        if index >= self.actions.len() {
            return None;
        }
        Some(Action { service: self.service, name: self.actions[index], bit: Some(index as u8) })
    }

    /// The service whose actions these are (`kms`).
    pub const fn service(&self) -> &'static str {
        self.service
    }

    /// The names of the actions, without the service.
    pub const fn actions(&self) -> &'static [&'static str] {
        self.actions
    }

    /// The names of the actions that other accounts may be authorized for.
    pub const fn cross_account(&self) -> &'static [&'static str] {
        self.cross_account
    }
}

/// The action that a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Action<'a> {
    service: &'a str,
    name: &'a str,
    bit: Option<u8>,
}

impl<'a> Action<'a> {
    /// An action outside the catalogue, such as `iam:CreateServiceLinkedRole`. Its patterns are compared when the
    /// request is decided. A text without a colon names no action that a policy could list, except by `*`.
    pub fn foreign(full_name: &'a str) -> Self {
        let (service, name) = full_name.split_once(':').unwrap_or(("", full_name));
        Self { service, name, bit: None }
    }

    /// The service part, `kms` in `kms:Encrypt`.
    pub const fn service(&self) -> &'a str {
        self.service
    }

    /// The name without the service, `Encrypt` in `kms:Encrypt`.
    pub const fn name(&self) -> &'a str {
        self.name
    }

    pub(crate) const fn bit(&self) -> Option<u8> {
        self.bit
    }
}

impl fmt::Display for Action<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service, self.name)
    }
}

/// A set of catalogue actions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ActionSet(u128);

impl ActionSet {
    pub(crate) fn insert(&mut self, bit: usize) {
        self.0 |= 1 << bit;
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn contains(self, bit: u8) -> bool {
        self.0 >> bit & 1 == 1
    }
}

const fn is_full_name(text: &[u8], service: &[u8], name: &[u8]) -> bool {
    if text.len() != service.len() + 1 + name.len() || text[service.len()] != b':' {
        return false;
    }
    let mut index = 0;
    while index < text.len() {
        let expected = if index < service.len() {
            service[index]
        } else if index == service.len() {
            b':'
        } else {
            name[index - service.len() - 1]
        };
        if text[index] != expected {
            return false;
        }
        index += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    const TINY: Catalogue = Catalogue::new("kms", &["Encrypt", "Decrypt"]);
    const DECRYPT: Option<Action<'static>> = TINY.action("kms:Decrypt");

    #[test]
    fn actions_are_found_by_exact_name_also_in_constants() {
        assert_eq!(DECRYPT.unwrap().bit(), Some(1));
        assert_eq!(DECRYPT.unwrap().to_string(), "kms:Decrypt");
        for other in ["kms:decrypt", "Decrypt", "kms:Decrypts", "s3:Decrypt", "kms", ""] {
            assert!(TINY.action(other).is_none(), "{other}");
        }
    }

    #[test]
    fn foreign_actions_split_at_the_first_colon() {
        let action = Action::foreign("iam:Create:Role");
        assert_eq!((action.service(), action.name(), action.bit()), ("iam", "Create:Role", None));
    }
}
