//! What a call answers.

use std::fmt;

use keystead::RequestId;

use super::CONTENT_TYPE;

/// The answer to one call, ready to be sent.
#[derive(Clone)]
#[non_exhaustive]
pub struct Reply {
    /// The HTTP status: 200, or that of the error.
    pub status: u16,
    /// The ID of the call, equal to that in its audit record.
    pub request_id: RequestId,
    /// The name of the exception, unless the call succeeded.
    pub error_type: Option<&'static str>,
    /// One JSON object, or nothing. It may hold plaintext.
    pub body: Vec<u8>,
}

impl Reply {
    /// The headers of the answer: names in lower case, and their values.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, String)> {
        let error_type = self.error_type.map(|name| ("x-amzn-errortype", name.to_owned()));
        [("content-type", CONTENT_TYPE.to_owned()), ("x-amzn-requestid", self.request_id.to_string())]
            .into_iter()
            .chain(error_type)
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("request_id", &self.request_id)
            .field("error_type", &self.error_type)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish()
    }
}
