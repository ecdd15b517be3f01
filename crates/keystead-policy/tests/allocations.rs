//! A decision allocates nothing (POL-01: no state; chapter 21 is evaluated on the hot path of every operation).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use common::*;
use keystead_policy::{Decision, Layers, PolicyKind, Request, Resource, decide};

/// The system allocator, counting what the current thread asks for.
struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is passed on unchanged; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise about `layout` is the one the system allocator needs.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: `pointer` came from `alloc` above, which is the system allocator's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Every operator, variables, resource patterns, colliding names, all layers, each outcome.
/// Spec: POL-01
#[test]
fn decisions_allocate_nothing() {
    let condition = r#"{
        "StringEquals": {"kms:ViaService": ["a", "b"], "aws:PrincipalTag/t": "${aws:username}"},
        "StringLike": {"kms:EncryptionContext:x": "${aws:username}*${aws:EpochTime}${aws:CurrentTime, 'd'}?${aws:SourceIp}"},
        "StringNotEqualsIgnoreCase": {"kms:KeySpec": ["ä${aws:none, 'X'}", "SYMMETRIC"]},
        "NumericLessThan": {"aws:EpochTime": "1e30", "kms:RotationPeriodInDays": 400.5},
        "DateGreaterThan": {"aws:CurrentTime": "2000-01-01T00:00:00Z"},
        "Bool": {"aws:SecureTransport": "true"},
        "BinaryEqualsIfExists": {"host:bytes": "YQ=="},
        "IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "2001:db8::/32"]},
        "ArnLike": {"aws:SourceArn": "arn:aws:s3:*:*:${aws:username}*"},
        "Null": {"aws:none": "true"},
        "ForAnyValue:StringLike": {"kms:EncryptionContextKeys": ["k*"]},
        "ForAllValues:StringNotEquals": {"aws:TagKeys": "secret"}}"#;
    let resource = r#"["arn:aws:kms:us-*:key/none", "arn:aws:kms:us-west-?:111122223333:key/${aws:none}", "arn:aws:kms:us-west-2:*"]"#;
    let statement = |effect: &str, principal: &str| {
        format!(
            r#"{{"Effect": "{effect}", {principal} "Action": "kms:*", "Resource": {resource}, "Condition": {condition}}}"#
        )
    };
    let everybody = r#""Principal": "*","#;
    let key_policy = key_policy(&statement("Allow", r#""Principal": {"AWS": "111122223333"},"#));
    let allow = [identity(&statement("Allow", ""))];
    let deny = [identity(&statement("Deny", ""))];
    let of = |kind, principal: &str| compile(kind, &document(&statement("Allow", principal)));
    let (boundary, session) = (of(PolicyKind::PermissionsBoundary, ""), [of(PolicyKind::Session, "").into()]);
    let service_control = [vec![of(PolicyKind::ServiceControl, "").into()]];
    let resource_control = [vec![of(PolicyKind::ResourceControl, everybody).into()]];
    let endpoint = [of(PolicyKind::Endpoint, everybody).into()];
    let time: jiff::Timestamp = "2026-01-02T03:04:05.5Z".parse().unwrap();
    let facts = Facts::new()
        .with("kms:ViaService", "b")
        .with("aws:username", "bob")
        .with("aws:PrincipalTag/T", "bob")
        .with("kms:EncryptionContext:x", "bob-1767323045.52026-01-02T03:04:05Z-10.1.2.3")
        .with("kms:EncryptionContext:X", "bob1767323045.52026-01-02T03:04:05Zé10.1.2.3")
        .with("kms:KeySpec", "RSA")
        .with("aws:EpochTime", Held::Epoch(time))
        .with("aws:CurrentTime", Held::Time(time))
        .with("kms:RotationPeriodInDays", 365)
        .with("aws:SecureTransport", true)
        .with("aws:SourceIp", Held::Address("10.1.2.3".parse().unwrap()))
        .with("aws:SourceArn", "arn:aws:s3:us-west-2:111122223333:bobs")
        .with("kms:EncryptionContextKeys", ["x", "key"])
        .with("aws:TagKeys", ["t"]);
    let caller = role();
    let request = Request {
        principal: &caller,
        action: KMS.action("kms:Decrypt").unwrap(),
        resource: Resource::new(KEY, OWNER),
        context: &facts,
        cross_account_capable: true,
        identity_only: false,
    };
    let full = Layers {
        key_policy: Some(&key_policy),
        identity: &allow,
        boundary: Some(&boundary),
        session: &session,
        service_control: &service_control,
        resource_control: &resource_control,
        endpoint: &endpoint,
        ..Layers::default()
    };
    let decide_counted = |layers: &Layers<'_>| {
        let before = COUNT.get();
        let decision = decide(&request, layers);
        assert_eq!(COUNT.get(), before, "{decision:?}");
        decision
    };
    let before = COUNT.get();
    drop(std::hint::black_box(Box::new(1)));
    assert_eq!(COUNT.get(), before + 1, "the counter counts");
    assert_eq!(decide_counted(&full), Decision::Allowed);
    assert!(matches!(decide_counted(&Layers { identity: &deny, ..full }), Decision::ExplicitDeny(_)));
    assert!(matches!(decide_counted(&Layers { identity: &[], ..full }), Decision::ImplicitDeny(_)));
}
