//! Condition keys that the host supplies (chapter 22, section 6): what reaches policies, what is computed from it, what
//! a host cannot state.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::net::IpAddr;

use keystead::{Caller, CallerError, ClientError, Clock, ConditionValue, ManualClock};
use serde_json::{Value, json};
use support::*;

/// Spec: CND-87, CND-89..CND-91, CND-94..CND-109, CND-111..CND-115, CND-129
#[test]
fn policies_see_what_the_host_supplies() {
    // Name, operator, what is supplied, the value that matches it, and one that does not.
    let keys: &[(&str, &str, ConditionValue, &str, &str)] = &[
        ("aws:userid", "StringEquals", text("AIDAEXAMPLE"), "AIDAEXAMPLE", "AIDAOTHER"),
        ("aws:PrincipalTag/Team", "StringEquals", text("orders"), "orders", "Orders"),
        ("aws:PrincipalOrgID", "StringEquals", text("o-1"), "o-1", "o-2"),
        ("aws:PrincipalOrgPaths", "ForAnyValue:StringLike", many(&["o-1/r-1/ou-1/"]), "o-1/*", "o-2/*"),
        ("aws:PrincipalServiceNamesList", "ForAnyValue:StringEquals", many(&["a.x", "b.x"]), "b.x", "c.x"),
        ("aws:SourceIp", "IpAddress", address("192.0.2.7"), "192.0.2.0/24", "192.0.3.0/24"),
        ("aws:SourceVpc", "StringEquals", text("vpc-1"), "vpc-1", "vpc-2"),
        ("aws:SourceVpce", "StringEquals", text("vpce-1"), "vpce-1", "vpce-2"),
        ("aws:VpcSourceIp", "IpAddress", address("10.0.0.7"), "10.0.0.0/8", "192.0.2.0/24"),
        ("aws:SecureTransport", "Bool", ConditionValue::Bool(false), "false", "true"),
        ("aws:UserAgent", "StringLike", text("example/1.0"), "example/*", "other/*"),
        ("aws:referer", "StringEquals", text("https://a.example"), "https://a.example", "https://b.example"),
        ("aws:MultiFactorAuthPresent", "Bool", ConditionValue::Bool(true), "true", "false"),
        ("aws:MultiFactorAuthAge", "NumericLessThan", ConditionValue::Number(299), "300", "299"),
        ("aws:TokenIssueTime", "DateEquals", instant(START), START, "2026-01-01T00:00:01Z"),
        ("aws:FederatedProvider", "StringEquals", text("cognito-identity.amazonaws.com"), "cognito*", "x"),
        ("cognito-identity.amazonaws.com:sub", "StringEquals", text("us-east-1:1"), "us-east-1:1", "us-east-1:2"),
        ("aws:SourceIdentity", "StringEquals", text("admin"), "admin", "user"),
        ("aws:CalledVia", "ForAnyValue:StringEquals", many(&["a.x", "b.x"]), "b.x", "c.x"),
        ("aws:ViaAWSService", "Bool", ConditionValue::Bool(true), "true", "false"),
        ("aws:ResourceOrgID", "StringEquals", text("o-1"), "o-1", "o-2"),
        ("aws:ResourceOrgPaths", "ForAllValues:StringLike", many(&["o-1/r-1/", "o-1/r-2/"]), "o-1/*", "o-1/r-1/*"),
        ("aws:Ec2InstanceSourceVpc", "StringEquals", text("vpc-1"), "vpc-1", "vpc-2"),
        ("aws:Ec2InstanceSourcePrivateIPv4", "IpAddress", address("10.0.0.7"), "10.0.0.7", "10.0.0.8"),
        ("aws:SourceOrgID", "StringEquals", text("o-1"), "o-1", "o-2"),
        ("aws:SourceOrgPaths", "ForAnyValue:StringLike", many(&["o-1/r-1/"]), "o-1/*", "o-2/*"),
        ("aws:VpceAccount", "StringEquals", text(ACCOUNT), ACCOUNT, OTHER),
        ("aws:VpceOrgID", "StringEquals", text("o-1"), "o-1", "o-2"),
        ("aws:VpceOrgPaths", "ForAnyValue:StringLike", many(&["o-1/r-1/"]), "o-1/*", "o-2/*"),
        ("aws:SourceVpcArn", "ArnLike", text("arn:aws:ec2:us-west-2:111122223333:vpc/1"), "arn:aws:ec2:*:*:vpc/1", "*"),
        ("aws:AssumedRoot", "Bool", ConditionValue::Bool(true), "true", "false"),
        ("ec2:SourceInstanceArn", "ArnLike", text("arn:aws:ec2:r:1:instance/i"), "arn:aws:ec2:*:*:instance/i", "*"),
        ("lambda:SourceFunctionArn", "ArnLike", text("arn:aws:lambda:r:1:function:f"), "arn:aws:lambda:*:*:*:f", "*"),
        ("identitystore:UserId", "StringEquals", text("1"), "1", "2"),
        ("saml:sub", "StringEquals", text("s"), "s", "t"),
        ("sts:RoleSessionName", "StringEquals", text("r"), "r", "s"),
        ("example:Own", "NumericEquals", ConditionValue::Number(7), "7", "8"),
    ];
    let house = House::new();
    for (name, operator, value, matching, other) in keys {
        let operator = if *matching == "cognito*" { "StringLike" } else { operator };
        let supplied = |name: &str| alice().condition(name, value.clone()).unwrap();
        for spelling in [name.to_string(), name.to_uppercase(), name.to_lowercase()] {
            assert!(house.allows(supplied(&spelling), operator, name, matching), "{spelling}");
            assert!(!house.allows(supplied(&spelling), operator, name, other), "{spelling}");
            // In key policies as in identity policies (CND-79).
            assert!(house.key_policy_allows(supplied(&spelling), operator, name, matching), "{spelling}");
        }
        if !["aws:SecureTransport", "aws:ViaAWSService"].contains(name) {
            assert!(house.allows(alice(), "Null", name, "true"), "{name}");
        }
    }
}

/// Spec: CND-101, CND-111
#[test]
fn two_keys_have_a_value_that_nobody_states() {
    let house = House::new();
    assert!(house.allows(alice(), "Bool", "aws:SecureTransport", "true"));
    assert!(house.allows(alice(), "Bool", "aws:ViaAWSService", "false"));
    assert!(house.allows(alice().via_service(SERVICE), "Bool", "aws:ViaAWSService", "true"));
    let called = alice().condition("aws:CalledVia", many(&[SERVICE])).unwrap();
    assert!(house.allows(called, "Bool", "aws:ViaAWSService", "true"));
}

/// Spec: CND-84..CND-88, CND-92, CND-93
#[test]
fn callers_are_told_apart() {
    let house = House::new();
    let role = || Caller::role_session(ACCOUNT, "path/worker", "pod").unwrap();
    let federated = || Caller::federated_user(ACCOUNT, "fred").unwrap();
    let user = || Caller::user(ACCOUNT, "division/bob").unwrap();
    let root = || Caller::account_root(ACCOUNT).unwrap();
    let arn = |rest: &str| format!("arn:aws:iam::{ACCOUNT}:{rest}");
    for (caller, kind, principal) in [
        (root(), "Account", arn("root")),
        (user(), "User", arn("user/division/bob")),
        (role(), "AssumedRole", arn("role/path/worker")),
        (federated(), "FederatedUser", format!("arn:aws:sts::{ACCOUNT}:federated-user/fred")),
    ] {
        assert!(house.key_policy_allows(caller.clone(), "StringEquals", "aws:PrincipalType", kind), "{kind}");
        assert!(house.key_policy_allows(caller.clone(), "StringEquals", "aws:PrincipalArn", &principal), "{kind}");
        assert!(house.key_policy_allows(caller.clone(), "StringEquals", "aws:PrincipalAccount", ACCOUNT), "{kind}");
        assert!(house.key_policy_allows(caller.clone(), "Bool", "aws:PrincipalIsAWSService", "false"), "{kind}");
        assert!(house.key_policy_allows(caller.clone(), "Null", "aws:PrincipalServiceName", "true"), "{kind}");
        assert!(!house.key_policy_allows(caller.clone(), "StringEquals", "aws:PrincipalType", "Anonymous"), "{kind}");
        let has_name = if kind == "User" { "false" } else { "true" };
        assert!(house.key_policy_allows(caller, "Null", "aws:username", has_name), "{kind}");
    }
    assert!(house.key_policy_allows(user(), "StringEquals", "aws:username", "bob"));
    let id = "aws:userid";
    assert!(house.key_policy_allows(root(), "StringEquals", id, ACCOUNT));
    assert!(house.key_policy_allows(user().unique_id("AIDA1"), "StringEquals", id, "AIDA1"));
    assert!(house.key_policy_allows(user(), "Null", id, "true"));
    assert!(house.key_policy_allows(role().unique_id("AROA1"), "StringEquals", id, "AROA1:pod"));
    assert!(house.key_policy_allows(role(), "Null", id, "true"));
    assert!(house.key_policy_allows(federated(), "StringEquals", id, &format!("{ACCOUNT}:fred")));

    let service = || Caller::service(SERVICE, ACCOUNT).unwrap();
    for (operator, key, value) in [
        ("StringEquals", "aws:PrincipalType", "Service"),
        ("StringEquals", "aws:PrincipalServiceName", SERVICE),
        ("Bool", "aws:PrincipalIsAWSService", "true"),
        ("Null", "aws:PrincipalAccount", "true"),
        ("Null", "aws:PrincipalArn", "true"),
        ("Null", "kms:CallerAccount", "true"),
    ] {
        assert!(house.key_policy_allows(service(), operator, key, value), "{key}");
    }
}

/// Spec: CND-109, CND-110
#[test]
fn the_first_and_the_last_service_follow_from_the_chain() {
    let house = House::new();
    let called = |services: &[&str]| alice().condition("AWS:calledvia", many(services)).unwrap();
    let chain = || called(&["a.amazonaws.com", "b.amazonaws.com", "c.amazonaws.com"]);
    assert!(house.allows(chain(), "StringEquals", "aws:CalledViaFirst", "a.amazonaws.com"));
    assert!(house.allows(chain(), "StringEquals", "aws:CalledViaLast", "c.amazonaws.com"));
    for key in ["aws:CalledViaFirst", "aws:CalledViaLast"] {
        assert!(!house.allows(chain(), "StringEquals", key, "b.amazonaws.com"));
        assert!(house.allows(called(&["a.amazonaws.com"]), "StringEquals", key, "a.amazonaws.com"));
        assert!(house.allows(called(&[]), "Null", key, "true"));
        assert!(house.allows(alice(), "Null", key, "true"));
    }
}

/// Scenario 24.
///
/// Spec: CND-01, CND-54, CND-110, CND-132, POL-03
#[test]
fn what_the_library_derives_cannot_be_supplied() {
    let owned = [
        "kms:CallerAccount",
        "kms:KeySpec",
        "kms:CustomerMasterKeySpec",
        "kms:CustomerMasterKeyUsage",
        "kms:ViaService",
        "kms:GrantIsForAWSResource",
        "kms:EncryptionContext:Order",
        "kms:EncryptionContextKeys",
        "kms:RequestAlias",
        "kms:ResourceAliases",
        "kms:RecipientAttestation:ImageSha384",
        "kms:RecipientAttestation:PCR0",
        "kms:RecipientAttestation:PCR99",
        "kms:RecipientAttestation:NitroTPMPCR4",
        "kms:TrailingDaysWithoutKeyUsage",
        "kms:NobodyKnows",
        "aws:ResourceTag/x",
        "aws:RequestTag/x",
        "aws:TagKeys",
        "aws:ResourceAccount",
        "aws:RequestedRegion",
        "aws:CurrentTime",
        "aws:EpochTime",
        "aws:PrincipalAccount",
        "aws:PrincipalArn",
        "aws:PrincipalType",
        "aws:PrincipalIsAWSService",
        "aws:PrincipalServiceName",
        "aws:username",
        "aws:CalledViaFirst",
        "aws:CalledViaLast",
    ];
    for name in owned {
        // The Kelvin sign and the long s are a k and an s to policies.
        let disguised = name.replacen('k', "\u{212a}", 1).replacen('s', "\u{17f}", 1);
        for spelling in [name.to_owned(), name.to_uppercase(), name.to_lowercase(), disguised] {
            for value in [text("x"), many(&["x"]), ConditionValue::Bool(true)] {
                let error = alice().condition(&spelling, value).unwrap_err();
                assert!(matches!(&error, CallerError::OwnedKey(named) if *named == spelling), "{spelling}: {error}");
            }
        }
    }
}

/// Spec: CND-05
#[test]
fn a_single_valued_key_takes_one_value() {
    for name in ["aws:SourceArn", "aws:PrincipalOrgID", "AWS:USERAGENT"] {
        let error = alice().condition(name, many(&["a"])).unwrap_err();
        assert!(matches!(&error, CallerError::SingleValued(named) if named == name), "{error}");
    }
    alice().condition("aws:PrincipalOrgPaths", many(&["a", "b"])).unwrap();
    alice().condition("example:Own", many(&["a", "b"])).unwrap();
}

/// Spec: CND-97..CND-100, CND-116
#[test]
fn an_address_and_an_endpoint_exclude_each_other() {
    let house = House::new();
    let public = |caller: Caller| caller.condition("aws:sourceip", address("192.0.2.7")).unwrap();
    let endpoints: [fn(Caller) -> Caller; 4] = [
        |caller| caller.vpc_endpoint("vpce-1"),
        |caller| caller.condition("aws:SourceVpce", text("vpce-1")).unwrap(),
        |caller| caller.condition("AWS:SOURCEVPC", text("vpc-1")).unwrap(),
        |caller| caller.condition("aws:VpcSourceIp", address("10.0.0.7")).unwrap(),
    ];
    for through in endpoints {
        // Whichever is stated first.
        for caller in [through(public(alice())), public(through(alice()))] {
            assert!(matches!(house.refused(caller), CallerError::AddressAndEndpoint));
        }
        let caller = through(alice().source_ip("10.0.0.7".parse().unwrap()));
        assert!(house.allows(caller.clone(), "Null", "aws:SourceIp", "true"));
        assert!(house.allows(caller, "IpAddress", "aws:VpcSourceIp", "10.0.0.0/8"));
    }
    let direct = alice().source_ip("10.0.0.7".parse().unwrap());
    assert!(house.allows(direct.clone(), "IpAddress", "aws:SourceIp", "10.0.0.0/8"));
    assert!(house.allows(direct, "Null", "aws:VpcSourceIp", "true"));
}

/// Spec: CND-95, CND-96, CND-111, CND-116
#[test]
fn what_is_said_of_services_needs_a_service() {
    let house = House::new();
    for (name, value) in [("aws:SourceArn", "arn:aws:s3:::bucket"), ("aws:SourceAccount", ACCOUNT)] {
        let of_source = |caller: Caller| caller.condition(name, text(value)).unwrap();
        let error = house.refused(of_source(alice()));
        assert!(matches!(error, CallerError::SourceWithoutService(key) if key == name), "{error}");
        assert!(error.to_string().contains(name), "{error}");
        assert!(house.allows(of_source(alice().via_service(SERVICE)), "StringEquals", name, value));
        let service = Caller::service(SERVICE, ACCOUNT).unwrap();
        assert!(house.key_policy_allows(of_source(service), "StringEquals", name, value));
    }
    for denied in [ConditionValue::Bool(false), text("False")] {
        let caller = alice().condition("aws:viaawsservice", denied.clone()).unwrap();
        house.world.kms.client(REGION, caller.clone()).unwrap();
        assert!(matches!(house.refused(caller.clone().via_service(SERVICE)), CallerError::NotViaService));
        let called = caller.condition("aws:CalledVia", many(&[SERVICE])).unwrap();
        assert!(matches!(house.refused(called), CallerError::NotViaService));
    }
}

/// Spec: CND-53, CND-116
#[test]
fn a_service_principal_calls_for_itself() {
    let house = House::new();
    let caller = Caller::service(SERVICE, ACCOUNT).unwrap().via_service("ec2.us-west-2.amazonaws.com");
    assert!(matches!(house.refused(caller), CallerError::ServiceViaService));
}

/// Spec: CND-117
#[test]
fn the_confused_deputy_is_stopped_by_source_and_context() {
    let house = House::new();
    let trail = "arn:aws:cloudtrail:us-west-2:111122223333:trail/t";
    let statement = json!({
        "Effect": "Allow", "Principal": { "Service": "cloudtrail.amazonaws.com" }, "Action": "kms:GenerateDataKey",
        "Resource": "*",
        "Condition": {
            "ArnEquals": { "aws:SourceArn": trail },
            "StringLike": { "kms:EncryptionContext:aws:cloudtrail:arn": "arn:aws:cloudtrail:*:111122223333:trail/*" }
        }
    });
    let key = house.world.key_with_policy(&policy(&[delegation(), statement]));
    let caller = |source: Option<&str>| {
        let service = Caller::service("cloudtrail.amazonaws.com", ACCOUNT).unwrap();
        match source {
            Some(source) => service.condition("aws:SourceArn", text(source)).unwrap(),
            None => service,
        }
    };
    let generate = |source: Option<&str>, context: &'static str| {
        let client = house.world.client(caller(source));
        let call = client.generate_data_key(&key.id).key_spec("AES_256").context("aws:cloudtrail:arn", context);
        call.send().map(drop)
    };
    let other = "arn:aws:cloudtrail:us-west-2:444455556666:trail/t";
    generate(Some(trail), "arn:aws:cloudtrail:us-west-2:111122223333:trail/t").unwrap();
    assert_code(generate(Some(other), trail), "AccessDeniedException");
    assert_code(generate(Some(trail), other), "AccessDeniedException");
    assert_code(generate(None, trail), "AccessDeniedException");
}

/// Spec: CND-118
#[test]
fn a_deny_on_the_source_stops_services_unless_it_excepts_them() {
    let house = House::new();
    let from = json!({ "NotIpAddress": { "aws:SourceIp": "192.0.2.0/24" } });
    let excepting =
        json!({ "NotIpAddress": { "aws:SourceIp": "192.0.2.0/24" }, "Bool": { "aws:ViaAWSService": "false" } });
    let deny = |condition: &Value| {
        let statements = [
            json!({ "Effect": "Allow", "Action": "kms:*", "Resource": "*" }),
            json!({ "Effect": "Deny", "Action": "kms:*", "Resource": "*", "Condition": condition }),
        ];
        alice().identity_policy(&policy(&statements)).unwrap()
    };
    let encrypts = |caller: Caller| house.world.client(caller).encrypt(&house.key.id, b"x").send().is_ok();
    assert!(encrypts(deny(&from).source_ip("192.0.2.7".parse().unwrap())));
    assert!(!encrypts(deny(&from).via_service(SERVICE)));
    assert!(!encrypts(deny(&from).vpc_endpoint("vpce-1")));
    assert!(encrypts(deny(&excepting).via_service(SERVICE)));
    assert!(!encrypts(deny(&excepting)));
}

/// An address and a user agent reach the audit record however they are stated.
///
/// Spec: CND-97, CND-100
#[test]
fn the_record_shows_where_the_call_came_from() {
    let house = House::new();
    for (key, shown) in [("aws:SourceIp", "192.0.2.7"), ("aws:VpcSourceIp", "10.0.0.7")] {
        let caller = alice().condition(key, address(shown)).unwrap().condition("aws:UserAgent", text("a/1")).unwrap();
        assert_code(house.world.client(caller).encrypt(&house.key.id, b"x").send(), "AccessDeniedException");
        let record = house.world.last_record();
        assert_eq!((&record["sourceIPAddress"], &record["userAgent"]), (&json!(shown), &json!("a/1")));
    }
}

/// Both ways to a client refuse a contradictory caller.
///
/// Spec: CND-116
#[test]
fn no_client_is_made_for_a_contradictory_caller() {
    let house = House::new();
    let caller = || alice().condition("aws:SourceAccount", text(ACCOUNT)).unwrap();
    assert!(matches!(house.world.kms.client(REGION, caller()), Err(ClientError::Caller(_))));
    assert!(house.world.root.with_caller(caller()).is_err());
    assert!(house.world.root.with_caller(caller().via_service(SERVICE)).is_ok());
}

struct House {
    world: World,
    key: Key,
}

impl House {
    fn new() -> Self {
        let world = World::new();
        let key = world.key();
        Self { world, key }
    }

    /// Whether an identity policy that holds under this condition alone allows the caller what no key policy has a say
    /// in.
    fn allows(&self, caller: Caller, operator: &str, key: &str, value: &str) -> bool {
        let statement = json!({ "Effect": "Allow", "Action": "kms:GenerateRandom", "Resource": "*",
                                "Condition": { operator: { key: value } } });
        let caller = caller.identity_policy(&policy(&[statement])).unwrap();
        self.world.client(caller).generate_random(8).send().is_ok()
    }

    /// Whether the caller may encrypt if a key policy allows it under this condition alone.
    fn key_policy_allows(&self, caller: Caller, operator: &str, key: &str, value: &str) -> bool {
        let statement = json!({ "Effect": "Allow", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*",
                                "Condition": { operator: { key: value } } });
        let key = self.world.key_with_policy(&policy(&[statement]));
        self.world.client(caller).encrypt(&key.id, b"x").send().is_ok()
    }

    /// Why no client is made for the caller.
    fn refused(&self, caller: Caller) -> CallerError {
        match self.world.kms.client(REGION, caller) {
            Err(ClientError::Caller(error)) => error,
            other => panic!("{other:?}"),
        }
    }
}

fn alice() -> Caller {
    Caller::user(ACCOUNT, "alice").unwrap()
}

fn text(text: &str) -> ConditionValue {
    ConditionValue::Text(text.to_owned())
}

fn many(texts: &[&str]) -> ConditionValue {
    ConditionValue::Many(texts.iter().map(ToString::to_string).collect())
}

fn instant(text: &str) -> ConditionValue {
    ConditionValue::Time(ManualClock::at(text).now())
}

fn address(text: &str) -> ConditionValue {
    ConditionValue::Address(text.parse::<IpAddr>().unwrap())
}

const SERVICE: &str = "s3.us-west-2.amazonaws.com";
