//! A connector that holds every request and answer against the published API model.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use aws_sdk_kms::Client;
use aws_sdk_kms::config::http::HttpRequest;
use aws_sdk_kms::config::{HttpClient, RuntimeComponents};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use keystead::{Caller, Kms};
use keystead_aws::sdk::{AwsSdk, Connector};
use serde_json::Value;

use crate::support::REGION;
use crate::support::model::Model;

/// Notes which operations have been called through it.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    connector: Connector,
    called: Arc<Mutex<BTreeSet<String>>>,
}

impl Checked {
    pub(crate) fn new(kms: &Kms, caller: Caller) -> Self {
        Self { connector: Connector::new(kms.clone(), caller), called: Arc::default() }
    }

    /// A client in the Region of the tests.
    pub(crate) fn client(&self, kms: &Kms) -> Client {
        let config = kms.aws_sdk_config(REGION, crate::support::root()).unwrap();
        Client::from_conf(config.to_builder().http_client(self.clone()).build())
    }

    pub(crate) fn called(&self) -> BTreeSet<String> {
        self.called.lock().unwrap().clone()
    }
}

impl HttpClient for Checked {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Calls {
            connector: self.connector.http_connector(settings, components),
            called: Arc::clone(&self.called),
        })
    }
}

#[derive(Debug)]
struct Calls {
    connector: SharedHttpConnector,
    called: Arc<Mutex<BTreeSet<String>>>,
}

impl HttpConnector for Calls {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let model = Model::get();
        let operation =
            request.headers().get("x-amz-target").unwrap().strip_prefix("TrentService.").unwrap().to_owned();
        model.check_request(&operation, request.body().bytes().unwrap());
        self.called.lock().unwrap().insert(operation.clone());
        let answer = self.connector.call(request);
        HttpConnectorFuture::new(async move {
            let response = answer.await?;
            let body = response.body().bytes().unwrap();
            if response.status().is_success() {
                model.check_answer(&operation, body);
            } else {
                let body: Value = serde_json::from_slice(body).unwrap();
                let code = body["__type"].as_str().unwrap().to_owned();
                let declared = &model.operations[&operation].errors;
                let is_common = COMMON.contains(&code.as_str());
                assert!(is_common || declared.contains(&code), "{operation} does not declare {code}");
            }
            Ok(response)
        })
    }
}

/// What any operation may answer without declaring it (chapter 50, section 8.2). Operations on key stores answer with
/// `UnsupportedOperationException` until there are key stores.
const COMMON: [&str; 4] =
    ["AccessDeniedException", "ThrottlingException", "UnsupportedOperationException", "ValidationException"];
