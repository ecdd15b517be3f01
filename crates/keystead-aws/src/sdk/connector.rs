//! The connector: an HTTP client for the SDK that has no HTTP.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use aws_sdk_kms::config::http::{HttpRequest, HttpResponse};
use aws_sdk_kms::config::{HttpClient, RuntimeComponents};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use keystead::{Caller, Client, ClientError, Kms};

use super::background;
use crate::protocol::{self, Reply, TARGET_HEADER};

/// Answers the requests of `aws-sdk-kms` from a [`Kms`] in the same process, all on behalf of one caller.
///
/// It is what `aws_sdk_kms::config::Builder::http_client` takes, also that of `aws_config`;
/// [`AwsSdk`](super::AwsSdk) makes a whole configuration. Cheap to clone.
#[derive(Clone)]
pub struct Connector {
    inner: Arc<Inner>,
    shared: SharedHttpConnector,
}

struct Inner {
    kms: Kms,
    caller: Caller,
    /// By the name of the Region; few.
    clients: RwLock<Vec<(Box<str>, Client)>>,
}

impl Connector {
    /// A connector for calls by `caller`.
    pub fn new(kms: Kms, caller: Caller) -> Self {
        let inner = Arc::new(Inner { kms, caller, clients: RwLock::default() });
        Self { shared: SharedHttpConnector::new(Calls(Arc::clone(&inner))), inner }
    }

    /// Makes sure that calls in a Region can be answered.
    pub(super) fn prepare(&self, region: &str) -> Result<(), ClientError> {
        self.inner.client(region).map(drop)
    }
}

impl HttpClient for Connector {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        self.shared.clone()
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        Some(ConnectorMetadata::new("keystead", Some(env!("CARGO_PKG_VERSION").into())))
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").finish_non_exhaustive()
    }
}

/// Carries the calls out.
struct Calls(Arc<Inner>);

impl HttpConnector for Calls {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = match self.0.client_of(&request) {
            Ok(client) => client,
            Err(reply) => return HttpConnectorFuture::ready(response(reply)),
        };
        let target = request.headers().get(TARGET_HEADER).unwrap_or_default();
        // The SDK builds requests of KMS in memory; a body that streams is none of its own.
        let body = request.body().bytes().unwrap_or_default();
        if !protocol::may_block(target, body) {
            return HttpConnectorFuture::ready(response(protocol::handle(&client, target, body)));
        }
        let answer = background::run(move || {
            let target = request.headers().get(TARGET_HEADER).unwrap_or_default();
            protocol::handle(&client, target, request.body().bytes().unwrap_or_default())
        });
        HttpConnectorFuture::new(async move {
            match answer.await {
                Some(reply) => response(reply),
                None => Err(ConnectorError::other("the call has panicked".into(), None)),
            }
        })
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Calls")
    }
}

impl Inner {
    /// The client of the Region for which the request is signed.
    fn client_of(&self, request: &HttpRequest) -> Result<Client, Reply> {
        let signature = request.headers().get("authorization").unwrap_or_default();
        let region = signed_region(signature)
            .ok_or_else(|| protocol::error_reply("MissingAuthenticationToken", "The request is not signed."))?;
        self.client(region).map_err(|error| protocol::error_reply("ServiceUnavailable", &error.to_string()))
    }

    fn client(&self, region: &str) -> Result<Client, ClientError> {
        // What the lock guards is whole at any time.
        let clients = self.clients.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, client)) = clients.iter().find(|(name, _)| **name == *region) {
            return Ok(client.clone());
        }
        drop(clients);
        let client = self.kms.client(region, self.caller.clone())?;
        let mut clients = self.clients.write().unwrap_or_else(PoisonError::into_inner);
        clients.push((region.into(), client.clone()));
        Ok(client)
    }
}

/// The Region in the scope of a signature of version 4:
/// `AWS4-HMAC-SHA256 Credential=ID/20260131/us-west-2/kms/aws4_request, …`.
fn signed_region(authorization: &str) -> Option<&str> {
    let (_, scope) = authorization.split_once("Credential=")?;
    scope.split(['/', ',']).nth(2)
}

fn response(reply: Reply) -> Result<HttpResponse, ConnectorError> {
    let status = StatusCode::try_from(reply.status).map_err(|error| ConnectorError::other(error.into(), None))?;
    let headers: Vec<_> = reply.headers().collect();
    let mut response = HttpResponse::new(status, reply.body.into());
    for (name, value) in headers {
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Spec: QUO-59
    #[test]
    fn a_request_without_signature_is_nobody_s() {
        let caller = Caller::account_root("111122223333").unwrap();
        let connector = Connector::new(Kms::in_memory(), caller);
        let response = pollster::block_on(connector.shared.call(HttpRequest::empty())).unwrap();
        assert_eq!(response.status().as_u16(), 400);
        assert_eq!(response.headers().get("x-amzn-errortype"), Some("MissingAuthenticationToken"));
    }

    #[test]
    fn the_region_is_that_of_the_signature() {
        let header = "AWS4-HMAC-SHA256 Credential=ID/20260131/eu-west-1/kms/aws4_request, SignedHeaders=host";
        assert_eq!(signed_region(header), Some("eu-west-1"));
        assert_eq!(signed_region("Credential=ID"), None);
        assert_eq!(signed_region(""), None);
    }
}
