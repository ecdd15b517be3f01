//! The provider passes the suite that decides what a provider is, with every algorithm.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use keystead_aws_lc::AwsLcProvider;
use keystead_crypto::conformance;

/// Spec: RUL-11, ASY-57
#[test]
fn the_provider_conforms_and_lacks_nothing() {
    let report = conformance::run(&AwsLcProvider::new());
    assert_eq!(report.unsupported, Vec::<String>::new());
    assert!(report.checks > 20_000, "only {} checks were made", report.checks);
}
