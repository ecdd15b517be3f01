//! The default provider passes the suite that decides what a provider is.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use keystead_crypto::{DefaultProvider, conformance};

/// Spec: RUL-10, RUL-11, ASY-57, ASY-60
/// Spec: ASY-16, ASY-18, ASY-21, ASY-25, ASY-28..ASY-34, ASY-37, ASY-75, ASY-76, ASY-83, IMP-21..IMP-25, IMP-27, IMP-30, IMP-33
/// Spec: ASY-17, ASY-40..ASY-43, ASY-48, ASY-49, ASY-51, ASY-52, ASY-54
#[test]
fn the_default_provider_conforms_and_lacks_nothing() {
    let report = conformance::run(&DefaultProvider::new());
    assert_eq!(report.unsupported, Vec::<String>::new());
    assert!(report.checks > 20_000, "only {} checks were made", report.checks);
}
