//! The values that calls choose from.

use super::access::Document;
use super::call::{Context, Pairs};

/// Contexts that differ by little (KEY-81, KEY-84), and one that is too long.
pub fn context(n: u8) -> Context {
    let pairs: &[(&str, &str)] = match n % 12 {
        0..=4 => &[],
        5 => &[("a", "bc")],
        6 => &[("ab", "c")],
        7 => &[("a", "b"), ("c", "d")],
        8 => &[("a", "b\0c"), ("", "d")],
        9 => &[("A", "bc")],
        10 => &[("a", "bc"), ("ä", "")],
        _ if n > 240 => return Context::from([("a".repeat(9000), String::new())]),
        _ => &[("a", "d"), ("c", "b")],
    };
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

pub fn tags(n: u8) -> Pairs {
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    match n % 32 {
        0..=7 => vec![pair("team", "orders")],
        8..=11 => vec![pair("Team", ""), pair("team", "billing")],
        12..=15 => vec![pair("a:b", "c@d"), pair("Ä", "größe 1")],
        16..=19 => (0..25).map(|number| pair(&format!("tag {number}"), "x")).collect(),
        20..=22 => (20..48).map(|number| pair(&format!("tag {number}"), "y")).collect(),
        23 => Pairs::new(),
        24 => vec![pair("team", "a"), pair("team", "b")],
        25 => vec![pair("aws:team", "a")],
        26 => vec![pair("AWS:team", "a")],
        27 => vec![pair("team", "a#b")],
        28 => vec![pair(&"k".repeat(129), "")],
        29 => vec![pair("team", &"v".repeat(257))],
        30 => vec![pair("", "a")],
        _ => (0..51).map(|number| pair(&format!("more {number}"), "")).collect(),
    }
}

pub fn description(n: u8) -> Option<String> {
    pick(&[None, Some("orders".to_owned()), Some(String::new()), Some("ä".repeat(8192)), Some("a".repeat(8193))], n % 5)
}

pub fn limit(n: u8) -> Option<i64> {
    pick(&[None, Some(1), Some(2), Some(3), Some(100), Some(1000), Some(1001), Some(0)], n)
}

pub fn policy_name(n: u8) -> Option<String> {
    pick(&[None, Some("default"), Some("default"), Some("other"), None], n).map(str::to_owned)
}

/// Mostly policies that differ, and documents that are refused.
pub fn policy(n: u8) -> Document {
    match n % 16 {
        0..=3 => Document::Plain(n / 16 % 4),
        4..=7 => Document::Guest,
        8 | 9 => Document::Closed,
        10..=12 => Document::Neighbour,
        13 => Document::LockOut,
        14 => Document::NoJson,
        _ => Document::TooLong,
    }
}

pub fn pick<T: Clone>(choices: &[T], n: u8) -> T {
    choices[usize::from(n) % choices.len()].clone()
}

/// Key specs and lengths of data keys.
pub const DATA_KEYS: &[(Option<&str>, Option<i64>)] = &[
    (Some("AES_256"), None),
    (Some("AES_128"), None),
    (None, Some(1)),
    (None, Some(24)),
    (None, Some(1024)),
    (Some("AES_256"), None),
    (None, Some(24)),
    (None, None),
    (Some("AES_128"), Some(16)),
    (None, Some(0)),
    (None, Some(1025)),
];
