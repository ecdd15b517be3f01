//! AWS managed keys: one service is registered everywhere, and its key is made by who first describes its alias (chapter
//! 10, KEY-07 to KEY-10; RUL-24).

use std::collections::BTreeMap;

use super::access::{Document, Role, Seat};
use super::call::{AliasEntry, Given, Outcome, Pairs, Reply};
use super::kinds::KINDS;
use super::world::{Alias, Core, DAY, Key, Schedule, Spot, Version, World, is_key_id};

/// The predefined alias of the service.
pub const ALIAS: &str = "alias/aws/ebs";
pub const SERVICE: &str = "ebs";

/// What the policy of such a key allows the account to do without the service (KEY-08, KEY-09).
pub fn is_open(action: &str) -> bool {
    ["Describe", "Get", "List"].iter().any(|prefix| action.starts_with(prefix)) || action == "RevokeGrant"
}

impl World {
    /// Whether DescribeKey with this identifier makes the key: the caller is permitted by identity policies alone.
    pub fn makes_managed_key(&self, seat: Seat, text: &str) -> bool {
        let named = text == ALIAS || text == seat.place().arn(ALIAS);
        named && seat.role != Role::Guest && !self.scopes[seat.at].aliases.contains_key(ALIAS)
    }

    pub fn make_managed_key(&mut self, seat: Seat, given: Given<'_>) -> Outcome {
        let Ok(Reply::Metadata(told)) = given else { return Ok(Reply::Unit) };
        let id = told.key_id.clone();
        if !is_key_id(&id) || id.starts_with("mrk-") || self.cores.iter().any(|core| core.id == id) {
            return Ok(Reply::Unit);
        }
        let (at, now) = (seat.at, self.now);
        let spot = Spot { at, index: self.scopes[at].keys.len() };
        self.cores.push(Core {
            id,
            kind: &KINDS[0],
            imported: false,
            multi_region: false,
            versions: vec![Version::default()],
            withdrawn: BTreeMap::new(),
            schedule: Some(Schedule { period: 365 * DAY, next: now + 365 * DAY }),
            on_demand: 0,
            public_key: None,
            primary: spot,
            handover: None,
            members: vec![spot],
        });
        let key = Key::new(self.cores.len() - 1, now, &told.description, &Pairs::new());
        self.scopes[at].keys.push(Key { policy: Document::Managed, ..key });
        let alias = Alias { key: spot.index, created: self.began, updated: now };
        self.scopes[at].aliases.insert(ALIAS.to_owned(), alias);
        self.feat("an AWS managed key is made");
        self.touch(seat, spot, true);
        Ok(Reply::Metadata(self.metadata(spot, told.material.as_deref())))
    }

    /// The predefined alias in a list, as long as it has no target.
    pub fn predefined(&self, at: usize) -> Option<AliasEntry> {
        let scope = &self.scopes[at];
        (!scope.aliases.contains_key(ALIAS)).then(|| AliasEntry {
            name: ALIAS.to_owned(),
            arn: scope.place.arn(ALIAS),
            target: None,
            created: Some(self.began),
            updated: Some(self.began),
        })
    }

    /// The keys that count against the quota (KEY-33).
    pub fn counted(&self, at: usize) -> u64 {
        self.living(at).filter(|(_, key)| key.policy != Document::Managed).count() as u64
    }

    /// The policy that lets the account use the key through the service, and look at it (KEY-09).
    pub fn managed_policy(&self, at: usize) -> serde_json::Value {
        let place = self.scopes[at].place;
        serde_json::json!({
            "Version": "2012-10-17",
            "Id": "auto-ebs-1",
            "Statement": [
                {
                    "Sid": "Allow access through ebs for all principals in the account that are authorized to use ebs",
                    "Effect": "Allow",
                    "Principal": { "AWS": "*" },
                    "Action": [
                        "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant",
                        "kms:DescribeKey",
                    ],
                    "Resource": "*",
                    "Condition": { "StringEquals": {
                        "kms:CallerAccount": place.account,
                        "kms:ViaService": [format!("ebs.{}.amazonaws.com", place.region)],
                    } },
                },
                {
                    "Sid": "Allow direct access to key metadata to the account",
                    "Effect": "Allow",
                    "Principal": { "AWS": format!("arn:{}:iam::{}:root", place.partition, place.account) },
                    "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
                    "Resource": "*",
                },
            ],
        })
    }
}
