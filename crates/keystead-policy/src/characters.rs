//! The characters that a policy text may consist of (POL-36).

/// The first character of a text that no policy may contain, and its byte offset: anything but tab, line feed,
/// carriage return and U+0020 to U+00FF. Escape sequences are not looked into. The API checks this as part of the
/// request's shape, before any policy is compiled.
pub fn first_illegal_character(text: &str) -> Option<(usize, char)> {
    text.char_indices().find(|(_, c)| !matches!(c, '\t' | '\n' | '\r' | ' '..='\u{ff}'))
}

#[cfg(test)]
mod tests {
    use super::first_illegal_character;

    /// Spec: POL-36
    #[test]
    fn latin_1_and_three_controls_are_legal() {
        assert_eq!(first_illegal_character("{\"Id\":\"\u{e4}\u{ff}\\u0100\"}\t\r\n"), None);
        for c in ['\u{2019}', '\u{100}', '\u{0}', '\u{b}', '\u{1f}'] {
            assert_eq!(first_illegal_character(&format!("a{c}")), Some((1, c)));
        }
    }
}
