//! Takes the steps of a history, in the library and in the model, and compares.

use std::collections::BTreeMap;
use std::fmt;

use proptest::test_runner::TestCaseError;

use super::access::{Role, Seat};
use super::audit::Entry;
use super::bench::Bench;
use super::call::{Call, Refusal, Reply};
use super::events;
use super::instance::Setting;
use super::step::{Step, Verb};
use super::world::{Spot, World};

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
    pub feats: BTreeMap<&'static str, u64>,
}

/// How often an operation was answered with success (`ok`) or with an exception.
pub type Answers = BTreeMap<(Verb, String), u64>;

type Checked<T = ()> = Result<T, TestCaseError>;

/// Takes all steps, then looks at everything once more.
pub fn run(setting: Setting, upkeep: Upkeep, steps: &[Step]) -> Checked<Outcome> {
    let mut both = Both {
        bench: Bench::new(setting, START),
        world: World::new(START, setting.delay),
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
    Call(Seat, Call, Result<Reply, Refusal>),
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
                    return self.call_unheard(step.seat, &call);
                }
                // Two lists are read here: one caller must be allowed both.
                let role = if verb == Verb::ForeignMarker { Role::Root } else { step.seat.role };
                let code = self.call(Seat { role, ..step.seat }, &call)?;
                *self.answers.entry((verb, code)).or_default() += 1;
                Ok(())
            }
        }
    }

    /// Makes a call and compares the answers. What is random in the library's answer the model learns from it.
    /// Answers with the exception or `ok`.
    fn call(&mut self, seat: Seat, call: &Call) -> Checked<String> {
        let actual = self.bench.call(seat, call);
        let expected = self.world.answer(seat, call, actual.as_ref());
        let same = match (&expected, &actual) {
            (Ok(expected), Ok(actual)) => expected == actual,
            (Err(expected), Err(actual)) => expected.is(actual),
            _ => false,
        };
        if !same {
            let call = shortened(format!("{call:?}"));
            return Err(self.failure(&format!("expected {expected:#?}\nfound {actual:#?}\n{seat:?} in {call}")));
        }
        let recorded = self.bench.new_records(call);
        let records = self.world.records(seat, call, &expected);
        let all = |one: &Vec<Entry>, other: &[Entry], is: &dyn Fn(&Entry, &Entry) -> bool| {
            one.iter().all(|one| other.iter().any(|other| is(one, other)))
        };
        let fits = records.len() == recorded.len()
            && all(&records, &recorded, &|expected, actual| expected.is(actual))
            && all(&recorded, &records, &|actual, expected| expected.is(actual));
        if !fits {
            let call = shortened(format!("{call:?}"));
            return Err(self.failure(&format!("expected records {records:?}\nfound {recorded:?}\n{seat:?} in {call}")));
        }
        let code = actual.as_ref().map_or_else(|refusal| refusal.code.clone(), |_| "ok".to_owned());
        self.trace.push(Done::Call(seat, call.clone(), actual));
        Ok(code)
    }

    /// A call without its record has not happened (AUD-06).
    fn call_unheard(&mut self, seat: Seat, call: &Call) -> Checked {
        let answer = self.bench.call_unheard(seat, call);
        for key in self.world.scopes.iter_mut().flat_map(|scope| &mut scope.keys) {
            key.forgetful = true;
        }
        let internal = matches!(&answer, Err(refusal) if refusal.code == "KMSInternalException");
        self.trace.push(Done::Call(seat, call.clone(), answer));
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
                let key = self.world.arn(Spot { at, index: key });
                self.call(Seat { at, role: Role::Root }, &Call::DescribeKey { key, tokens: Vec::new() })?;
            }
        }
        Ok(())
    }

    /// Brings everything up to date, reads everything, and compares what was recorded and announced.
    fn finish(mut self) -> Checked<Outcome> {
        self.sweep()?;
        let mut keys = Vec::new();
        for at in 0..self.world.scopes.len() {
            let root = Seat { at, role: Role::Root };
            self.call(root, &Call::ListKeys { limit: Some(3) })?;
            self.call(root, &Call::ListAliases { key: None, limit: Some(2) })?;
            for index in 0..self.world.scopes[at].keys.len() {
                let key = self.world.id(Spot { at, index }).to_owned();
                self.call(root, &Call::DescribeKey { key: key.clone(), tokens: Vec::new() })?;
                self.call(root, &Call::GetKeyRotationStatus { key: key.clone() })?;
                self.call(root, &Call::ListKeyRotations { key: key.clone(), all: true, limit: Some(2) })?;
                self.call(root, &Call::ListResourceTags { key: key.clone(), limit: Some(7) })?;
                self.call(root, &Call::GetKeyPolicy { key: key.clone(), name: None })?;
                self.call(root, &Call::GetKeyLastUsage { key: key.clone() })?;
                let limit = Some(3);
                self.call(root, &Call::ListGrants { key: key.clone(), id: None, grantee: None, limit })?;
                self.call(root, &Call::ListAliases { key: Some(key), limit: Some(1) })?;
                keys.push(self.describe(Spot { at, index }));
            }
            let (counted, living) = (self.bench.key_count(at), self.world.counted(at));
            if counted != living {
                return Err(self.failure(&format!("{counted} keys are counted in place {at}, but {living} exist")));
            }
        }
        events::compare(&self.world.happenings, &self.bench.service_records(), &self.bench.events())
            .map_err(|message| self.failure(&message))?;
        let happenings = self.happenings();
        Ok(Outcome { keys, happenings, answers: self.answers, feats: self.world.feats })
    }

    fn happenings(&self) -> Vec<(String, &'static str, i64)> {
        let spots = self.world.all_spots();
        let names: BTreeMap<_, _> =
            spots.map(|spot| (self.world.arn(spot), format!("{}/{}", spot.at, spot.index))).collect();
        let all = self.bench.service_records().into_iter().chain(self.bench.events());
        let mut all: Vec<_> = all.map(|one| (names[&one.arn].clone(), one.kind, one.at)).collect();
        all.sort();
        all
    }

    fn describe(&self, spot: Spot) -> String {
        let (key, core) = (self.world.key(spot), self.world.core(spot));
        let rotations: Vec<_> = core.versions.iter().map(|version| version.rotation).collect();
        let next = core.schedule.map(|schedule| schedule.next);
        let gone = key.is_gone(self.world.now);
        let state = self.world.state(spot);
        format!("{}/{} {state} gone {gone} {:?} {next:?} {rotations:?}", spot.at, spot.index, key.deletion)
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
            Self::Call(seat, call, answer) => {
                let (call, answer) = (shortened(format!("{call:?}")), shortened(format!("{answer:?}")));
                write!(f, "{} {:?}: {call} -> {answer}", seat.at, seat.role)
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
