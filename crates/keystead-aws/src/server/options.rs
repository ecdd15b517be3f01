//! The command line of the server.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use keystead::{AccountId, Region};
use lexopt::prelude::*;

/// How the server is to run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Where to listen; port 0 lets the system choose one.
    pub listen: SocketAddr,
    /// The account of whoever shows no other, without credentials.
    pub account: AccountId,
    /// The Region of requests that are not signed.
    pub region: Region,
    /// The credentials file; with it, signatures are verified.
    pub credentials: Option<PathBuf>,
    /// To which audit records are appended, one JSON object a line.
    pub audit: Option<PathBuf>,
    /// The seed file.
    pub seed: Option<PathBuf>,
    /// Where keys are kept; without, they live in memory.
    pub store: Option<Durable>,
    /// Whether `POST /reset` is there.
    pub allow_reset: bool,
}

/// A durable store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Durable {
    /// The file of the store, created if there is none.
    pub path: PathBuf,
    /// The file of the root key, created along with the store.
    pub root_key: PathBuf,
}

/// What a command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// To serve.
    Serve(Box<Options>),
    /// To say how it is used.
    Help,
}

/// Why a command line is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UsageError {
    /// It cannot be read.
    #[error(transparent)]
    Syntax(#[from] lexopt::Error),
    /// A value is not of the kind that the option takes.
    #[error("`{value}` is not a value for `--{option}`: give {expected}")]
    Value {
        /// The option.
        option: &'static str,
        /// What was given.
        value: String,
        /// What it takes.
        expected: &'static str,
    },
    /// Everybody who reaches the address would be believed.
    #[error("`{0}` can be reached by others: give `--credentials FILE`, or listen on a loopback address")]
    Exposed(SocketAddr),
    /// Everybody who reaches the address could delete all keys.
    #[error("`--allow-reset` needs a loopback address, and `{0}` is none: leave it out, or listen on one")]
    ExposedReset(SocketAddr),
    /// A store is nothing without its root key, and the other way round.
    #[error("`--store` and `--root-key` belong together: give both; the root key file is created along with the store")]
    HalfStore,
    /// What lasts would be made from a file, or deleted by a request, that is meant for tests.
    #[error("`--{0}` is for tests and does not go with `--store`: leave one of them out")]
    TestsOnly(&'static str),
}

impl Command {
    /// Reads a command line, the name of the program not included.
    ///
    /// # Errors
    /// [`UsageError`].
    pub fn parse(arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Result<Self, UsageError> {
        let mut options = Options::default();
        let (mut store, mut root_key) = (None, None);
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next()? {
            match argument {
                Long("listen") => options.listen = value(&mut parser, "listen", "an address like 127.0.0.1:8200")?,
                Long("account") => options.account = value(&mut parser, "account", "twelve digits")?,
                Long("region") => options.region = value(&mut parser, "region", "a Region name like us-east-1")?,
                Long("credentials") => options.credentials = Some(parser.value()?.into()),
                Long("audit") => options.audit = Some(parser.value()?.into()),
                Long("seed") => options.seed = Some(parser.value()?.into()),
                Long("allow-reset") => options.allow_reset = true,
                Long("store") => store = Some(parser.value()?.into()),
                Long("root-key") => root_key = Some(parser.value()?.into()),
                Short('h') | Long("help") => return Ok(Self::Help),
                other => return Err(other.unexpected().into()),
            }
        }
        options.store = match (store, root_key) {
            (Some(path), Some(root_key)) => Some(Durable { path, root_key }),
            (None, None) => None,
            _ => return Err(UsageError::HalfStore),
        };
        options.check()?;
        Ok(Self::Serve(Box::new(options)))
    }
}

impl Options {
    fn check(&self) -> Result<(), UsageError> {
        if self.store.is_some() && self.allow_reset {
            return Err(UsageError::TestsOnly("allow-reset"));
        }
        if self.store.is_some() && self.seed.is_some() {
            return Err(UsageError::TestsOnly("seed"));
        }
        let is_exposed = !self.listen.ip().is_loopback();
        match (is_exposed, &self.credentials) {
            (true, None) => Err(UsageError::Exposed(self.listen)),
            (true, Some(_)) if self.allow_reset => Err(UsageError::ExposedReset(self.listen)),
            _ => Ok(()),
        }
    }
}

impl Default for Options {
    #[allow(clippy::expect_used)] // constants
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8200)),
            account: "123456789012".parse().expect("twelve digits"),
            region: "us-east-1".parse().expect("a Region name"),
            credentials: None,
            audit: None,
            seed: None,
            store: None,
            allow_reset: false,
        }
    }
}

fn value<T: FromStr>(
    parser: &mut lexopt::Parser,
    option: &'static str,
    expected: &'static str,
) -> Result<T, UsageError> {
    let value = parser.value()?.string()?;
    value.parse().map_err(|_| UsageError::Value { option, value, expected })
}

/// How the server is used.
pub const USAGE: &str = "\
Serves Keystead over HTTP, in the protocol of AWS KMS. Without --store keys live in memory.

Usage: server [OPTIONS]

  --listen ADDRESS      where to listen [127.0.0.1:8200]; port 0 takes a free one
  --account ACCOUNT     the account of callers who show no other [123456789012]
  --region REGION       the Region of requests that are not signed [us-east-1]
  --credentials FILE    access keys and whose they are (TOML); signatures are verified
  --store FILE          keep keys in FILE; it is created if there is none
  --root-key FILE       the key that protects the store; created along with it, for you to
                        keep elsewhere too: without it the store is lost
  --audit FILE          append audit records to FILE, one JSON object a line
  --seed FILE           begin with the keys of FILE (TOML); for tests only
  --allow-reset         let POST /reset begin anew; for tests only
  --help                show this

Without --credentials only loopback addresses are served, and nobody has to prove
anything: an access key of twelve digits is the root of that account, any other the
root of --account. The Region is that of the request's credential scope.
";

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn options_have_defaults() {
        let parsed = Command::parse(Vec::<OsString>::new()).unwrap();
        assert_eq!(parsed, Command::Serve(Box::default()));
    }

    #[test]
    fn every_option_is_read() {
        let line = "--listen [::1]:0 --account 111122223333 --region=eu-west-1 --credentials c --audit a --seed s \
                    --allow-reset";
        let expected = Options {
            listen: "[::1]:0".parse().unwrap(),
            account: "111122223333".parse().unwrap(),
            region: "eu-west-1".parse().unwrap(),
            credentials: Some("c".into()),
            audit: Some("a".into()),
            seed: Some("s".into()),
            store: None,
            allow_reset: true,
        };
        assert_eq!(Command::parse(line.split(' ')).unwrap(), Command::Serve(Box::new(expected)));
        let durable = Durable { path: "k".into(), root_key: "r".into() };
        let expected = Options { store: Some(durable), ..Options::default() };
        assert_eq!(Command::parse(["--store=k", "--root-key", "r"]).unwrap(), Command::Serve(Box::new(expected)));
        assert!(USAGE.contains("--store ") && USAGE.contains("--root-key "));
        assert_eq!(Command::parse(["--help"]).unwrap(), Command::Help);
        for word in line.split(' ').filter_map(|word| word.strip_prefix("--")) {
            let option = word.split('=').next().unwrap();
            assert!(USAGE.contains(&format!("--{option} ")), "{option}");
        }
    }

    #[test]
    fn refusals_say_what_to_do() {
        let refusal = |line: &str| Command::parse(line.split(' ')).unwrap_err().to_string();
        assert_eq!(
            refusal("--listen 0.0.0.0:8200"),
            "`0.0.0.0:8200` can be reached by others: give `--credentials FILE`, or listen on a loopback address"
        );
        assert!(refusal("--listen 0.0.0.0:8200 --credentials c --allow-reset").contains("leave it out"));
        assert!(refusal("--listen nowhere").contains("an address like 127.0.0.1:8200"));
        assert!(refusal("--account 12").contains("twelve digits"));
        assert!(refusal("--region X!").contains("a Region name like us-east-1"));
        for half in ["--store keys.redb", "--root-key f"] {
            assert!(refusal(half).contains("give both"), "{half}");
        }
        for other in ["--seed s", "--allow-reset"] {
            assert!(refusal(&format!("--store k --root-key r {other}")).contains("is for tests"), "{other}");
        }
        for line in ["--colour", "extra", "--seed", "--allow-reset=yes"] {
            assert!(!refusal(line).is_empty(), "{line}");
        }
        assert!(Command::parse(["--listen", "0.0.0.0:1", "--credentials", "c"]).is_ok());
    }
}
