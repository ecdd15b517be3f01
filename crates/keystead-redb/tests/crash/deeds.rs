//! What is done to a key, or with it. Outcomes are not looked at: a refusal changes nothing, and the portrait says what did
//! change.

use keystead::crypto::entropy::SystemEntropy;
use keystead::crypto::{DefaultProvider, Provider};
use keystead::hierarchy::spec::{WrappingAlgorithm, WrappingKeySpec};
use keystead::{Client, Timestamp};

use crate::instance::{ACCOUNT, Opened, REGIONS, name};
use crate::random::Random;
use crate::report::{Report, Work};

/// A key on which something is to be done, and by whose choices.
pub(crate) struct Deed<'d> {
    pub(crate) opened: &'d Opened,
    pub(crate) key: &'d str,
    /// The keys of one owner share aliases.
    pub(crate) owner: u64,
    pub(crate) now: Timestamp,
    pub(crate) random: &'d mut Random,
}

/// What is to be done.
pub(crate) enum Plan {
    CreateAlias(String),
    UpdateAlias(String),
    DeleteAlias(String),
    Tag,
    Untag,
    Describe,
    PutPolicy,
    CreateGrant,
    RevokeGrant,
    RetireGrant,
    RotateOnDemand,
    RotateYearly,
    RotateNoMore,
    Disable,
    Enable,
    ScheduleDeletion,
    CancelDeletion,
    Replicate,
    UpdatePrimary,
    Import,
    DeleteMaterial,
    Use,
}

impl Deed<'_> {
    pub(crate) fn plan(&mut self) -> Plan {
        let alias = format!("alias/{}-{}", self.owner, self.random.below(6));
        match self.random.below(34) {
            0 | 1 => Plan::CreateAlias(alias),
            2 => Plan::UpdateAlias(alias),
            3 => Plan::DeleteAlias(alias),
            4 => Plan::Tag,
            5 => Plan::Untag,
            6 => Plan::Describe,
            7 => Plan::PutPolicy,
            8 | 9 => Plan::CreateGrant,
            10 => Plan::RevokeGrant,
            11 => Plan::RetireGrant,
            12 | 13 => Plan::RotateOnDemand,
            14 => Plan::RotateYearly,
            15 => Plan::RotateNoMore,
            16 => Plan::Disable,
            17 | 18 => Plan::Enable,
            19 => Plan::ScheduleDeletion,
            20 => Plan::CancelDeletion,
            21 | 22 => Plan::Replicate,
            23 => Plan::UpdatePrimary,
            24..=26 => Plan::Import,
            27 => Plan::DeleteMaterial,
            _ => Plan::Use,
        }
    }

    /// The key that an alias has named before.
    pub(crate) fn leaves(&self, plan: &Plan) -> impl Iterator<Item = String> {
        let (client, _) = self.opened.find(self.key);
        let alias = match plan {
            Plan::CreateAlias(alias) | Plan::UpdateAlias(alias) | Plan::DeleteAlias(alias) => Some(alias),
            _ => None,
        };
        let former = alias.and_then(|alias| client.describe_key(alias).send().ok());
        former.map(|former| name(client, &former.key_metadata.key_id)).into_iter()
    }

    /// Answers what the key has made, if anything.
    pub(crate) fn carry_out(&mut self, plan: &Plan) -> Option<Report> {
        let (client, id) = self.opened.find(self.key);
        let text = self.random.next().to_string();
        match plan {
            Plan::CreateAlias(alias) => drop(client.create_alias(alias, id).send()),
            Plan::UpdateAlias(alias) => drop(client.update_alias(alias, id).send()),
            Plan::DeleteAlias(alias) => drop(client.delete_alias(alias).send()),
            Plan::Tag => drop(client.tag_resource(id).tag("one", &text).tag("both", &text).send()),
            Plan::Untag => drop(client.untag_resource(id).tag_key("both").send()),
            Plan::Describe => drop(client.update_key_description(id, &text).send()),
            Plan::PutPolicy => drop(client.put_key_policy(id, policy(&text)).send()),
            Plan::CreateGrant => {
                let mut call = client.create_grant(id, GRANTEE).operation("DescribeKey");
                if let Some(retiring) = self.random.one_of(RETIRING).filter(|principal| !principal.is_empty()) {
                    call = call.retiring_principal(*retiring);
                }
                drop(call.send());
            }
            Plan::RevokeGrant => {
                if let Some(grant) = self.some_grant(client, id) {
                    drop(client.revoke_grant(id, &grant).send());
                }
            }
            Plan::RetireGrant => {
                if let Some(grant) = self.some_grant(client, id) {
                    let arn = client.describe_key(id).send().ok()?.key_metadata.arn;
                    drop(client.retire_grant().key_id(arn.to_string()).grant_id(&grant).send());
                }
            }
            Plan::RotateOnDemand => drop(client.rotate_key_on_demand(id).send()),
            Plan::RotateYearly => drop(client.enable_key_rotation(id).rotation_period_in_days(90).send()),
            Plan::RotateNoMore => drop(client.disable_key_rotation(id).send()),
            Plan::Disable => drop(client.disable_key(id).send()),
            Plan::Enable => drop(client.enable_key(id).send()),
            Plan::ScheduleDeletion => drop(client.schedule_key_deletion(id).pending_window_in_days(7).send()),
            Plan::CancelDeletion => {
                if client.cancel_key_deletion(id).send().is_ok() {
                    drop(client.enable_key(id).send());
                }
            }
            Plan::Replicate => {
                drop(client.replicate_key(id, self.elsewhere(client)).tag("owner", self.owner.to_string()).send());
            }
            Plan::UpdatePrimary => drop(client.update_primary_region(id, self.elsewhere(client)).send()),
            Plan::Import => {
                self.import(client, id);
            }
            Plan::DeleteMaterial => {
                let mut call = client.delete_imported_key_material(id);
                if let Some(material) = self.some_material(client, id) {
                    call = call.key_material_id(material);
                }
                drop(call.send());
            }
            Plan::Use => return self.make(client, id, text.into_bytes()),
        }
        None
    }

    fn make(&self, client: &Client, id: &str, source: Vec<u8>) -> Option<Report> {
        let usage = client.describe_key(id).send().ok()?.key_metadata.key_usage;
        let (work, product) = match usage.as_str() {
            "SIGN_VERIFY" => {
                let answer = client.sign(id, &source).signing_algorithm("ECDSA_SHA_256").send().ok()?;
                (Work::Signs, answer.into_inner().signature)
            }
            "GENERATE_VERIFY_MAC" => {
                let answer = client.generate_mac(id, &source).mac_algorithm("HMAC_SHA_256").send().ok()?;
                (Work::Authenticates, answer.into_inner().mac)
            }
            _ => (Work::Encrypts, client.encrypt(id, &source).send().ok()?.into_inner().ciphertext_blob),
        };
        Some(Report::Made { key: self.key.to_owned(), work, product, source })
    }

    /// One of a few materials that the key can have; whether it is wanted the key knows.
    fn import(&mut self, client: &Client, id: &str) -> Option<()> {
        const OAEP: (&str, &str) = ("RSAES_OAEP_SHA_256", "RSA_2048");
        let parameters = client.get_parameters_for_import(id, OAEP.0, OAEP.1).send().ok()?;
        let algorithm: WrappingAlgorithm = OAEP.0.parse().unwrap();
        let spec: WrappingKeySpec = OAEP.1.parse().unwrap();
        let public_key = DefaultProvider.public_key(spec.key_pair(), &parameters.public_key).unwrap();
        let material = material(id, self.random.below(3));
        let wrapped = algorithm.scheme().unwrap().wrap(&DefaultProvider, &*public_key, &material, &SystemEntropy);
        let wrapped = wrapped.unwrap();
        let mut call = client.import_key_material(id, &parameters.import_token, &wrapped);
        call = match self.random.below(3) {
            0 => call.valid_to(self.now.plus_days(5)),
            1 => call.valid_to(self.now.plus_days(30)),
            _ => call.expiration_model("KEY_MATERIAL_DOES_NOT_EXPIRE"),
        };
        call = match self.random.below(3) {
            0 => call.import_type("NEW_KEY_MATERIAL"),
            1 => call.import_type("EXISTING_KEY_MATERIAL"),
            _ => call,
        };
        call.send().ok().map(drop)
    }

    fn some_grant(&mut self, client: &Client, id: &str) -> Option<String> {
        let grants = client.list_grants(id).send().ok()?.into_inner().grants;
        self.random.one_of(&grants).map(|grant| grant.grant_id.to_string())
    }

    fn some_material(&mut self, client: &Client, id: &str) -> Option<String> {
        let all = client.list_key_rotations(id).include_key_material("ALL_KEY_MATERIAL").send().ok()?.into_inner();
        self.random.one_of(&all.rotations)?.key_material_id.map(|id| id.to_string())
    }

    fn elsewhere(&self, client: &Client) -> &'static str {
        let there = REGIONS.iter().find(|region| client.region() != **region);
        there.copied().unwrap()
    }
}

/// The principals that may retire grants; and nobody.
pub(crate) const RETIRING: &[&str] =
    &["arn:aws:iam::111122223333:user/carol", "arn:aws:iam::111122223333:role/dora", ""];

/// The `number`-th material of a key.
fn material(id: &str, number: u64) -> Vec<u8> {
    let seed = id.bytes().fold(number, |seed, byte| seed.wrapping_mul(257).wrapping_add(byte.into()));
    let mut random = Random(seed);
    (0..4).flat_map(|_| random.next().to_be_bytes()).collect()
}

fn policy(text: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Id":"{text}","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::{ACCOUNT}:root"}},"Action":"kms:*","Resource":"*"}}]}}"#,
    )
}

const GRANTEE: &str = "arn:aws:iam::111122223333:user/bob";
