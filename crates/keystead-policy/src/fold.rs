//! Comparison that ignores letter case: Unicode simple case folding (CaseFolding.txt, statuses C and S).

/// The representative of a character among those that differ only in case. Only equality of two results means
/// something; the representative itself need not be the one that Unicode prints.
pub(crate) fn fold(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    match c {
        // Simple folding leaves the dotless i alone (its mapping is for Turkic languages only)...
        'ı' => c,
        // ... and joins these pairs, which the simple upper and lower case mappings do not.
        '\u{1fd3}' => '\u{390}',
        '\u{1fe3}' => '\u{3b0}',
        '\u{fb05}' => '\u{fb06}',
        _ => single(single(c, c.to_uppercase()), single(c, c.to_uppercase()).to_lowercase()),
    }
}

/// The folded form of a whole text.
pub(crate) fn folded(text: &str) -> String {
    text.chars().map(fold).collect()
}

/// Whether a text equals an already folded one, ignoring case.
pub(crate) fn equals_folded(text: &str, folded: &str) -> bool {
    if text.is_ascii() && folded.is_ascii() {
        return text.eq_ignore_ascii_case(folded);
    }
    text.chars().map(fold).eq(folded.chars())
}

/// Length in bytes of the head of `text` that equals the already folded `prefix` ignoring case, if it does.
pub(crate) fn strip_folded(text: &str, prefix: &str) -> Option<usize> {
    let mut rest = text.chars();
    for expected in prefix.chars() {
        if rest.next().map(fold) != Some(expected) {
            return None;
        }
    }
    Some(text.len() - rest.as_str().len())
}

/// The one character of a case mapping, or `c` if the mapping has several (a full mapping, not a simple one).
fn single(c: char, mut mapping: impl Iterator<Item = char>) -> char {
    match (mapping.next(), mapping.next()) {
        (Some(mapped), None) => mapped,
        _ => c,
    }
}
