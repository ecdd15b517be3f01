//! The vocabulary of member constraints: what the published API model can demand of an input.
//!
//! The tables are in `shapes.rs`. Patterns are matched by a few lines of code each, not by a regular-expression engine:
//! they run on every call, and the tests hold them equal to the expressions of the model. A pattern must match the
//! whole value, and its classes (`\w`, `\d`, `\s`) are ASCII.

use std::fmt;

/// One member of an operation's input, or of a structure inside it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    /// The API's spelling, such as `KeyId`.
    pub(crate) name: &'static str,
    /// Whether a request without the member is refused.
    pub(crate) required: bool,
    /// What a value must be like.
    pub(crate) shape: Shape,
}

/// The type and limits of a value. Both ends of every range are allowed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    /// A string; its length counts Unicode scalar values.
    Text { min: u32, max: u32, pattern: Option<Pattern>, sensitive: bool },
    /// Bytes; the length is that of the decoded value (API-007).
    Blob { min: u32, max: u32, sensitive: bool },
    /// A whole number.
    Integer { min: i64, max: i64 },
    /// `true` or `false`.
    Boolean,
    /// An instant.
    Timestamp,
    /// One of these words, in the order of the model.
    Enumeration(&'static [&'static str]),
    /// A list; the length counts elements.
    List { min: u32, max: u32, element: &'static Shape },
    /// Pairs of strings without limits of their own: the encryption context.
    TextMap,
    /// A nested structure.
    Structure(&'static [Member]),
}

impl Shape {
    /// Whether the model marks values as sensitive: they appear in no record and no message (API-025).
    pub(crate) fn is_sensitive(&self) -> bool {
        matches!(self, Self::Text { sensitive: true, .. } | Self::Blob { sensitive: true, .. })
    }
}

/// The `max` of a shape for which the model states none.
pub(crate) const UNLIMITED: u32 = u32::MAX;

/// A pattern of the model.
#[derive(Clone, Copy)]
pub(crate) struct Pattern {
    /// The regular expression as the model writes it, for error messages (API-016).
    pub(crate) text: &'static str,
    /// Whether a value satisfies it.
    pub(crate) matches: fn(&str) -> bool,
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern").field(&self.text).finish()
    }
}

pub(crate) const ACCOUNT_ID: Pattern =
    Pattern { text: r"[0-9]{12}", matches: |s| s.len() == 12 && all(s, |b| b.is_ascii_digit()) };

/// Alias names and grant names.
pub(crate) const NAME: Pattern = Pattern {
    text: r"^[a-zA-Z0-9:/_-]+$",
    matches: |s| some(s, |b| b.is_ascii_alphanumeric() || matches!(b, b':' | b'/' | b'_' | b'-')),
};

pub(crate) const KEY_MATERIAL_ID: Pattern =
    Pattern { text: r"^[a-f0-9]+$", matches: |s| some(s, |b| matches!(b, b'a'..=b'f' | b'0'..=b'9')) };

pub(crate) const CLOUD_HSM_CLUSTER_ID: Pattern = Pattern {
    text: r"cluster-[2-7a-zA-Z]{11,16}",
    matches: |s| {
        s.strip_prefix("cluster-").is_some_and(|id| {
            (11..=16).contains(&id.len()) && all(id, |b| matches!(b, b'2'..=b'7') || b.is_ascii_alphabetic())
        })
    },
};

pub(crate) const SOURCE_ARN: Pattern = Pattern {
    text: r"^arn:aws[a-z0-9-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:.+$",
    matches: |s| {
        let mut parts = s.splitn(6, ':');
        let mut part = || parts.next().unwrap_or_default();
        part() == "arn"
            && part().strip_prefix("aws").is_some_and(|suffix| all(suffix, is_arn_word))
            && some(part(), is_arn_word)
            && all(part(), is_arn_word)
            && (ACCOUNT_ID.matches)(part())
            && is_line(part())
    },
};

pub(crate) const KEY_MATERIAL_DESCRIPTION: Pattern = Pattern {
    text: r"^[a-zA-Z0-9:/_\s.-]+$",
    matches: |s| {
        some(s, |b| is_word(b) || matches!(b, b':' | b'/' | b'.' | b'-' | b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r'))
    },
};

pub(crate) const MARKER: Pattern = Pattern { text: r"[\u0020-\u00FF]*", matches: |s| s.chars().all(is_latin_1) };

pub(crate) const POLICY_NAME: Pattern = Pattern { text: r"[\w]+", matches: |s| some(s, is_word) };

pub(crate) const POLICY: Pattern = Pattern {
    text: r"[\u0009\u000A\u000D\u0020-\u00FF]+",
    matches: |s| !s.is_empty() && s.chars().all(|c| is_latin_1(c) || matches!(c, '\t' | '\n' | '\r')),
};

pub(crate) const PRINCIPAL_ID: Pattern = Pattern {
    text: r"^[\w+=,.@:/-]+$",
    matches: |s| some(s, |b| is_word(b) || matches!(b, b'+' | b'=' | b',' | b'.' | b'@' | b':' | b'/' | b'-')),
};

pub(crate) const REGION: Pattern = Pattern { text: r"^([a-z]+-){2,3}\d+$", matches: is_region };

pub(crate) const SERVICE_PRINCIPAL: Pattern = Pattern {
    text: r"^([A-Za-z0-9\-]+)\.([A-Za-z0-9\-]+)(\.[A-Za-z0-9\-]+)+$",
    matches: |s| {
        s.split('.').count() >= 3 && s.split('.').all(|label| some(label, |b| b.is_ascii_alphanumeric() || b == b'-'))
    },
};

pub(crate) const XKS_KEY_ID: Pattern =
    Pattern { text: r"^[a-zA-Z0-9-_.]+$", matches: |s| some(s, |b| is_word(b) || matches!(b, b'-' | b'.')) };

pub(crate) const XKS_ACCESS_KEY_ID: Pattern =
    Pattern { text: r"^[A-Z2-7]+$", matches: |s| some(s, |b| matches!(b, b'A'..=b'Z' | b'2'..=b'7')) };

pub(crate) const XKS_SECRET_ACCESS_KEY: Pattern = Pattern {
    text: r"^[a-zA-Z0-9\/+=]+$",
    matches: |s| some(s, |b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'+' | b'=')),
};

pub(crate) const XKS_URI_ENDPOINT: Pattern = Pattern {
    text: r"^https://[a-zA-Z0-9.-]+$",
    matches: |s| {
        s.strip_prefix("https://")
            .is_some_and(|host| some(host, |b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-')))
    },
};

pub(crate) const XKS_URI_PATH: Pattern = Pattern {
    text: r"^(/[a-zA-Z0-9\/_-]+/kms/xks/v\d{1,2})$|^(/kms/xks/v\d{1,2})$",
    matches: |s| {
        let Some((prefix, version)) = s.rsplit_once("/kms/xks/v") else { return false };
        let prefixed =
            || prefix.strip_prefix('/').is_some_and(|path| some(path, |b| is_word(b) || matches!(b, b'/' | b'-')));
        matches!(version.len(), 1 | 2) && all(version, |b| b.is_ascii_digit()) && (prefix.is_empty() || prefixed())
    },
};

pub(crate) const XKS_VPC_ENDPOINT_SERVICE: Pattern = Pattern {
    text: r"^(com|eu)\.amazonaws\.vpce\.([a-z]+-){2,3}\d+\.vpce-svc-[0-9a-z]+$",
    matches: |s| {
        let parts = s.strip_prefix("com").or_else(|| s.strip_prefix("eu"));
        let parts = parts.and_then(|rest| rest.strip_prefix(".amazonaws.vpce.")).and_then(|rest| rest.split_once('.'));
        parts.is_some_and(|(region, service)| {
            is_region(region)
                && service
                    .strip_prefix("vpce-svc-")
                    .is_some_and(|id| some(id, |b| b.is_ascii_digit() || b.is_ascii_lowercase()))
        })
    },
};

/// Two or three words, each followed by a hyphen, then a number.
fn is_region(s: &str) -> bool {
    let Some((words, number)) = s.rsplit_once('-') else { return false };
    matches!(words.split('-').count(), 2 | 3)
        && words.split('-').all(|word| some(word, |b| b.is_ascii_lowercase()))
        && some(number, |b| b.is_ascii_digit())
}

/// `.+`: at least one character and no line terminator.
fn is_line(s: &str) -> bool {
    !s.is_empty() && !s.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'])
}

/// `[\u0020-\u00FF]`
fn is_latin_1(c: char) -> bool {
    matches!(c, '\u{20}'..='\u{ff}')
}

/// `\w`
fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

/// `[a-z0-9-]`
fn is_arn_word(b: u8) -> bool {
    matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-')
}

/// `[class]*`
fn all(s: &str, class: fn(u8) -> bool) -> bool {
    s.bytes().all(class)
}

/// `[class]+`
fn some(s: &str, class: fn(u8) -> bool) -> bool {
    !s.is_empty() && all(s, class)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::shapes;
    use super::*;
    use proptest::prelude::*;
    use proptest::sample::{Index, select};
    use proptest::string::string_regex;
    use regex::Regex;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn matchers_equal_the_expressions_of_the_model(
            pattern in select(patterns()),
            seed in any::<u64>(),
            edits in prop::collection::vec((any::<Index>(), edit()), 0..3),
        ) {
            let mut value: Vec<char> = example(pattern.text, seed).chars().collect();
            for (place, edit) in edits {
                let at = place.index(value.len() + 1);
                apply(&mut value, at, &edit);
            }
            let value = String::from_iter(value);
            let expected = anchored(pattern.text).is_match(&value);
            prop_assert_eq!((pattern.matches)(&value), expected, "{:?} on {:?}", pattern, value);
        }
    }

    #[test]
    fn matchers_equal_the_expressions_after_every_single_edit() {
        for pattern in patterns() {
            let expression = anchored(pattern.text);
            for seed in 0..8 {
                let value: Vec<char> = example(pattern.text, seed).chars().collect();
                for at in 0..=value.len() {
                    let texts = TELLING.iter().flat_map(|&t| [Edit::Insert(t.into()), Edit::Replace(t.into())]);
                    for edit in texts.chain([Edit::Remove, Edit::Duplicate, Edit::Cut]) {
                        let mut edited = value.clone();
                        apply(&mut edited, at, &edit);
                        let edited = String::from_iter(edited);
                        assert_eq!(
                            (pattern.matches)(&edited),
                            expression.is_match(&edited),
                            "{pattern:?} on {edited:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn every_pattern_accepts_its_own_examples() {
        for pattern in patterns() {
            for seed in 0..200 {
                let value = example(pattern.text, seed);
                assert!((pattern.matches)(&value), "{pattern:?} on {value:?}");
            }
        }
    }

    /// Spec: API-046
    #[test]
    fn the_model_has_56_operations_and_18_input_patterns() {
        assert_eq!(shapes::ALL.len(), 56);
        assert_eq!(shapes::ERRORS.len(), 56);
        assert_eq!(patterns().len(), 18);
    }

    /// The distinct patterns of all inputs.
    fn patterns() -> Vec<Pattern> {
        fn visit(shape: &Shape, found: &mut Vec<Pattern>) {
            match shape {
                Shape::Text { pattern: Some(pattern), .. } if found.iter().all(|p| p.text != pattern.text) => {
                    found.push(*pattern);
                }
                Shape::List { element, .. } => visit(element, found),
                Shape::Structure(members) => members.iter().for_each(|member| visit(&member.shape, found)),
                _ => {}
            }
        }
        let mut found = Vec::new();
        for (_, members) in shapes::ALL {
            members.iter().for_each(|member| visit(&member.shape, &mut found));
        }
        found
    }

    /// The model's expression in the dialect of the `regex` crate, for the whole value, with ASCII classes.
    fn anchored(text: &str) -> Regex {
        Regex::new(&format!("^(?:{})$", translated(text))).unwrap()
    }

    fn translated(text: &str) -> String {
        text.replace(r"\w", "0-9A-Za-z_")
            .replace(r"\d", "[0-9]")
            .replace(r"\s", r"\t\n\x0B\x0C\r ")
            .replace(":.+$", r":[^\n\r\u0085\u2028\u2029]+$")
    }

    /// A value that the expression matches.
    fn example(text: &str, seed: u64) -> String {
        use proptest::strategy::{Strategy, ValueTree};
        use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let unanchored = translated(text).replace(['^', '$'], "").replace(r"[\n\r\u0085\u2028\u2029]", "[ -~é語]");
        string_regex(&unanchored).unwrap().new_tree(&mut runner).unwrap().current()
    }

    #[derive(Clone, Debug)]
    enum Edit {
        Insert(String),
        Replace(String),
        Remove,
        Duplicate,
        Cut,
    }

    fn edit() -> impl Strategy<Value = Edit> {
        let text = prop_oneof![select(TELLING).prop_map(String::from), any::<char>().prop_map(String::from)];
        prop_oneof![
            text.clone().prop_map(Edit::Insert),
            text.prop_map(Edit::Replace),
            Just(Edit::Remove),
            Just(Edit::Duplicate),
            Just(Edit::Cut),
        ]
    }

    /// Makes one edit before the character at `at`, or on it.
    fn apply(value: &mut Vec<char>, at: usize, edit: &Edit) {
        let end = (at + 1).min(value.len());
        match edit {
            Edit::Insert(text) => drop(value.splice(at..at, text.chars())),
            Edit::Replace(text) => drop(value.splice(at..end, text.chars())),
            Edit::Remove => drop(value.drain(at..end)),
            Edit::Duplicate => value.extend_from_within(..at),
            Edit::Cut => value.truncate(at),
        }
    }

    /// Texts on both sides of some boundary of a pattern.
    const TELLING: &[&str] = &[
        ":",
        "/",
        ".",
        "-",
        "_",
        "+",
        "=",
        ",",
        "@",
        " ",
        "\t",
        "\n",
        "\r",
        "\u{b}",
        "\u{c}",
        "\u{1f}",
        "\u{7f}",
        "\u{85}",
        "\u{a0}",
        "\u{ff}",
        "\u{100}",
        "\u{2028}",
        "\u{2029}",
        "٣",
        "é",
        "a",
        "g",
        "z",
        "A",
        "Z",
        "0",
        "1",
        "2",
        "7",
        "8",
        "9",
        "12",
        "/kms/xks/v",
        "aws",
        "{",
        "[",
        "`",
        "^",
    ];
}
