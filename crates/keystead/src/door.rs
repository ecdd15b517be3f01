//! The one door: every operation passes the steps of API-012, one function each, in this order.
//!
//! shape → resolve → tokens, attestation → authorize → settle → capability → state → prepare → dry run → perform →
//! commit with record → deliver → answer

use std::cell::OnceCell;

use keystead_hierarchy::spec::KeyState;
use keystead_policy::Principal;
use keystead_types::{AccountId, KeyArn, KeyId, Timestamp};

use crate::answer::{Answer, CallError, RequestId};
use crate::audit::{AuditExtras, Draft};
use crate::authorize::{Authorized, authorize};
use crate::caller::Caller;
use crate::catalogue::{Row, States};
use crate::client::Client;
use crate::commit::{Changes, CommitFailure};
use crate::engine::{Engine, crypto};
use crate::maintenance::Settled;
use crate::region::{HeldLocks, LockSet, RegionState};
use crate::request::Request;
use crate::resolve::Resolver;
use crate::targets::{Target, Targets};
use crate::value::{MemberValue, Values};
use crate::{Error, shape};

/// An operation of the KMS API. Implemented by its request.
#[doc(hidden)]
#[allow(private_interfaces, private_bounds)]
pub trait Operation: Request + sealed::Sealed {
    /// What it works on.
    type Targets: Targets;
    /// What is left to do when nothing can fail any more.
    type Prepared<'p>
    where
        Self: 'p;
    /// What the caller gets.
    type Response;

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

pub(crate) mod sealed {
    /// Operations are the crate's own.
    pub trait Sealed {}
}

/// What an operation has done.
#[doc(hidden)]
#[derive(Debug)]
pub struct Effect<R> {
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
#[doc(hidden)]
pub struct CallFacts<'c> {
    pub(crate) engine: &'c Engine,
    pub(crate) region: &'c RegionState,
    pub(crate) caller: &'c Caller,
    pub(crate) principal: &'c Principal,
    /// The account in which names are looked up and whose quotas count.
    pub(crate) account: AccountId,
    /// Read once (STA-03).
    pub(crate) now: Timestamp,
    pub(crate) row: &'static Row,
    pub(crate) values: &'c Values<'c>,
    pub(crate) request_id: RequestId,
    fresh_key: OnceCell<KeyArn>,
}

impl CallFacts<'_> {
    /// The ARN of the key that this call creates; the same however often it is asked.
    pub(crate) fn fresh_key(&self) -> Result<KeyArn, Error> {
        if let Some(arn) = self.fresh_key.get() {
            return Ok(*arn);
        }
        let mut random = [0; 16];
        self.engine.entropy.fill(&mut random).map_err(crypto)?;
        let arn = self.region.key_arn(self.account, KeyId::single_region(random));
        Ok(*self.fresh_key.get_or_init(|| arn))
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
    let values = operation.values();
    let facts = CallFacts {
        engine,
        region: client.region_state(),
        caller: client.caller(),
        principal: client.principal(),
        account: client.account(),
        now: engine.now(),
        row,
        values: &values,
        request_id,
        fresh_key: OnceCell::new(),
    };
    let result = attempt(operation, &facts);
    if let Err(error) = &result {
        tracing::debug!(code = error.code(), "refused");
    }
    match result {
        Ok(response) => Ok(Answer::new(response, request_id)),
        Err(error) => Err(CallError::new(error, request_id)),
    }
}

fn attempt<O: Operation>(operation: &O, call: &CallFacts<'_>) -> Result<O::Response, Error> {
    // A conflict means that a record changed between reading and committing it although its lock was held, as when a
    // deletion counts keys down meanwhile; the whole call is decided anew.
    for _ in 0..COMMIT_RETRIES {
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

fn carry_out<O: Operation>(
    operation: &O,
    call: &CallFacts<'_>,
    draft: &mut Draft,
) -> Result<Done<O::Response>, Error> {
    shape::check(call.row, call.values)?;
    operation.check()?;
    let (targets, held) = enter(operation, call, draft)?;
    operation.capability(&targets, call)?;
    judge_state(&*targets, call)?;
    let prepared = operation.prepare(&targets, call)?;
    end_dry_run(call)?;
    let effect = O::perform(prepared, call)?;
    finish(call, draft, effect, held)
}

/// Steps 5 to 7, and settling: resolves, checks tokens, authorizes, and brings the targets up to date. A call that
/// changes something goes on with its targets locked.
fn enter<'c, O: Operation>(
    operation: &O,
    call: &CallFacts<'c>,
    draft: &mut Draft,
) -> Result<(Authorized<O::Targets>, Option<HeldLocks<'c>>), Error> {
    let resolver = Resolver { region: call.region, account: call.account, row: call.row, now: call.now };
    let wanted = operation.wanted(call)?;
    let mut held: Option<HeldLocks<'c>> = None;
    loop {
        let resolved = O::Targets::resolve(&wanted, &resolver);
        let targets = match resolved {
            Ok(targets) => targets,
            Err(error) => {
                bury(&wanted_dead::<O>(&resolver), call);
                return Err(error);
            }
        };
        draft.resolved(&targets, call);
        check_tokens(call)?;
        let targets = authorize(targets, call.row, call)?;
        draft.authorized(&*targets, call);
        if let Some(overdue) = overdue(&*targets, call) {
            held = None;
            if settle(&overdue, call)? {
                continue;
            }
        }
        if call.row.read_only {
            return Ok((targets, None));
        }
        let needed = lock_set(&*targets, call);
        match &held {
            Some(locks) if locks.cover(&needed) => return Ok((targets, held)),
            _ => {
                drop(held.take());
                held = Some(call.region.locks.lock(needed));
            }
        }
    }
}
