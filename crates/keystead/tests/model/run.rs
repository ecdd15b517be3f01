//! Takes the steps of a history, in the library and in the model, and compares.

use std::collections::BTreeMap;
use std::fmt;

use proptest::test_runner::TestCaseError;

use super::access::{Role, Seat};
use super::audit::Entry;
use super::bench::Bench;
use super::call::{Call, Refusal, Reply};
use super::disk::Backend;
use super::events::{self, Doubts};
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

pub type Checked<T = ()> = Result<T, TestCaseError>;

/// Takes all steps, then looks at everything once more.
pub fn run(setting: Setting, upkeep: Upkeep, steps: &[Step]) -> Checked<Outcome> {
    let mut both = Both {
        bench: Bench::new(setting, START),
        world: World::new(START, setting.delay),
        trace: Vec::new(),
        setting,
        swept: 0,
        deaf_since: 0,
        doubts: Doubts { delayed: setting.backend == Backend::Unreliable, ..Doubts::default() },
        answers: Answers::new(),
    };
    for step in steps {
        both.take(step, upkeep)?;
    }
    both.finish()
}

pub struct Both {
    pub bench: Bench,
    pub world: World,
    /// What was done so far; shown when answers differ.
    trace: Vec<Done>,
    setting: Setting,
    /// How much had happened at the last sweep, and when the sink of events ceased to listen or began to.
    pub swept: usize,
    pub deaf_since: usize,
    doubts: Doubts,
    answers: Answers,
}

enum Done {
    Note(String),
    Call(Seat, Call, Result<Reply, Refusal>),
}

impl Both {
    fn take(&mut self, step: &Step, upkeep: Upkeep) -> Checked {
        let failure = step.failure.filter(|_| self.setting.backend == Backend::Unreliable);
        if let Some(upheaval) = step.upheaval {
            self.befall(upheaval, step.seat.at, failure)?;
        }
        match step.verb {
            Verb::Wait => {
                let millis = step.wait(&self.world);
                self.note(format!("wait {millis} ms"));
                self.bench.advance(millis);
                self.world.advance(millis);
                match upkeep {
                    Upkeep::None => Ok(()),
                    Upkeep::Sweep => self.sweep(),
                    Upkeep::Touch => self.touch(),
                }
            }
            Verb::Sweep if upkeep == Upkeep::Touch => self.touch(),
            Verb::Sweep => match failure {
                Some((failure, n)) => self.sweep_failing(failure, n),
                None => self.sweep(),
            },
            _ => {
                let call = step.call(&self.world);
                let verb = step.verb(&self.world);
                let is_one_call = !matches!(verb, Verb::WalkAliases | Verb::ForeignMarker);
                if let (Some((failure, _)), true) = (failure, is_one_call) {
                    return self.call_failing(step.seat, &call, failure);
                }
                if step.unheard && self.setting.required_sink && verb != Verb::WalkAliases {
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

    /// Makes a call and compares the answers.
    pub fn call(&mut self, seat: Seat, call: &Call) -> Checked<String> {
        let actual = self.bench.call(seat, call);
        self.compare(seat, call, actual)
    }

    /// Compares an answer with the model's. What is random in the library's answer the model learns from it.
    /// Answers with the exception or `ok`.
    pub fn compare(&mut self, seat: Seat, call: &Call, actual: Result<Reply, Refusal>) -> Checked<String> {
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
        self.world.forget_uses();
        let internal = matches!(&answer, Err(refusal) if refusal.code == "KMSInternalException");
        self.trace.push(Done::Call(seat, call.clone(), answer));
        if internal { Ok(()) } else { Err(self.failure("the audit sink refused the records of the last call")) }
    }

    pub fn sweep(&mut self) -> Checked {
        self.note("sweep".to_owned());
        let due = self.world.settle_all();
        let rotated = self.sweep_rest()?;
        if rotated == due { Ok(()) } else { Err(self.failure(&format!("{rotated} keys rotated, but {due} were due"))) }
    }

    /// Sweeps what may be left to sweep; answers how many keys rotated.
    pub fn sweep_rest(&mut self) -> Checked<usize> {
        let sweep = self.bench.sweep().map_err(|message| self.failure(message))?;
        if sweep.failed > 0 {
            return Err(self.failure(&format!("{sweep:?}")));
        }
        self.swept = self.world.happenings.len();
        if self.setting.backend == Backend::Unreliable {
            // Among them may be records of calls that were committed without an answer.
            self.bench.skip_records();
        }
        Ok(sweep.rotated)
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
        if !self.bench.listens() {
            self.turn_ears()?;
        }
        self.sweep()?;
        self.look()?;
        events::compare(&self.world.happenings, &self.doubts, &self.bench.service_records(), &self.bench.events())
            .map_err(|message| self.failure(&message))?;
        let keys = self.world.all_spots().map(|spot| self.describe(spot)).collect();
        let happenings = self.happenings();
        Ok(Outcome { keys, happenings, answers: self.answers, feats: self.world.feats })
    }

    /// Of what has happened since, a record may be lost where the sink is not a required one, and so may an event that
    /// is not offered again.
    pub fn doubt_since(&mut self, since: usize) {
        if !self.setting.required_sink {
            self.doubts.records.extend(since..self.world.happenings.len());
        }
        self.doubt_events_since(since);
    }

    pub fn doubt_events_since(&mut self, since: usize) {
        self.doubts.events.extend(since..self.world.happenings.len());
    }

    pub fn note(&mut self, note: String) {
        self.trace.push(Done::Note(shortened(note)));
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

    pub fn failure(&self, message: &str) -> TestCaseError {
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
