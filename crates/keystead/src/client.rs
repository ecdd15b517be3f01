//! A caller in a Region: where operations begin.

use std::fmt;
use std::sync::Arc;

use keystead_policy::Principal;
use keystead_types::AccountId;

use crate::Error;
use crate::answer::{Answer, CallError};
use crate::audit::UserIdentity;
use crate::caller::{Caller, CallerError};
use crate::door::{self, Operation};
use crate::engine::Engine;
use crate::explain::CallExplanation;
use crate::region::RegionState;
use crate::upkeep::Instance;

/// A caller in a Region. Cheap to clone; made by [`Kms::client`](crate::Kms::client).
///
/// Each operation of the API is a method: required members are its arguments, optional ones are set on the returned
/// [`Call`], and [`Call::send`] carries it out.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    instance: Arc<Instance>,
    region: Arc<RegionState>,
    region_name: Box<str>,
    caller: Caller,
    principal: Principal,
    identity: Arc<UserIdentity>,
    account: AccountId,
    account_root: Option<Box<str>>,
}

/// One call of an operation, not yet sent.
#[derive(Clone)]
#[must_use = "a call does nothing until it is sent"]
pub struct Call<'c, O> {
    pub(crate) client: &'c Client,
    pub(crate) request: O,
}

impl Client {
    pub(crate) fn new(instance: Arc<Instance>, region: Arc<RegionState>, caller: Caller, account: AccountId) -> Self {
        let principal = caller.principal(region.partition);
        let identity = Arc::new(caller.statement().identity(&principal));
        let region_name = region.region.as_str().into();
        let partition = region.partition;
        let account_root = principal.account().map(|account| format!("arn:{partition}:iam::{account}:root").into());
        Self(Arc::new(Inner { instance, region, region_name, caller, principal, identity, account, account_root }))
    }

    /// Prepares a call of any operation from its request.
    pub fn call<O>(&self, request: O) -> Call<'_, O> {
        Call { client: self, request }
    }

    /// The account whose names this client resolves.
    pub fn account(&self) -> AccountId {
        self.0.account
    }

    /// The Region of this client.
    pub fn region(&self) -> keystead_types::Region {
        self.0.region.region
    }

    /// The ARN of the caller.
    pub fn caller_arn(&self) -> &str {
        self.0.principal.arn()
    }

    /// A client of another caller in the same Region and instance. A caller without account keeps this client's.
    ///
    /// # Errors
    /// [`CallerError`] when what is stated about the caller is contradictory.
    pub fn with_caller(&self, caller: Caller) -> Result<Self, CallerError> {
        caller.check()?;
        let account = caller.account().unwrap_or(self.0.account);
        Ok(Self::new(Arc::clone(&self.0.instance), Arc::clone(&self.0.region), caller, account))
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.instance
    }

    pub(crate) fn region_state(&self) -> &RegionState {
        &self.0.region
    }

    pub(crate) fn region_name(&self) -> &str {
        &self.0.region_name
    }

    pub(crate) fn caller(&self) -> &Caller {
        &self.0.caller
    }

    pub(crate) fn principal(&self) -> &Principal {
        &self.0.principal
    }

    /// ARN of the root of the caller's own account; services have none.
    pub(crate) fn account_root(&self) -> Option<&str> {
        self.0.account_root.as_deref()
    }

    pub(crate) fn identity(&self) -> &Arc<UserIdentity> {
        &self.0.identity
    }
}

// Operations are the crate's own; the trait is its inside.
#[allow(private_bounds)]
impl<O: Operation> Call<'_, O> {
    /// Carries out the call.
    ///
    /// # Errors
    /// The exception that the operation answers with, and the ID of the request.
    pub fn send(self) -> Result<Answer<O::Response>, CallError> {
        door::call(self.client, &self.request)
    }

    /// Says what authorization would answer to the call, and why, as of now. Nothing is done, changed, recorded or
    /// counted against a quota. Whether the call would succeed otherwise is what `dry_run` tells.
    ///
    /// The explanation holds text of key policies: it is for who runs the service, not for its callers (POL-121).
    ///
    /// # Errors
    /// The exception of a call that does not get as far as authorization: a malformed request, a key that the caller's
    /// account does not have.
    pub fn explain(&self) -> Result<CallExplanation, Error> {
        door::explain(self.client, &self.request)
    }

    /// The request as it stands.
    pub fn request(&self) -> &O {
        &self.request
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("caller", &self.caller_arn())
            .field("region", &self.0.region.region)
            .finish_non_exhaustive()
    }
}

impl<O: fmt::Debug> fmt::Debug for Call<'_, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Call").field(&self.request).finish()
    }
}
