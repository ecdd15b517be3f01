//! One call in the AWS JSON 1.1 protocol, without a transport (chapter 50, section 2).
//!
//! A transport reads the header [`TARGET_HEADER`] and the body of a `POST /`, decides whose call it is, and hands both
//! to [`handle`]. What it refuses itself, before there is a client, it words with [`error_reply`].
//!
//! ```
//! use keystead::{Caller, Kms};
//! use keystead_aws::protocol;
//!
//! let client = Kms::in_memory().client("us-west-2", Caller::account_root("111122223333")?)?;
//! let reply = protocol::handle(&client, "TrentService.Nope", b"{}");
//! assert_eq!((reply.status, reply.error_type), (400, Some("UnknownOperationException")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod front_end;
mod operations;
mod reply;

use keystead::Client;

pub use front_end::error_reply;
pub use reply::Reply;

/// The header that names the operation.
pub const TARGET_HEADER: &str = "x-amz-target";
/// What precedes the name of the operation in [`TARGET_HEADER`] (API-003).
pub const TARGET_PREFIX: &str = "TrentService.";
/// The content type of every request and answer (API-004, API-005).
pub const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
/// The longest body that is read. The longest request that makes sense, a policy in which every character is escaped,
/// has 0.8 MB.
pub const MAX_BODY_BYTES: usize = 1 << 20;

/// Carries out the call that a target and a body describe, and words the answer.
///
/// `target` is the whole value of [`TARGET_HEADER`], such as `TrentService.Encrypt`; empty if there is none.
pub fn handle(client: &Client, target: &str, body: &[u8]) -> Reply {
    let Some(operation) = operations::find(target) else {
        return error_reply("UnknownOperationException", "");
    };
    if body.len() > MAX_BODY_BYTES {
        return error_reply("RequestEntityTooLargeException", "");
    }
    (operation.call)(client, body)
}

/// Whether the call may take long enough to hold up an executor, so that its transport should move it to a thread of
/// its own: the generation and import of RSA keys, and whatever a custom key store does.
pub fn may_block(target: &str, body: &[u8]) -> bool {
    operations::find(target).is_some_and(|operation| operation.pace.may_block(body))
}

/// Whether the value of a `content-type` header is that of the protocol; parameters such as a charset do not matter.
pub fn is_content_type(value: &str) -> bool {
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case(CONTENT_TYPE)
}
