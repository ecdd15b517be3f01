//! When changes of grants begin to count (chapter 23, section 8; chapter 21, section 9).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::borrow::Cow;
use std::time::Duration;

use keystead::operations::CreateGrantResponse;
use keystead::{CallError, Caller, Client, GrantVisibilityDelay};
use serde_json::json;
use support::*;

const FIVE_MINUTES: Duration = Duration::from_secs(300);

/// A world in which changes of grants take a while, with a key, and users of its account without any policy.
struct Lagging {
    world: World,
    key: Key,
}

impl Lagging {
    fn by(delay: GrantVisibilityDelay) -> Self {
        let world = World::with(|builder| builder.grant_visibility_delay(delay));
        let key = world.key();
        Self { world, key }
    }

    fn user(&self, name: &str) -> Client {
        self.world.client(Caller::user(ACCOUNT, name).unwrap())
    }

    fn grant(&self, grantee: &Client, operations: &[&'static str]) -> CreateGrantResponse {
        let mut call = self.world.root.create_grant(&self.key.id, grantee.caller_arn());
        for operation in operations {
            call = call.operation(*operation);
        }
        call.send().unwrap().into_inner()
    }

    fn encrypt(&self, client: &Client, tokens: &[&str]) -> Result<(), CallError> {
        let tokens: Vec<Cow<'_, str>> = tokens.iter().map(|token| Cow::Borrowed(*token)).collect();
        client.encrypt(&self.key.id, b"x").grant_tokens(tokens).send().map(drop)
    }

    fn listed(&self) -> usize {
        self.world.root.list_grants(&self.key.id).send().unwrap().grants.len()
    }
}

/// Spec: GRA-48, GRA-03, GRA-43, GRA-47, POL-126
#[test]
fn a_new_grant_counts_after_the_delay_or_with_its_token() {
    let lagging = Lagging::by(FIVE_MINUTES.into());
    let (u, v) = (lagging.user("u"), lagging.user("v"));
    let token = lagging.grant(&u, &["Encrypt"]).grant_token;
    assert_eq!(lagging.listed(), 1, "lists show it at once");
    assert_code(lagging.encrypt(&u, &[]), "AccessDeniedException");
    lagging.encrypt(&u, &[&token]).unwrap();
    assert_code(lagging.encrypt(&v, &[&token]), "AccessDeniedException");
    assert_code(lagging.encrypt(&u, &["junk"]), "InvalidGrantTokenException");
    assert_code(lagging.encrypt(&u, &[token.as_str(); 11]), "ValidationException");

    lagging.world.clock.advance(FIVE_MINUTES - Duration::from_millis(1));
    assert_code(lagging.encrypt(&u, &[]), "AccessDeniedException");
    lagging.world.clock.advance(Duration::from_millis(1));
    lagging.encrypt(&u, &[]).unwrap();
    lagging.encrypt(&u, &[&token]).unwrap();
}

/// Spec: GRA-46, GRA-48
#[test]
fn a_token_makes_no_other_grant_visible() {
    let lagging = Lagging::by(FIVE_MINUTES.into());
    let u = lagging.user("u");
    let other = lagging.world.key();
    let elsewhere = lagging.world.root.create_grant(&other.id, u.caller_arn()).operation("Encrypt").send().unwrap();
    let decrypt = lagging.grant(&u, &["Decrypt"]).grant_token;
    let encrypt = lagging.grant(&u, &["Encrypt"]).grant_token;
    assert_code(lagging.encrypt(&u, &[&elsewhere.grant_token, &decrypt]), "AccessDeniedException");
    lagging.encrypt(&u, &[&elsewhere.grant_token, &decrypt, &encrypt]).unwrap();
}

/// Spec: GRA-44, GRA-48, GRA-34
#[test]
fn a_token_shows_the_parent_of_a_child_grant() {
    let lagging = Lagging::by(FIVE_MINUTES.into());
    let (u, v) = (lagging.user("u"), lagging.user("v"));
    let parent = lagging.grant(&u, &["Encrypt", "CreateGrant"]).grant_token;
    let child = |tokens: &[&str]| {
        let tokens: Vec<Cow<'_, str>> = tokens.iter().map(|token| Cow::Owned((*token).to_owned())).collect();
        u.create_grant(&lagging.key.id, v.caller_arn()).operation("Encrypt").grant_tokens(tokens).send()
    };
    assert_code(child(&[]), "AccessDeniedException");
    let child = child(&[&parent]).unwrap().into_inner().grant_token;
    assert_code(lagging.encrypt(&v, &[&parent]), "AccessDeniedException");
    lagging.encrypt(&v, &[&child]).unwrap();
}

/// Spec: GRA-48, GRA-47, GRA-54
#[test]
fn a_removed_grant_goes_on_to_count_for_a_while() {
    let delays = GrantVisibilityDelay::NONE.with_retire(FIVE_MINUTES).with_revoke(2 * FIVE_MINUTES);
    let lagging = Lagging::by(delays);
    let (u, v) = (lagging.user("u"), lagging.user("v"));
    let retired = lagging.grant(&u, &["Encrypt"]);
    let revoked = lagging.grant(&v, &["Encrypt"]);
    lagging.encrypt(&u, &[]).unwrap();
    lagging.world.root.retire_grant().grant_token(&*retired.grant_token).send().unwrap();
    lagging.world.root.revoke_grant(&lagging.key.id, &revoked.grant_id).send().unwrap();
    assert_eq!(lagging.listed(), 0);
    assert_code(lagging.world.root.revoke_grant(&lagging.key.id, &retired.grant_id).send(), "NotFoundException");
    lagging.encrypt(&u, &[]).unwrap();
    lagging.encrypt(&v, &[]).unwrap();
    assert_code(lagging.user("w").encrypt(&lagging.key.id, b"x").send(), "AccessDeniedException");

    lagging.world.clock.advance(FIVE_MINUTES);
    assert_code(lagging.encrypt(&u, &[&retired.grant_token]), "AccessDeniedException");
    lagging.encrypt(&v, &[]).unwrap();
    lagging.world.clock.advance(FIVE_MINUTES);
    assert_code(lagging.encrypt(&v, &[]), "AccessDeniedException");
}

/// Spec: GRA-62
#[test]
fn retiring_by_token_needs_no_visibility_retiring_by_id_does() {
    let lagging = Lagging::by(FIVE_MINUTES.into());
    let (u, t) = (lagging.user("u"), lagging.user("t"));
    let make = || {
        let call = lagging.world.root.create_grant(&lagging.key.id, u.caller_arn()).operation("Encrypt");
        call.retiring_principal(t.caller_arn().to_owned()).send().unwrap().into_inner()
    };
    let by_id = |client: &Client, grant: &CreateGrantResponse| {
        client.retire_grant().key_id(&*lagging.key.arn).grant_id(&grant.grant_id).send()
    };
    let (first, second) = (make(), make());
    t.retire_grant().grant_token(&*first.grant_token).send().unwrap();
    // Whom only the grant could entitle is refused, the account finds nothing.
    assert_code(by_id(&t, &second), "AccessDeniedException");
    assert_code(by_id(&lagging.world.root, &second), "NotFoundException");
    lagging.world.clock.advance(FIVE_MINUTES);
    by_id(&t, &second).unwrap();
    assert_eq!(lagging.listed(), 0);
}

/// Policies, tags, aliases and grants: all of them hold for the next request.
///
/// Spec: POL-126, GRA-48, GRA-64
#[test]
fn by_default_every_change_counts_at_once() {
    let world = World::new();
    let key = world.key();
    let bob = || Caller::user(ACCOUNT, "bob").unwrap();
    let encrypts = |caller: Caller| world.client(caller).encrypt(&key.id, b"x").send().is_ok();

    assert!(!encrypts(bob()));
    let arn = world.client(bob()).caller_arn().to_owned();
    let grant = world.root.create_grant(&key.id, arn.clone()).operation("Encrypt").send().unwrap();
    assert!(encrypts(bob()));
    world.root.revoke_grant(&key.id, &grant.grant_id).send().unwrap();
    assert!(!encrypts(bob()));
    let grant = world.root.create_grant(&key.id, arn.clone()).operation("Encrypt").send().unwrap();
    assert!(encrypts(bob()));
    world.root.retire_grant().grant_token(&*grant.grant_token).send().unwrap();
    assert!(!encrypts(bob()));

    let direct = json!({ "Effect": "Allow", "Principal": { "AWS": arn }, "Action": "kms:Encrypt", "Resource": "*" });
    world.root.put_key_policy(&key.id, policy(&[delegation(), direct])).send().unwrap();
    assert!(encrypts(bob()));
    world.root.put_key_policy(&key.id, policy(&[delegation()])).send().unwrap();
    assert!(!encrypts(bob()));

    let under = |condition: serde_json::Value| {
        let statement = json!({ "Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*", "Condition": condition });
        bob().identity_policy(&policy(&[statement])).unwrap()
    };
    let tagged = || under(json!({ "StringEquals": { "aws:ResourceTag/team": "orders" } }));
    assert!(!encrypts(tagged()));
    world.root.tag_resource(&key.id).tag("team", "orders").send().unwrap();
    assert!(encrypts(tagged()));
    world.root.untag_resource(&key.id).tag_key("team").send().unwrap();
    assert!(!encrypts(tagged()));

    let named = || under(json!({ "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/orders" } }));
    assert!(!encrypts(named()));
    world.root.create_alias("alias/orders", &key.id).send().unwrap();
    assert!(encrypts(named()));
    world.root.delete_alias("alias/orders").send().unwrap();
    assert!(!encrypts(named()));
}
