//! What a client cannot do to the others.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use keystead::Kms;
use keystead_aws::protocol::MAX_BODY_BYTES;
use keystead_aws::server::{Authentication, KmsService, Limits};

use crate::support::{ACCOUNT, Request, Response, Server};

fn service() -> KmsService {
    KmsService::new(Kms::in_memory(), Authentication::none(ACCOUNT.parse().unwrap()))
}

#[test]
fn long_bodies_are_not_read() {
    let server = Server::open();
    let too_long = format!("{{\"Description\": \"{}\"}}", "x".repeat(MAX_BODY_BYTES));
    assert_eq!(server.call("CreateKey", &too_long).error(), (413, "RequestEntityTooLargeException"));
    // One that announces more than it sends costs nothing either.
    let mut connection = server.connect();
    let head = "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-amz-json-1.1\r\n\
                x-amz-target: TrentService.ListKeys\r\ncontent-length: 99999999999\r\n\r\n";
    connection.stream.write_all(head.as_bytes()).unwrap();
    connection.stream.write_all(&vec![b' '; MAX_BODY_BYTES + 1]).unwrap();
    assert_eq!(connection.read().error(), (413, "RequestEntityTooLargeException"));
}

#[test]
fn heads_are_limited_in_number_and_length() {
    let server = Server::open();
    let call = || Request::kms("ListKeys", "{}");
    let many = (0..100).fold(call(), |request, index| request.header(&format!("x-{index}"), "y"));
    assert_eq!(server.send(&many).status, 431);
    let long = call().header("x-long", &"y".repeat(100_000));
    let mut connection = server.connect();
    // The server may hang up before it has read all.
    let _ = connection.stream.write_all(&long.bytes("localhost"));
    assert_eq!(connection.read().status, 431);
    assert_eq!(server.send(&call()).status, 200);
}

#[test]
fn malformed_http_is_refused() {
    let server = Server::open();
    for text in ["nonsense\r\n\r\n", "POST / HTTP/9.9\r\n\r\n", "POST / HTTP/1.1\r\nno colon\r\n\r\n"] {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        assert_eq!(Response::read(&mut stream).status, 400, "{text}");
    }
    assert_eq!(server.call("ListKeys", "{}").status, 200);
}

/// Who never finishes a head, or says nothing, is hung up on.
#[test]
fn slow_heads_are_not_waited_for() {
    let mut limits = Limits::default();
    limits.header_timeout = Duration::from_millis(100);
    let server = Server::start(service(), limits);
    let mut rest = Vec::new();
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\nhost: local").unwrap();
    stream.read_to_end(&mut rest).unwrap();
    assert!(!rest.starts_with(b"HTTP/1.1 2"));
}

/// One connection more than allowed is served when another one ends.
#[test]
fn connections_wait_for_their_turn() {
    let mut limits = Limits::default();
    limits.connections = 1;
    let server = Server::start(service(), limits);
    let mut first = server.connect();
    assert_eq!(first.send(&Request::kms("ListKeys", "{}")).status, 200);
    let mut second = server.connect();
    second.write(&Request::kms("ListKeys", "{}"));
    assert_eq!(first.send(&Request::kms("ListKeys", "{}")).status, 200);
    second.stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    assert!(second.stream.peek(&mut [0]).is_err(), "the second connection is not served yet");
    drop(first);
    second.stream.set_read_timeout(None).unwrap();
    assert_eq!(second.read().status, 200);
}

/// What runs when the server is told to end is answered; then nobody listens any more.
#[test]
fn shutdown_lets_requests_finish() {
    let mut server = Server::start(service(), Limits::default());
    let mut idle = server.connect();
    assert_eq!(idle.send(&Request::kms("ListKeys", "{}")).status, 200);
    // The server asks for the body, so the request runs.
    let mut busy = server.connect();
    let body = r#"{"NumberOfBytes": 4}"#;
    let head = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-amz-json-1.1\r\nexpect: 100-continue\r\n\
         x-amz-target: TrentService.GenerateRandom\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    busy.stream.write_all(head.as_bytes()).unwrap();
    assert_eq!(busy.read().status, 100);
    server.ask_to_end();
    // The idle connection ends first.
    let mut rest = Vec::new();
    idle.stream.read_to_end(&mut rest).unwrap();
    assert!(rest.is_empty());
    busy.stream.write_all(body.as_bytes()).unwrap();
    assert_eq!(busy.read().status, 200);
    server.shut_down();
    assert!(TcpStream::connect(server.address).is_err());
}
