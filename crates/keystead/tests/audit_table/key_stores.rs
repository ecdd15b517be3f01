//! The rows of key stores, as far as there are any: calls are checked, authorized and recorded, and refused.

use keystead::{CallError, Client};
use serde_json::{Value, json};

use crate::Setup;
use crate::support::refusal;

struct Row {
    name: &'static str,
    read_only: bool,
    call: fn(&Client) -> Result<(), CallError>,
    parameters: fn() -> Value,
}

const STORE: &str = "cks-1234567890abcdef0";
const CLUSTER: &str = "cluster-1a23b4cdefg";
const SECRET: &[u8] = b"kmsPswd123-remarkable";

const ROWS: &[Row] = &[
    Row {
        name: "ConnectCustomKeyStore",
        read_only: false,
        call: |client| client.connect_custom_key_store().custom_key_store_id(STORE).send().map(drop),
        parameters: || json!({ "customKeyStoreId": STORE }),
    },
    Row {
        name: "CreateCustomKeyStore",
        read_only: false,
        call: |client| {
            let call = client.create_custom_key_store().custom_key_store_name("n").cloud_hsm_cluster_id(CLUSTER);
            call.key_store_password(SECRET).trust_anchor_certificate("-----BEGIN CERTIFICATE-----").send().map(drop)
        },
        parameters: || json!({ "customKeyStoreName": "n", "clusterId": CLUSTER }),
    },
    Row {
        name: "CreateCustomKeyStore",
        read_only: false,
        call: |client| {
            let call = client.create_custom_key_store().custom_key_store_name("n");
            let call = call.custom_key_store_type("EXTERNAL_KEY_STORE").xks_proxy_connectivity("VPC_ENDPOINT_SERVICE");
            let call = call.xks_proxy_uri_endpoint("https://xks.example.com").xks_proxy_uri_path("/a/kms/xks/v1");
            call.xks_proxy_vpc_endpoint_service_name("com.amazonaws.vpce.us-west-2.vpce-svc-1").send().map(drop)
        },
        parameters: || {
            json!({ "customKeyStoreName": "n", "customKeyStoreType": "EXTERNAL_KEY_STORE",
                    "xksProxyUriEndpoint": "https://xks.example.com", "xksProxyUriPath": "/a/kms/xks/v1",
                    "xksProxyConnectivity": "VPC_ENDPOINT_SERVICE",
                    "xksProxyVpcEndpointServiceName": "com.amazonaws.vpce.us-west-2.vpce-svc-1" })
        },
    },
    Row {
        name: "DeleteCustomKeyStore",
        read_only: false,
        call: |client| client.delete_custom_key_store().custom_key_store_id(STORE).send().map(drop),
        parameters: || json!({ "customKeyStoreId": STORE }),
    },
    Row {
        name: "DescribeCustomKeyStores",
        read_only: true,
        call: |client| client.describe_custom_key_stores().send().map(drop),
        parameters: || Value::Null,
    },
    Row {
        name: "DescribeCustomKeyStores",
        read_only: true,
        call: |client| client.describe_custom_key_stores().custom_key_store_name("n").limit(7).send().map(drop),
        parameters: || json!({ "customKeyStoreName": "n", "limit": 7 }),
    },
    Row {
        name: "DisconnectCustomKeyStore",
        read_only: false,
        call: |client| client.disconnect_custom_key_store().custom_key_store_id(STORE).send().map(drop),
        parameters: || json!({ "customKeyStoreId": STORE }),
    },
    Row {
        name: "UpdateCustomKeyStore",
        read_only: false,
        call: |client| {
            let call = client.update_custom_key_store().custom_key_store_id(STORE).new_custom_key_store_name("m");
            call.key_store_password(SECRET).cloud_hsm_cluster_id(CLUSTER).send().map(drop)
        },
        parameters: || json!({ "customKeyStoreId": STORE, "newCustomKeyStoreName": "m", "clusterId": CLUSTER }),
    },
    Row {
        name: "UpdateCustomKeyStore",
        read_only: false,
        call: |client| {
            let call = client.update_custom_key_store().custom_key_store_id(STORE);
            call.xks_proxy_uri_path("/b/kms/xks/v1").xks_proxy_connectivity("PUBLIC_ENDPOINT").send().map(drop)
        },
        parameters: || {
            json!({ "customKeyStoreId": STORE, "xksProxyUriPath": "/b/kms/xks/v1",
                    "xksProxyConnectivity": "PUBLIC_ENDPOINT" })
        },
    },
];

/// Spec: AUD-03, AUD-15, AUD-17, AUD-22, AUD-29
#[test]
fn every_row_of_a_key_store_records_a_refusal() {
    for row in ROWS {
        let setup = Setup::new();
        let error = refusal((row.call)(&setup.world.root));
        let records = setup.world.records(row.name);
        assert_eq!(records.len(), 1, "{}", row.name);
        let text = records[0].to_json();
        assert!(!text.contains("remarkable") && !text.contains("CERTIFICATE"), "{}", row.name);
        let record: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(record["requestParameters"], (row.parameters)(), "{}", row.name);
        assert_eq!(record["responseElements"], Value::Null, "{}", row.name);
        assert!(record.get("resources").is_none(), "{}: the table says none", row.name);
        assert_eq!(record["readOnly"], row.read_only, "{}", row.name);
        assert_eq!((&record["errorCode"], &record["errorMessage"]), (&json!(error.code()), &json!(error.message())));
    }
}

pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ROWS.iter().map(|row| row.name)
}
