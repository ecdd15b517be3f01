//! Places in the text of a document.

/// A run of bytes of a document's text, from `start` up to but not including `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// Line and column of the start in the text that the span belongs to: both from 1, the column in Unicode scalar
    /// values.
    pub fn line_and_column(&self, text: &str) -> (u32, u32) {
        let before = text.get(..self.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |place| place + 1);
        let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        (line as u32, column as u32)
    }

    pub(crate) fn contains(&self, place: usize) -> bool {
        (self.start..self.end).contains(&place)
    }
}
