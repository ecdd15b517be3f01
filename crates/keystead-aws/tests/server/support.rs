//! A server on a port of its own, and a client that speaks HTTP/1.1 by hand.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread::JoinHandle;
use std::time::SystemTime;

use aws_credential_types::Credentials as Identity;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use keystead::Kms;
use keystead_aws::server::{Authentication, Credentials, KmsService, Limits, serve};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

pub(crate) const ACCOUNT: &str = "111122223333";

/// A server that ends with its handle.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shutdown: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(service: KmsService, limits: Limits) -> Self {
        let (shutdown, asked) = oneshot::channel();
        let (ready, address) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                ready.send(listener.local_addr().unwrap()).unwrap();
                serve(listener, service, limits, async { drop(asked.await) }).await;
            });
        });
        Self { address: address.recv().unwrap(), shutdown: Some(shutdown), thread: Some(thread) }
    }

    /// One that believes everybody.
    pub(crate) fn open() -> Self {
        Self::of(Kms::in_memory())
    }

    pub(crate) fn of(kms: Kms) -> Self {
        let service = KmsService::new(kms, Authentication::none(ACCOUNT.parse().unwrap()));
        Self::start(service, Limits::default())
    }

    /// One that verifies signatures.
    pub(crate) fn verifying(credentials: &str) -> Self {
        let credentials = Credentials::from_toml(credentials).unwrap();
        let service = KmsService::new(Kms::in_memory(), Authentication::SigV4(credentials));
        Self::start(service, Limits::default())
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::to(self.address)
    }

    /// Sends one request on a connection of its own.
    pub(crate) fn send(&self, request: &Request) -> Response {
        self.connect().send(request)
    }

    /// Calls an operation of KMS.
    pub(crate) fn call(&self, operation: &str, body: &str) -> Response {
        self.send(&Request::kms(operation, body))
    }

    /// Tells the server to end.
    pub(crate) fn ask_to_end(&mut self) {
        if let Some(shutdown) = self.shutdown.take() {
            let _ = shutdown.send(());
        }
    }

    pub(crate) fn shut_down(&mut self) {
        self.ask_to_end();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shut_down();
    }
}

pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    host: String,
}

impl Connection {
    pub(crate) fn to(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).unwrap(), host: address.to_string() }
    }

    pub(crate) fn send(&mut self, request: &Request) -> Response {
        self.write(request);
        self.read()
    }

    pub(crate) fn write(&mut self, request: &Request) {
        self.stream.write_all(&request.bytes(&self.host)).unwrap();
    }

    pub(crate) fn read(&mut self) -> Response {
        Response::read(&mut self.stream)
    }
}

#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// Who signs.
pub(crate) struct Signer {
    pub(crate) access_key_id: &'static str,
    pub(crate) secret: &'static str,
    pub(crate) token: Option<&'static str>,
    pub(crate) region: &'static str,
    pub(crate) service: &'static str,
    pub(crate) at: SystemTime,
}

impl Signer {
    pub(crate) fn new(access_key_id: &'static str, secret: &'static str) -> Self {
        Self { access_key_id, secret, token: None, region: "us-east-1", service: "kms", at: SystemTime::now() }
    }
}

impl Request {
    pub(crate) fn kms(operation: &str, body: &str) -> Self {
        let request = Self { method: "POST", path: "/", headers: Vec::new(), body: body.as_bytes().to_vec() };
        let target = format!("TrentService.{operation}");
        request.header("content-type", "application/x-amz-json-1.1").header("x-amz-target", &target)
    }

    pub(crate) fn identity() -> Self {
        let body = b"Action=GetCallerIdentity&Version=2011-06-15".to_vec();
        let request = Self { method: "POST", path: "/", headers: Vec::new(), body };
        request.header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(other, _)| other != name);
        self
    }

    pub(crate) fn signed(self, server: &Server, signer: &Signer) -> Self {
        let host = server.address.to_string();
        let identity =
            Identity::new(signer.access_key_id, signer.secret, signer.token.map(str::to_owned), None, "test").into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(signer.region)
            .name(signer.service)
            .time(signer.at)
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let request = self.header("host", &host);
        let headers = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let uri = format!("http://{host}{}", request.path);
        let signable = SignableRequest::new(request.method, uri, headers, SignableBody::Bytes(&request.body)).unwrap();
        let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
        let (added, _) = instructions.into_parts();
        let added: Vec<(String, String)> =
            added.into_iter().map(|header| (header.name().to_owned(), header.value().to_owned())).collect();
        added.iter().fold(request, |request, (name, value)| request.header(name, value))
    }

    pub(crate) fn bytes(&self, host: &str) -> Vec<u8> {
        let mut text = format!("{} {} HTTP/1.1\r\n", self.method, self.path);
        let mut names: Vec<&str> = Vec::new();
        for (name, value) in &self.headers {
            text += &format!("{name}: {value}\r\n");
            names.push(name);
        }
        if !names.contains(&"host") {
            text += &format!("host: {host}\r\n");
        }
        text += &format!("content-length: {}\r\n\r\n", self.body.len());
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn read(stream: &mut TcpStream) -> Self {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            assert_eq!(stream.read(&mut byte).unwrap(), 1, "the connection ended in a head");
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.trim_end().lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers: BTreeMap<String, String> = lines
            .map(|line| line.split_once(':').unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        Self { status, headers, body }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn error_type(&self) -> &str {
        self.headers.get("x-amzn-errortype").map_or("", String::as_str)
    }

    /// Status and exception.
    pub(crate) fn error(&self) -> (u16, &str) {
        (self.status, self.error_type())
    }
}
