//! The rows of grants, imported key material and multi-Region keys.

use keystead::crypto::entropy::SystemEntropy;
use keystead::crypto::{DefaultProvider, Provider};
use keystead::hierarchy::spec::{WrappingAlgorithm, WrappingKeySpec};
use keystead::{EncryptionContext, GrantConstraints};
use serde_json::{Value, json};

use crate::rows::none;
use crate::support::{ACCOUNT, Key, REGION};
use crate::{Row, Setup};

const GRANTEE: &str = "arn:aws:iam::111122223333:user/grantee";
const RETIRING: &str = "arn:aws:iam::111122223333:user/retiring";
const ELSEWHERE: &str = "eu-west-1";
const START_TEXT: &str = "Jan 1, 2026, 12:00:00 AM";

impl Setup {
    /// A grant on the key.
    fn grant(&self) -> &str {
        self.grant.get_or_init(|| {
            let call = self.world.root.create_grant(&self.key.id, GRANTEE).retiring_principal(RETIRING);
            call.operation("Decrypt").send().unwrap().grant_id.to_string()
        })
    }

    /// The only grant on the key.
    fn granted(&self) -> String {
        self.world.root.list_grants(&self.key.id).send().unwrap().grants[0].grant_id.to_string()
    }

    /// A key that waits for material.
    fn external(&self) -> &Key {
        self.typed
            .get_or_init(|| Key::of(self.world.root.create_key().origin("EXTERNAL").send().unwrap().key_metadata.arn))
    }

    /// A key whose material is imported.
    fn imported(&self) -> &Key {
        let key = self.external();
        if self.material_id(key).is_none() {
            self.import(&self.world.root).unwrap();
        }
        key
    }

    fn import(&self, client: &keystead::Client) -> Result<(), keystead::CallError> {
        let key = self.external();
        let (algorithm, spec) = ("RSAES_OAEP_SHA_256", "RSA_2048");
        let set = self.world.root.get_parameters_for_import(&key.id, algorithm, spec).send().unwrap();
        let spec: WrappingKeySpec = spec.parse().unwrap();
        let wrapping = DefaultProvider.public_key(spec.key_pair(), &set.public_key).unwrap();
        let scheme = algorithm.parse::<WrappingAlgorithm>().unwrap().scheme().unwrap();
        let wrapped = scheme.wrap(&DefaultProvider, &*wrapping, &[7; 32], &SystemEntropy).unwrap();
        let call = client.import_key_material(&key.id, &set.import_token, &wrapped);
        let call = call
            .expiration_model("KEY_MATERIAL_EXPIRES")
            .valid_to("2026-06-30T22:38:27Z".parse::<jiff::Timestamp>().unwrap());
        call.import_type("NEW_KEY_MATERIAL").key_material_description("first").send().map(drop)
    }

    fn material_id(&self, key: &Key) -> Option<String> {
        let described = self.world.root.describe_key(&key.id).send().unwrap();
        described.key_metadata.current_key_material_id.map(|id| id.to_string())
    }

    /// A multi-Region primary.
    fn primary(&self) -> &Key {
        self.typed
            .get_or_init(|| Key::of(self.world.root.create_key().multi_region(true).send().unwrap().key_metadata.arn))
    }

    /// A primary with a replica.
    fn replicated(&self) -> &Key {
        let key = self.primary();
        // Again is refused.
        let _ = self.world.root.replicate_key(&key.id, ELSEWHERE).send();
        key
    }

    fn replica_arn(&self) -> String {
        self.primary().arn.replace(REGION, ELSEWHERE)
    }
}

fn the_key(setup: &Setup) -> Vec<String> {
    vec![setup.key.arn.clone()]
}

fn the_typed_key(setup: &Setup) -> Vec<String> {
    vec![setup.typed.get().unwrap().arn.clone()]
}

fn typed_arn(setup: &Setup) -> Value {
    json!({ "keyId": setup.typed.get().unwrap().arn })
}

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "CreateGrant",
        read_only: false,
        call: |client, setup| {
            let mut context = EncryptionContext::new();
            context.insert("App", "1");
            let mut constraints = GrantConstraints::default();
            constraints.encryption_context_equals = Some(context);
            let call = client.create_grant(&setup.key.id, GRANTEE).retiring_principal(RETIRING);
            call.operation("Encrypt").operation("Decrypt").constraints(constraints).name("n").send().map(drop)
        },
        parameters: |setup| {
            json!({ "keyId": setup.key.id, "granteePrincipal": GRANTEE, "retiringPrincipal": RETIRING,
                    "operations": ["Encrypt", "Decrypt"],
                    "constraints": { "encryptionContextEquals": { "App": "1" } }, "name": "n" })
        },
        response: |setup| json!({ "grantId": setup.granted(), "keyId": setup.key.arn }),
        resources: the_key,
    },
    Row {
        name: "DeleteImportedKeyMaterial",
        read_only: false,
        call: |client, setup| client.delete_imported_key_material(&setup.imported().id).send().map(drop),
        parameters: |setup| json!({ "keyId": setup.external().id }),
        response: |setup| {
            let key = setup.external();
            json!({ "keyId": key.arn, "keyMaterialId": setup.material_id(key).unwrap() })
        },
        resources: the_typed_key,
    },
    Row {
        name: "GetParametersForImport",
        read_only: true,
        call: |client, setup| {
            client.get_parameters_for_import(&setup.external().id, "RSAES_OAEP_SHA_256", "RSA_2048").send().map(drop)
        },
        parameters: |setup| json!({ "keyId": setup.external().id, "wrappingAlgorithm": "RSAES_OAEP_SHA_256", "wrappingKeySpec": "RSA_2048" }),
        response: none,
        resources: the_typed_key,
    },
    Row {
        name: "ImportKeyMaterial",
        read_only: false,
        call: |client, setup| setup.import(client),
        parameters: |setup| {
            json!({ "keyId": setup.external().id, "expirationModel": "KEY_MATERIAL_EXPIRES",
                    "validTo": "Jun 30, 2026, 10:38:27 PM", "importType": "NEW_KEY_MATERIAL",
                    "keyMaterialDescription": "first" })
        },
        response: |setup| {
            let key = setup.external();
            json!({ "keyId": key.arn, "keyMaterialId": setup.material_id(key).unwrap() })
        },
        resources: the_typed_key,
    },
    Row {
        name: "ListGrants",
        read_only: true,
        call: |client, setup| {
            let grant = setup.grant();
            client.list_grants(&setup.key.id).limit(7).grant_id(grant).grantee_principal(GRANTEE).send().map(drop)
        },
        parameters: |setup| json!({ "keyId": setup.key.id, "limit": 7, "grantId": setup.grant(), "granteePrincipal": GRANTEE }),
        response: none,
        resources: the_key,
    },
    Row {
        name: "ListRetirableGrants",
        read_only: true,
        call: |client, _| client.list_retirable_grants(RETIRING).limit(7).send().map(drop),
        parameters: |_| json!({ "retiringPrincipal": RETIRING, "limit": 7 }),
        response: none,
        resources: |_| Vec::new(),
    },
    Row {
        name: "ReplicateKey",
        read_only: false,
        call: |client, setup| {
            let call = client.replicate_key(&setup.primary().id, ELSEWHERE).description("copy");
            call.tag("a", "b").send().map(drop)
        },
        parameters: |setup| {
            json!({ "keyId": setup.primary().id, "replicaRegion": ELSEWHERE, "description": "copy",
                    "bypassPolicyLockoutSafetyCheck": false, "tags": [{ "tagKey": "a", "tagValue": "b" }] })
        },
        response: |setup| {
            let (key, replica) = (setup.primary(), setup.replica_arn());
            let metadata = json!({
                "awsAccountId": ACCOUNT, "keyId": key.id, "arn": replica, "creationDate": START_TEXT,
                "enabled": false, "description": "copy", "keyUsage": "ENCRYPT_DECRYPT", "keyState": "Creating",
                "origin": "AWS_KMS", "keyManager": "CUSTOMER", "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
                "keySpec": "SYMMETRIC_DEFAULT", "encryptionAlgorithms": ["SYMMETRIC_DEFAULT"], "multiRegion": true,
                "multiRegionConfiguration": {
                    "multiRegionKeyType": "REPLICA", "primaryKey": { "arn": key.arn, "region": REGION },
                    "replicaKeys": [{ "arn": replica, "region": ELSEWHERE }] } });
            let there = setup.world.kms.client(ELSEWHERE, keystead::Caller::account_root(ACCOUNT).unwrap()).unwrap();
            let policy = there.get_key_policy(&key.id).send().unwrap().into_inner().policy;
            json!({ "replicaKeyMetadata": metadata, "replicaPolicy": policy,
                    "replicaTags": [{ "tagKey": "a", "tagValue": "b" }] })
        },
        resources: the_typed_key,
    },
    Row {
        name: "RetireGrant",
        read_only: false,
        call: |client, setup| client.retire_grant().key_id(&setup.key.arn).grant_id(setup.grant()).send().map(drop),
        parameters: none,
        response: none,
        resources: the_key,
    },
    Row {
        name: "RevokeGrant",
        read_only: false,
        call: |client, setup| client.revoke_grant(&setup.key.id, setup.grant()).send().map(drop),
        parameters: |setup| json!({ "keyId": setup.key.id, "grantId": setup.grant() }),
        response: none,
        resources: the_key,
    },
    Row {
        name: "UpdatePrimaryRegion",
        read_only: false,
        call: |client, setup| client.update_primary_region(&setup.replicated().id, ELSEWHERE).send().map(drop),
        parameters: |setup| json!({ "keyId": setup.primary().id, "primaryRegion": ELSEWHERE }),
        response: typed_arn,
        resources: the_typed_key,
    },
];

/// Which grant was retired stands beside the parameters, which might be a token.
///
/// Spec: AUD-22, AUD-29
#[test]
fn a_retired_grant_is_told_beside_the_parameters() {
    for by_token in [true, false] {
        let setup = Setup::new();
        let root = &setup.world.root;
        let made = root.create_grant(&setup.key.id, GRANTEE).operation("Decrypt").send().unwrap().into_inner();
        let call = root.retire_grant();
        let call = if by_token {
            call.grant_token(made.grant_token.clone())
        } else {
            call.key_id(&setup.key.arn).grant_id(made.grant_id.to_string())
        };
        call.send().unwrap();
        let record = setup.world.last_record();
        assert_eq!(record["requestParameters"], Value::Null);
        assert_eq!(record["additionalEventData"], json!({ "grantId": made.grant_id.to_string() }));
        assert_eq!(record["resources"][0]["ARN"], setup.key.arn);
    }
}
