//! The server as a program, without its process.

use std::path::{Path, PathBuf};

use keystead_aws::server::{Command, Options, RunError, run};
use tokio::sync::oneshot;

use crate::support::{Connection, Request};

const SEED: &str = r#"
[[keys]]
id = "1234abcd-12ab-34cd-56ef-1234567890ab"
aliases = ["alias/orders"]
material = ["0101010101010101010101010101010101010101010101010101010101010101"]
"#;

#[test]
fn a_seed_and_an_audit_file_are_used_and_reset_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (seed, audit) = (folder.path().join("seed.toml"), folder.path().join("audit.jsonl"));
    std::fs::write(&seed, SEED).unwrap();
    let line = ["--listen=127.0.0.1:0", "--allow-reset", "--seed", path(&seed), "--audit", path(&audit)];
    let Command::Serve(options) = Command::parse(line).unwrap() else { panic!("it is to serve") };
    let server = Running::start(&options);
    let address = server.address;
    let send = |request: Request| Connection::to(address).send(&request);

    let described = send(Request::kms("DescribeKey", r#"{"KeyId": "alias/orders"}"#)).json();
    let arn = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    assert_eq!(described["KeyMetadata"]["Arn"], arn);
    send(Request::kms("CreateKey", "{}"));
    let keys = || send(Request::kms("ListKeys", "{}")).json()["Keys"].as_array().unwrap().len();
    assert_eq!(keys(), 2);
    assert_eq!(send(Request { path: "/reset", ..Request::kms("ListKeys", "") }).status, 200);
    assert_eq!(keys(), 1);

    server.stop();
    let records = std::fs::read_to_string(&audit).unwrap();
    let names: Vec<String> = records
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["eventName"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["DescribeKey", "CreateKey", "ListKeys", "ListKeys"]);
}

#[test]
fn a_store_outlives_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let (store, root_key) = (folder.path().join("keys.redb"), folder.path().join("root.key"));
    let line = ["--listen=127.0.0.1:0", "--store", path(&store), "--root-key", path(&root_key)];
    let Command::Serve(options) = Command::parse(line).unwrap() else { panic!("it is to serve") };

    let first = Running::start(&options);
    let made = first.call("CreateKey", r#"{"Description": "orders"}"#);
    let id = made["KeyMetadata"]["KeyId"].as_str().unwrap();
    first.call("CreateAlias", &format!(r#"{{"AliasName": "alias/orders", "TargetKeyId": "{id}"}}"#));
    let sealed = first.call("Encrypt", r#"{"KeyId": "alias/orders", "Plaintext": "c2VjcmV0"}"#);
    // Nobody else may have it open.
    let error = fail(&options);
    assert!(matches!(error, RunError::Store(_)) && error.is_usage(), "{error}");
    first.stop();

    let second = Running::start(&options);
    assert_eq!(second.call("DescribeKey", r#"{"KeyId": "alias/orders"}"#)["KeyMetadata"]["Description"], "orders");
    let opened = second.call("Decrypt", &format!(r#"{{"CiphertextBlob": {}}}"#, sealed["CiphertextBlob"]));
    assert_eq!(opened["Plaintext"], "c2VjcmV0");
    second.stop();

    // Without its root key the store is not opened, and no other key made.
    std::fs::rename(&root_key, folder.path().join("elsewhere")).unwrap();
    let error = fail(&options);
    assert!(matches!(error, RunError::RootKey(_)), "{error}");
    assert!(!root_key.exists());
}

#[test]
fn what_cannot_be_read_is_named() {
    let fails = |line: &[&str]| {
        let Command::Serve(options) = Command::parse(line).unwrap() else { panic!("it is to serve") };
        fail(&options)
    };
    let missing = Path::new("/nonexistent/file");
    for option in ["--credentials", "--seed", "--audit"] {
        let error = fails(&["--listen=127.0.0.1:0", option, path(missing)]);
        assert!(error.to_string().contains("/nonexistent/file"), "{error}");
        assert!(error.is_usage());
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let error = fails(&["--listen", &taken.local_addr().unwrap().to_string()]);
    assert!(matches!(error, RunError::Listen { .. }), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let seed: PathBuf = folder.path().join("seed.toml");
    std::fs::write(&seed, "[[keys]]\nid = \"orders\"\n").unwrap();
    let error = fails(&["--listen=127.0.0.1:0", "--seed", path(&seed)]);
    assert!(error.to_string().contains("key `orders` of the seed: the `id` is no key ID"), "{error}");
}

/// A server in a thread of its own.
struct Running {
    address: std::net::SocketAddr,
    shutdown: oneshot::Sender<()>,
    thread: std::thread::JoinHandle<Result<(), RunError>>,
}

impl Running {
    fn start(options: &Options) -> Self {
        let options = options.clone();
        let (ready, address) = oneshot::channel();
        let (shutdown, asked) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(run(&options, |address| ready.send(address).unwrap(), async { drop(asked.await) }))
        });
        Self { address: address.blocking_recv().unwrap(), shutdown, thread }
    }

    fn call(&self, operation: &str, body: &str) -> serde_json::Value {
        let answer = Connection::to(self.address).send(&Request::kms(operation, body));
        assert_eq!(answer.status, 200, "{operation}");
        answer.json()
    }

    fn stop(self) {
        self.shutdown.send(()).unwrap();
        self.thread.join().unwrap().unwrap();
    }
}

fn fail(options: &Options) -> RunError {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(run(options, |_| (), std::future::ready(()))).unwrap_err()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
