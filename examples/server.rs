//! Keystead as a server that speaks the protocol of AWS KMS, for clients in any language.
//!
//! ```sh
//! cargo run --release --example server -- --listen 127.0.0.1:8200
//! aws kms create-key --endpoint-url http://127.0.0.1:8200 --region us-east-1
//! ```
//!
//! `docs/server.md` has the options and the files.

use std::process::ExitCode;

fn main() -> ExitCode {
    keystead_aws::server::main(std::env::args_os().skip(1))
}
