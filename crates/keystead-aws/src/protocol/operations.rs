//! The operations by name: how each is decoded, called and encoded.

use keystead::Client;

use super::TARGET_PREFIX;
use super::reply::Reply;

/// One operation of the API.
pub(super) struct Operation {
    pub(super) name: &'static str,
    pub(super) pace: Pace,
    pub(super) call: fn(&Client, &[u8]) -> Reply,
}

/// How long an operation can take.
#[derive(Clone, Copy)]
pub(super) enum Pace {
    /// Microseconds, or a few milliseconds.
    Quick,
    /// Seconds, if it makes or checks an RSA key.
    SlowForRsa,
    /// As long as a custom key store takes.
    Slow,
}

impl Pace {
    pub(super) fn may_block(self, body: &[u8]) -> bool {
        match self {
            Self::Quick => false,
            // More often true than need be, which costs a thread and no more.
            Self::SlowForRsa => body.windows(RSA.len()).any(|window| window == RSA),
            Self::Slow => true,
        }
    }
}

/// The operation that a target names.
pub(super) fn find(target: &str) -> Option<&'static Operation> {
    let name = target.strip_prefix(TARGET_PREFIX)?;
    OPERATIONS.iter().find(|operation| operation.name == name)
}

const OPERATIONS: &[Operation] = &[];

/// What the names of all key specs and wrapping algorithms of RSA begin with.
const RSA: &[u8] = b"RSA";
