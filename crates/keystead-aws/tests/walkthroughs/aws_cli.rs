//! Calls through the `aws` command and a server that verifies its signatures.

use std::ffi::OsString;
use std::io::Write;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keystead::Kms;
use keystead_aws::server::{Authentication, Credentials, KmsService, Limits, serve};
use serde_json::Value;
use tempfile::NamedTempFile;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::model;
use crate::runner::{Call, Caller, Failure, Front};

pub(crate) struct AwsCli {
    aws: OsString,
    callers: Vec<Caller>,
    url: String,
    /// Ends the server with its value.
    _shutdown: oneshot::Sender<()>,
}

impl AwsCli {
    pub(crate) fn new(aws: OsString, kms: Kms, callers: Vec<Caller>) -> Self {
        let credentials = Credentials::from_toml(&callers.iter().enumerate().map(entry).collect::<String>()).unwrap();
        let service = KmsService::new(kms, Authentication::SigV4(credentials));
        let (shutdown, asked) = oneshot::channel::<()>();
        let (ready, address) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            tokio::runtime::Runtime::new().unwrap().block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                ready.send(listener.local_addr().unwrap()).unwrap();
                serve(listener, service, Limits::default(), async { drop(asked.await) }).await;
            });
        });
        Self { aws, callers, url: format!("http://{}", address.recv().unwrap()), _shutdown: shutdown }
    }
}

impl Front for AwsCli {
    fn call(&mut self, call: &Call<'_>) -> Result<Option<Value>, Failure> {
        let input = model::input(&model::pascal(call.operation));
        let caller = self.callers.iter().position(|caller| caller == call.caller).unwrap();
        let mut command = Command::new(&self.aws);
        command.args(["kms", call.operation, "--region", call.region, "--endpoint-url", &self.url]);
        // Blobs go through files: the two major versions of the command read them differently on the command line.
        let mut files = Vec::new();
        for (option, values) in call.options {
            command.arg(format!("--{option}"));
            let member = model::member_of_option(input, option.strip_prefix("no-").unwrap_or(option));
            if model::kind(model::member(input, &member).unwrap()) == "blob" {
                let mut file = NamedTempFile::new().unwrap();
                file.write_all(&STANDARD.decode(&values[0]).unwrap()).unwrap();
                command.arg(format!("fileb://{}", file.path().display()));
                files.push(file);
            } else {
                command.args(values);
            }
        }
        // Otherwise the command joins the pages and drops `Truncated`.
        if call.operation.starts_with("list-") {
            command.arg("--no-paginate");
        }
        if let Some(query) = call.query {
            command.args(["--query", query]);
        }
        command.args(["--output", if call.as_text { "text" } else { "json" }]);
        command.env("AWS_ACCESS_KEY_ID", access_key(caller)).env("AWS_SECRET_ACCESS_KEY", secret(caller));
        command
            .env("AWS_MAX_ATTEMPTS", "1")
            .env("AWS_PAGER", "")
            .env("TZ", "UTC")
            .env("AWS_EC2_METADATA_DISABLED", "true");
        command.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        if !output.status.success() {
            return Err(failure(&String::from_utf8_lossy(&output.stderr)));
        }
        match text.trim_end() {
            "" => Ok(None),
            text if call.as_text => Ok(Some(text.into())),
            text => Ok(Some(serde_json::from_str(text).unwrap())),
        }
    }
}

/// `An error occurred (NAME) when calling the OPERATION operation: TEXT`. Some ranges the command checks by itself.
fn failure(stderr: &str) -> Failure {
    if let Some((_, message)) = stderr.split_once("Parameter validation failed:") {
        return Failure { code: "ValidationException".to_owned(), message: message.trim().to_owned() };
    }
    let parts = stderr.trim().split_once("An error occurred (").and_then(|(_, rest)| rest.split_once(')'));
    let (code, rest) = parts.unwrap_or_else(|| panic!("aws: {stderr}"));
    let message = rest.split_once(" operation:").map_or("", |(_, message)| message.trim_start());
    Failure { code: code.to_owned(), message: message.to_owned() }
}

fn entry((index, caller): (usize, &Caller)) -> String {
    let policies = caller.policy.as_ref().map_or(String::new(), |policy| format!("policies = ['{policy}']\n"));
    let principal = match caller.arn.split_once(":role/") {
        Some((start, role)) => format!("{}:assumed-role/{role}/session", start.replace(":iam:", ":sts:")),
        None => caller.arn.clone(),
    };
    format!(
        "[credentials.{}]\nsecret_access_key = \"{}\"\nprincipal = \"{principal}\"\n{policies}",
        access_key(index),
        secret(index)
    )
}

fn access_key(index: usize) -> String {
    format!("AKIA{index:016}")
}

fn secret(index: usize) -> String {
    format!("secret of caller {index}")
}
