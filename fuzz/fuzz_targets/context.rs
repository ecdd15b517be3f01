//! Encryption contexts: the order of insertion means nothing, and different contexts have different canonical forms.
#![no_main]

use keystead_hierarchy::EncryptionContext;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<(String, String)>, Vec<(String, String)>, Vec<u8>)| {
    let (pairs, others, json) = input;
    let context = EncryptionContext::from_iter(pairs);
    let other = EncryptionContext::from_iter(others);
    assert_eq!(canonical(&context) == canonical(&other), context == other);
    assert_eq!(canonical(&context).len(), context.canonical_len());

    let reversed: EncryptionContext<'_> = context.iter().rev().collect();
    assert_eq!(canonical(&reversed), canonical(&context));

    let text = serde_json::to_string(&context).expect("a context is a JSON object");
    let read: EncryptionContext<'static> = serde_json::from_str(&text).expect("what was written can be read");
    assert_eq!(read, context);
    let _ = serde_json::from_slice::<EncryptionContext<'static>>(&json);
});

fn canonical(context: &EncryptionContext<'_>) -> Vec<u8> {
    let mut form = Vec::new();
    context.write_canonical(&mut form);
    form
}
