//! The operations, as calls that would succeed if the state of the key allowed it.

use keystead::CallError;

use crate::scene::{AGREEING, ENCAPSULATING, ENCRYPTING, Kind, MAC, Role, SIGNING, SYMMETRIC, Scene};
use crate::support::parameters::{FOREVER, HYBRID, OAEP};

/// A call on the key of a scene.
pub(crate) struct Attempt {
    pub(crate) name: &'static str,
    /// The row of the table that holds for it.
    pub(crate) row: &'static str,
    fits: fn(&Kind) -> bool,
    pub(crate) needs_grant: bool,
    pub(crate) call: fn(&Scene) -> Result<(), CallError>,
}

impl Attempt {
    pub(crate) fn operation(&self) -> &'static str {
        self.name.split(',').next().unwrap_or_default()
    }

    /// Whether the usage of the key is for this.
    pub(crate) fn concerns(&self, kind: &Kind) -> bool {
        (self.fits)(kind)
    }

    const fn new(
        name: &'static str,
        row: &'static str,
        fits: fn(&Kind) -> bool,
        call: fn(&Scene) -> Result<(), CallError>,
    ) -> Self {
        Self { name, row, fits, needs_grant: false, call }
    }
}

const fn of_any(name: &'static str, call: fn(&Scene) -> Result<(), CallError>) -> Attempt {
    Attempt::new(name, name, any, call)
}

const fn of_grant(name: &'static str, call: fn(&Scene) -> Result<(), CallError>) -> Attempt {
    Attempt { needs_grant: true, ..of_any(name, call) }
}

const fn of(name: &'static str, fits: fn(&Kind) -> bool, call: fn(&Scene) -> Result<(), CallError>) -> Attempt {
    Attempt::new(name, name, fits, call)
}

#[rustfmt::skip]
pub(crate) const ATTEMPTS: &[Attempt] = &[
    of_any("CancelKeyDeletion", |s| s.client.cancel_key_deletion(&s.id).send().map(drop)),
    of_any("CreateAlias", |s| s.client.create_alias("alias/new", &s.id).send().map(drop)),
    of_any("CreateGrant", |s| {
        let operation = if s.kind.usage == SIGNING.1 { "Sign" } else { "DescribeKey" };
        s.client.create_grant(&s.id, BOB).operation(operation).send().map(drop)
    }),
    of("Decrypt", encrypts, |s| {
        s.client.decrypt(&s.made).key_id(&s.id).encryption_algorithm(algorithm(s)).send().map(drop)
    }),
    Attempt::new("Decrypt, without key ID", "Decrypt", symmetric, |s| s.client.decrypt(&s.made).send().map(drop)),
    of_any("DeleteAlias", |s| s.client.delete_alias("alias/key").send().map(drop)),
    of_any("DeleteImportedKeyMaterial", |s| s.client.delete_imported_key_material(&s.id).send().map(drop)),
    of_any("DescribeKey", |s| s.client.describe_key(&s.id).send().map(drop)),
    of_any("DisableKey", |s| s.client.disable_key(&s.id).send().map(drop)),
    of_any("DisableKeyRotation", |s| s.client.disable_key_rotation(&s.id).send().map(drop)),
    of_any("EnableKey", |s| s.client.enable_key(&s.id).send().map(drop)),
    of_any("EnableKeyRotation", |s| s.client.enable_key_rotation(&s.id).send().map(drop)),
    of("Encrypt", encrypts, |s| {
        s.client.encrypt(&s.id, MESSAGE).encryption_algorithm(algorithm(s)).send().map(drop)
    }),
    Attempt::new("Encrypt, by alias", "Encrypt", encrypts, |s| {
        s.client.encrypt("alias/key", MESSAGE).encryption_algorithm(algorithm(s)).send().map(drop)
    }),
    of("GenerateDataKey", symmetric, |s| s.client.generate_data_key(&s.id).key_spec("AES_256").send().map(drop)),
    of("GenerateDataKeyPair", symmetric, |s| {
        s.client.generate_data_key_pair(&s.id).key_pair_spec("ECC_NIST_P256").send().map(drop)
    }),
    of("GenerateDataKeyPairWithoutPlaintext", symmetric, |s| {
        s.client.generate_data_key_pair_without_plaintext(&s.id).key_pair_spec("ECC_NIST_P256").send().map(drop)
    }),
    of("GenerateDataKeyWithoutPlaintext", symmetric, |s| {
        s.client.generate_data_key_without_plaintext(&s.id).key_spec("AES_256").send().map(drop)
    }),
    of("GenerateMac", mac, |s| s.client.generate_mac(&s.id, MESSAGE).mac_algorithm("HMAC_SHA_256").send().map(drop)),
    of_any("GetKeyPolicy", |s| s.client.get_key_policy(&s.id).send().map(drop)),
    of_any("GetKeyRotationStatus", |s| s.client.get_key_rotation_status(&s.id).send().map(drop)),
    of_any("GetParametersForImport", |s| {
        let wrapping = if s.kind.is_asymmetric() { HYBRID } else { OAEP };
        s.client.get_parameters_for_import(&s.id, wrapping, "RSA_2048").send().map(drop)
    }),
    of_any("GetPublicKey", |s| s.client.get_public_key(&s.id).send().map(drop)),
    of_any("ImportKeyMaterial", |s| {
        s.client.import_key_material(&s.id, &s.token, &s.wrapped).expiration_model(FOREVER).send().map(drop)
    }),
    of_any("ListAliases", |s| s.client.list_aliases().key_id(&s.id).send().map(drop)),
    of_any("ListGrants", |s| s.client.list_grants(&s.id).send().map(drop)),
    of_any("ListKeyPolicies", |s| s.client.list_key_policies(&s.id).send().map(drop)),
    of_any("ListKeyRotations", |s| s.client.list_key_rotations(&s.id).send().map(drop)),
    of_any("ListResourceTags", |s| s.client.list_resource_tags(&s.id).send().map(drop)),
    of_any("PutKeyPolicy", |s| s.client.put_key_policy(&s.id, POLICY).send().map(drop)),
    Attempt::new("ReEncrypt, source", "ReEncrypt", encrypts, |s| {
        let call = s.client.re_encrypt(&s.made, &s.other).source_key_id(&s.id);
        let call = call.source_encryption_algorithm(algorithm(s)).destination_encryption_algorithm(algorithm(s));
        call.send().map(drop)
    }),
    Attempt::new("ReEncrypt, destination", "ReEncrypt", encrypts, |s| {
        let call = s.client.re_encrypt(&s.foreign, &s.id).source_key_id(&s.other);
        let call = call.source_encryption_algorithm(algorithm(s)).destination_encryption_algorithm(algorithm(s));
        call.send().map(drop)
    }),
    of_any("ReplicateKey", |s| s.client.replicate_key(&s.id, "us-west-2").send().map(drop)),
    of_grant("RetireGrant", |s| s.client.retire_grant().key_id(&s.arn).grant_id(s.grant_id()).send().map(drop)),
    of_grant("RevokeGrant", |s| s.client.revoke_grant(&s.id, s.grant_id()).send().map(drop)),
    of_any("RotateKeyOnDemand", |s| s.client.rotate_key_on_demand(&s.id).send().map(drop)),
    of_any("ScheduleKeyDeletion", |s| s.client.schedule_key_deletion(&s.id).send().map(drop)),
    of("Sign", signs, |s| s.client.sign(&s.id, MESSAGE).signing_algorithm("ECDSA_SHA_256").send().map(drop)),
    of_any("TagResource", |s| s.client.tag_resource(&s.id).tag("a", "b").send().map(drop)),
    of_any("UntagResource", |s| s.client.untag_resource(&s.id).tag_key("a").send().map(drop)),
    Attempt::new("UpdateAlias, current key", "UpdateAlias", any, |s| {
        s.client.update_alias("alias/key", &s.other).send().map(drop)
    }),
    Attempt::new("UpdateAlias, new key", "UpdateAlias", any, |s| {
        s.client.update_alias("alias/other", &s.id).send().map(drop)
    }),
    of_any("UpdateKeyDescription", |s| s.client.update_key_description(&s.id, "new").send().map(drop)),
    of_any("UpdatePrimaryRegion", |s| s.client.update_primary_region(&s.id, s.another_region()).send().map(drop)),
    Attempt::new("UpdatePrimaryRegion, heir", "UpdatePrimaryRegion", is_replica, |s| {
        s.primary.update_primary_region(&s.id, s.client.region().as_str()).send().map(drop)
    }),
    of("Verify", signs, |s| {
        s.client.verify(&s.id, MESSAGE, &s.made).signing_algorithm("ECDSA_SHA_256").send().map(drop)
    }),
    of("VerifyMac", mac, |s| {
        s.client.verify_mac(&s.id, MESSAGE, &s.made).mac_algorithm("HMAC_SHA_256").send().map(drop)
    }),
    // STA-99: these behave like Sign and like the state-independent ones.
    Attempt::new("DeriveSharedSecret", "Sign", agrees, |s| {
        s.client.derive_shared_secret(&s.id, &s.public).send().map(drop)
    }),
    Attempt::new("Encapsulate", "Sign", encapsulates, |s| s.client.encapsulate(&s.id).send().map(drop)),
    Attempt::new("Decapsulate", "Sign", encapsulates, |s| s.client.decapsulate(&s.id, &s.made).send().map(drop)),
    Attempt::new("GetKeyLastUsage", "GetKeyPolicy", any, |s| s.client.get_key_last_usage(&s.id).send().map(drop)),
];

fn any(_: &Kind) -> bool {
    true
}

fn symmetric(kind: &Kind) -> bool {
    kind.is_symmetric()
}

fn encrypts(kind: &Kind) -> bool {
    kind.usage == SYMMETRIC.1
}

fn mac(kind: &Kind) -> bool {
    kind.usage == MAC.1
}

fn signs(kind: &Kind) -> bool {
    kind.usage == SIGNING.1
}

fn agrees(kind: &Kind) -> bool {
    kind.usage == AGREEING.1
}

fn encapsulates(kind: &Kind) -> bool {
    kind.usage == ENCAPSULATING.1
}

fn is_replica(kind: &Kind) -> bool {
    kind.role == Role::Replica
}

pub(crate) fn algorithm(scene: &Scene) -> &'static str {
    if scene.kind.spec == ENCRYPTING.0 { OAEP } else { "SYMMETRIC_DEFAULT" }
}

pub(crate) const MESSAGE: &[u8] = b"message";
pub(crate) const BOB: &str = "arn:aws:iam::111122223333:user/bob";

const POLICY: &str = r#"{
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "kms:*", "Resource": "*"}
}"#;
