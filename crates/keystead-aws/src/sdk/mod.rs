//! An unmodified `aws_sdk_kms::Client` talks to Keystead in the same process.
