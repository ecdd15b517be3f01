//! AWS Signature Version 4: who signed a request, and whether the signature is right.
//!
//! A verifier does three things, in this order: it reads what the signer claims ([`Authorization::of`]), finds the secret
//! that belongs to the access key, and compares ([`Authorization::verify`]). Only requests signed in their
//! `Authorization` header are known; KMS has no presigned ones.
//!
//! The algorithm is published as "Create a signed AWS API request" in the IAM user guide; the vectors in `testdata` are
//! those of the test suite of `awslabs/aws-c-auth`.

mod authorization;
mod canonical;
mod error;

pub use authorization::{Authorization, CredentialScope};
pub use canonical::SignedParts;
pub use error::SignatureError;
