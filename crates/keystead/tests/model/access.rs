//! Who calls, and whether a call is allowed: chapters 21, 23 and 24, for three callers in each account and a handful of
//! key policies.

use super::call::{Context, Refusal};
use super::rules::Rule;
use super::world::{PLACES, Place, Spot, World};

/// A caller in a Region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    pub at: usize,
    pub role: Role,
}

/// The callers of each account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The account itself.
    Root,
    /// A session of a role whose identity policy allows everything but [`CLERK_MAY_NOT`].
    Clerk,
    /// A user without identity policy: key policies and grants are all it has.
    Guest,
}

pub const ROLES: [Role; 3] = [Role::Root, Role::Clerk, Role::Guest];

/// What the identity policy of the clerk denies.
pub const CLERK_MAY_NOT: [&str; 5] = ["DisableKey", "Decrypt", "TagResource", "Sign", "RetireGrant"];

/// The key policies of the model. All of them delegate to the account of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// What a key has without one.
    Default,
    /// The same in another form.
    Plain(u8),
    /// Allows the guest [`GUEST_MAY`].
    Guest,
    /// Denies everybody [`NOBODY_MAY`].
    Closed,
    /// Allows the other account whatever other accounts can be allowed.
    Neighbour,
    /// That of an AWS managed key, which nobody can replace.
    Managed,
    /// Three that are refused.
    LockOut,
    NoJson,
    TooLong,
}

pub const GUEST_MAY: [&str; 9] = [
    "Encrypt",
    "DescribeKey",
    "GenerateMac",
    "Sign",
    "Verify",
    "CreateGrant",
    "EnableKey",
    "ScheduleKeyDeletion",
    "ReEncryptTo",
];

pub const NOBODY_MAY: [&str; 6] = ["Encrypt", "Sign", "GenerateMac", "DisableKey", "GetPublicKey", "RevokeGrant"];

/// Why a call is not allowed (POL-114, POL-115).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    KeyPolicyDenies,
    IdentityPolicyDenies,
    IdentityPolicySilent,
    KeyPolicySilent,
}

impl World {
    /// The keys of other accounts tell nothing but that the caller may not (API-014).
    pub fn authorize(&self, seat: Seat, key: Spot, rule: &Rule, context: Option<&Context>) -> Result<(), Refusal> {
        self.permit(seat, key, rule, self.granted(seat, key, rule.action, context), "this resource")
    }

    /// The same where grants were looked at; a key that must not be named is called `opaque`.
    pub fn permit(&self, seat: Seat, key: Spot, rule: &Rule, granted: bool, opaque: &str) -> Result<(), Refusal> {
        let Some(reason) = self.decide(seat, key, rule, granted) else { return Ok(()) };
        if self.is_foreign(seat, key) {
            return Err(self.opaque(seat, rule.action, opaque));
        }
        Err(denied(seat, rule.action, Some(&self.arn(key)), reason))
    }

    /// An action on no key, or on an alias, that only identity policies allow (POL-105, POL-106).
    pub fn authorize_identity(&self, seat: Seat, action: &str, resource: Option<&str>) -> Result<(), Refusal> {
        match identity(seat.role, action) {
            None => Ok(()),
            Some(reason) => Err(denied(seat, action, resource, reason)),
        }
    }

    /// Whether a grant allows the caller to do this to the key (GRA-37).
    pub fn granted(&self, seat: Seat, key: Spot, action: &str, context: Option<&Context>) -> bool {
        self.key(key).grants.iter().any(|grant| {
            grant.operations.contains(&action)
                && self.is_party(seat, &grant.grantee, action)
                && grant.fits(action, context)
        })
    }

    /// Whether the caller is the principal. An account stands for those of its principals that an identity policy
    /// allows the action (GRA-38).
    pub fn is_party(&self, seat: Seat, principal: &str, action: &str) -> bool {
        principal == seat.arn()
            || (seat.role == Role::Clerk && principal == seat.role_arn())
            || (principal == seat.root_arn() && identity(seat.role, action).is_none())
    }

    pub fn is_foreign(&self, seat: Seat, key: Spot) -> bool {
        PLACES[key.at].account != seat.place().account
    }

    /// What is told of whatever is in another account (POL-117, POL-119).
    pub fn opaque(&self, seat: Seat, action: &str, on: &str) -> Refusal {
        let message = format!(
            "User: {} is not authorized to perform: kms:{action} on {on} because the resource does not exist in this \
             Region, no resource-based policies allow access, or a resource-based policy explicitly denies access",
            seat.arn()
        );
        Refusal::new("AccessDeniedException", message)
    }

    /// Section 8 of chapter 21.
    fn decide(&self, seat: Seat, key: Spot, rule: &Rule, granted: bool) -> Option<Reason> {
        let policy = self.key(key).policy;
        let by_identity = identity(seat.role, rule.action);
        if policy == Document::Closed && NOBODY_MAY.contains(&rule.action) {
            return Some(Reason::KeyPolicyDenies);
        }
        if by_identity == Some(Reason::IdentityPolicyDenies) {
            return by_identity;
        }
        if policy == Document::Managed && !self.is_foreign(seat, key) && !super::managed::is_open(rule.action) {
            return Some(Reason::KeyPolicySilent);
        }
        if self.is_foreign(seat, key) {
            let allowed = granted || (policy == Document::Neighbour && by_identity.is_none());
            return (!rule.abroad || !allowed).then_some(Reason::IdentityPolicySilent);
        }
        let direct = seat.role == Role::Guest && policy == Document::Guest && GUEST_MAY.contains(&rule.action);
        by_identity.filter(|_| !granted && !direct)
    }
}

impl Seat {
    pub fn place(self) -> Place {
        PLACES[self.at]
    }

    /// The ARN under which the caller appears.
    pub fn arn(self) -> String {
        let Place { account, partition, .. } = self.place();
        match self.role {
            Role::Root => self.root_arn(),
            Role::Clerk => format!("arn:{partition}:sts::{account}:assumed-role/clerk/desk"),
            Role::Guest => format!("arn:{partition}:iam::{account}:user/guest"),
        }
    }

    pub fn root_arn(self) -> String {
        let Place { account, partition, .. } = self.place();
        format!("arn:{partition}:iam::{account}:root")
    }

    /// The role behind the session of the clerk.
    pub fn role_arn(self) -> String {
        let Place { account, partition, .. } = self.place();
        format!("arn:{partition}:iam::{account}:role/clerk")
    }
}

impl Document {
    /// The document for a key in a place; `None` for the one that is not written.
    pub fn text(self, at: usize) -> Option<String> {
        let (place, neighbour) = (PLACES[at], PLACES[at ^ 1]);
        let root = |account: &str| format!("arn:{}:iam::{account}:root", place.partition);
        let statement = |effect: &str, principal: &str, actions: &[&str]| {
            let actions: Vec<_> = actions.iter().map(|action| format!(r#""kms:{action}""#)).collect();
            let actions = actions.join(",");
            format!(r#"{{"Effect":"{effect}","Principal":{principal},"Action":[{actions}],"Resource":"*"}}"#)
        };
        let aws = |principal: &str| format!(r#"{{"AWS":"{principal}"}}"#);
        let delegation = statement("Allow", &aws(&root(place.account)), &["*"]);
        let document = |statements: &str| format!(r#"{{"Version":"2012-10-17","Statement":{statements}}}"#);
        let with = |other: String| document(&format!("[{delegation},{other}]"));
        Some(match self {
            Self::Default | Self::Managed => return None,
            Self::Plain(0) => document(&format!("[{delegation}]")),
            Self::Plain(1) => document(&statement("Allow", &aws(place.account), &["*"])),
            Self::Plain(2) => with(statement("Allow", &aws(&root(place.account)), &["Put*"])),
            Self::Plain(_) => document(&format!("[ {delegation} ]\n")),
            Self::Guest => {
                let guest = Seat { at, role: Role::Guest }.arn();
                with(statement("Allow", &aws(&guest), &GUEST_MAY))
            }
            Self::Closed => with(statement("Deny", r#""*""#, &NOBODY_MAY)),
            Self::Neighbour => with(statement("Allow", &aws(&root(neighbour.account)), &["*"])),
            Self::LockOut => document(&statement("Allow", &aws(&root(place.account)), &["DescribeKey"])),
            Self::NoJson => "no policy".to_owned(),
            Self::TooLong => format!("{{{}}}", " ".repeat(32_768)),
        })
    }

    /// The errors of a policy that a caller wants to set, in the order of RUL-56.
    pub fn accept(self) -> Result<(), Refusal> {
        match self {
            Self::TooLong => Err(Refusal::code("LimitExceededException")),
            Self::NoJson => Err(Refusal::code("MalformedPolicyDocumentException")),
            Self::LockOut => {
                let message = "The new key policy will not allow you to update the key policy in the future.";
                Err(Refusal::new("MalformedPolicyDocumentException", message))
            }
            _ => Ok(()),
        }
    }
}

/// The identity policy of the clerk.
pub fn clerk_policy() -> String {
    let denied: Vec<_> = CLERK_MAY_NOT.iter().map(|action| format!(r#""kms:{action}""#)).collect();
    let denied = denied.join(",");
    format!(
        r#"{{"Version":"2012-10-17","Statement":[
            {{"Effect":"Allow","Action":["kms:*","iam:CreateServiceLinkedRole"],"Resource":"*"}},
            {{"Effect":"Deny","Action":[{denied}],"Resource":"*"}}]}}"#
    )
}

/// What identity policies say against an action.
fn identity(role: Role, action: &str) -> Option<Reason> {
    match role {
        Role::Root => None,
        Role::Clerk => CLERK_MAY_NOT.contains(&action).then_some(Reason::IdentityPolicyDenies),
        Role::Guest => Some(Reason::IdentityPolicySilent),
    }
}

fn denied(seat: Seat, action: &str, resource: Option<&str>, reason: Reason) -> Refusal {
    let because = match reason {
        Reason::KeyPolicyDenies => "with an explicit deny in a resource-based policy".to_owned(),
        Reason::IdentityPolicyDenies => "with an explicit deny in an identity-based policy".to_owned(),
        Reason::IdentityPolicySilent => format!("because no identity-based policy allows the kms:{action} action"),
        Reason::KeyPolicySilent => format!("because no resource-based policy allows the kms:{action} action"),
    };
    let on = resource.map(|resource| format!(" on resource: {resource}")).unwrap_or_default();
    let message = format!("User: {} is not authorized to perform: kms:{action}{on} {because}", seat.arn());
    Refusal::new("AccessDeniedException", message)
}
