//! Requests and envelopes of transfers: any bytes may be given for one, and only untouched ones are taken.
#![no_main]

use std::sync::LazyLock;

use arbitrary::Arbitrary;
use keystead::{Caller, KeyArn, Kms, TransferRequest};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input {
    bytes: Vec<u8>,
    at: usize,
    with: u8,
}

fuzz_target!(|input: Input| {
    let scene = &*SCENE;
    if let Ok(request) = TransferRequest::from_bytes(input.bytes.as_slice()) {
        assert_eq!(request.as_bytes(), input.bytes);
        let _ = scene.sender.export_key(&scene.key, &request);
    }
    assert!(scene.receiver.import_key(&input.bytes).is_err(), "nobody sealed this");

    let mut altered = scene.envelope.clone();
    let at = input.at % altered.len();
    altered[at] ^= input.with;
    if input.with != 0 {
        assert!(scene.receiver.import_key(&altered).is_err(), "an altered envelope was taken");
    }
});

struct Scene {
    sender: Kms,
    receiver: Kms,
    key: KeyArn,
    envelope: Vec<u8>,
}

static SCENE: LazyLock<Scene> = LazyLock::new(|| {
    let (sender, receiver) = (Kms::in_memory(), Kms::in_memory());
    let caller = Caller::account_root("111122223333").expect("an account");
    let client = sender.client("us-west-2", caller).expect("a client");
    let key = client.create_key().send().expect("a key").key_metadata.arn;
    let request = receiver.transfer_request(key.region).expect("a request");
    let envelope = sender.export_key(&key, &request).expect("an envelope");
    Scene { sender, receiver, key, envelope }
});
