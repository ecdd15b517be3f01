//! Errors: those of the facade, and those that are found before a call reaches it.

use keystead::RequestId;
use serde::Serialize;
use uuid::Uuid;

use super::reply::Reply;

/// The answer to a request that is refused before there is a call, such as one whose signature is wrong. It gets a
/// request ID of its own.
///
/// The status is that of the code in chapter 50, section 8.2; 400 for any other.
pub fn error_reply(code: &'static str, message: &str) -> Reply {
    let status = STATUSES.iter().find(|(known, _)| *known == code).map_or(400, |(_, status)| *status);
    worded(status, code, message, Uuid::new_v4().into())
}

/// The answer to a call that failed.
pub(super) fn failed(error: &keystead::CallError) -> Reply {
    worded(error.http_status(), error.code(), error.message(), error.request_id())
}

fn worded(status: u16, code: &'static str, message: &str, request_id: RequestId) -> Reply {
    let spelling = if CAPITAL.contains(&code) { Spelling::Capital } else { Spelling::Small };
    let body = match spelling {
        Spelling::Small => serde_json::to_vec(&Small { code, message }),
        Spelling::Capital => serde_json::to_vec(&Capital { code, message }),
    };
    // Two strings always make an object.
    Reply { status, request_id, error_type: Some(code), body: body.unwrap_or_default() }
}

/// How the member with the text is spelled (API-006).
enum Spelling {
    Small,
    Capital,
}

#[derive(Serialize)]
struct Small<'m> {
    #[serde(rename = "__type")]
    code: &'m str,
    message: &'m str,
}

#[derive(Serialize)]
struct Capital<'m> {
    #[serde(rename = "__type")]
    code: &'m str,
    #[serde(rename = "Message")]
    message: &'m str,
}

/// Exceptions whose text is in `Message`; in all others it is in `message`.
const CAPITAL: [&str; 2] = ["AccessDeniedException", "SerializationException"];

/// The statuses of front-end errors that are not 400.
const STATUSES: [(&str, u16); 7] = [
    ("InternalFailure", 500),
    ("ServiceUnavailable", 503),
    ("RequestEntityTooLargeException", 413),
    ("InvalidClientTokenId", 403),
    ("OptInRequired", 403),
    ("ExpiredTokenException", 403),
    ("UnrecognizedClientException", 403),
];
