//! Which grants a step makes, names and removes.

use super::access::{Role, Seat};
use super::call::{Call, Context, GrantRequest, Named};
use super::grants::{Constraint, Grant};
use super::step::Step;
use super::values::{limit, pick};
use super::world::{Spot, World};

impl Step {
    pub fn create_grant(&self, world: &World, key: String, dry_run: bool) -> Call {
        let Self { a, b, c, .. } = *self;
        let kind = self.kind_of(world, &key);
        let may = kind.map_or_else(|| vec!["Encrypt", "Decrypt"], |kind| kind.grantable());
        let mut operations: Vec<_> =
            (0..usize::from(1 + b % 4)).map(|n| may[(usize::from(a) + n * 2) % may.len()]).collect();
        match a {
            250.. => operations.clear(),
            245..250 => operations.push("Sign"),
            240..245 => operations.push("Encrypt"),
            _ if b % 8 == 5 => operations.push("CreateGrant"),
            _ if b % 8 == 6 => operations.push("RetireGrant"),
            _ => {}
        }
        let symmetric = kind.is_none_or(|kind| kind.is_symmetric());
        let constraint = (c % 3 == 0 && (symmetric || c > 200)).then(|| Constraint {
            exact: c.is_multiple_of(2),
            pairs: pick(PAIRS, c / 3).iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        });
        Call::CreateGrant(GrantRequest {
            key,
            grantee: self.principal(b / 4),
            retiring: (c % 4 != 0).then(|| self.principal(c / 4)),
            operations,
            constraint,
            tokens: self.some_tokens(world),
            name: pick(&[None, None, Some("a".to_owned()), Some("b/c".to_owned())], a / 8),
            dry_run,
        })
    }

    pub fn list_grants(&self, world: &World, key: String) -> Call {
        let Self { a, b, c, .. } = *self;
        let id = match self.some_grant(world) {
            _ if a % 16 == 1 => Some("no grant".to_owned()),
            Named::Id { id, .. } if a.is_multiple_of(4) => Some(id),
            _ => None,
        };
        Call::ListGrants { key, id, grantee: (b % 4 == 1).then(|| self.principal(b / 4)), limit: limit(c) }
    }

    /// Those without rights of their own mostly try keys on which they hold grants.
    pub fn granted_key(&self, world: &World) -> Option<String> {
        if self.seat.role == Role::Root || self.c % 4 == 3 {
            return None;
        }
        let held: Vec<_> = self.held(world).into_iter().map(|(spot, _)| spot).collect();
        (!held.is_empty()).then(|| world.arn(pick(&held, self.b)))
    }

    /// And they often bring the encryption context that such a grant asks for, or one that is nearly that.
    pub fn constrained_context(&self, world: &World) -> Option<Context> {
        let held = self.held(world);
        let constraints = held.into_iter().filter_map(|(_, grant)| grant.constraint.as_ref());
        let constraints: Vec<_> = constraints.filter(|_| self.seat.role != Role::Root).collect();
        if constraints.is_empty() || self.a % 8 == 7 {
            return None;
        }
        let mut pairs = pick(&constraints, self.b).pairs.clone();
        match self.a % 8 {
            4 => pairs.extend([("more".to_owned(), String::new())]),
            5 => drop(pairs.pop_first()),
            6 => pairs = pairs.into_iter().map(|(key, value)| (key.to_uppercase(), value)).collect(),
            _ => {}
        }
        Some(pairs)
    }

    /// The grants in this Region that name the caller.
    fn held<'w>(&self, world: &'w World) -> Vec<(Spot, &'w Grant)> {
        let spots = [self.seat.at, self.seat.at ^ 1].into_iter().flat_map(|at| world.spots(at));
        let grants = spots.flat_map(|spot| world.key(spot).grants.iter().map(move |grant| (spot, grant)));
        grants.filter(|(_, grant)| [self.seat.arn(), self.seat.role_arn()].contains(&grant.grantee)).collect()
    }

    /// A principal of this account or the other: those that call, and a few that cannot hold grants.
    pub fn principal(&self, n: u8) -> String {
        let at = if n.is_multiple_of(3) { self.seat.at ^ 1 } else { self.seat.at };
        let role = pick(&[Role::Guest, Role::Guest, Role::Clerk, Role::Root, Role::Guest], n / 3);
        let seat = Seat { at, role };
        match n % 64 {
            60 => "nobody".to_owned(),
            61 => seat.root_arn().replace(":root", ":group/all"),
            _ if role == Role::Clerk && n.is_multiple_of(2) => seat.role_arn(),
            _ => seat.arn(),
        }
    }

    /// A grant that the caller knows of, by its token or its ID; or one that is not there.
    pub fn some_grant(&self, world: &World) -> Named {
        let Self { a, b, .. } = *self;
        let here = [self.seat.at, self.seat.at ^ 1];
        let spots = here.into_iter().flat_map(|at| world.spots(at));
        let grants: Vec<(Spot, &Grant)> =
            spots.flat_map(|spot| world.key(spot).grants.iter().map(move |grant| (spot, grant))).collect();
        if grants.is_empty() || a > 240 {
            let key = self.who.text(self.seat.at, world);
            return match b % 4 {
                0 => Named::Token("bm8gdG9rZW4".to_owned()),
                // Of a grant that there was, perhaps elsewhere.
                1 => Named::Token(world.tokens.first().map_or("token".to_owned(), |(token, _)| token.clone())),
                2 => Named::Id { key, id: "no grant".to_owned() },
                _ => Named::Id { key, id: "0".repeat(64) },
            };
        }
        let (spot, grant) = pick(&grants, a);
        if b.is_multiple_of(2) && !grant.tokens.is_empty() {
            Named::Token(pick(&grant.tokens, b))
        } else {
            Named::Id { key: world.arn(spot), id: grant.id.clone() }
        }
    }

    /// Mostly none; sometimes a token of some grant, seldom another text.
    pub fn some_tokens(&self, world: &World) -> Vec<String> {
        match (self.c, self.some_grant(world)) {
            (100..116, Named::Token(token)) => vec![token],
            _ => Vec::new(),
        }
    }
}

/// Pairs for constraints: the contexts of the model, parts of them, and another letter case.
const PAIRS: &[&[(&str, &str)]] =
    &[&[("a", "bc")], &[("a", "b")], &[("A", "bc")], &[("a", "b"), ("c", "d")], &[("c", "d")], &[]];
