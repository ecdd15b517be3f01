//! Decides requests, one JSON object per line, and says why.
//!
//! ```text
//! cargo run --release --example explain -- [--json] [--lint] < requests.jsonl
//! ```
//!
//! `examples/data/requests.jsonl` holds some to begin with; `keystead_examples::explain` describes the format.

use std::error::Error;
use std::io::{BufWriter, stdin, stdout};

use keystead_examples::explain::{Options, run};

fn main() -> Result<(), Box<dyn Error>> {
    let mut options = Options::default();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--json" => options.json = true,
            "--lint" => options.lint = true,
            other => return Err(format!("`{other}` is no option; there are --json and --lint").into()),
        }
    }
    run(stdin().lock(), BufWriter::new(stdout().lock()), options)?;
    Ok(())
}
