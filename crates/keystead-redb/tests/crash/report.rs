//! What the worker tells the witness, a line each.

use std::fmt;
use std::io::Write;

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Report {
    /// From now on it is this time, in milliseconds.
    Time(i64),
    /// An operation begins that concerns these keys, and may make one.
    Begins { keys: Vec<String> },
    /// The operation has returned: the key now looks like this.
    Key { id: String, portrait: String },
    /// The operation has returned: the key is gone.
    Gone { id: String },
    /// The operation has returned: the key has made this ciphertext.
    Sealed { id: String, ciphertext: Vec<u8>, plaintext: Vec<u8> },
    /// All of the operation was reported.
    Ends,
    /// A line of somebody else, or one that death cut off.
    Noise,
}

impl Report {
    pub(crate) fn parse(line: &str) -> Self {
        // A whole line ends with a mark of its own, so that one that was cut off is known.
        let Some(words) = line.strip_prefix("| ").and_then(|line| line.strip_suffix(" .")) else { return Self::Noise };
        let words: Vec<&str> = words.split(' ').collect();
        let text = |word: &str| String::from_utf8(bytes(word)).unwrap();
        match words[..] {
            ["time", millis] => Self::Time(millis.parse().unwrap()),
            ["begins", ref keys @ ..] => Self::Begins { keys: keys.iter().map(|key| (*key).to_owned()).collect() },
            ["key", id, portrait] => Self::Key { id: id.to_owned(), portrait: text(portrait) },
            ["gone", id] => Self::Gone { id: id.to_owned() },
            ["sealed", id, ciphertext, plaintext] => {
                Self::Sealed { id: id.to_owned(), ciphertext: bytes(ciphertext), plaintext: bytes(plaintext) }
            }
            ["ends"] => Self::Ends,
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
            Self::Begins { keys } if keys.is_empty() => write!(f, "| begins ."),
            Self::Begins { keys } => write!(f, "| begins {} .", keys.join(" ")),
            Self::Key { id, portrait } => write!(f, "| key {id} {} .", hex(portrait.as_bytes())),
            Self::Gone { id } => write!(f, "| gone {id} ."),
            Self::Sealed { id, ciphertext, plaintext } => {
                write!(f, "| sealed {id} {} {} .", hex(ciphertext), hex(plaintext))
            }
            Self::Ends => write!(f, "| ends ."),
            Self::Noise => Ok(()),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap()).collect()
}
