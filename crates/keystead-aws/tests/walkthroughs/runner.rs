//! Runs a script: keeps clock, caller and captured values, and compares answers.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keystead::{Clock, Kms, ManualClock, Timestamp};
use serde_json::Value;

use crate::aws_cli::AwsCli;
use crate::in_process::{InProcess, Rendering};
use crate::pattern::{Captured, fits, interpolated};
use crate::script::{Action, Expected, Step, parse, seconds};

/// A way to carry out a call.
pub(crate) trait Front {
    fn call(&mut self, call: &Call<'_>) -> Result<Option<Value>, Failure>;
}

/// One call, as a script has it.
pub(crate) struct Call<'c> {
    pub(crate) caller: &'c Caller,
    pub(crate) region: &'c str,
    pub(crate) operation: &'c str,
    pub(crate) options: &'c [(String, Vec<String>)],
    pub(crate) query: Option<&'c str>,
    pub(crate) as_text: bool,
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Caller {
    pub(crate) arn: String,
    /// Its identity policy.
    pub(crate) policy: Option<String>,
}

/// An exception.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: String,
    pub(crate) message: String,
}

/// Runs a script on every front.
pub(crate) fn run(name: &str, script: &str) {
    run_in_process(name, script);
    let steps = parse(script);
    let is_for_aws = !steps.iter().any(|step| matches!(step.action, Action::InProcess));
    if let Some(aws) = std::env::var_os("KEYSTEAD_AWS_CLI").filter(|_| is_for_aws) {
        let (kms, clock) = instance();
        play(name, &steps, &mut AwsCli::new(aws, kms.clone(), callers(&steps)), &kms, &clock);
    }
}

/// Runs a script through the dispatcher.
pub(crate) fn run_in_process(name: &str, script: &str) {
    let steps = parse(script);
    for rendering in [Rendering::Epoch, Rendering::Iso8601] {
        let (kms, clock) = instance();
        play(name, &steps, &mut InProcess::new(kms.clone(), rendering), &kms, &clock);
    }
}

fn instance() -> (Kms, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at("2026-01-01T12:00:00Z"));
    (Kms::builder().clock(Arc::clone(&clock)).build().unwrap(), clock)
}

fn play(name: &str, steps: &[Step], front: &mut dyn Front, kms: &Kms, clock: &ManualClock) {
    let mut stage = Stage::new();
    for step in steps {
        if let Action::Service(service) = &step.action {
            let (region, account) = (stage.region.parse().unwrap(), stage.account.parse().unwrap());
            kms.register_aws_managed_key(service.as_str(), region, account).unwrap();
        }
        if let Err(error) = stage.perform(step, front, clock) {
            panic!("{name}: {}\n{error}", step.text);
        }
    }
}

/// All callers of a script.
fn callers(steps: &[Step]) -> Vec<Caller> {
    let mut stage = Stage::new();
    let mut callers = vec![stage.caller.clone()];
    for step in steps {
        stage.enter(&step.action);
        callers.push(stage.caller.clone());
    }
    callers.sort();
    callers.dedup();
    callers
}

/// Where a script has got to.
struct Stage {
    account: String,
    region: String,
    caller: Caller,
    captured: Captured,
}

impl Stage {
    /// The start (WLK-05).
    fn new() -> Self {
        let account = "111122223333";
        Self {
            account: account.to_owned(),
            region: "us-west-2".to_owned(),
            caller: alice(account),
            captured: Captured::new(),
        }
    }

    /// Changes account, Region or caller, or takes down a value.
    fn enter(&mut self, action: &Action) {
        match action {
            Action::Account(account) => {
                self.account.clone_from(account);
                self.caller = alice(account);
            }
            Action::Region(region) => self.region.clone_from(region),
            Action::As { principal, .. } if principal == "Alice" => self.caller = alice(&self.account),
            Action::As { principal, policy } => {
                let policy = policy.as_ref().map(|policy| match policy.as_str() {
                    "allow" => ALLOWED.to_owned(),
                    named => interpolated(named, &self.captured),
                });
                self.caller = Caller { arn: principal.clone(), policy };
            }
            Action::Let { name, how, value } if how.is_empty() => {
                let value = interpolated(value, &self.captured);
                self.captured.insert(name.clone(), value.into());
            }
            _ => {}
        }
    }

    fn perform(&mut self, step: &Step, front: &mut dyn Front, clock: &ManualClock) -> Result<(), String> {
        self.enter(&step.action);
        match &step.action {
            Action::Advance(by) => clock.advance(Duration::from_secs(*by)),
            Action::Let { name, how, value } if !how.is_empty() => {
                let value = altered(how, &interpolated(value, &self.captured));
                self.captured.insert(name.clone(), value.into());
            }
            Action::Call { times, operation, options } => {
                for _ in 0..*times {
                    let answer = self.call(operation, options, front, clock.now());
                    self.compare(answer, step.expected.as_ref(), clock.now())?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn call(
        &self,
        operation: &str,
        options: &[(String, Vec<String>)],
        front: &mut dyn Front,
        now: Timestamp,
    ) -> Result<Option<Value>, Failure> {
        let mut given = Vec::new();
        let (mut region, mut query, mut as_text) = (self.region.clone(), None, false);
        for (option, values) in options {
            let mut values: Vec<String> =
                values.iter().map(|value| instant(&interpolated(value, &self.captured), now)).collect();
            match option.as_str() {
                "region" => region = values.remove(0),
                "query" => query = Some(values.remove(0)),
                "output" => as_text = values == ["text"],
                _ => given.push((option.clone(), values)),
            }
        }
        let query = query.as_deref();
        front.call(&Call { caller: &self.caller, region: &region, operation, options: &given, query, as_text })
    }

    fn compare(
        &mut self,
        answer: Result<Option<Value>, Failure>,
        expected: Option<&Expected>,
        now: Timestamp,
    ) -> Result<(), String> {
        match (expected, answer) {
            (None, Ok(_)) | (Some(Expected::Nothing), Ok(None)) => Ok(()),
            (Some(Expected::Output(pattern)), Ok(Some(value))) => pattern.check(&value, &mut self.captured, now),
            (Some(Expected::Error { name, text }), Err(failure)) => {
                let wanted = text.as_ref().map(|text| interpolated(text, &self.captured));
                if failure.code != *name || wanted.is_some_and(|text| !fits(&failure.message, &text)) {
                    return Err(format!("answered {failure:?}"));
                }
                Ok(())
            }
            (_, answer) => Err(format!("answered {answer:?}")),
        }
    }
}

fn alice(account: &str) -> Caller {
    Caller { arn: format!("arn:aws:iam::{account}:user/Alice"), policy: Some(ALLOWED.to_owned()) }
}

/// `@now+10d` as an ISO 8601 instant.
fn instant(text: &str, now: Timestamp) -> String {
    match text.strip_prefix("@now+") {
        Some(later) => now.plus(Duration::from_secs(seconds(later))).to_iso_seconds(),
        None => text.to_owned(),
    }
}

fn altered(how: &str, value: &str) -> String {
    let bytes = || STANDARD.decode(value).unwrap();
    match how {
        "flip" => {
            let mut bytes = bytes();
            *bytes.last_mut().unwrap() ^= 1;
            STANDARD.encode(bytes)
        }
        "cut" => STANDARD.encode(bytes().split_last().unwrap().1),
        other => panic!("cannot {other} a value"),
    }
}

/// The identity policy of callers who may do everything (WLK-05, RUL-25).
pub(crate) const ALLOWED: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ["kms:*", "iam:CreateServiceLinkedRole"], "Resource": "*"}}"#;
