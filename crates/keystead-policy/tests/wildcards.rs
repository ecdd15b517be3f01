//! Patterns with wildcards against a matcher that is too simple to be wrong, and the time they take.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::*;
use keystead_policy::{Action, Layers, Policy, Request, Resource, decide};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::json;

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Spec: POL-138
    #[test]
    fn texts_match_as_the_table_says((pattern, text) in pattern_and_text(&['a', 'b', 'ä'])) {
        prop_assert_eq!(is_like("StringLike", &pattern, &text), table(&pattern, &text, false));
    }

    /// Spec: POL-59, POL-138
    #[test]
    fn arns_match_as_the_table_says((pattern, text) in pattern_and_text(&['a', ':', ':', 'ä']), is_full in any::<bool>()) {
        let (pattern, text) = if is_full { (pattern, text) } else { (format!("a*:?:*{pattern}"), format!("ab:c:{text}")) };
        let (pattern, text) = (format!("arn:{pattern}"), format!("arn:{text}"));
        let is_arn = text.chars().filter(|&c| c == ':').count() >= 5;
        prop_assert_eq!(is_like("ArnLike", &pattern, &text), is_arn && table(&pattern, &text, true));
    }

    /// Spec: POL-69, POL-138
    #[test]
    fn values_of_variables_are_texts((pattern, text) in pattern_and_text(&['a', 'b']), value in "[ab*?]{0,3}", places in any::<[Index; 2]>()) {
        let mut written: Vec<String> = pattern.chars().map(String::from).collect();
        let mut meant: Vec<String> = written.clone();
        for place in places {
            let place = place.index(written.len() + 1);
            written.insert(place, "${aws:username}".to_owned());
            meant.insert(place, value.chars().map(|c| match c { '*' => '\u{1}', '?' => '\u{2}', c => c }).collect());
        }
        // The table reads no variables: their wildcards stand for characters that no text has.
        let expected = table(&meant.concat(), &text, false);
        prop_assert_eq!(like(&written.concat(), "StringLike").asks(&text, &value), expected);
    }

    /// Spec: POL-28
    #[test]
    fn actions_match_as_the_table_says((pattern, name) in pattern_and_text(&['a', 'b', 'ä'])) {
        let statement = json!({"Effect": "Allow", "Action": format!("s3:{pattern}"), "Resource": "*"});
        let (identity, caller, facts) = ([identity(&statement.to_string())], user(), Facts::new());
        let full = format!("s3:{}", name.to_ascii_uppercase());
        let request = Request {
            principal: &caller,
            action: Action::foreign(&full),
            resource: Resource::new("*", OWNER),
            context: &facts,
            cross_account_capable: false,
            identity_only: true,
        };
        let decision = decide(&request, &Layers { identity: &identity, ..Layers::default() });
        prop_assert_eq!(decision.is_allowed(), table(&pattern, &name, false));
    }
}

/// Patterns of 4 KB against texts of 8 KB, as unkind as they come: an evaluator that tries stars one inside the other
/// does not come to an end here. (How long they take, `benches/policy.rs` measures.)
/// Spec: POL-138
#[test]
fn hostile_patterns_come_to_an_end() {
    let (long, long_and_wide) = ("a".repeat(8_192), format!("{}ä", "a".repeat(8_190)));
    let half = "a".repeat(2_048);
    for pattern in [
        format!("*{}b", "a?".repeat(2_047)),
        format!("*{}b*", "a?".repeat(2_046)),
        format!("*{}?b*", half),
        format!("*{half}b{half}*"),
        format!("{}b", "a*".repeat(2_047)),
        format!("{}b", "*?a".repeat(1_365)),
        format!("*{}*{}b*", "?a".repeat(30), "?a".repeat(2_000)),
        format!("*{}b*", "${aws:username}?".repeat(256)),
    ] {
        let like = like(&pattern, "StringLike");
        for text in [&long, &long_and_wide] {
            assert!(!like.asks(text, "aaaaaaa"), "{pattern}");
        }
    }
}

/// A search goes through a text in blocks; no place at their edges is left out.
/// Spec: POL-53
#[test]
fn a_chunk_is_found_at_every_place() {
    let like = like("*?b*", "StringLike");
    for length in 0..200 {
        for c in ["a", "ä"] {
            assert_eq!(like.asks(&format!("{}b", c.repeat(length)), ""), length > 0, "{length} {c}");
            assert!(!like.asks(&c.repeat(length), ""), "{length} {c}");
        }
    }
}

/// A pattern, and a text made from it, so that most texts match or nearly do.
fn pattern_and_text(alphabet: &'static [char]) -> impl Strategy<Value = (String, String)> {
    let letter = select(alphabet);
    let run = proptest::collection::vec(letter.clone(), 0..5).prop_map(String::from_iter);
    let piece = prop_oneof![
        6 => letter.clone().prop_map(|c| (c.to_string(), c.to_string())),
        2 => letter.clone().prop_map(|c| ("?".to_owned(), c.to_string())),
        2 => run.prop_map(|run| ("*".to_owned(), run)),
        // Long enough to leave one block of places, or to come close.
        1 => (0..150_usize, letter.clone()).prop_map(|(count, c)| (String::from(c).repeat(count / 2), String::from(c).repeat(count / 2))),
        1 => (0..150_usize, letter.clone(), letter.clone()).prop_map(|(count, c, d)| {
            (format!("{c}?").repeat(count / 2), format!("{c}{d}").repeat(count / 2))
        }),
        1 => (0..150_usize, letter.clone()).prop_map(|(count, c)| ("*".to_owned(), String::from(c).repeat(count))),
    ];
    let edit = proptest::option::of((any::<Index>(), letter, any::<bool>()));
    (proptest::collection::vec(piece, 0..7), edit).prop_map(|(pieces, edit)| {
        let (pattern, text): (Vec<String>, Vec<String>) = pieces.into_iter().unzip();
        let mut text: Vec<char> = text.concat().chars().collect();
        if let Some((place, c, insert)) = edit {
            let place = place.index(text.len() + 1);
            if insert || place == text.len() { text.insert(place, c) } else { text[place] = c }
        }
        (pattern.concat(), text.into_iter().collect())
    })
}

fn is_like(operator: &str, pattern: &str, text: &str) -> bool {
    like(pattern, operator).asks(text, "bob")
}

fn like(pattern: &str, operator: &str) -> Like {
    let statement = json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*",
        "Condition": {operator: {"host:value": pattern}}});
    Like(key_policy(&statement.to_string()))
}

/// A policy that allows what a pattern matches.
struct Like(Policy);

impl Like {
    fn asks(&self, text: &str, user_name: &str) -> bool {
        let ask = Ask::new(role(), "kms:Encrypt").with("host:value", text).with("aws:username", user_name);
        ask.decides(&Layers { key_policy: Some(&self.0), ..Layers::default() }).is_allowed()
    }
}

/// Whether a pattern matches, by the table of all heads of the pattern and all heads of the text. `arn`: wildcards before
/// the fifth colon match no colon.
fn table(pattern: &str, text: &str, arn: bool) -> bool {
    let text: Vec<char> = text.chars().collect();
    let free = |place: usize| !arn || text[place] != ':' || text[..place].iter().filter(|&&c| c == ':').count() >= 5;
    let free: Vec<bool> = (0..text.len()).map(free).collect();
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for wanted in pattern.chars() {
        let before = reached.clone();
        for end in 0..=text.len() {
            reached[end] = match wanted {
                '*' => before[end] || end > 0 && reached[end - 1] && free[end - 1],
                '?' => end > 0 && before[end - 1] && free[end - 1],
                c => end > 0 && before[end - 1] && text[end - 1] == c,
            };
        }
    }
    reached[text.len()]
}
