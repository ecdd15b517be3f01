//! Parse, validate, compile, decide and explain AWS-style key and identity policies.
//!
//! The engine is a pure function: a [`Request`] (caller, action, resource, condition-key values) is decided against the
//! policies of all [`Layers`] that bear on it, by [`decide`]. Policies are compiled once, when they are written
//! ([`Policy::compile`]); a decision parses nothing and allocates nothing. The crate knows nothing of keys, storage or
//! cryptography, and the actions it compiles for are a parameter, the [`Catalogue`].
//!
//! [`explain`] decides by the same evaluation and says why, statement by statement; [`who_can_use`] lists what a policy
//! opens.
//!
//! ```
//! use keystead_policy::{decide, Catalogue, ConditionKey, Context, Layers, Policy, PolicyKind, Principal, Request,
//!     Resource, Value};
//!
//! const KMS: Catalogue = Catalogue::new("kms", &["Encrypt", "Decrypt"]);
//!
//! struct NoContext;
//! impl Context for NoContext {
//!     fn value<'a>(&'a self, _: &ConditionKey) -> Value<'a> {
//!         Value::Absent
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let key_policy = Policy::compile(PolicyKind::Key, r#"{"Statement": {"Effect": "Allow", "Action": "kms:De*",
//!     "Principal": {"AWS": "arn:aws:iam::111122223333:user/bob"}, "Resource": "*"}}"#, &KMS)?;
//! let bob = Principal::user("aws", "111122223333", "bob");
//! let key = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
//! let action = KMS.action("kms:Encrypt").ok_or("no such action")?;
//! let request = Request { principal: &bob, action, resource: Resource::new(key, "111122223333"), context: &NoContext,
//!     cross_account_capable: true, identity_only: false };
//!
//! let decision = decide(&request, &Layers { key_policy: Some(&key_policy), ..Layers::default() });
//! assert_eq!(
//!     decision.reason_text(action).to_string(),
//!     "because no resource-based policy allows the kms:Encrypt action",
//! );
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod access;
mod catalogue;
mod characters;
mod compile;
mod condition;
mod context;
mod context_map;
mod decide;
mod document;
mod error;
mod evaluate;
mod explain;
mod fold;
mod index;
mod json;
mod lint;
mod policy;
mod principal;
mod principal_entry;
mod principal_match;
mod reason;
mod resource;
mod resource_match;
mod span;
mod template;
mod wildcard;

pub use access::{GrantedAccess, Means, Opening, ResourceAccess, who_can_use};
pub use catalogue::{Action, Catalogue};
pub use characters::first_illegal_character;
pub use compile::Compiler;
pub use condition::{ConditionKey, Effect, KeyName, KnownKey};
pub use context::{Context, Many, TextSet, Value};
pub use context_map::ContextMap;
pub use decide::{Decision, DenyingStatement, GrantMatch, Layer, Layers, Level, Request, decide};
pub use error::{Malformed, PolicyError};
pub use explain::{
    Explanation, FailedCondition, Mismatch, Naming, Outcome, PolicyExplanation, RequestValue, StatementExplanation,
    explain,
};
pub use lint::{Lint, LintKind};
pub use policy::{Policy, PolicyKind, StatementInfo};
pub use principal::{InvalidPrincipal, Principal, PrincipalKind};
pub use principal_entry::{Directory, DirectoryEntry};
pub use reason::Reason;
pub use resource::{ArnColons, Resource, SplitArn};
pub use span::Span;
