//! Wildcards in short names, ignoring ASCII case: action patterns (POL-28).

/// Matches `*` (any run) and `?` (one character). Returns to the last `*` only: O(pattern × text), no recursion
/// (POL-138).
pub(crate) fn matches_ignore_ascii_case(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    let mut star = None;
    loop {
        let mut ahead = pattern.clone();
        match (ahead.next(), text.clone().next()) {
            (Some('*'), _) => {
                pattern = ahead;
                star = Some((pattern.clone(), text.clone()));
            }
            (Some(expected), Some(c)) if expected == '?' || expected.eq_ignore_ascii_case(&c) => {
                pattern = ahead;
                text.next();
            }
            (None, None) => return true,
            _ => {
                let Some((after_star, taken)) = &mut star else { return false };
                if taken.next().is_none() {
                    return false;
                }
                (pattern, text) = (after_star.clone(), taken.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches_ignore_ascii_case as matches;

    /// Spec: POL-28, POL-138
    #[test]
    fn stars_and_question_marks() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("k*", "KMS", true),
            ("k?s", "kms", true),
            ("k?s", "ks", false),
            ("*Key*Pair", "GenerateDataKeyPair", true),
            ("*Key*Pair*", "GenerateDataKeyPairWithoutPlaintext", true),
            ("Encrypt", "Encrypt ", false),
            ("?", "ä", true),
            ("??", "ä", false),
            ("", "", true),
            ("", "x", false),
            ("a*a*a*a*a*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
