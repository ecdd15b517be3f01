//! What the worker tells the witness, a line each.

use std::fmt;
use std::io::Write;

/// One line. Keys are named by Region and key ID, as in `us-west-2/1234abcd-…`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    /// From now on it is this time, in milliseconds.
    Time(i64),
    /// A thread begins an operation that concerns these keys, or makes one if there are none.
    Begins { thread: u64, keys: Vec<String> },
    /// The operation has returned: the key now looks like this.
    Key { key: String, portrait: String },
    /// The operation has returned: the key is gone.
    Gone { key: String },
    /// The operation has returned: the key has made this of that.
    Made { key: String, work: Work, product: Vec<u8>, source: Vec<u8> },
    /// All of the operation was reported.
    Ends { thread: u64 },
    /// The event that a key was deleted has come.
    Announced { key: String },
    /// A line of somebody else, or one that death cut off.
    Noise,
}

/// What keys do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Encrypts,
    Signs,
    Authenticates,
}

impl Report {
    pub(crate) fn parse(line: &str) -> Self {
        // A whole line ends with a mark of its own, so that one that was cut off is known.
        let Some(words) = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" .")) else { return Self::Noise };
        let words: Vec<&str> = words.split(' ').collect();
        let text = |word: &str| String::from_utf8(bytes(word)).unwrap();
        match words[..] {
            ["time", millis] => Self::Time(millis.parse().unwrap()),
            ["begins", thread, ref keys @ ..] => {
                let keys = keys.iter().map(|key| (*key).to_owned()).collect();
                Self::Begins { thread: thread.parse().unwrap(), keys }
            }
            ["key", key, portrait] => Self::Key { key: key.to_owned(), portrait: text(portrait) },
            ["gone", key] => Self::Gone { key: key.to_owned() },
            [verb, key, product, source] => Self::Made {
                key: key.to_owned(),
                work: Work::parse(verb),
                product: bytes(product),
                source: bytes(source),
            },
            ["ends", thread] => Self::Ends { thread: thread.parse().unwrap() },
            ["announced", key] => Self::Announced { key: key.to_owned() },
            _ => panic!("the worker said {line:?}"),
        }
    }

    /// Writes the line at once, past the test harness.
    pub(crate) fn print(&self) {
        let mut out = std::io::stdout().lock();
        // The harness begins a line of its own for each test.
        out.write_all(format!("\n{self}\n").as_bytes()).and_then(|()| out.flush()).unwrap();
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(millis) => write!(f, "| time {millis} ."),
            Self::Begins { thread, keys } if keys.is_empty() => write!(f, "| begins {thread} ."),
            Self::Begins { thread, keys } => write!(f, "| begins {thread} {} .", keys.join(" ")),
            Self::Key { key, portrait } => write!(f, "| key {key} {} .", hex(portrait.as_bytes())),
            Self::Gone { key } => write!(f, "| gone {key} ."),
            Self::Made { key, work, product, source } => {
                write!(f, "| {} {key} {} {} .", work.verb(), hex(product), hex(source))
            }
            Self::Ends { thread } => write!(f, "| ends {thread} ."),
            Self::Announced { key } => write!(f, "| announced {key} ."),
            Self::Noise => Ok(()),
        }
    }
}

impl Work {
    /// What comes of it.
    pub(crate) fn done(self) -> &'static str {
        match self {
            Self::Encrypts => "a ciphertext",
            Self::Signs => "a signature",
            Self::Authenticates => "a code",
        }
    }

    fn verb(self) -> &'static str {
        match self {
            Self::Encrypts => "encrypts",
            Self::Signs => "signs",
            Self::Authenticates => "authenticates",
        }
    }

    fn parse(verb: &str) -> Self {
        let all = [Self::Encrypts, Self::Signs, Self::Authenticates];
        all.into_iter().find(|work| work.verb() == verb).unwrap()
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap()).collect()
}
