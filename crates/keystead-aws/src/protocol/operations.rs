//! The operations by name: how each is decoded, called and encoded.

use keystead::{Answer, CallError, Client};
use serde::{Deserialize, Serialize};

use super::TARGET_PREFIX;
use super::front_end::{error_reply, failed};
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

/// Declares the operations, by their pace.
macro_rules! operations {
    ($($pace:ident: $($name:ident)*;)*) => {
        const OPERATIONS: &[Operation] = &[$($(Operation {
            name: stringify!($name),
            pace: Pace::$pace,
            call: |client, body| match decode::<keystead::operations::$name<'_>>(body) {
                Ok(request) => answer(client.call(request).send()),
                Err(reply) => reply,
            },
        },)*)*];
    };
}

operations! {
    Quick:
        Encrypt Decrypt GenerateDataKey GenerateDataKeyWithoutPlaintext ReEncrypt GenerateMac VerifyMac Sign Verify
        DescribeKey GetPublicKey GenerateRandom DeriveSharedSecret Encapsulate Decapsulate
        CancelKeyDeletion CreateAlias CreateGrant DeleteAlias DeleteImportedKeyMaterial DisableKey DisableKeyRotation
        EnableKey EnableKeyRotation GetKeyLastUsage GetKeyPolicy GetKeyRotationStatus ListAliases ListGrants
        ListKeyPolicies ListKeyRotations ListKeys ListResourceTags ListRetirableGrants PutKeyPolicy ReplicateKey
        RetireGrant RevokeGrant RotateKeyOnDemand ScheduleKeyDeletion TagResource UntagResource UpdateAlias
        UpdateKeyDescription UpdatePrimaryRegion;
    SlowForRsa:
        CreateKey GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext GetParametersForImport;
    Slow:
        ImportKeyMaterial ConnectCustomKeyStore CreateCustomKeyStore DeleteCustomKeyStore DescribeCustomKeyStores
        DisconnectCustomKeyStore UpdateCustomKeyStore;
}

/// Reads a request. No body at all is an empty object (API-004).
fn decode<'b, R: Deserialize<'b>>(body: &'b [u8]) -> Result<R, Reply> {
    // As a whole: members that are ignored are not looked into.
    let text = str::from_utf8(body).map_err(|error| error_reply("SerializationException", &error.to_string()))?;
    let text = if text.is_empty() { "{}" } else { text };
    serde_json::from_str(text).map_err(|error| error_reply("SerializationException", &error.to_string()))
}

/// Words the outcome of a call.
fn answer<R: Serialize>(outcome: Result<Answer<R>, CallError>) -> Reply {
    let answer = match outcome {
        Ok(answer) => answer,
        Err(error) => return failed(&error),
    };
    let mut body = Vec::with_capacity(TYPICAL_BODY_BYTES);
    // All responses have string keys and finite numbers, so this cannot fail.
    if serde_json::to_writer(&mut body, &*answer).is_err() {
        return error_reply("InternalFailure", "the response has no JSON form");
    }
    // An operation without output answers nothing at all (API-005).
    if body == NO_OUTPUT {
        body.clear();
    }
    Reply { status: 200, request_id: answer.request_id(), error_type: None, body }
}

/// What the names of all key specs and wrapping algorithms of RSA begin with.
const RSA: &[u8] = b"RSA";
/// How a response without a structure is serialized.
const NO_OUTPUT: &[u8] = b"null";
/// Room for the answers of cryptographic operations on short messages.
const TYPICAL_BODY_BYTES: usize = 1_024;
