//! The encryption context and its canonical form.

use std::collections::BTreeMap;

use keystead_hierarchy::{EncryptionContext, MAX_CANONICAL_LEN};
use proptest::prelude::*;

/// Spec: KEY-79, KEY-81, OVR-26
#[test]
fn order_of_insertion_means_nothing() {
    let one = EncryptionContext::from_iter([("purpose", "backup"), ("tenant", "7"), ("a", "")]);
    let other = EncryptionContext::from_iter([("a", ""), ("tenant", "7"), ("purpose", "backup")]);
    assert_eq!(one, other);
    assert_eq!(canonical(&one), canonical(&other));
    assert!(one.iter().eq([("a", ""), ("purpose", "backup"), ("tenant", "7")]));
}

/// Spec: KEY-79
#[test]
fn keys_are_unique_and_the_last_value_counts() {
    let mut context = EncryptionContext::new();
    assert_eq!(context.insert("tenant", "7"), None);
    assert_eq!(context.insert("tenant", "8").as_deref(), Some("7"));
    assert_eq!((context.len(), context.get("tenant")), (1, Some("8")));
}

/// Spec: KEY-81, OVR-26
#[test]
fn keys_and_values_are_compared_byte_for_byte() {
    let lower = EncryptionContext::from_iter([("tenant", "x")]);
    assert_ne!(lower, EncryptionContext::from_iter([("Tenant", "x")]));
    assert_ne!(lower, EncryptionContext::from_iter([("tenant", "X")]));
    assert_eq!(lower.get("Tenant"), None);
    // The same letter composed and decomposed.
    let composed = EncryptionContext::from_iter([("k", "\u{e9}")]);
    let decomposed = EncryptionContext::from_iter([("k", "e\u{301}")]);
    assert_ne!(composed, decomposed);
    assert_ne!(canonical(&composed), canonical(&decomposed));
}

/// Spec: KEY-80, KEY-81
#[test]
fn the_empty_context_is_no_context() {
    assert!(EncryptionContext::new().is_empty());
    assert_eq!(EncryptionContext::new(), EncryptionContext::from_iter::<[(&str, &str); 0]>([]));
    assert_eq!(canonical(&EncryptionContext::new()), [0; 4]);
}

/// Spec: KEY-83, OVR-28
#[test]
fn any_unicode_and_the_empty_string_are_allowed() {
    let context = EncryptionContext::from_iter([("", ""), ("\0", "密钥"), ("🔑", "\u{10ffff}")]);
    assert_eq!(context.get(""), Some(""));
    assert_eq!(context.get("\0"), Some("密钥"));
    assert_eq!(context.get("🔑"), Some("\u{10ffff}"));
}

/// Spec: KEY-84
#[test]
fn the_examples_of_the_specification_are_not_interchangeable() {
    let canonical_of = |pairs: &[(&str, &str)]| canonical(&pairs.iter().copied().collect());
    assert_ne!(canonical_of(&[("a", "bc")]), canonical_of(&[("ab", "c")]));
    assert_ne!(canonical_of(&[("a", "b"), ("c", "d")]), canonical_of(&[("a", "b\0c"), ("", "d")]));
}

/// Spec: KEY-83
#[test]
fn the_limit_counts_the_canonical_form() {
    assert_eq!(MAX_CANONICAL_LEN, 8192);
    // Four bytes of count, then four of length before each text.
    let value = "v".repeat(MAX_CANONICAL_LEN - 4 - 4 - 1 - 4);
    assert_eq!(EncryptionContext::from_iter([("k", value.as_str())]).canonical_len(), MAX_CANONICAL_LEN);
}

/// Spec: KEY-81
#[test]
fn owning_and_borrowing_change_nothing() {
    let text = String::from("tenant");
    let borrowed = EncryptionContext::from_iter([(text.as_str(), "7")]);
    let owned: EncryptionContext<'static> = borrowed.clone().into_owned();
    assert_eq!(borrowed, owned);
    assert_eq!(owned.as_borrowed(), owned);
    assert_eq!(format!("{owned:?}"), r#"{"tenant": "7"}"#);
}

proptest! {
    /// Two contexts have the same canonical form only if they are equal, and it is as long as announced.
    ///
    /// Spec: KEY-84
    #[test]
    fn the_canonical_form_is_injective(one in pairs(), other in pairs()) {
        let (left, right) = (EncryptionContext::from_iter(&one), EncryptionContext::from_iter(&other));
        let (left_form, right_form) = (canonical(&left), canonical(&right));
        prop_assert_eq!(left_form.len(), left.canonical_len());
        prop_assert_eq!(left_form == right_form, one == other);
        prop_assert_eq!(left == right, one == other);
        prop_assert!(one == other || !right_form.starts_with(&left_form), "a form is the prefix of another");
    }

    /// The form says all there is: a reader of the documented layout gets the same pairs back.
    ///
    /// Spec: KEY-84
    #[test]
    fn the_canonical_form_can_be_read_back(pairs in pairs()) {
        let form = canonical(&EncryptionContext::from_iter(&pairs));
        prop_assert_eq!(read_back(&form), pairs);
    }

    /// Spec: KEY-79, KEY-81
    #[test]
    fn a_context_behaves_as_a_sorted_map(insertions in prop::collection::vec(("[a-c\u{e9}]{0,2}", "[xy]?"), 0..12)) {
        let model: BTreeMap<String, String> = insertions.iter().cloned().collect();
        let context = EncryptionContext::from_iter(insertions.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        prop_assert_eq!(context.len(), model.len());
        prop_assert!(context.iter().eq(model.iter().map(|(key, value)| (key.as_str(), value.as_str()))));
    }
}

fn canonical(context: &EncryptionContext<'_>) -> Vec<u8> {
    let mut form = Vec::new();
    context.write_canonical(&mut form);
    form
}

/// Few letters, so that forms come close to each other.
fn pairs() -> impl Strategy<Value = BTreeMap<String, String>> {
    prop::collection::btree_map("[ab\0]{0,3}", "[ab\0]{0,3}", 0..4)
}

/// A reader written from `docs/formats/blob.md`.
fn read_back(mut form: &[u8]) -> BTreeMap<String, String> {
    let number = |form: &mut &[u8]| {
        let (bytes, rest) = form.split_first_chunk::<4>().unwrap();
        *form = rest;
        u32::from_be_bytes(*bytes) as usize
    };
    let count = number(&mut form);
    let text = |form: &mut &[u8]| {
        let len = number(form);
        let (bytes, rest) = form.split_at(len);
        *form = rest;
        String::from_utf8(bytes.to_vec()).unwrap()
    };
    let pairs = (0..count).map(|_| (text(&mut form), text(&mut form))).collect();
    assert!(form.is_empty());
    pairs
}
