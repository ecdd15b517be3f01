//! Short ASCII text that lives inline, so that its owner is `Copy`.

/// At most `N` (and at most 255) ASCII bytes, none of them NUL.
///
/// Unused bytes are zero. As no text contains a NUL, comparing the whole array compares the texts, which is what the
/// derived traits do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct InlineText<const N: usize> {
    bytes: [u8; N],
    len: u8,
}

impl<const N: usize> InlineText<N> {
    /// Copies `text`; `None` if it is longer than `N` or not ASCII. Whoever calls has a grammar without NUL.
    pub(crate) const fn new(text: &str) -> Option<Self> {
        let source = text.as_bytes();
        if source.len() > N || source.len() > u8::MAX as usize || !source.is_ascii() {
            return None;
        }
        let mut bytes = [0; N];
        bytes.split_at_mut(source.len()).0.copy_from_slice(source);
        Some(Self { bytes, len: source.len() as u8 })
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        // Always valid: `new` admits ASCII only.
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
    }
}
