//! Signature Version 4 against the published test suite, and against an independent signer.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use keystead::Timestamp;
use keystead_aws::sigv4::{Authorization, SignatureError, SignedParts};
use proptest::prelude::*;
use serde::Deserialize;

/// The canonical requests and signatures of the whole suite.
#[test]
fn the_published_suite_is_accepted() {
    let suite = suite();
    assert_eq!(suite.len(), 31);
    for case in suite {
        let request = case.request();
        let authorization = Authorization::of(&request.headers).unwrap();
        assert_eq!(authorization.access_key_id, case.access_key_id, "{}", case.name);
        assert_eq!((authorization.scope.region, authorization.scope.service), (&*case.region, &*case.service));
        let names = case.canonical_request.trim_end().lines().rev().nth(1).unwrap();
        let names: Vec<&str> = names.split(';').collect();
        let canonical = request.parts().canonical(&names).unwrap();
        assert_eq!(String::from_utf8(canonical).unwrap(), case.canonical_request.trim_end(), "{}", case.name);

        let verified = case.verify(&request);
        // One case sends a session token that it has not signed; what that means is for the service to say.
        let expected = if case.name == "post-sts-header-after" { Err(SignatureError::Mismatch) } else { Ok(()) };
        assert_eq!(verified, expected, "{}", case.name);
    }
}

/// Each signed part of each request of the suite, changed.
#[test]
fn nothing_signed_can_be_changed() {
    for case in suite().iter().filter(|case| case.name != "post-sts-header-after") {
        let mut request = case.request();
        request.body.push(b'x');
        assert_eq!(case.verify(&request), Err(SignatureError::Mismatch), "{}: body", case.name);

        let mut request = case.request();
        request.method.push('X');
        assert_eq!(case.verify(&request), Err(SignatureError::Mismatch), "{}: method", case.name);

        let mut request = case.request();
        request.path.push('x');
        assert_eq!(case.verify(&request), Err(SignatureError::Mismatch), "{}: path", case.name);

        let mut request = case.request();
        request.query.push_str("&x=y");
        assert_eq!(case.verify(&request), Err(SignatureError::Mismatch), "{}: query", case.name);

        for name in case.request().headers.keys().filter(|name| *name != "authorization" && *name != "x-amz-date") {
            let mut request = case.request();
            request.headers.append(name, HeaderValue::from_static("x"));
            assert_eq!(case.verify(&request), Err(SignatureError::Mismatch), "{}: {name}", case.name);
            request.headers.remove(name);
            assert_eq!(case.verify(&request), Err(SignatureError::Mismatch), "{}: without {name}", case.name);
        }

        let mut request = case.request();
        request.headers.insert("x-amz-target", HeaderValue::from_static("TrentService.Decrypt"));
        assert_eq!(case.verify(&request), Err(SignatureError::Mismatch), "{}: an unsigned header", case.name);
    }
}

/// Five minutes either way, to the second; the texts are the service's.
#[test]
fn signatures_are_good_for_five_minutes() {
    let case = &suite().into_iter().find(|case| case.name == "get-vanilla").unwrap();
    let (request, now) = (case.request(), case.now());
    let at = |now: Timestamp| case.verify_at(&request, now).map_err(|error| error.to_string());
    let (short, long) = (Duration::from_secs(300), Duration::from_millis(300_001));
    assert_eq!((at(now.plus(short)), at(now.minus(short))), (Ok(()), Ok(())));
    assert_eq!(
        at(now.plus(long)).unwrap_err(),
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123600Z (20150830T124100Z - 5 min.)"
    );
    assert_eq!(
        at(now.minus(Duration::from_secs(301))).unwrap_err(),
        "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T123059Z + 5 min.)"
    );
}

/// A signature for another service, or another day than the request's.
#[test]
fn the_scope_must_fit() {
    let case = &suite().into_iter().find(|case| case.name == "get-vanilla").unwrap();
    let request = case.request();
    let authorization = Authorization::of(&request.headers).unwrap();
    let other = authorization.verify(&request.parts(), case.secret_access_key.as_bytes(), "kms", case.now());
    assert_eq!(other.unwrap_err().to_string(), "Credential should be scoped to correct service: 'kms'.");

    let mut request = case.request();
    let text = request.headers["authorization"].to_str().unwrap().replace("/20150830/", "/20150831/");
    request.headers.insert("authorization", text.parse().unwrap());
    let error = case.verify(&request).unwrap_err();
    assert_eq!(error.json_code(), "InvalidSignatureException");
    assert!(error.to_string().starts_with("Date in Credential scope does not match"), "{error}");
}

/// What is missing is named; another kind of authorization is none.
#[test]
fn incomplete_headers_are_told_apart() {
    let case = suite().into_iter().find(|case| case.name == "get-vanilla").unwrap();
    let code = |change: &dyn Fn(&str) -> String| {
        let mut request = case.request();
        let text = change(request.headers["authorization"].to_str().unwrap());
        request.headers.insert("authorization", text.parse().unwrap());
        let error = Authorization::of(&request.headers).unwrap_err();
        (error.json_code(), error.query_code())
    };
    let missing = ("MissingAuthenticationTokenException", "MissingAuthenticationToken");
    let incomplete = ("IncompleteSignatureException", "IncompleteSignature");
    assert_eq!(code(&|_| "Bearer token".into()), missing);
    assert_eq!(code(&|text| text.replace("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256X")), missing);
    for name in ["Credential", "SignedHeaders", "Signature"] {
        assert_eq!(code(&|text| text.replace(&format!("{name}="), &format!("{name}x="))), incomplete, "{name}");
        assert_eq!(code(&|text| text.replace(&format!("{name}="), &format!("{name}=,x"))), incomplete, "{name}");
    }
    for (from, to) in [("/aws4_request", "/aws3_request"), ("/aws4_request", "/aws4_request/x"), ("/20150830/", "/")] {
        assert_eq!(code(&|text| text.replace(from, to)), incomplete, "{to}");
    }
    let mut request = case.request();
    request.headers.remove("authorization");
    assert_eq!(Authorization::of(&request.headers).unwrap_err(), SignatureError::Missing);
    for date in ["", "20150830", "20150830T126100Z", "20150830T1236000", "2015-08-30T12:36"] {
        let mut request = case.request();
        request.headers.insert("x-amz-date", date.parse().unwrap());
        assert_eq!(Authorization::of(&request.headers).unwrap_err().json_code(), incomplete.0, "{date}");
    }
}

/// No text holds what was computed, and no `Debug` a signature.
#[test]
fn errors_give_no_hint() {
    let case = suite().into_iter().find(|case| case.name == "get-vanilla").unwrap();
    let request = case.request();
    let authorization = Authorization::of(&request.headers).unwrap();
    assert!(!format!("{authorization:?}").contains(case.signature.trim()));
    let error = authorization.verify(&request.parts(), b"another", "service", case.now()).unwrap_err();
    assert!(error.to_string().starts_with("The request signature we calculated does not match"), "{error}");
    assert!(!error.to_string().contains("GET"));
}

proptest! {
    /// What the SDK's own signer signs is accepted, and by no other secret.
    #[test]
    fn requests_of_the_sdk_are_accepted(
        body in proptest::collection::vec(any::<u8>(), 0..200),
        target in "[A-Za-z.]{1,30}",
        token in proptest::option::of("[A-Za-z0-9+/=]{1,60}"),
        agent in "[ -~]{0,40}",
        secret in "[A-Za-z0-9+/]{1,60}",
        query in "[a-zA-Z0-9=&~.-]{0,20}",
        at in 1_500_000_000u64..4_000_000_000,
    ) {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(at);
        let identity = Credentials::new("AKIDEXAMPLE", secret.clone(), token, None, "test").into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region("eu-west-3")
            .name("kms")
            .time(time)
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let mut request = Request::post(format!("http://localhost:8200/?{query}"))
            .header("host", "localhost:8200")
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", target)
            .header("user-agent", agent.trim())
            .body(body.clone())
            .unwrap();
        let headers: Vec<(String, String)> = request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let signable = SignableRequest::new(
            "POST",
            request.uri().to_string(),
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())),
            SignableBody::Bytes(&body),
        );
        let (instructions, _) = sign(signable.unwrap(), &parameters).unwrap().into_parts();
        instructions.apply_to_request_http1x(&mut request);

        let (parts, body) = request.into_parts();
        let signed = SignedParts {
            method: parts.method.as_str(),
            path: parts.uri.path(),
            query: parts.uri.query().unwrap_or_default(),
            headers: &parts.headers,
            body: &body,
        };
        let now = Timestamp::from_std(time).unwrap();
        let authorization = Authorization::of(&parts.headers).unwrap();
        prop_assert_eq!(authorization.scope.region, "eu-west-3");
        prop_assert_eq!(authorization.verify(&signed, secret.as_bytes(), "kms", now), Ok(()));
        let other = format!("{secret}x");
        let refused = authorization.verify(&signed, other.as_bytes(), "kms", now);
        prop_assert_eq!(refused, Err(SignatureError::Mismatch));
    }

    /// Whatever stands in the headers, nobody panics.
    #[test]
    fn no_header_panics(authorization in "\\PC{0,80}", parts in "[ ,=/;A-Za-z0-9-]{0,120}", date in "\\PC{0,20}") {
        let mut headers = HeaderMap::new();
        for text in [authorization, format!("AWS4-HMAC-SHA256 {parts}")] {
            let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) else { continue };
            headers.insert("authorization", value);
            if let Ok(value) = HeaderValue::from_bytes(date.as_bytes()) {
                headers.insert("x-amz-date", value);
            }
            if let Ok(authorization) = Authorization::of(&headers) {
                let signed = SignedParts { method: "POST", path: "/", query: "", headers: &headers, body: b"" };
                prop_assert!(authorization.verify(&signed, b"secret", "kms", Timestamp::UNIX_EPOCH).is_err());
            }
        }
    }
}

#[derive(Deserialize)]
struct Suite {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    timestamp: String,
    region: String,
    service: String,
    access_key_id: String,
    secret_access_key: String,
    canonical_request: String,
    signature: String,
    signed_request: String,
}

/// A request as the suite writes it: paths and queries may hold what HTTP does not allow.
struct RawRequest {
    method: String,
    path: String,
    query: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Case {
    fn now(&self) -> Timestamp {
        self.timestamp.parse::<jiff::Timestamp>().unwrap().into()
    }

    fn verify(&self, request: &RawRequest) -> Result<(), SignatureError> {
        self.verify_at(request, self.now())
    }

    fn verify_at(&self, request: &RawRequest, now: Timestamp) -> Result<(), SignatureError> {
        let secret = self.secret_access_key.as_bytes();
        Authorization::of(&request.headers)?.verify(&request.parts(), secret, &self.service, now)
    }

    fn request(&self) -> RawRequest {
        let (head, body) = self.signed_request.split_once("\n\n").unwrap();
        let mut lines = head.lines();
        let line = lines.next().unwrap().strip_suffix(" HTTP/1.1").unwrap();
        let (method, target) = line.split_once(' ').unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers: Vec<(HeaderName, String)> = Vec::new();
        for line in lines {
            match line.strip_prefix(' ') {
                Some(folded) => headers.last_mut().unwrap().1.push_str(&format!(" {folded}")),
                None => {
                    let (name, value) = line.split_once(':').unwrap();
                    headers.push((name.to_ascii_lowercase().parse().unwrap(), value.to_owned()));
                }
            }
        }
        let headers = headers.into_iter().map(|(name, value)| (name, HeaderValue::try_from(value).unwrap()));
        let body = body.strip_prefix('\n').unwrap_or(body);
        RawRequest {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: headers.collect(),
            body: body.as_bytes().to_vec(),
        }
    }
}

impl RawRequest {
    fn parts(&self) -> SignedParts<'_> {
        SignedParts {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &self.headers,
            body: &self.body,
        }
    }
}

fn suite() -> Vec<Case> {
    serde_json::from_str::<Suite>(include_str!("../testdata/sigv4-test-suite.json")).unwrap().cases
}
