//! The canonical request: the one form of a request that both sides sign.

use http::HeaderMap;
use http::header::{CONTENT_TYPE, HOST};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use sha2::{Digest, Sha256};

use super::SignatureError;

/// The parts of a request that a signature covers.
#[derive(Clone, Copy, Debug)]
pub struct SignedParts<'r> {
    /// The method.
    pub method: &'r str,
    /// The path, as it was sent.
    pub path: &'r str,
    /// The query, as it was sent, without the question mark.
    pub query: &'r str,
    /// All headers.
    pub headers: &'r HeaderMap,
    /// The whole body.
    pub body: &'r [u8],
}

impl SignedParts<'_> {
    /// The canonical request, of which the headers of these names are part.
    ///
    /// # Errors
    /// [`SignatureError::Mismatch`] when a header is not there: then the signer has signed another request.
    pub fn canonical(&self, signed_headers: &[&str]) -> Result<Vec<u8>, SignatureError> {
        let mut text = Vec::with_capacity(512);
        text.extend_from_slice(self.method.as_bytes());
        text.push(b'\n');
        write_path(&mut text, self.path);
        text.push(b'\n');
        write_query(&mut text, self.query);
        text.push(b'\n');
        for name in signed_headers {
            write_header(&mut text, name, self.headers)?;
        }
        text.push(b'\n');
        text.extend_from_slice(signed_headers.join(";").as_bytes());
        text.push(b'\n');
        text.extend_from_slice(hex::encode(Sha256::digest(self.body)).as_bytes());
        Ok(text)
    }

    /// Whether all headers are signed that change the meaning of a request.
    pub(super) fn covers_meaning(&self, signed_headers: &[&str]) -> bool {
        let is_signed = |name: &str| signed_headers.contains(&name);
        let names = || self.headers.keys().map(|name| name.as_str());
        is_signed(HOST.as_str()) && names().filter(|name| must_be_signed(name)).all(is_signed)
    }
}

fn must_be_signed(name: &str) -> bool {
    name == CONTENT_TYPE.as_str() || name.starts_with("x-amz-")
}

/// Dot segments and doubled slashes go; what is left is encoded, though it may be already.
fn write_path(text: &mut Vec<u8>, path: &str) {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            other => segments.push(other),
        }
    }
    for segment in &segments {
        text.push(b'/');
        write_encoded(text, segment.as_bytes());
    }
    let is_folder = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
    if segments.is_empty() || is_folder {
        text.push(b'/');
    }
}

/// Parameters are encoded anew, and sorted by name and value.
fn write_query(text: &mut Vec<u8>, query: &str) {
    let encoded = |part: &str| {
        let mut bytes = Vec::with_capacity(part.len());
        write_encoded(&mut bytes, &percent_decode_str(part).collect::<Vec<u8>>());
        bytes
    };
    let parameters = query.split('&').filter(|parameter| !parameter.is_empty());
    let pairs = parameters.map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")));
    let mut pairs: Vec<_> = pairs.map(|(name, value)| (encoded(name), encoded(value))).collect();
    pairs.sort_unstable();
    for (index, (name, value)) in pairs.iter().enumerate() {
        if index > 0 {
            text.push(b'&');
        }
        text.extend_from_slice(name);
        text.push(b'=');
        text.extend_from_slice(value);
    }
}

/// Values of one name are joined by commas, and runs of spaces become one.
fn write_header(text: &mut Vec<u8>, name: &str, headers: &HeaderMap) -> Result<(), SignatureError> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().ok_or(SignatureError::Mismatch)?;
    text.extend_from_slice(name.as_bytes());
    text.push(b':');
    write_trimmed(text, first.as_bytes());
    for value in values {
        text.push(b',');
        write_trimmed(text, value.as_bytes());
    }
    text.push(b'\n');
    Ok(())
}

fn write_trimmed(text: &mut Vec<u8>, value: &[u8]) {
    let words = value.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
    for (index, word) in words.enumerate() {
        if index > 0 {
            text.push(b' ');
        }
        text.extend_from_slice(word);
    }
}

fn write_encoded(text: &mut Vec<u8>, bytes: &[u8]) {
    percent_encode(bytes, RESERVED).for_each(|part| text.extend_from_slice(part.as_bytes()));
}

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
