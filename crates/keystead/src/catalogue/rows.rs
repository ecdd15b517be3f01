//! The rows of the catalogue, in the order of chapter 50, section 5.

use keystead_hierarchy::spec::KeyState;

use super::{
    AccessLevel, Action, Bucket, Conditions, Identifiers, Recorded, RecordedDefault, Resource, Resources,
    ResponseElements, Row, States, shapes,
};

/// Every row.
pub(crate) static ROWS: &[&Row] = &[
    &CANCEL_KEY_DELETION,
    &CONNECT_CUSTOM_KEY_STORE,
    &CREATE_ALIAS,
    &CREATE_CUSTOM_KEY_STORE,
    &CREATE_GRANT,
    &CREATE_KEY,
    &DECAPSULATE,
    &DECRYPT,
    &DELETE_ALIAS,
    &DELETE_CUSTOM_KEY_STORE,
    &DELETE_IMPORTED_KEY_MATERIAL,
    &DERIVE_SHARED_SECRET,
    &DESCRIBE_CUSTOM_KEY_STORES,
    &DESCRIBE_KEY,
    &DISABLE_KEY,
    &DISABLE_KEY_ROTATION,
    &DISCONNECT_CUSTOM_KEY_STORE,
    &ENABLE_KEY,
    &ENABLE_KEY_ROTATION,
    &ENCAPSULATE,
    &ENCRYPT,
    &GENERATE_DATA_KEY,
    &GENERATE_DATA_KEY_PAIR,
    &GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT,
    &GENERATE_DATA_KEY_WITHOUT_PLAINTEXT,
    &GENERATE_MAC,
    &GENERATE_RANDOM,
    &GET_KEY_LAST_USAGE,
    &GET_KEY_POLICY,
    &GET_KEY_ROTATION_STATUS,
    &GET_PARAMETERS_FOR_IMPORT,
    &GET_PUBLIC_KEY,
    &IMPORT_KEY_MATERIAL,
    &LIST_ALIASES,
    &LIST_GRANTS,
    &LIST_KEY_POLICIES,
    &LIST_KEY_ROTATIONS,
    &LIST_KEYS,
    &LIST_RESOURCE_TAGS,
    &LIST_RETIRABLE_GRANTS,
    &PUT_KEY_POLICY,
    &RE_ENCRYPT,
    &REPLICATE_KEY,
    &RETIRE_GRANT,
    &REVOKE_GRANT,
    &ROTATE_KEY_ON_DEMAND,
    &SCHEDULE_KEY_DELETION,
    &SIGN,
    &TAG_RESOURCE,
    &UNTAG_RESOURCE,
    &UPDATE_ALIAS,
    &UPDATE_CUSTOM_KEY_STORE,
    &UPDATE_KEY_DESCRIPTION,
    &UPDATE_PRIMARY_REGION,
    &VERIFY,
    &VERIFY_MAC,
];

pub(crate) static CANCEL_KEY_DELETION: Row = Row {
    name: "CancelKeyDeletion",
    members: shapes::CANCEL_KEY_DELETION,
    level: AccessLevel::Write,
    identifiers: Identifiers::KeyOnly,
    actions: &[Action {
        policy: kms("kms:CancelKeyDeletion"),
        resource: Resource::Key,
        cross_account: false,
        grantable: false,
        conditions: Conditions::KEY,
    }],
    states: States::PENDING,
    read_only: false,
    bucket: Bucket::OwnAndKey,
    recorded: &[given("KeyId")],
    response: ResponseElements::Response,
    resources: Resources::Found,
};

pub(crate) static CONNECT_CUSTOM_KEY_STORE: Row = Row {
    name: "ConnectCustomKeyStore",
    members: shapes::CONNECT_CUSTOM_KEY_STORE,
    level: AccessLevel::Write,
    identifiers: Identifiers::None,
    actions: &[Action {
        policy: kms("kms:ConnectCustomKeyStore"),
        resource: Resource::None,
        cross_account: false,
        grantable: false,
        conditions: Conditions::CALLER_ACCOUNT,
    }],
    states: States::ALL,
    read_only: false,
    bucket: Bucket::Own,
    recorded: &[given("CustomKeyStoreId")],
    response: ResponseElements::Null,
    resources: Resources::Absent,
};

pub(crate) static CREATE_ALIAS: Row = Row {
    name: "CreateAlias",
    members: shapes::CREATE_ALIAS,
    level: AccessLevel::Write,
    identifiers: Identifiers::KeyOnly,
    actions: &[
        Action {
            policy: kms("kms:CreateAlias"),
            resource: Resource::Alias,
            cross_account: false,
            grantable: false,
            conditions: Conditions::CALLER_ACCOUNT.and(Conditions::VIA_SERVICE),
        },
        Action {
            policy: kms("kms:CreateAlias"),
            resource: Resource::Key,
            cross_account: false,
            grantable: false,
            conditions: Conditions::KEY,
        },
    ],
    states: States::LIVING,
    read_only: false,
    bucket: Bucket::Own,
    recorded: &[given("AliasName"), given("TargetKeyId")],
    response: ResponseElements::KeyArn,
    resources: Resources::Found,
};

pub(crate) static CREATE_CUSTOM_KEY_STORE: Row = Row {
    name: "CreateCustomKeyStore",
    members: shapes::CREATE_CUSTOM_KEY_STORE,
    level: AccessLevel::Write,
    identifiers: Identifiers::None,
    actions: &[Action {
        policy: kms("kms:CreateCustomKeyStore"),
        resource: Resource::None,
        cross_account: false,
        grantable: false,
        conditions: Conditions::CALLER_ACCOUNT,
    }],
    states: States::ALL,
    read_only: false,
    bucket: Bucket::Own,
    recorded: &[
        given("CustomKeyStoreName"),
        given("CloudHsmClusterId"),
        given("CustomKeyStoreType"),
        given("XksProxyUriEndpoint"),
        given("XksProxyUriPath"),
        given("XksProxyConnectivity"),
        given("XksProxyVpcEndpointServiceName"),
        given("XksProxyVpcEndpointServiceOwner"),
    ],
    response: ResponseElements::Response,
    resources: Resources::Absent,
};

pub(crate) static CREATE_GRANT: Row = Row {
    name: "CreateGrant",
    members: shapes::CREATE_GRANT,
    level: AccessLevel::Permissions,
    identifiers: Identifiers::KeyOnly,
    actions: &[Action {
        policy: kms("kms:CreateGrant"),
        resource: Resource::Key,
        cross_account: true,
        grantable: true,
        conditions: Conditions::CONTEXT.and(Conditions::GRANT).and(Conditions::GRANT_FOR_SERVICE).and(Conditions::KEY),
    }],
    states: States::of(&[KeyState::Enabled, KeyState::Unavailable, KeyState::Updating]),
    read_only: false,
    bucket: Bucket::Own,
    recorded: &[
        given("KeyId"),
        given("GranteePrincipal"),
        given("RetiringPrincipal"),
        given("GranteeServicePrincipal"),
        given("RetiringServicePrincipal"),
        given("Operations"),
        given("Constraints"),
        given("Name"),
        given("DryRun"),
    ],
    response: ResponseElements::Response,
    resources: Resources::Found,
};

pub(crate) static CREATE_KEY: Row = Row {
    name: "CreateKey",
    members: shapes::CREATE_KEY,
    level: AccessLevel::Write,
    identifiers: Identifiers::None,
    actions: &[
        Action {
            policy: kms("kms:CreateKey"),
            resource: Resource::None,
            cross_account: false,
            grantable: false,
            conditions: Conditions::BYPASS
                .and(Conditions::CALLER_ACCOUNT)
                .and(Conditions::NEW_KEY)
                .and(Conditions::VIA_SERVICE)
                .and(Conditions::TAGS),
        },
        Action {
            policy: kms("kms:TagResource"),
            resource: Resource::Key,
            cross_account: false,
            grantable: false,
            conditions: Conditions::KEY.and(Conditions::TAGS).and(Conditions::NEW_KEY),
        },
    ],
    states: States::ALL,
    read_only: false,
    bucket: Bucket::Own,
    recorded: &[
        Recorded { member: "Description", default: RecordedDefault::Text("") },
        Recorded { member: "Origin", default: RecordedDefault::Text("AWS_KMS") },
        Recorded {
            member: "KeySpec",
            default: RecordedDefault::MemberOr("CustomerMasterKeySpec", "SYMMETRIC_DEFAULT"),
        },
        Recorded {
            member: "CustomerMasterKeySpec",
            default: RecordedDefault::MemberOr("KeySpec", "SYMMETRIC_DEFAULT"),
        },
        Recorded { member: "KeyUsage", default: RecordedDefault::Text("ENCRYPT_DECRYPT") },
        Recorded { member: "BypassPolicyLockoutSafetyCheck", default: RecordedDefault::False },
        given("Policy"),
        given("Tags"),
        given("MultiRegion"),
        given("CustomKeyStoreId"),
        given("XksKeyId"),
    ],
    response: ResponseElements::Response,
    resources: Resources::Found,
};

pub(crate) static DECAPSULATE: Row = Row {
    name: "Decapsulate",
    members: shapes::DECAPSULATE,
    level: AccessLevel::Write,
    identifiers: Identifiers::Any,
    actions: &[Action {
        policy: kms("kms:Decapsulate"),
        resource: Resource::Key,
        cross_account: true,
        grantable: true,
        conditions: Conditions::KEY.and(Conditions::REQUEST_ALIAS),
    }],
    states: States::USE,
    read_only: true,
    bucket: Bucket::Cryptographic,
    recorded: &[given("KeyId"), given("EncapsulationAlgorithm"), given("DryRun")],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

pub(crate) static DECRYPT: Row = Row {
    name: "Decrypt",
    members: shapes::DECRYPT,
    level: AccessLevel::Write,
    identifiers: Identifiers::Any,
    actions: &[Action {
        policy: kms("kms:Decrypt"),
        resource: Resource::Key,
        cross_account: true,
        grantable: true,
        conditions: Conditions::ENCRYPTION_ALGORITHM
            .and(Conditions::REQUEST_ALIAS)
            .and(Conditions::CONTEXT)
            .and(Conditions::KEY)
            .and(Conditions::ATTESTATION),
    }],
    states: States::USE,
    read_only: true,
    bucket: Bucket::Cryptographic,
    recorded: &[
        Recorded { member: "EncryptionAlgorithm", default: RecordedDefault::Text("SYMMETRIC_DEFAULT") },
        given("KeyId"),
        given("EncryptionContext"),
        given("DryRunModifiers"),
        given("DryRun"),
    ],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

pub(crate) static DELETE_ALIAS: Row = Row {
    name: "DeleteAlias",
    members: shapes::DELETE_ALIAS,
    level: AccessLevel::Write,
    identifiers: Identifiers::None,
    actions: &[
        Action {
            policy: kms("kms:DeleteAlias"),
            resource: Resource::Alias,
            cross_account: false,
            grantable: false,
            conditions: Conditions::CALLER_ACCOUNT.and(Conditions::VIA_SERVICE),
        },
        Action {
            policy: kms("kms:DeleteAlias"),
            resource: Resource::Key,
            cross_account: false,
            grantable: false,
            conditions: Conditions::KEY,
        },
    ],
    states: States::ALL,
    read_only: false,
    bucket: Bucket::Own,
    recorded: &[given("AliasName")],
    response: ResponseElements::KeyArn,
    resources: Resources::Found,
};

pub(crate) static DELETE_CUSTOM_KEY_STORE: Row = Row {
    name: "DeleteCustomKeyStore",
    members: shapes::DELETE_CUSTOM_KEY_STORE,
    level: AccessLevel::Write,
    identifiers: Identifiers::None,
    actions: &[Action {
        policy: kms("kms:DeleteCustomKeyStore"),
        resource: Resource::None,
        cross_account: false,
        grantable: false,
        conditions: Conditions::CALLER_ACCOUNT,
    }],
    states: States::ALL,
    read_only: false,
    bucket: Bucket::Own,
    recorded: &[given("CustomKeyStoreId")],
    response: ResponseElements::Null,
    resources: Resources::Absent,
};

pub(crate) static DELETE_IMPORTED_KEY_MATERIAL: Row = Row {
    name: "DeleteImportedKeyMaterial",
    members: shapes::DELETE_IMPORTED_KEY_MATERIAL,
    level: AccessLevel::Write,
    identifiers: Identifiers::KeyOnly,
    actions: &[Action {
        policy: kms("kms:DeleteImportedKeyMaterial"),
        resource: Resource::Key,
        cross_account: false,
        grantable: false,
        conditions: Conditions::KEY,
    }],
    states: States::of(&[
        KeyState::Enabled,
        KeyState::Disabled,
        KeyState::PendingDeletion,
        KeyState::PendingReplicaDeletion,
        KeyState::PendingImport,
    ]),
    read_only: false,
    bucket: Bucket::OwnAndKey,
    recorded: &[given("KeyId"), given("KeyMaterialId")],
    response: ResponseElements::Response,
    resources: Resources::Found,
};

pub(crate) static DERIVE_SHARED_SECRET: Row = Row {
    name: "DeriveSharedSecret",
    members: shapes::DERIVE_SHARED_SECRET,
    level: AccessLevel::Write,
    identifiers: Identifiers::Any,
    actions: &[Action {
        policy: kms("kms:DeriveSharedSecret"),
        resource: Resource::Key,
        cross_account: true,
        grantable: true,
        conditions: Conditions::KEY
            .and(Conditions::KEY_AGREEMENT)
            .and(Conditions::REQUEST_ALIAS)
            .and(Conditions::ATTESTATION),
    }],
    states: States::USE,
    read_only: true,
    bucket: Bucket::Cryptographic,
    recorded: &[given("KeyId"), given("KeyAgreementAlgorithm"), given("DryRun")],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

pub(crate) static DESCRIBE_CUSTOM_KEY_STORES: Row = Row {
    name: "DescribeCustomKeyStores",
    members: shapes::DESCRIBE_CUSTOM_KEY_STORES,
    level: AccessLevel::Read,
    identifiers: Identifiers::None,
    actions: &[Action {
        policy: kms("kms:DescribeCustomKeyStores"),
        resource: Resource::None,
        cross_account: false,
        grantable: false,
        conditions: Conditions::CALLER_ACCOUNT,
    }],
    states: States::ALL,
    read_only: true,
    bucket: Bucket::Own,
    recorded: &[given("CustomKeyStoreId"), given("CustomKeyStoreName"), given("Limit"), given("Marker")],
    response: ResponseElements::Null,
    resources: Resources::Absent,
};

pub(crate) static DESCRIBE_KEY: Row = Row {
    name: "DescribeKey",
    members: shapes::DESCRIBE_KEY,
    level: AccessLevel::Read,
    identifiers: Identifiers::Any,
    actions: &[Action {
        policy: kms("kms:DescribeKey"),
        resource: Resource::Key,
        cross_account: true,
        grantable: true,
        conditions: Conditions::KEY.and(Conditions::REQUEST_ALIAS),
    }],
    states: States::ALL,
    read_only: true,
    bucket: Bucket::Own,
    recorded: &[given("KeyId")],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

pub(crate) static DISABLE_KEY: Row = Row {
    name: "DisableKey",
    members: shapes::DISABLE_KEY,
    level: AccessLevel::Write,
    identifiers: Identifiers::KeyOnly,
    actions: &[Action {
        policy: kms("kms:DisableKey"),
        resource: Resource::Key,
        cross_account: false,
        grantable: false,
        conditions: Conditions::KEY.and(Conditions::LAST_USAGE),
    }],
    states: States::of(&[KeyState::Enabled, KeyState::Disabled, KeyState::Unavailable]),
    read_only: false,
    bucket: Bucket::OwnAndKey,
    recorded: &[given("KeyId")],
    response: ResponseElements::KeyArn,
    resources: Resources::Found,
};

pub(crate) static DISABLE_KEY_ROTATION: Row = Row {
    name: "DisableKeyRotation",
    members: shapes::DISABLE_KEY_ROTATION,
    level: AccessLevel::Write,
    identifiers: Identifiers::KeyOnly,
    actions: &[Action {
        policy: kms("kms:DisableKeyRotation"),
        resource: Resource::Key,
        cross_account: false,
        grantable: false,
        conditions: Conditions::KEY,
    }],
    states: States::USE,
    read_only: false,
    bucket: Bucket::OwnAndKey,
    recorded: &[given("KeyId")],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

pub(crate) static DISCONNECT_CUSTOM_KEY_STORE: Row = Row {
    name: "DisconnectCustomKeyStore",
    members: shapes::DISCONNECT_CUSTOM_KEY_STORE,
    level: AccessLevel::Write,
    identifiers: Identifiers::None,
    actions: &[Action {
        policy: kms("kms:DisconnectCustomKeyStore"),
        resource: Resource::None,
        cross_account: false,
        grantable: false,
        conditions: Conditions::CALLER_ACCOUNT,
    }],
    states: States::ALL,
    read_only: false,
    bucket: Bucket::Own,
    recorded: &[given("CustomKeyStoreId")],
    response: ResponseElements::Null,
    resources: Resources::Absent,
};

pub(crate) static ENABLE_KEY: Row = Row {
    name: "EnableKey",
    members: shapes::ENABLE_KEY,
    level: AccessLevel::Write,
    identifiers: Identifiers::KeyOnly,
    actions: &[Action {
        policy: kms("kms:EnableKey"),
        resource: Resource::Key,
        cross_account: false,
        grantable: false,
        conditions: Conditions::KEY,
    }],
    states: States::of(&[KeyState::Enabled, KeyState::Disabled, KeyState::Unavailable]),
    read_only: false,
    bucket: Bucket::OwnAndKey,
    recorded: &[given("KeyId")],
    response: ResponseElements::KeyArn,
    resources: Resources::Found,
};

pub(crate) static ENABLE_KEY_ROTATION: Row = Row {
    name: "EnableKeyRotation",
    members: shapes::ENABLE_KEY_ROTATION,
    level: AccessLevel::Write,
    identifiers: Identifiers::KeyOnly,
    actions: &[Action {
        policy: kms("kms:EnableKeyRotation"),
        resource: Resource::Key,
        cross_account: false,
        grantable: false,
        conditions: Conditions::KEY.and(Conditions::ROTATION_PERIOD),
    }],
    states: States::USE,
    read_only: false,
    bucket: Bucket::OwnAndKey,
    recorded: &[given("KeyId"), given("RotationPeriodInDays")],
    response: ResponseElements::KeyArn,
    resources: Resources::Found,
};

pub(crate) static ENCAPSULATE: Row = Row {
    name: "Encapsulate",
    members: shapes::ENCAPSULATE,
    level: AccessLevel::Write,
    identifiers: Identifiers::Any,
    actions: &[Action {
        policy: kms("kms:Encapsulate"),
        resource: Resource::Key,
        cross_account: true,
        grantable: true,
        conditions: Conditions::KEY.and(Conditions::REQUEST_ALIAS),
    }],
    states: States::USE,
    read_only: true,
    bucket: Bucket::Cryptographic,
    recorded: &[given("KeyId"), given("EncapsulationAlgorithm"), given("DryRun")],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

pub(crate) static ENCRYPT: Row = Row {
    name: "Encrypt",
    members: shapes::ENCRYPT,
    level: AccessLevel::Write,
    identifiers: Identifiers::Any,
    actions: &[Action {
        policy: kms("kms:Encrypt"),
        resource: Resource::Key,
        cross_account: true,
        grantable: true,
        conditions: Conditions::ENCRYPTION_ALGORITHM
            .and(Conditions::REQUEST_ALIAS)
            .and(Conditions::CONTEXT)
            .and(Conditions::KEY),
    }],
    states: States::USE,
    read_only: true,
    bucket: Bucket::Cryptographic,
    recorded: &[
        given("KeyId"),
        Recorded { member: "EncryptionAlgorithm", default: RecordedDefault::Text("SYMMETRIC_DEFAULT") },
        given("EncryptionContext"),
        given("DryRun"),
    ],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

pub(crate) static GENERATE_DATA_KEY: Row = Row {
    name: "GenerateDataKey",
    members: shapes::GENERATE_DATA_KEY,
    level: AccessLevel::Write,
    identifiers: Identifiers::Any,
    actions: &[Action {
        policy: kms("kms:GenerateDataKey"),
        resource: Resource::Key,
        cross_account: true,
        grantable: true,
        conditions: Conditions::ENCRYPTION_ALGORITHM
            .and(Conditions::REQUEST_ALIAS)
            .and(Conditions::CONTEXT)
            .and(Conditions::KEY)
            .and(Conditions::ATTESTATION),
    }],
    states: States::USE,
    read_only: true,
    bucket: Bucket::Cryptographic,
    recorded: &[given("KeyId"), given("KeySpec"), given("NumberOfBytes"), given("EncryptionContext"), given("DryRun")],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

pub(crate) static GENERATE_DATA_KEY_PAIR: Row = Row {
    name: "GenerateDataKeyPair",
    members: shapes::GENERATE_DATA_KEY_PAIR,
    level: AccessLevel::Write,
    identifiers: Identifiers::Any,
    actions: &[Action {
        policy: kms("kms:GenerateDataKeyPair"),
        resource: Resource::Key,
        cross_account: true,
        grantable: true,
        conditions: Conditions::KEY_PAIR
            .and(Conditions::ENCRYPTION_ALGORITHM)
            .and(Conditions::REQUEST_ALIAS)
            .and(Conditions::CONTEXT)
            .and(Conditions::KEY)
            .and(Conditions::ATTESTATION),
    }],
    states: States::USE,
    read_only: true,
    bucket: Bucket::KeyPair,
    recorded: &[given("KeyId"), given("KeyPairSpec"), given("EncryptionContext"), given("DryRun")],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

pub(crate) static GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT: Row = Row {
    name: "GenerateDataKeyPairWithoutPlaintext",
    members: shapes::GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT,
    level: AccessLevel::Write,
    identifiers: Identifiers::Any,
    actions: &[Action {
        policy: kms("kms:GenerateDataKeyPairWithoutPlaintext"),
        resource: Resource::Key,
        cross_account: true,
        grantable: true,
        conditions: Conditions::KEY_PAIR
            .and(Conditions::ENCRYPTION_ALGORITHM)
            .and(Conditions::REQUEST_ALIAS)
            .and(Conditions::CONTEXT)
            .and(Conditions::KEY),
    }],
    states: States::USE,
    read_only: true,
    bucket: Bucket::KeyPair,
    recorded: &[given("KeyId"), given("KeyPairSpec"), given("EncryptionContext"), given("DryRun")],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

pub(crate) static GENERATE_DATA_KEY_WITHOUT_PLAINTEXT: Row = Row {
    name: "GenerateDataKeyWithoutPlaintext",
    members: shapes::GENERATE_DATA_KEY_WITHOUT_PLAINTEXT,
    level: AccessLevel::Write,
    identifiers: Identifiers::Any,
    actions: &[Action {
        policy: kms("kms:GenerateDataKeyWithoutPlaintext"),
        resource: Resource::Key,
        cross_account: true,
        grantable: true,
        conditions: Conditions::ENCRYPTION_ALGORITHM
            .and(Conditions::REQUEST_ALIAS)
            .and(Conditions::CONTEXT)
            .and(Conditions::KEY),
    }],
    states: States::USE,
    read_only: true,
    bucket: Bucket::Cryptographic,
    recorded: &[given("KeyId"), given("KeySpec"), given("NumberOfBytes"), given("EncryptionContext"), given("DryRun")],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

pub(crate) static GENERATE_MAC: Row = Row {
    name: "GenerateMac",
    members: shapes::GENERATE_MAC,
    level: AccessLevel::Write,
    identifiers: Identifiers::Any,
    actions: &[Action {
        policy: kms("kms:GenerateMac"),
        resource: Resource::Key,
        cross_account: true,
        grantable: true,
        conditions: Conditions::MAC.and(Conditions::REQUEST_ALIAS).and(Conditions::KEY),
    }],
    states: States::USE,
    read_only: true,
    bucket: Bucket::Cryptographic,
    recorded: &[given("KeyId"), given("MacAlgorithm"), given("DryRun")],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

pub(crate) static GENERATE_RANDOM: Row = Row {
    name: "GenerateRandom",
    members: shapes::GENERATE_RANDOM,
    level: AccessLevel::Write,
    identifiers: Identifiers::None,
    actions: &[Action {
        policy: kms("kms:GenerateRandom"),
        resource: Resource::None,
        cross_account: false,
        grantable: false,
        conditions: Conditions::ATTESTATION,
    }],
    states: States::ALL,
    read_only: true,
    bucket: Bucket::Cryptographic,
    recorded: &[],
    response: ResponseElements::Null,
    resources: Resources::Empty,
};

pub(crate) static GET_KEY_LAST_USAGE: Row = Row {
    name: "GetKeyLastUsage",
    members: shapes::GET_KEY_LAST_USAGE,
    level: AccessLevel::Read,
    identifiers: Identifiers::KeyOnly,
    actions: &[Action {
        policy: kms("kms:GetKeyLastUsage"),
        resource: Resource::Key,
        cross_account: false,
        grantable: false,
        conditions: Conditions::KEY,
    }],
    states: States::ALL,
    read_only: true,
    bucket: Bucket::Own,
    recorded: &[given("KeyId")],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

pub(crate) static GET_KEY_POLICY: Row = Row {
    name: "GetKeyPolicy",
    members: shapes::GET_KEY_POLICY,
    level: AccessLevel::Read,
    identifiers: Identifiers::KeyOnly,
    actions: &[Action {
        policy: kms("kms:GetKeyPolicy"),
        resource: Resource::Key,
        cross_account: false,
        grantable: false,
        conditions: Conditions::KEY.and(Conditions::POLICY_NAME),
    }],
    states: States::ALL,
    read_only: true,
    bucket: Bucket::Own,
    recorded: &[given("KeyId"), given("PolicyName")],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

pub(crate) static GET_KEY_ROTATION_STATUS: Row = Row {
    name: "GetKeyRotationStatus",
    members: shapes::GET_KEY_ROTATION_STATUS,
    level: AccessLevel::Read,
    identifiers: Identifiers::KeyOnly,
    actions: &[Action {
        policy: kms("kms:GetKeyRotationStatus"),
        resource: Resource::Key,
        cross_account: true,
        grantable: false,
        conditions: Conditions::KEY,
    }],
    states: States::ALL,
    read_only: true,
    bucket: Bucket::Own,
    recorded: &[given("KeyId")],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

pub(crate) static GET_PARAMETERS_FOR_IMPORT: Row = Row {
    name: "GetParametersForImport",
    members: shapes::GET_PARAMETERS_FOR_IMPORT,
    level: AccessLevel::Read,
    identifiers: Identifiers::KeyOnly,
    actions: &[Action {
        policy: kms("kms:GetParametersForImport"),
        resource: Resource::Key,
        cross_account: false,
        grantable: false,
        conditions: Conditions::WRAPPING.and(Conditions::KEY),
    }],
    states: States::of(&[KeyState::Enabled, KeyState::Disabled, KeyState::PendingImport]),
    read_only: true,
    bucket: Bucket::Own,
    recorded: &[given("KeyId"), given("WrappingAlgorithm"), given("WrappingKeySpec")],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

pub(crate) static GET_PUBLIC_KEY: Row = Row {
    name: "GetPublicKey",
    members: shapes::GET_PUBLIC_KEY,
    level: AccessLevel::Read,
    identifiers: Identifiers::Any,
    actions: &[Action {
        policy: kms("kms:GetPublicKey"),
        resource: Resource::Key,
        cross_account: true,
        grantable: true,
        conditions: Conditions::KEY.and(Conditions::REQUEST_ALIAS),
    }],
    states: States::USE,
    read_only: true,
    bucket: Bucket::Own,
    recorded: &[given("KeyId")],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

pub(crate) static IMPORT_KEY_MATERIAL: Row = Row {
    name: "ImportKeyMaterial",
    members: shapes::IMPORT_KEY_MATERIAL,
    level: AccessLevel::Write,
    identifiers: Identifiers::KeyOnly,
    actions: &[Action {
        policy: kms("kms:ImportKeyMaterial"),
        resource: Resource::Key,
        cross_account: false,
        grantable: false,
        conditions: Conditions::KEY.and(Conditions::EXPIRATION),
    }],
    states: States::of(&[KeyState::Enabled, KeyState::Disabled, KeyState::PendingImport, KeyState::Updating]),
    read_only: false,
    bucket: Bucket::OwnAndKey,
    recorded: &[
        given("KeyId"),
        given("ExpirationModel"),
        given("ValidTo"),
        given("ImportType"),
        given("KeyMaterialDescription"),
        given("KeyMaterialId"),
    ],
    response: ResponseElements::Response,
    resources: Resources::Found,
};

pub(crate) static LIST_ALIASES: Row = Row {
    name: "ListAliases",
    members: shapes::LIST_ALIASES,
    level: AccessLevel::List,
    identifiers: Identifiers::KeyOnly,
    actions: &[Action {
        policy: kms("kms:ListAliases"),
        resource: Resource::None,
        cross_account: false,
        grantable: false,
        conditions: Conditions::NONE,
    }],
    states: States::ALL,
    read_only: true,
    bucket: Bucket::Own,
    recorded: &[given("KeyId"), given("Limit"), given("Marker")],
    response: ResponseElements::Null,
    resources: Resources::Empty,
};

pub(crate) static LIST_GRANTS: Row = Row {
    name: "ListGrants",
    members: shapes::LIST_GRANTS,
    level: AccessLevel::List,
    identifiers: Identifiers::KeyOnly,
    actions: &[Action {
        policy: kms("kms:ListGrants"),
        resource: Resource::Key,
        cross_account: true,
        grantable: false,
        conditions: Conditions::KEY.and(Conditions::GRANT_FOR_SERVICE),
    }],
    states: States::ALL,
    read_only: true,
    bucket: Bucket::Own,
    recorded: &[
        given("KeyId"),
        given("Limit"),
        given("Marker"),
        given("GrantId"),
        given("GranteePrincipal"),
        given("GranteeServicePrincipal"),
    ],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

pub(crate) static LIST_KEY_POLICIES: Row = Row {
    name: "ListKeyPolicies",
    members: shapes::LIST_KEY_POLICIES,
    level: AccessLevel::List,
    identifiers: Identifiers::KeyOnly,
    actions: &[Action {
        policy: kms("kms:ListKeyPolicies"),
        resource: Resource::Key,
        cross_account: false,
        grantable: false,
        conditions: Conditions::KEY,
    }],
    states: States::ALL,
    read_only: true,
    bucket: Bucket::Own,
    recorded: &[given("KeyId"), given("Limit"), given("Marker")],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

pub(crate) static LIST_KEY_ROTATIONS: Row = Row {
    name: "ListKeyRotations",
    members: shapes::LIST_KEY_ROTATIONS,
    level: AccessLevel::List,
    identifiers: Identifiers::KeyOnly,
    actions: &[Action {
        policy: kms("kms:ListKeyRotations"),
        resource: Resource::Key,
        cross_account: false,
        grantable: false,
        conditions: Conditions::KEY,
    }],
    states: States::ALL,
    read_only: true,
    bucket: Bucket::Own,
    recorded: &[given("KeyId"), given("IncludeKeyMaterial"), given("Limit"), given("Marker")],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

pub(crate) static LIST_KEYS: Row = Row {
    name: "ListKeys",
    members: shapes::LIST_KEYS,
    level: AccessLevel::List,
    identifiers: Identifiers::None,
    actions: &[Action {
        policy: kms("kms:ListKeys"),
        resource: Resource::None,
        cross_account: false,
        grantable: false,
        conditions: Conditions::NONE,
    }],
    states: States::ALL,
    read_only: true,
    bucket: Bucket::Own,
    recorded: &[given("Limit"), given("Marker"), given("ResourceOwners")],
    response: ResponseElements::Null,
    resources: Resources::Empty,
};

pub(crate) static LIST_RESOURCE_TAGS: Row = Row {
    name: "ListResourceTags",
    members: shapes::LIST_RESOURCE_TAGS,
    level: AccessLevel::List,
    identifiers: Identifiers::KeyOnly,
    actions: &[Action {
        policy: kms("kms:ListResourceTags"),
        resource: Resource::Key,
        cross_account: false,
        grantable: false,
        conditions: Conditions::KEY,
    }],
    states: States::ALL,
    read_only: true,
    bucket: Bucket::Own,
    recorded: &[given("KeyId"), given("Limit"), given("Marker")],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

pub(crate) static LIST_RETIRABLE_GRANTS: Row = Row {
    name: "ListRetirableGrants",
    members: shapes::LIST_RETIRABLE_GRANTS,
    level: AccessLevel::List,
    identifiers: Identifiers::None,
    actions: &[Action {
        policy: kms("kms:ListRetirableGrants"),
        resource: Resource::None,
        cross_account: false,
        grantable: false,
        conditions: Conditions::NONE,
    }],
    states: States::ALL,
    read_only: true,
    bucket: Bucket::Own,
    recorded: &[given("RetiringPrincipal"), given("RetiringServicePrincipal"), given("Limit"), given("Marker")],
    response: ResponseElements::Null,
    resources: Resources::Empty,
};

pub(crate) static PUT_KEY_POLICY: Row = Row {
    name: "PutKeyPolicy",
    members: shapes::PUT_KEY_POLICY,
    level: AccessLevel::Permissions,
    identifiers: Identifiers::KeyOnly,
    actions: &[Action {
        policy: kms("kms:PutKeyPolicy"),
        resource: Resource::Key,
        cross_account: false,
        grantable: false,
        conditions: Conditions::KEY.and(Conditions::BYPASS).and(Conditions::POLICY_NAME),
    }],
    states: States::ALL,
    read_only: false,
    bucket: Bucket::Own,
    recorded: &[
        given("KeyId"),
        given("PolicyName"),
        given("Policy"),
        Recorded { member: "BypassPolicyLockoutSafetyCheck", default: RecordedDefault::False },
    ],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

pub(crate) static RE_ENCRYPT: Row = Row {
    name: "ReEncrypt",
    members: shapes::RE_ENCRYPT,
    level: AccessLevel::Write,
    identifiers: Identifiers::Any,
    actions: &[
        Action {
            policy: kms("kms:ReEncryptFrom"),
            resource: Resource::Key,
            cross_account: true,
            grantable: true,
            conditions: Conditions::ENCRYPTION_ALGORITHM
                .and(Conditions::REQUEST_ALIAS)
                .and(Conditions::CONTEXT)
                .and(Conditions::KEY)
                .and(Conditions::SAME_KEY),
        },
        Action {
            policy: kms("kms:ReEncryptTo"),
            resource: Resource::Key,
            cross_account: true,
            grantable: true,
            conditions: Conditions::ENCRYPTION_ALGORITHM
                .and(Conditions::REQUEST_ALIAS)
                .and(Conditions::CONTEXT)
                .and(Conditions::KEY)
                .and(Conditions::SAME_KEY),
        },
    ],
    states: States::USE,
    read_only: true,
    bucket: Bucket::Cryptographic,
    recorded: &[
        Recorded { member: "SourceEncryptionAlgorithm", default: RecordedDefault::Text("SYMMETRIC_DEFAULT") },
        Recorded { member: "DestinationEncryptionAlgorithm", default: RecordedDefault::Text("SYMMETRIC_DEFAULT") },
        given("DestinationKeyId"),
        given("SourceKeyId"),
        given("SourceEncryptionContext"),
        given("DestinationEncryptionContext"),
        given("DryRunModifiers"),
        given("DryRun"),
    ],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

pub(crate) static REPLICATE_KEY: Row = Row {
    name: "ReplicateKey",
    members: shapes::REPLICATE_KEY,
    level: AccessLevel::Write,
    identifiers: Identifiers::KeyOnly,
    actions: &[
        Action {
            policy: kms("kms:ReplicateKey"),
            resource: Resource::Key,
            cross_account: false,
            grantable: false,
            conditions: Conditions::KEY.and(Conditions::REPLICA_REGION).and(Conditions::TAGS),
        },
        Action {
            policy: kms("kms:CreateKey"),
            resource: Resource::None,
            cross_account: false,
            grantable: false,
            conditions: Conditions::BYPASS
                .and(Conditions::CALLER_ACCOUNT)
                .and(Conditions::NEW_KEY)
                .and(Conditions::VIA_SERVICE)
                .and(Conditions::TAGS),
        },
        Action {
            policy: kms("kms:TagResource"),
            resource: Resource::Key,
            cross_account: false,
            grantable: false,
            conditions: Conditions::KEY.and(Conditions::TAGS).and(Conditions::NEW_KEY),
        },
    ],
    states: States::of(&[KeyState::Enabled]),
    read_only: false,
    bucket: Bucket::Replication,
    recorded: &[
        given("KeyId"),
        given("ReplicaRegion"),
        given("Description"),
        Recorded { member: "BypassPolicyLockoutSafetyCheck", default: RecordedDefault::False },
        given("Policy"),
        given("Tags"),
    ],
    response: ResponseElements::Response,
    resources: Resources::Found,
};

pub(crate) static RETIRE_GRANT: Row = Row {
    name: "RetireGrant",
    members: shapes::RETIRE_GRANT,
    level: AccessLevel::Permissions,
    identifiers: Identifiers::KeyOnly,
    actions: &[Action {
        policy: kms("kms:RetireGrant"),
        resource: Resource::Grant,
        cross_account: true,
        grantable: true,
        conditions: Conditions::KEY
            .and(Conditions::CONTEXT)
            .and(Conditions::GRANT)
            .and(Conditions::CALLER_ACCOUNT)
            .and(Conditions::VIA_SERVICE),
    }],
    states: States::ALL,
    read_only: false,
    bucket: Bucket::Own,
    recorded: &[given("DryRun")],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

pub(crate) static REVOKE_GRANT: Row = Row {
    name: "RevokeGrant",
    members: shapes::REVOKE_GRANT,
    level: AccessLevel::Permissions,
    identifiers: Identifiers::KeyOnly,
    actions: &[Action {
        policy: kms("kms:RevokeGrant"),
        resource: Resource::Key,
        cross_account: true,
        grantable: false,
        conditions: Conditions::KEY.and(Conditions::GRANT_FOR_SERVICE),
    }],
    states: States::ALL,
    read_only: false,
    bucket: Bucket::Own,
    recorded: &[given("KeyId"), given("GrantId"), given("DryRun")],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

pub(crate) static ROTATE_KEY_ON_DEMAND: Row = Row {
    name: "RotateKeyOnDemand",
    members: shapes::ROTATE_KEY_ON_DEMAND,
    level: AccessLevel::Write,
    identifiers: Identifiers::KeyOnly,
    actions: &[Action {
        policy: kms("kms:RotateKeyOnDemand"),
        resource: Resource::Key,
        cross_account: false,
        grantable: false,
        conditions: Conditions::KEY,
    }],
    states: States::USE,
    read_only: false,
    bucket: Bucket::Own,
    recorded: &[given("KeyId")],
    response: ResponseElements::Response,
    resources: Resources::Found,
};

pub(crate) static SCHEDULE_KEY_DELETION: Row = Row {
    name: "ScheduleKeyDeletion",
    members: shapes::SCHEDULE_KEY_DELETION,
    level: AccessLevel::Write,
    identifiers: Identifiers::KeyOnly,
    actions: &[Action {
        policy: kms("kms:ScheduleKeyDeletion"),
        resource: Resource::Key,
        cross_account: false,
        grantable: false,
        conditions: Conditions::KEY.and(Conditions::PENDING_WINDOW).and(Conditions::LAST_USAGE),
    }],
    states: States::of(&[
        KeyState::Enabled,
        KeyState::Disabled,
        KeyState::PendingImport,
        KeyState::Unavailable,
        KeyState::Creating,
    ]),
    read_only: false,
    bucket: Bucket::OwnAndKey,
    recorded: &[given("KeyId"), given("PendingWindowInDays")],
    response: ResponseElements::Response,
    resources: Resources::Found,
};

pub(crate) static SIGN: Row = Row {
    name: "Sign",
    members: shapes::SIGN,
    level: AccessLevel::Write,
    identifiers: Identifiers::Any,
    actions: &[Action {
        policy: kms("kms:Sign"),
        resource: Resource::Key,
        cross_account: true,
        grantable: true,
        conditions: Conditions::SIGNING.and(Conditions::REQUEST_ALIAS).and(Conditions::KEY),
    }],
    states: States::USE,
    read_only: true,
    bucket: Bucket::Cryptographic,
    recorded: &[given("KeyId"), given("MessageType"), given("SigningAlgorithm"), given("DryRun")],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

pub(crate) static TAG_RESOURCE: Row = Row {
    name: "TagResource",
    members: shapes::TAG_RESOURCE,
    level: AccessLevel::Tagging,
    identifiers: Identifiers::KeyOnly,
    actions: &[Action {
        policy: kms("kms:TagResource"),
        resource: Resource::Key,
        cross_account: false,
        grantable: false,
        conditions: Conditions::KEY.and(Conditions::TAGS),
    }],
    states: States::LIVING,
    read_only: false,
    bucket: Bucket::Own,
    recorded: &[given("KeyId"), given("Tags")],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

pub(crate) static UNTAG_RESOURCE: Row = Row {
    name: "UntagResource",
    members: shapes::UNTAG_RESOURCE,
    level: AccessLevel::Tagging,
    identifiers: Identifiers::KeyOnly,
    actions: &[Action {
        policy: kms("kms:UntagResource"),
        resource: Resource::Key,
        cross_account: false,
        grantable: false,
        conditions: Conditions::KEY.and(Conditions::TAGS),
    }],
    states: States::LIVING,
    read_only: false,
    bucket: Bucket::Own,
    recorded: &[given("KeyId"), given("TagKeys")],
    response: ResponseElements::KeyArn,
    resources: Resources::Found,
};

pub(crate) static UPDATE_ALIAS: Row = Row {
    name: "UpdateAlias",
    members: shapes::UPDATE_ALIAS,
    level: AccessLevel::Write,
    identifiers: Identifiers::KeyOnly,
    actions: &[
        Action {
            policy: kms("kms:UpdateAlias"),
            resource: Resource::Alias,
            cross_account: false,
            grantable: false,
            conditions: Conditions::CALLER_ACCOUNT.and(Conditions::VIA_SERVICE),
        },
        Action {
            policy: kms("kms:UpdateAlias"),
            resource: Resource::Key,
            cross_account: false,
            grantable: false,
            conditions: Conditions::KEY,
        },
        Action {
            policy: kms("kms:UpdateAlias"),
            resource: Resource::Key,
            cross_account: false,
            grantable: false,
            conditions: Conditions::KEY,
        },
    ],
    states: States::LIVING,
    read_only: false,
    bucket: Bucket::Own,
    recorded: &[given("AliasName"), given("TargetKeyId")],
    response: ResponseElements::KeyArn,
    resources: Resources::Found,
};

pub(crate) static UPDATE_CUSTOM_KEY_STORE: Row = Row {
    name: "UpdateCustomKeyStore",
    members: shapes::UPDATE_CUSTOM_KEY_STORE,
    level: AccessLevel::Write,
    identifiers: Identifiers::None,
    actions: &[Action {
        policy: kms("kms:UpdateCustomKeyStore"),
        resource: Resource::None,
        cross_account: false,
        grantable: false,
        conditions: Conditions::CALLER_ACCOUNT,
    }],
    states: States::ALL,
    read_only: false,
    bucket: Bucket::Own,
    recorded: &[
        given("CustomKeyStoreId"),
        given("NewCustomKeyStoreName"),
        given("CloudHsmClusterId"),
        given("XksProxyUriEndpoint"),
        given("XksProxyUriPath"),
        given("XksProxyVpcEndpointServiceName"),
        given("XksProxyVpcEndpointServiceOwner"),
        given("XksProxyConnectivity"),
    ],
    response: ResponseElements::Null,
    resources: Resources::Absent,
};

pub(crate) static UPDATE_KEY_DESCRIPTION: Row = Row {
    name: "UpdateKeyDescription",
    members: shapes::UPDATE_KEY_DESCRIPTION,
    level: AccessLevel::Write,
    identifiers: Identifiers::KeyOnly,
    actions: &[Action {
        policy: kms("kms:UpdateKeyDescription"),
        resource: Resource::Key,
        cross_account: false,
        grantable: false,
        conditions: Conditions::KEY,
    }],
    states: States::LIVING,
    read_only: false,
    bucket: Bucket::Own,
    recorded: &[given("KeyId"), given("Description")],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

pub(crate) static UPDATE_PRIMARY_REGION: Row = Row {
    name: "UpdatePrimaryRegion",
    members: shapes::UPDATE_PRIMARY_REGION,
    level: AccessLevel::Write,
    identifiers: Identifiers::KeyOnly,
    actions: &[
        Action {
            policy: kms("kms:UpdatePrimaryRegion"),
            resource: Resource::Key,
            cross_account: false,
            grantable: false,
            conditions: Conditions::KEY.and(Conditions::PRIMARY_REGION),
        },
        Action {
            policy: kms("kms:UpdatePrimaryRegion"),
            resource: Resource::Key,
            cross_account: false,
            grantable: false,
            conditions: Conditions::KEY.and(Conditions::PRIMARY_REGION),
        },
    ],
    states: States::of(&[KeyState::Enabled]),
    read_only: false,
    bucket: Bucket::BothRegions,
    recorded: &[given("KeyId"), given("PrimaryRegion")],
    response: ResponseElements::KeyArn,
    resources: Resources::Found,
};

pub(crate) static VERIFY: Row = Row {
    name: "Verify",
    members: shapes::VERIFY,
    level: AccessLevel::Write,
    identifiers: Identifiers::Any,
    actions: &[Action {
        policy: kms("kms:Verify"),
        resource: Resource::Key,
        cross_account: true,
        grantable: true,
        conditions: Conditions::SIGNING.and(Conditions::REQUEST_ALIAS).and(Conditions::KEY),
    }],
    states: States::USE,
    read_only: true,
    bucket: Bucket::Cryptographic,
    recorded: &[given("KeyId"), given("MessageType"), given("SigningAlgorithm"), given("DryRun")],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

pub(crate) static VERIFY_MAC: Row = Row {
    name: "VerifyMac",
    members: shapes::VERIFY_MAC,
    level: AccessLevel::Write,
    identifiers: Identifiers::Any,
    actions: &[Action {
        policy: kms("kms:VerifyMac"),
        resource: Resource::Key,
        cross_account: true,
        grantable: true,
        conditions: Conditions::MAC.and(Conditions::REQUEST_ALIAS).and(Conditions::KEY),
    }],
    states: States::USE,
    read_only: true,
    bucket: Bucket::Cryptographic,
    recorded: &[given("KeyId"), given("MacAlgorithm"), given("DryRun")],
    response: ResponseElements::Null,
    resources: Resources::Found,
};

/// Every action that a KMS policy can name (PRM-08, PRM-45).
pub(crate) const POLICY_ACTIONS: &[&str] = &[
    "CancelKeyDeletion",
    "ConnectCustomKeyStore",
    "CreateAlias",
    "CreateCustomKeyStore",
    "CreateGrant",
    "CreateKey",
    "Decapsulate",
    "Decrypt",
    "DeleteAlias",
    "DeleteCustomKeyStore",
    "DeleteImportedKeyMaterial",
    "DeriveSharedSecret",
    "DescribeCustomKeyStores",
    "DescribeKey",
    "DisableKey",
    "DisableKeyRotation",
    "DisconnectCustomKeyStore",
    "EnableKey",
    "EnableKeyRotation",
    "Encapsulate",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "GenerateRandom",
    "GetKeyLastUsage",
    "GetKeyPolicy",
    "GetKeyRotationStatus",
    "GetParametersForImport",
    "GetPublicKey",
    "ImportKeyMaterial",
    "ListAliases",
    "ListGrants",
    "ListKeyPolicies",
    "ListKeyRotations",
    "ListKeys",
    "ListResourceTags",
    "ListRetirableGrants",
    "PutKeyPolicy",
    "ReEncryptFrom",
    "ReEncryptTo",
    "ReplicateKey",
    "RetireGrant",
    "RevokeGrant",
    "RotateKeyOnDemand",
    "ScheduleKeyDeletion",
    "Sign",
    "SynchronizeMultiRegionKey",
    "TagResource",
    "UntagResource",
    "UpdateAlias",
    "UpdateCustomKeyStore",
    "UpdateKeyDescription",
    "UpdatePrimaryRegion",
    "Verify",
    "VerifyMac",
];

/// The action of this full name, resolved when the crate is built.
const fn kms(full_name: &str) -> keystead_policy::Action<'static> {
    match super::KMS_ACTIONS.action(full_name) {
        Some(action) => action,
        None => panic!("the action is not in the catalogue"),
    }
}

/// A member that is shown when the caller gave it.
const fn given(member: &'static str) -> Recorded {
    Recorded { member, default: RecordedDefault::Omit }
}
