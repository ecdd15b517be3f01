//! `GetCallerIdentity` of STS, in the query protocol: what clients ask to learn who they are.

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use keystead::{Client, RequestId};
use uuid::Uuid;

use crate::sigv4::SignatureError;

/// Carries out the action that a form names.
pub(super) fn handle(client: &Client, user_id: &str, form: &[u8]) -> Response<Full<Bytes>> {
    let action = form_urlencoded::parse(form).find(|(name, _)| name == "Action").map(|(_, action)| action);
    match action.as_deref() {
        Some("GetCallerIdentity") => identity(client, user_id),
        Some(other) => error(400, "InvalidAction", &format!("Could not find operation {other} for version {VERSION}")),
        None => error(400, "MissingAction", "The request must contain the parameter Action."),
    }
}

/// Answers a request whose signer is not believed.
pub(super) fn refused(cause: &SignatureError) -> Response<Full<Bytes>> {
    let status = if matches!(cause, SignatureError::Incomplete(_)) { 400 } else { 403 };
    error(status, cause.query_code(), &cause.to_string())
}

/// Answers a request that fails.
pub(super) fn error(status: u16, code: &str, message: &str) -> Response<Full<Bytes>> {
    let (code, message, id) = (escaped(code), escaped(message), RequestId::from(Uuid::new_v4()));
    let kind = if status < 500 { "Sender" } else { "Receiver" };
    let body = format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>{kind}</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>{id}</RequestId></ErrorResponse>"
    );
    respond(status, id, body)
}

fn identity(client: &Client, user_id: &str) -> Response<Full<Bytes>> {
    let (arn, user_id, account) = (escaped(client.caller_arn()), escaped(user_id), client.account());
    let id = RequestId::from(Uuid::new_v4());
    let body = format!(
        "<GetCallerIdentityResponse xmlns=\"{NAMESPACE}\"><GetCallerIdentityResult><Arn>{arn}</Arn>\
         <UserId>{user_id}</UserId><Account>{account}</Account></GetCallerIdentityResult>\
         <ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    );
    respond(200, id, body)
}

fn respond(status: u16, id: RequestId, body: String) -> Response<Full<Bytes>> {
    let response = Response::builder()
        .status(status)
        .header("content-type", "text/xml")
        .header("x-amzn-requestid", id.to_string());
    // Status and headers are valid.
    response.body(Full::from(body)).unwrap_or_default()
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // XML has no way to write the others.
            other if other.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
const VERSION: &str = "2011-06-15";
