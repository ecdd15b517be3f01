//! Decisions on requests written as JSON, one object per line.
//!
//! | member | value |
//! |---|---|
//! | `id` | anything; handed back |
//! | `principal` | ARN, name of a service, or `null` for an anonymous caller |
//! | `principal_tags` | tags of the caller: `aws:PrincipalTag/<key>` |
//! | `action` | such as `kms:Decrypt`; of any service |
//! | `resource` | ARN, or `*` |
//! | `resource_account` | the owner; by default the account of the ARN, and the caller's where it has none |
//! | `context` | condition key to value or list of values; complete, as nothing is added to it |
//! | `identity_policies` | documents |
//! | `resource_policy` | a document or `null` |
//! | `resource_policy_delegates` | `true` (default): the rule of key policies; `false`: identity policies suffice in the same account |
//! | `permissions_boundary` | a document |
//! | `session_policies`, `endpoint_policies` | documents; together they allow what any allows |
//! | `service_control_policies`, `resource_control_policies` | a list of documents per level, root first |
//! | `grants` | objects with `GranteePrincipal`, `Operations`, `Constraints` as in `ListGrants` |
//!
//! Other members are ignored. Documents are read as they are written, so that duplicate members are seen.
//!
//! The answer to a line is `{"id", "decision", "blocked_by", "matched": [{"policy", "pointer", "sid", "effect"}],
//! "reason", "summary", "absent_keys"}`: `decision` is `Allowed`, `ExplicitlyDenied` or `ImplicitlyDenied`; `policy` is
//! a JSON pointer into the line, `pointer` one into the document; `reason` has the words of the API, `summary` says in
//! a sentence what decided or what is missing. A line that cannot be decided is answered `{"id", "error", "pointer"}`.

use std::io::{self, BufRead, Write};

use serde_json::Value;

pub use case::{Case, Refusal};
pub use report::{Answer, Diagnostic};

mod case;
mod line;
mod report;

/// What to print.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Answers as JSON, one object per line, instead of text for people.
    pub json: bool,
    /// The findings in every document.
    pub lint: bool,
}

/// Answers every line of the input. A line that cannot be decided is answered with its error.
///
/// # Errors
/// Only those of reading and writing.
pub fn run(input: impl BufRead, mut output: impl Write, options: Options) -> io::Result<()> {
    for line in input.split(b'\n') {
        let line = line?;
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let answer = answer(&String::from_utf8_lossy(&line), options);
        if options.json {
            writeln!(output, "{}", answer.to_json())?;
        } else {
            writeln!(output, "{answer}")?;
        }
    }
    output.flush()
}

/// Answers one line.
pub fn answer(line: &str, options: Options) -> Answer {
    match Case::read(line) {
        Ok(case) => Answer::to_case(&case, options.lint),
        Err(refusal) => {
            let id = serde_json::from_str::<Value>(line).ok().and_then(|line| line.get("id").cloned());
            Answer::refusing(id.unwrap_or(Value::Null), refusal)
        }
    }
}
