//! The one door: every operation passes the steps of API-012, one function each, in this order.
//!
//! shape → limiter → resolve → tokens, attestation → authorize → settle → capability → state → prepare → dry run → perform →
//! commit with record → deliver → answer

use std::cell::{Cell, OnceCell};
use std::sync::Arc;

use keystead_crypto::SecretBytes;
use keystead_hierarchy::spec::KeyState;
use keystead_policy::Principal;
use keystead_types::{AccountId, KeyArn, KeyId, Timestamp};
use smallvec::SmallVec;

use crate::answer::{Answer, CallError, RequestId};
use crate::audit::{AuditExtras, AuditRecord, Draft, UserIdentity};
use crate::authorize::{Authorized, authorize, may_use};
use crate::caller::Caller;
use crate::catalogue::{Row, States};
use crate::client::Client;
use crate::commit::{Changes, CommitFailure};
use crate::engine::{Engine, crypto};
use crate::explain::{CallExplanation, explain_claims};
use crate::grant::open_token;
use crate::maintenance::Settled;
use crate::quota::{Charges, charge_change, charge_keys, charge_request};
use crate::recipient::Attested;
use crate::region::{HeldLocks, LockSet, RegionState};
use crate::request::Request;
use crate::resolve::Resolver;
use crate::snapshot::Held;
use crate::targets::{Named, Target, Targets};
use crate::usage::{KeyUse, Noted};
use crate::value::MemberValue;
use crate::{Error, recipient, shape};

/// An operation of the KMS API. Implemented by its request.
pub(crate) trait Operation: Request {
    /// What it works on.
    type Targets: Targets;
    /// What is left to do when nothing can fail any more.
    type Prepared<'p>
    where
        Self: 'p;
    /// Step 3: combinations of members that need no stored state.
    fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    /// How the request describes its targets.
    fn wanted<'r>(&'r self, call: &CallFacts<'_>) -> Result<<Self::Targets as Targets>::Wanted<'r>, Error>;

    /// Step 8: whether the targets can do this at all.
    fn capability(&self, targets: &Authorized<Self::Targets>, call: &CallFacts<'_>) -> Result<(), Error> {
        let _ = (targets, call);
        Ok(())
    }

    /// Steps 10 to 12: everything that can still fail.
    fn prepare<'p>(
        &'p self,
        targets: &'p Authorized<Self::Targets>,
        call: &CallFacts<'p>,
    ) -> Result<Self::Prepared<'p>, Error>;

    /// Step 14: the response and what it changes.
    fn perform(prepared: Self::Prepared<'_>, call: &CallFacts<'_>) -> Result<Effect<Self::Response>, Error>;
}

/// What an operation has done.
#[derive(Debug)]
pub(crate) struct Effect<R> {
    pub(crate) response: R,
    pub(crate) changes: Changes,
    pub(crate) audit: AuditExtras,
}

impl<R> Effect<R> {
    /// A response without changes.
    pub(crate) fn reading(response: R) -> Self {
        Self { response, changes: Changes::default(), audit: AuditExtras::default() }
    }

    pub(crate) fn changing(response: R, changes: Changes) -> Self {
        Self { response, changes, audit: AuditExtras::default() }
    }
}

/// The facts of one call, fixed when it begins.
pub(crate) struct CallFacts<'c> {
    pub(crate) engine: &'c Engine,
    pub(crate) region: &'c RegionState,
    pub(crate) caller: &'c Caller,
    pub(crate) principal: &'c Principal,
    /// The account in which names are looked up and whose quotas count.
    pub(crate) account: AccountId,
    /// ARN of the root of the caller's account, unless the caller is a service.
    pub(crate) account_root: Option<&'c str>,
    /// Read once (STA-03).
    pub(crate) now: Timestamp,
    pub(crate) row: &'static Row,
    pub(crate) values: &'c [MemberValue<'c>],
    pub(crate) identity: &'c Arc<UserIdentity>,
    pub(crate) request_id: RequestId,
    /// What the request has cost.
    pub(crate) charged: OnceCell<Charges>,
    /// Whether the key whose state changes has been charged, too.
    pub(crate) changed: Cell<bool>,
    fresh_key: OnceCell<KeyArn>,
    fresh_material: OnceCell<SecretBytes>,
    recipient: OnceCell<Option<Box<Attested>>>,
}

impl<'c> CallFacts<'c> {
    pub(crate) fn new(
        client: &'c Client,
        row: &'static Row,
        values: &'c [MemberValue<'c>],
        request_id: RequestId,
    ) -> Self {
        Self {
            engine: client.engine(),
            region: client.region_state(),
            caller: client.caller(),
            principal: client.principal(),
            account: client.account(),
            account_root: client.account_root(),
            now: client.engine().now(),
            row,
            values,
            identity: client.identity(),
            request_id,
            charged: OnceCell::new(),
            changed: Cell::new(false),
            fresh_key: OnceCell::new(),
            fresh_material: OnceCell::new(),
            recipient: OnceCell::new(),
        }
    }

    /// The ARN of the key that this call creates, with an ID made of random bits; the same however often it is asked.
    pub(crate) fn fresh_key(&self, id_of: impl FnOnce([u8; 16]) -> KeyId) -> Result<KeyArn, Error> {
        if let Some(arn) = self.fresh_key.get() {
            return Ok(*arn);
        }
        let mut random = [0; 16];
        self.engine.entropy.fill(&mut random).map_err(crypto)?;
        let arn = self.region.key_arn(self.account, id_of(random));
        Ok(*self.fresh_key.get_or_init(|| arn))
    }

    /// The material of the key, or the wrapping key, that this call creates. Made once, however often the call starts anew: a key pair may
    /// take seconds.
    pub(crate) fn fresh_material(
        &self,
        make: impl FnOnce() -> Result<SecretBytes, Error>,
    ) -> Result<&SecretBytes, Error> {
        if let Some(material) = self.fresh_material.get() {
            return Ok(material);
        }
        let material = make()?;
        Ok(self.fresh_material.get_or_init(|| material))
    }

    /// The attested environment that gets the result, once its document is verified.
    pub(crate) fn recipient(&self) -> Option<&Attested> {
        self.recipient.get()?.as_deref()
    }

    /// Whether anybody listens to audit records.
    pub(crate) fn is_recorded(&self) -> bool {
        !self.engine.audit.is_silent()
    }

    /// Whether the request has a member that is a switch and is on.
    fn is_set(&self, member: &str) -> bool {
        let value = self.row.member(member).and_then(|position| self.values.get(position));
        matches!(value, Some(MemberValue::Boolean(true)))
    }
}

/// Carries out one call.
pub(crate) fn call<O: Operation>(client: &Client, operation: &O) -> Result<Answer<O::Response>, CallError> {
    let row = O::ROW;
    let span = tracing::debug_span!("kms", operation = row.name, region = client.region_name());
    let _entered = span.enter();

    let engine = client.engine();
    let request_id = match engine.new_request_id() {
        Ok(id) => id,
        Err(error) => return Err(CallError::new(error, RequestId::from_random([0; 16]))),
    };
    let began = engine.meter.is_some().then(|| engine.clock.monotonic());
    let values = operation.values();
    let facts = CallFacts::new(client, row, &values, request_id);
    let result = attempt(operation, &facts);
    engine.evict_surplus(facts.now);
    if let (Some(meter), Some(began)) = (&engine.meter, began) {
        let took = engine.clock.monotonic().saturating_sub(began);
        meter.count(row, took, result.as_ref().err().map(Error::code));
    }
    if let Err(error) = &result {
        tracing::debug!(code = error.code(), "refused");
    }
    match result {
        Ok(response) => Ok(Answer::new(response, request_id)),
        Err(error) => Err(CallError::new(error, request_id)),
    }
}

/// Steps 1 to 5 and 7 of a call as explanation only: nothing is changed, recorded or counted.
pub(crate) fn explain<O: Operation>(client: &Client, operation: &O) -> Result<CallExplanation, Error> {
    let values = operation.values();
    let call = CallFacts::new(client, O::ROW, &values, RequestId::from_random([0; 16]));
    shape::check(call.row, call.values)?;
    recipient::check_members(&call)?;
    operation.check()?;
    let targets = O::Targets::resolve(&operation.wanted(&call)?, &Resolver::new(&call))?;
    call.engine.evict_surplus(call.now);
    check_tokens(&call)?;
    Ok(explain_claims(&targets.claims(call.row), &call))
}

fn attempt<O: Operation>(operation: &O, call: &CallFacts<'_>) -> Result<O::Response, Error> {
    // A conflict means that a record changed between reading and committing it although its lock was held, as when a
    // deletion counts keys down meanwhile; the whole call is decided anew.
    for tries in 0..COMMIT_RETRIES {
        // New material must be sealed under the present domain key; rotations close upon each other could outrun it.
        let _no_rotation = (tries >= UNHELD_TRIES).then(|| call.region.hold_domain_key());
        let mut draft = Draft::new(call);
        match carry_out(operation, call, &mut draft) {
            Ok(Done::Response(response)) => return Ok(response),
            Ok(Done::Conflict) => continue,
            Err(error) => return Err(refused(call, draft, error)),
        }
    }
    let error = Error::KmsInternal("the records of the call keep changing; try again".into());
    Err(refused(call, Draft::new(call), error))
}

enum Done<R> {
    Response(R),
    Conflict,
}

fn carry_out<O: Operation>(operation: &O, call: &CallFacts<'_>, draft: &mut Draft) -> Result<Done<O::Response>, Error> {
    shape::check(call.row, call.values)?;
    recipient::check_members(call)?;
    operation.check()?;
    charge_request(call)?;
    let (targets, held) = enter(operation, call, draft)?;
    operation.capability(&targets, call)?;
    judge_state(&*targets, call)?;
    let prepared = operation.prepare(&targets, call)?;
    end_dry_run(call)?;
    let effect = O::perform(prepared, call)?;
    finish(call, draft, effect, held, &*targets)
}

/// Steps 4 to 7, and settling: resolves, checks tokens, authorizes, and brings the targets up to date. A call that
/// changes something goes on with its targets locked, and looks at them again under the lock.
fn enter<'c, O: Operation>(
    operation: &O,
    call: &CallFacts<'c>,
    draft: &mut Draft,
) -> Result<(Authorized<O::Targets>, Option<HeldLocks<'c>>), Error> {
    let resolver = Resolver::new(call);
    let wanted = operation.wanted(call)?;
    let mut held: Option<HeldLocks<'c>> = None;
    let mut attempts = SETTLE_ATTEMPTS;
    let mut left_overdue = SmallVec::<[KeyArn; 1]>::new();
    loop {
        let targets = resolve_and_authorize::<O>(&wanted, &resolver, call, draft);
        let targets = match targets {
            Ok(targets) => targets,
            Err(error) => {
                drop(held);
                let made_up = resolver.make_up();
                bury(resolver.into_dead(), call);
                return Err(made_up.err().unwrap_or(error));
            }
        };
        if attempts > 0
            && let Some(overdue) = overdue(&*targets, &left_overdue, call)
        {
            drop(held.take());
            attempts -= 1;
            if !settle(&overdue, call) {
                left_overdue.push(overdue);
            }
            continue;
        }
        if call.row.read_only && targets.changed_alias().is_none() {
            return Ok((targets, None));
        }
        let needed = lock_set(&*targets, call);
        if held.as_ref().is_some_and(|locks| locks.cover(&needed)) {
            return Ok((targets, held));
        }
        drop(held.take());
        held = Some(call.region.locks.lock(needed));
    }
}

fn resolve_and_authorize<O: Operation>(
    wanted: &<O::Targets as Targets>::Wanted<'_>,
    resolver: &Resolver<'_>,
    call: &CallFacts<'_>,
    draft: &mut Draft,
) -> Result<Authorized<O::Targets>, Error> {
    let targets = O::Targets::resolve(wanted, resolver);
    // Which kind of key another account has is told to nobody without a right to it (API-014).
    let is_secret = targets.as_ref().is_ok_and(|targets| targets.keys().iter().any(|key| key.foreign));
    if !is_secret {
        charge_keys(call, targets.iter().flat_map(Targets::keys))?;
    }
    let targets = targets?;
    draft.resolved(&targets, call);
    let targets = check_tokens(call).and_then(|()| authorize(targets, call.row, call));
    if is_secret {
        charge_keys(call, targets.iter().flat_map(|targets| targets.keys()))?;
    }
    let targets = targets?;
    draft.authorized(&*targets, call);
    targets.judged().iter().try_for_each(|key| charge_change(call, key))?;
    Ok(targets)
}

/// Step 6: grant tokens and attestation documents.
fn check_tokens(call: &CallFacts<'_>) -> Result<(), Error> {
    for (member, value) in call.row.members.iter().zip(call.values) {
        match (member.name, value) {
            // It adds something only while its grant is not visible yet; but it must be one (GRA-45 to GRA-47).
            ("GrantTokens", MemberValue::TextList(tokens)) => {
                tokens.iter().try_for_each(|token| open_token(call.engine, call.region, token).map(drop))?;
            }
            ("Recipient", MemberValue::Structure(_)) if call.recipient.get().is_none() => {
                let attested = recipient::verify(call)?.map(Box::new);
                call.recipient.get_or_init(|| attested);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Step 9: whether the state of every judged key admits the operation (STA-38).
fn judge_state(targets: &impl Targets, call: &CallFacts<'_>) -> Result<(), Error> {
    for target in targets.judged() {
        let state = target.snapshot().state(call.now);
        if !call.row.states.admits(state) {
            return Err(state_error(call.row, state, &target.snapshot().arn_text));
        }
        // A change of the primary Region shows in front of missing material, but does not make up for it (IMP-50).
        let pending = KeyState::PendingImport;
        if state == KeyState::Updating && target.snapshot().lacks_material(call.now) && !call.row.states.admits(pending)
        {
            return Err(state_error(call.row, pending, &target.snapshot().arn_text));
        }
    }
    Ok(())
}

/// The exception for a key state (STA-22 to STA-36).
fn state_error(row: &Row, state: KeyState, arn: &str) -> Error {
    if row.states == States::PENDING {
        return Error::KmsInvalidState(format!("{arn} is not pending deletion.").into());
    }
    let is = match state {
        KeyState::Disabled => return Error::Disabled(format!("{arn} is disabled.").into()),
        KeyState::PendingDeletion => "pending deletion",
        KeyState::PendingReplicaDeletion => "pending replica deletion",
        KeyState::PendingImport => "pending import",
        KeyState::Unavailable => "unavailable",
        KeyState::Creating => "creating",
        KeyState::Updating => "updating",
        KeyState::Enabled => "enabled",
    };
    Error::KmsInvalidState(format!("{arn} is {is}.").into())
}

/// Step 13: a dry run ends here, whatever it would have done (PRM-28).
fn end_dry_run(call: &CallFacts<'_>) -> Result<(), Error> {
    if call.is_set("DryRun") {
        let message = "The request would have succeeded, but the DryRun option is set.";
        return Err(Error::DryRunOperation(message.into()));
    }
    Ok(())
}

/// Step 15: commits, delivers the record, answers.
fn finish<R>(
    call: &CallFacts<'_>,
    draft: &Draft,
    effect: Effect<R>,
    held: Option<HeldLocks<'_>>,
    targets: &impl Targets,
) -> Result<Done<R>, Error> {
    let records = draft.succeeded(call, effect.audit)?;
    let uses = uses(targets, &records, call);
    let committed = call.engine.commit(effect.changes, records);
    drop(held);
    match committed {
        Ok(()) => {
            note_uses(targets, &uses, call);
            Ok(Done::Response(effect.response))
        }
        Err(CommitFailure::Conflict) => Ok(Done::Conflict),
        Err(CommitFailure::Failed(error)) => Err(error),
    }
}

/// What a successful call says of its keys: that it has used them, with the record in their owner's account (API-123).
fn uses(targets: &impl Targets, records: &[AuditRecord], call: &CallFacts<'_>) -> SmallVec<[KeyUse; 2]> {
    if !call.row.bucket.is_cryptographic() {
        return SmallVec::new();
    }
    let event = |owner| records.iter().find(|record| record.recipient_account_id == Some(owner));
    let of_key = |key: &Target| KeyUse {
        at: call.now,
        operation: call.row.name,
        event_id: event(key.arn().account).map(|record| record.event_id),
        request_id: *call.request_id.as_uuid(),
    };
    targets.keys().into_iter().map(of_key).collect()
}

/// Notes the uses beside the keys. Once in an hour they are saved at once; that this fails is no fault of the call.
fn note_uses(targets: &impl Targets, uses: &[KeyUse], call: &CallFacts<'_>) {
    for (key, used) in targets.keys().into_iter().zip(uses) {
        match key.snapshot().usage.note(*used) {
            Noted::Later => {}
            Noted::FirstUnsaved => call.engine.unsaved.add(*key.arn(), &key.snapshot().usage),
            Noted::SaveIsDue => {
                if let Err(error) = call.engine.save_uses(&[*key.arn()]) {
                    tracing::warn!(key = %key.arn(), %error, "the last use of the key could not be saved");
                }
            }
        }
    }
}

/// Records a failed call. Without its record it fails with that.
fn refused(call: &CallFacts<'_>, draft: Draft, error: Error) -> Error {
    let records = match draft.failed(call, &error) {
        Ok(records) => records,
        Err(error) => return error,
    };
    let records: Vec<_> = records.into_iter().map(Arc::new).collect();
    call.engine.deliver(&records).err().unwrap_or(error)
}

/// The first target that time has changed, and that is not to be left so. Expired material goes with the next access,
/// whatever that is (IMP-49).
fn overdue(targets: &impl Targets, left: &[KeyArn], call: &CallFacts<'_>) -> Option<KeyArn> {
    let is_overdue = |target: &&Target| target.snapshot().is_overdue(call.now) && !left.contains(target.arn());
    let is_expired =
        |target: &&Target| target.snapshot().has_expired_material(call.now) && !left.contains(target.arn());
    let settled = targets.settled().into_iter().find(is_overdue);
    let own = settled.or_else(|| targets.keys().into_iter().find(is_expired)).map(|target| *target.arn());
    // What has expired at the primary may have left the whole set (MRK-77).
    let related = |target: &Target| call.engine.first_expired(target.snapshot(), call.now).ok().flatten();
    own.or_else(|| targets.keys().into_iter().filter_map(related).find(|arn| !left.contains(arn)))
}

/// Whether it is worth to look again. A rotation that fails is left for the next time (ROT-10).
fn settle(arn: &KeyArn, call: &CallFacts<'_>) -> bool {
    let settled = match call.engine.region(arn.region) {
        Ok(region) => call.engine.settle(&region, arn, call.now),
        Err(error) => Err(error),
    };
    match settled {
        Ok(Settled::Nothing) => false,
        Ok(_) => true,
        Err(error) => {
            tracing::warn!(key = %arn, %error, "overdue change could not be made");
            false
        }
    }
}

/// Removes keys whose waiting period is over and that a caller with rights has touched (STA-02). Callers without
/// rights trigger nothing.
fn bury(dead: Vec<Held>, call: &CallFacts<'_>) {
    for key in dead {
        let arn = key.arn;
        let target = Target { key, named: Named::Id, foreign: arn.account != call.account, exists: true };
        if may_use(&target, call) {
            let _ = (0..SETTLE_ATTEMPTS).all(|_| settle(&arn, call));
        }
    }
}

fn lock_set(targets: &impl Targets, call: &CallFacts<'_>) -> LockSet {
    let mut set = LockSet::default();
    for target in targets.keys() {
        call.region.locks.add_key(&mut set, target.arn());
    }
    if let Some(alias) = targets.changed_alias() {
        call.region.locks.add_alias(&mut set, alias.account, &alias.name);
    }
    set
}

/// A feature of the API that this version does not have.
pub(crate) fn not_yet(feature: &str) -> Error {
    Error::UnsupportedOperation(format!("{feature} are not supported by this version of Keystead.").into())
}

/// How often a call brings its targets up to date; more than any of them can need.
const SETTLE_ATTEMPTS: u32 = 8;
/// How often a call starts anew because its records changed under it.
const COMMIT_RETRIES: usize = 32;
/// Tries before the domain key is held still.
const UNHELD_TRIES: usize = 4;
