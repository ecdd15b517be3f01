//! Pages and the markers between them (chapter 10, section 10).
//!
//! A marker names the last item of its page, so items that come and go meanwhile neither repeat nor hide others
//! (KEY-105). It is bound to operation, account, Region and filter by a code under a key of the instance (KEY-104).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::door::CallFacts;

/// The page a list request asks for.
pub(crate) struct PageRequest {
    /// Items at most.
    pub(crate) limit: usize,
    /// The last item of the page before.
    pub(crate) after: Option<Vec<u8>>,
}

/// What is wrong with a marker: it was not issued for this list.
pub(crate) struct InvalidMarker;

impl PageRequest {
    /// Reads limit and marker. `filter` are the members that narrow the list.
    pub(crate) fn new(
        limit: Option<i64>,
        marker: Option<&str>,
        bounds: PageBounds,
        filter: &[u8],
        call: &CallFacts<'_>,
    ) -> Result<Self, InvalidMarker> {
        let wanted = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(bounds.default);
        let after = marker.map(|marker| open_marker(marker, filter, call)).transpose()?;
        Ok(Self { limit: wanted.clamp(1, bounds.maximum), after })
    }
}

/// The page sizes of an operation (KEY-102); a larger limit is cut to the maximum (KEY-103).
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageBounds {
    pub(crate) default: usize,
    pub(crate) maximum: usize,
}

/// The marker after an item.
pub(crate) fn seal_marker(last: &[u8], filter: &[u8], call: &CallFacts<'_>) -> String {
    let code = code(last, filter, call);
    let mut bytes = Vec::with_capacity(CODE_LEN + last.len());
    bytes.extend(code.as_ref().iter().take(CODE_LEN));
    bytes.extend_from_slice(last);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn open_marker(marker: &str, filter: &[u8], call: &CallFacts<'_>) -> Result<Vec<u8>, InvalidMarker> {
    let bytes = URL_SAFE_NO_PAD.decode(marker).map_err(|_| InvalidMarker)?;
    let (presented, last) = bytes.split_at_checked(CODE_LEN).ok_or(InvalidMarker)?;
    let expected = code(last, filter, call);
    let expected = expected.as_ref().get(..CODE_LEN).ok_or(InvalidMarker)?;
    if keystead_crypto::constant_time_eq(presented, expected) { Ok(last.to_vec()) } else { Err(InvalidMarker) }
}

fn code(last: &[u8], filter: &[u8], call: &CallFacts<'_>) -> keystead_crypto::Digest {
    let length = (filter.len() as u64).to_be_bytes();
    call.engine.marker_key.sign(&[
        call.row.name().as_bytes(),
        &[0],
        call.region.region.as_str().as_bytes(),
        &[0],
        call.account.as_str().as_bytes(),
        &length,
        filter,
        last,
    ])
}

/// Bytes of the code in a marker.
const CODE_LEN: usize = 16;
