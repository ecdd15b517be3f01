//! Takes the steps of a history, in the library and in the model, and compares.

use std::collections::BTreeMap;
use std::fmt;

use proptest::test_runner::TestCaseError;

use super::bench::Bench;
use super::call::{Call, Refusal, Reply};
use super::instance::Setting;
use super::step::{Step, Verb};
use super::world::{Happening, SECOND, World};

/// What happens after each passage of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upkeep {
    None,
    /// `Kms::sweep`.
    Sweep,
    /// Somebody describes every key there ever was.
    Touch,
}

/// What a history led to; keys are named by place and number, because their IDs are random.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub keys: Vec<String>,
    /// Service records and events: what, to which key, when.
    pub happenings: Vec<(String, &'static str, i64)>,
    pub answers: Answers,
}

/// How often an operation was answered with success (`ok`) or with an exception.
pub type Answers = BTreeMap<(Verb, String), u64>;

type Checked<T = ()> = Result<T, TestCaseError>;

/// Takes all steps, then looks at everything once more.
pub fn run(setting: Setting, upkeep: Upkeep, steps: &[Step]) -> Checked<Outcome> {
    let mut both = Both {
        bench: Bench::new(setting, START),
        world: World::new(START),
        trace: Vec::new(),
        required_sink: setting.required_sink,
        answers: Answers::new(),
    };
    for step in steps {
        both.take(step, upkeep)?;
    }
    both.finish()
}

struct Both {
    bench: Bench,
    world: World,
    /// What was done so far; shown when answers differ.
    trace: Vec<Done>,
    required_sink: bool,
    answers: Answers,
}

enum Done {
    Note(String),
    Call(usize, Call, Result<Reply, Refusal>),
}

impl Both {
    fn take(&mut self, step: &Step, upkeep: Upkeep) -> Checked {
        match step.verb {
            Verb::Wait => {
                let millis = step.wait(&self.world);
                self.trace.push(Done::Note(format!("wait {millis} ms")));
                self.bench.advance(millis);
                self.world.advance(millis);
                match upkeep {
                    Upkeep::None => Ok(()),
                    Upkeep::Sweep => self.sweep(),
                    Upkeep::Touch => self.touch(),
                }
            }
            Verb::Sweep if upkeep == Upkeep::Touch => self.touch(),
            Verb::Sweep => self.sweep(),
            Verb::Restart => {
                self.trace.push(Done::Note("restart".to_owned()));
                self.bench.restart();
                self.world.scopes.iter_mut().for_each(|scope| scope.walk = None);
                Ok(())
            }
            _ => {
                let call = step.call(&self.world);
                let verb = step.verb(&self.world);
                if step.unheard && self.required_sink && verb != Verb::WalkAliases {
                    return self.call_unheard(step.at, &call);
                }
                let code = self.call(step.at, &call)?;
                *self.answers.entry((verb, code)).or_default() += 1;
                Ok(())
            }
        }
    }

    /// Makes a call and compares the answers. What is random in the library's answer the model learns from it.
    /// Answers with the exception or `ok`.
    fn call(&mut self, at: usize, call: &Call) -> Checked<String> {
        let actual = self.bench.call(at, call);
        let expected = self.world.answer(at, call, actual.as_ref());
        let same = match (&expected, &actual) {
            (Ok(expected), Ok(actual)) => expected == actual,
            (Err(expected), Err(actual)) => expected.is(actual),
            _ => false,
        };
        if !same {
            let call = shortened(format!("{call:?}"));
            return Err(self.failure(&format!("expected {expected:#?}\nfound {actual:#?}\nin place {at} for {call}")));
        }
        let records = self.bench.new_call_records();
        let paged = matches!(
            call,
            Call::ListKeys { .. }
                | Call::ListAliases { .. }
                | Call::ListResourceTags { .. }
                | Call::ListKeyRotations { .. }
                | Call::ForeignMarker { .. }
        );
        if records != 1 && !(paged && records > 1) {
            return Err(self.failure(&format!("{records} audit records in place {at} for {call:?}")));
        }
        let code = actual.as_ref().map_or_else(|refusal| refusal.code.clone(), |_| "ok".to_owned());
        self.trace.push(Done::Call(at, call.clone(), actual));
        Ok(code)
    }

    /// A call without its record has not happened (AUD-06).
    fn call_unheard(&mut self, at: usize, call: &Call) -> Checked {
        let answer = self.bench.call_unheard(at, call);
        let internal = matches!(&answer, Err(refusal) if refusal.code == "KMSInternalException");
        self.trace.push(Done::Call(at, call.clone(), answer));
        if internal { Ok(()) } else { Err(self.failure("the audit sink refused the records of the last call")) }
    }

    fn sweep(&mut self) -> Checked {
        self.trace.push(Done::Note("sweep".to_owned()));
        let rotated = self.world.settle_all();
        let sweep = self.bench.sweep().map_err(|message| self.failure(message))?;
        if (sweep.rotated, sweep.failed) != (rotated, 0) {
            return Err(self.failure(&format!("{sweep:?}, but {rotated} rotations were due")));
        }
        Ok(())
    }

    fn touch(&mut self) -> Checked {
        for at in 0..self.world.scopes.len() {
            for key in 0..self.world.scopes[at].keys.len() {
                let key = self.world.arn(at, key);
                self.call(at, &Call::DescribeKey { key })?;
            }
        }
        Ok(())
    }

    /// Brings everything up to date, reads everything, and compares what was recorded and announced.
    fn finish(mut self) -> Checked<Outcome> {
        self.sweep()?;
        let mut keys = Vec::new();
        for at in 0..self.world.scopes.len() {
            self.call(at, &Call::ListKeys { limit: Some(3) })?;
            self.call(at, &Call::ListAliases { key: None, limit: Some(2) })?;
            for index in 0..self.world.scopes[at].keys.len() {
                let key = self.world.key(at, index).id.clone();
                self.call(at, &Call::DescribeKey { key: key.clone() })?;
                self.call(at, &Call::GetKeyRotationStatus { key: key.clone() })?;
                self.call(at, &Call::ListKeyRotations { key: key.clone(), all: true, limit: Some(2) })?;
                self.call(at, &Call::ListResourceTags { key: key.clone(), limit: Some(7) })?;
                self.call(at, &Call::ListAliases { key: Some(key), limit: Some(1) })?;
                keys.push(self.describe(at, index));
            }
            let (counted, living) = (self.bench.key_count(at), self.world.living(at).count() as u64);
            if counted != living {
                return Err(self.failure(&format!("{counted} keys are counted in place {at}, but {living} exist")));
            }
        }
        self.compare_happenings()?;
        let happenings = self.happenings();
        Ok(Outcome { keys, happenings, answers: self.answers })
    }

    /// Each rotation and each deletion has one record and one event (ROT-55, STA-93, STA-96).
    fn compare_happenings(&self) -> Checked {
        let (records, events) = (self.bench.service_records(), self.bench.events());
        let sorted = |mut list: Vec<Happening>| {
            list.sort();
            list
        };
        let is_deletion = |one: &Happening| matches!(one.kind, "DeleteKey" | "Deletion");
        let of = |list: &[Happening], deletions: bool, kind: Option<&'static str>| {
            let chosen = list.iter().filter(|one| is_deletion(one) == deletions).cloned();
            sorted(chosen.map(|one| Happening { kind: kind.unwrap_or(one.kind), ..one }).collect())
        };
        let same = |what: &str, expected: &Vec<Happening>, found: &Vec<Happening>| {
            if expected == found {
                return Ok(());
            }
            Err(self.failure(&format!("{what}: expected {expected:#?}\nfound {found:#?}")))
        };
        let rotations = sorted(self.world.rotations.clone());
        same("records of rotations", &rotations, &of(&records, false, None))?;
        same("events of rotations", &of(&rotations, false, Some("Rotation")), &of(&events, false, None))?;
        // A key may go later than it was due, never earlier. Events of deletions tell whole seconds.
        let due: BTreeMap<_, _> = self.world.deletions.iter().map(|one| (one.arn.as_str(), one.at)).collect();
        for (what, found) in [("records", &of(&records, true, None)), ("events", &of(&events, true, None))] {
            let arns: Vec<_> = found.iter().map(|one| one.arn.as_str()).collect();
            if !arns.iter().eq(due.keys()) || found.iter().any(|one| one.at + SECOND <= due[one.arn.as_str()]) {
                return Err(self.failure(&format!("{what} of deletions: expected {due:#?}\nfound {found:#?}")));
            }
        }
        Ok(())
    }

    fn happenings(&self) -> Vec<(String, &'static str, i64)> {
        let mut names = BTreeMap::new();
        for (at, scope) in self.world.scopes.iter().enumerate() {
            for (index, key) in scope.keys.iter().enumerate() {
                names.insert(scope.place.key_arn(&key.id), format!("{at}/{index}"));
            }
        }
        let all = self.bench.service_records().into_iter().chain(self.bench.events());
        let mut all: Vec<_> = all.map(|one| (names[&one.arn].clone(), one.kind, one.at)).collect();
        all.sort();
        all
    }

    fn describe(&self, at: usize, index: usize) -> String {
        let key = self.world.key(at, index);
        let rotations: Vec<_> = key.materials.iter().map(|version| version.rotation).collect();
        let next = key.schedule.map(|schedule| schedule.next);
        let gone = key.is_gone(self.world.now);
        format!("{at}/{index} {} gone {gone} {:?} {next:?} {rotations:?}", key.state(), key.deletion)
    }

    fn failure(&self, message: &str) -> TestCaseError {
        let from = self.trace.len().saturating_sub(60);
        let trace: Vec<_> = self.trace[from..].iter().map(Done::to_string).collect();
        TestCaseError::fail(format!("{message}\nafter\n{}\n", trace.join("\n")))
    }
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Note(note) => f.write_str(note),
            Self::Call(at, call, answer) => {
                let (call, answer) = (shortened(format!("{call:?}")), shortened(format!("{answer:?}")));
                write!(f, "{at}: {call} -> {answer}")
            }
        }
    }
}

/// Long members tell nothing.
fn shortened(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(400) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// When every history begins: some milliseconds after a full second in 2024.
const START: i64 = 1_709_999_999_123;
