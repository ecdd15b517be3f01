//! Grants (chapter 23).

use std::collections::BTreeSet;

use super::access::{Role, Seat};
use super::call::{Call, Context, Given, GrantEntry, GrantRequest, Named as By, Outcome, Refusal, Reply};
use super::rules::{page_size, require, row};
use super::world::{GRANTS_PER_KEY, Named, Spot, World};

/// A grant on a key.
#[derive(Clone, Debug)]
pub struct Grant {
    pub id: String,
    pub tokens: Vec<String>,
    pub created: i64,
    pub name: String,
    pub grantee: String,
    pub retiring: Option<String>,
    /// The account of whoever made it, as its root.
    pub issuer: String,
    pub operations: BTreeSet<&'static str>,
    pub constraint: Option<Constraint>,
}

/// The encryption context that a grant asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint {
    /// Whether the context must have no other pairs.
    pub exact: bool,
    pub pairs: Context,
}

impl World {
    pub fn create_grant(&mut self, seat: Seat, request: &GrantRequest, given: Given<'_>) -> Outcome {
        require(!request.operations.is_empty())?;
        require(request.constraint.as_ref().is_none_or(|constraint| (1..=8).contains(&constraint.pairs.len())))?;
        let rule = row("CreateGrant");
        let key = self.resolve_key(seat, &request.key, rule)?;
        self.tokens(seat, &request.tokens)?;
        let key = self.existing(seat, key, rule)?;
        let authorized = self.authorize_grant(seat, key, request);
        self.touch(seat, key, authorized.is_ok());
        authorized?;
        self.settle(key);
        self.judge(key, rule.states)?;
        let kind = self.kind(key);
        require(request.operations.iter().all(|operation| kind.grantable().contains(operation)))?;
        require(request.constraint.is_none() || kind.is_symmetric())?;
        self.principals(seat, request)?;
        let issuer = seat.root_arn();
        let operations: BTreeSet<_> = request.operations.iter().copied().collect();
        let name = request.name.clone().unwrap_or_default();
        let same = self.key(key).grants.iter().position(|grant| {
            !name.is_empty()
                && (&grant.name, &grant.grantee, &grant.retiring) == (&name, &request.grantee, &request.retiring)
                && (&grant.issuer, &grant.operations) == (&issuer, &operations)
                && grant.constraint == request.constraint
        });
        if same.is_none() && self.key(key).grants.len() as u64 >= GRANTS_PER_KEY {
            return Err(Refusal::code("LimitExceededException"));
        }
        if request.dry_run {
            return Err(super::rules::dry());
        }
        let Ok(Reply::Granted { id, token }) = given else { return Ok(Reply::Unit) };
        // IDs and tokens never seen before, but for the ID of a grant that there is (GRA-19, API-028).
        let region = seat.place().region;
        if !is_grant_id(id) || self.tokens.iter().any(|(known, _)| known == token) {
            return Ok(Reply::Unit);
        }
        self.tokens.push((token.clone(), region));
        let id = match same {
            Some(index) => {
                let grant = &mut self.key_mut(key).grants[index];
                grant.tokens.push(token.clone());
                grant.id.clone()
            }
            None if self.told.insert(id.clone()) => {
                let grant = Grant {
                    id: id.clone(),
                    tokens: vec![token.clone()],
                    created: self.now,
                    name,
                    grantee: request.grantee.clone(),
                    retiring: request.retiring.clone(),
                    issuer,
                    operations,
                    constraint: request.constraint.clone(),
                };
                self.key_mut(key).grants.push(grant);
                id.clone()
            }
            None => return Ok(Reply::Unit),
        };
        self.trail.answered = serde_json::json!({ "grantId": id, "keyId": self.arn(key) });
        Ok(Reply::Granted { id, token: token.clone() })
    }

    /// Nobody has the token that the last grant has if the call that made it was not answered.
    pub fn lose_token(&mut self, call: &Call) {
        if let Call::CreateGrant(_) = call
            && let Some((lost, _)) = self.tokens.pop()
        {
            let grants = self.scopes.iter_mut().flat_map(|scope| &mut scope.keys).flat_map(|key| &mut key.grants);
            grants.for_each(|grant| grant.tokens.retain(|token| *token != lost));
        }
    }

    /// By policy, or by one grant that holds all that is granted (GRA-30 to GRA-35).
    fn authorize_grant(&self, seat: Seat, key: Spot, request: &GrantRequest) -> Result<(), Refusal> {
        let parents = self.key(key).grants.iter().any(|parent| {
            parent.operations.contains("CreateGrant")
                && self.is_party(seat, &parent.grantee, "CreateGrant")
                && request.operations.iter().all(|operation| parent.operations.contains(operation))
                && parent.admits(request.constraint.as_ref())
        });
        self.permit(seat, key, row("CreateGrant"), parents, "this resource")
    }

    /// Which principals can hold grants: the ARNs of accounts, users, roles and sessions (GRA-15).
    fn principals(&self, _: Seat, request: &GrantRequest) -> Result<(), Refusal> {
        let usable = |principal: &String| principal.starts_with("arn:") && !principal.contains(":group/");
        if usable(&request.grantee) && request.retiring.as_ref().is_none_or(usable) {
            return Ok(());
        }
        Err(Refusal::code("InvalidArnException"))
    }

    pub fn list_grants(
        &mut self,
        seat: Seat,
        key: &str,
        id: Option<&str>,
        grantee: Option<&str>,
        limit: Option<i64>,
    ) -> Outcome {
        page_size(limit)?;
        require((1..=2048).contains(&key.chars().count()))?;
        grant_id(id)?;
        let key = self.admit(seat, key, "ListGrants")?;
        let entries = self.key(key).grants.iter().filter(|grant| {
            id.is_none_or(|id| grant.id == id) && grantee.is_none_or(|grantee| grant.grantee == grantee)
        });
        let mut entries: Vec<_> = entries.map(|grant| self.entry(key, grant)).collect();
        // By creation, then by ID (API-040).
        entries.sort_by(|one, other| (one.created, &one.id).cmp(&(other.created, &other.id)));
        Ok(Reply::Grants(entries))
    }

    /// Of all accounts, in this Region (GRA-51).
    pub fn list_retirable_grants(&mut self, seat: Seat, principal: &str, limit: Option<i64>) -> Outcome {
        page_size(limit)?;
        self.authorize_identity(seat, "ListRetirableGrants", Some("*"))?;
        let place = seat.place();
        if !principal.contains(&format!("::{}:", place.account)) {
            return Err(Refusal::code("AccessDeniedException"));
        }
        let mut entries = Vec::new();
        for at in [seat.at & !1, seat.at | 1] {
            for (index, key) in self.living(at) {
                let retirable = key.grants.iter().filter(|grant| grant.retiring.as_deref() == Some(principal));
                entries.extend(retirable.map(|grant| self.entry(Spot { at, index }, grant)));
            }
        }
        entries.sort();
        Ok(Reply::Grants(entries))
    }

    pub fn revoke_grant(&mut self, seat: Seat, key: &str, id: &str, dry_run: bool) -> Outcome {
        require((1..=2048).contains(&key.chars().count()))?;
        grant_id(Some(id))?;
        let key = self.admit(seat, key, "RevokeGrant")?;
        let Some(index) = self.key(key).grants.iter().position(|grant| grant.id == id) else {
            return Err(Refusal::code("NotFoundException"));
        };
        if dry_run {
            return Err(super::rules::dry());
        }
        self.key_mut(key).grants.remove(index);
        Ok(Reply::Unit)
    }

    pub fn retire_grant(&mut self, seat: Seat, by: &By, dry_run: bool) -> Outcome {
        let (key, index) = match by {
            By::Token(token) => {
                self.tokens(seat, std::slice::from_ref(token))?;
                let found = self.grant_with(|grant| grant.tokens.contains(token));
                found.ok_or_else(|| Refusal::code("NotFoundException"))?
            }
            By::Id { key, id } => {
                require((1..=2048).contains(&key.chars().count()))?;
                grant_id(Some(id))?;
                let rule = row("RetireGrant");
                let key = self.resolve_key(seat, key, rule)?;
                let Named::Key(key) = key else { return Err(self.opaque(seat, "RetireGrant", "this resource")) };
                let index = self.key(key).grants.iter().position(|grant| grant.id == *id);
                match index {
                    Some(index) => (key, index),
                    // To those who have no right, grants that are not there look like others (GRA-63).
                    None if !self.is_foreign(seat, key) && seat.role == Role::Root => {
                        self.touch(seat, key, true);
                        self.settle(key);
                        return Err(Refusal::code("NotFoundException"));
                    }
                    None if self.is_foreign(seat, key) => {
                        return Err(self.opaque(seat, "RetireGrant", "this resource"));
                    }
                    None => return Err(self.retire_refusal(seat, key)),
                }
            }
        };
        // Who presents a token is told of its key, whatever else it may not (GRA-66).
        self.trail.found.push(self.arn(key));
        if !self.may_retire(seat, key, &self.key(key).grants[index]) {
            if self.is_foreign(seat, key) {
                return Err(self.opaque(seat, "RetireGrant", "this resource"));
            }
            return Err(self.retire_refusal(seat, key));
        }
        self.touch(seat, key, true);
        self.settle(key);
        if dry_run {
            return Err(super::rules::dry());
        }
        let grant = self.key_mut(key).grants.remove(index);
        self.trail.additional = serde_json::json!({ "grantId": grant.id });
        Ok(Reply::Unit)
    }

    /// GRA-57 to GRA-59.
    fn may_retire(&self, seat: Seat, key: Spot, grant: &Grant) -> bool {
        if seat.role == Role::Clerk {
            // The identity policy of the clerk denies it.
            return false;
        }
        let named = |principal: &str| principal == seat.arn();
        let retiring = grant.retiring.as_deref();
        retiring.is_some_and(named)
            || (named(&grant.grantee) && grant.operations.contains("RetireGrant"))
            || (seat.role == Role::Root
                && ((grant.grantee == seat.root_arn() && grant.operations.contains("RetireGrant"))
                    || grant.issuer == seat.root_arn()
                    || !self.is_foreign(seat, key)
                    || retiring == Some(&*seat.root_arn())))
    }

    fn retire_refusal(&self, _: Seat, _: Spot) -> Refusal {
        Refusal::code("AccessDeniedException")
    }

    fn grant_with(&self, fits: impl Fn(&Grant) -> bool) -> Option<(Spot, usize)> {
        (0..self.scopes.len())
            .flat_map(|at| self.living(at).map(move |(index, key)| (Spot { at, index }, key)))
            .find_map(|(spot, key)| key.grants.iter().position(&fits).map(|index| (spot, index)))
    }

    fn entry(&self, key: Spot, grant: &Grant) -> GrantEntry {
        GrantEntry {
            key: self.arn(key),
            created: grant.created,
            id: grant.id.clone(),
            name: grant.name.clone(),
            grantee: grant.grantee.clone(),
            retiring: grant.retiring.clone(),
            issuer: grant.issuer.clone(),
            operations: grant.operations.iter().map(|operation| (*operation).to_owned()).collect(),
            constraint: grant.constraint.as_ref().map(|constraint| (constraint.exact, constraint.pairs.clone())),
        }
    }

    /// Texts that no call in this Region has returned are refused, whatever else holds (GRA-45). Others change nothing (GRA-47).
    pub fn tokens(&self, seat: Seat, tokens: &[String]) -> Result<(), Refusal> {
        let region = seat.place().region;
        let is_known = |token: &String| self.tokens.iter().any(|(known, told)| (known, *told) == (token, region));
        if tokens.iter().all(is_known) { Ok(()) } else { Err(Refusal::code("InvalidGrantTokenException")) }
    }
}

impl Grant {
    /// Whether the encryption context is as the grant wants it (GRA-25 to GRA-28).
    pub fn fits(&self, action: &str, context: Option<&Context>) -> bool {
        let Some(Constraint { exact, pairs }) = &self.constraint else { return true };
        if matches!(action, "DescribeKey" | "RetireGrant" | "CreateGrant") {
            return true;
        }
        let Some(context) = context else { return false };
        let holds = |key: &String, value: &String| {
            let mut same = context.iter().filter(|(other, _)| other.eq_ignore_ascii_case(key)).peekable();
            same.peek().is_some() && same.all(|(_, other)| other == value)
        };
        let foreign = |key: &String| !pairs.keys().any(|other| other.eq_ignore_ascii_case(key));
        pairs.iter().all(|(key, value)| holds(key, value))
            && (!exact || (context.len() == pairs.len() && !context.keys().any(foreign)))
    }

    /// Whether a grant with this constraint is at least as narrow (GRA-32).
    fn admits(&self, child: Option<&Constraint>) -> bool {
        let Some(parent) = &self.constraint else { return true };
        let Some(child) = child else { return false };
        let within = |pairs: &Context, all: &Context| {
            pairs
                .iter()
                .all(|(key, value)| all.iter().any(|(other, same)| other.eq_ignore_ascii_case(key) && same == value))
        };
        let holds = within(&parent.pairs, &child.pairs);
        if parent.exact { child.exact && holds && parent.pairs.len() == child.pairs.len() } else { holds }
    }
}

/// The form of an ID is looked at before anything else is.
fn grant_id(id: Option<&str>) -> Result<(), Refusal> {
    if id.is_none_or(is_grant_id) { Ok(()) } else { Err(Refusal::code("InvalidGrantIdException")) }
}

fn is_grant_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
