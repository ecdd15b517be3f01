//! What a record costs.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use keystead::{CallbackSink, Caller, Kms};

/// Spec: AUD-56
#[test]
fn a_record_costs_the_same_whatever_the_length_of_the_payload() {
    let silent = Kms::builder().no_audit().build().unwrap();
    let audited = Kms::builder().audit_sink(CallbackSink::new(|_| Ok(()))).build().unwrap();
    let extra = |length: usize| {
        let [without, with] = [&silent, &audited].map(|kms| {
            let client = kms.client("us-west-2", Caller::account_root("111122223333").unwrap()).unwrap();
            let key = client.create_key().send().unwrap().key_metadata.key_id.to_string();
            let plaintext = vec![7; length];
            let work = || {
                let sealed = client.encrypt(&key, &plaintext).send().unwrap();
                client.decrypt(&sealed.ciphertext_blob).send().unwrap();
            };
            work();
            allocation_counter::measure(work).bytes_total
        });
        with - without
    };
    assert_eq!(extra(4096), extra(1));
    assert!(extra(1) > 0, "two records were made");
}
