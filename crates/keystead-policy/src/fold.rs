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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use std::collections::{BTreeMap, BTreeSet};

    use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

    use super::*;

    /// The classes of characters that fold alike are those of the Unicode tables in `regex-syntax`.
    /// Spec: POL-52
    #[test]
    fn every_character_folds_as_unicode_says() {
        let mut classes: BTreeMap<char, BTreeSet<char>> = BTreeMap::new();
        for c in '\0'..=char::MAX {
            classes.entry(fold(c)).or_default().insert(c);
        }
        let unknown = unassigned();
        // The standard library may know a newer Unicode.
        for class in classes.values().filter(|class| class.iter().all(|c| !unknown.contains(c))) {
            for &c in class {
                let mut folded = ClassUnicode::new([ClassUnicodeRange::new(c, c)]);
                // Characters without case are most of them.
                if class.len() > 1 || c.is_alphabetic() {
                    folded.case_fold_simple();
                }
                let expected: BTreeSet<char> = folded.iter().flat_map(|range| range.start()..=range.end()).collect();
                assert_eq!(*class, expected, "{c:?}");
            }
        }
    }

    /// The characters that `regex-syntax` does not know.
    fn unassigned() -> BTreeSet<char> {
        let hir = regex_syntax::parse(r"\p{Cn}").unwrap();
        let HirKind::Class(Class::Unicode(class)) = hir.kind() else { panic!("a class") };
        class.iter().flat_map(|range| range.start()..=range.end()).collect()
    }

    #[test]
    fn comparison_agrees_with_folding() {
        assert!(equals_folded("ÄpFeL", &folded("äPfEl")));
        assert!(!equals_folded("a", "b") && !equals_folded("ä", "a"));
        assert_eq!(strip_folded("ÄPFELkuchen", "äpfel"), Some("ÄPFEL".len()));
        assert_eq!(strip_folded("äp", "äpfel"), None);
    }
}
