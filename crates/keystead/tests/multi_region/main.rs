//! Multi-Region keys (chapter 31): sets of related keys, what they share, and how they change as one.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../support/mod.rs"]
mod support;

mod authorization;
mod concurrency;
mod crash;
mod creation;
mod deletion;
mod imports;
mod interoperability;
mod pending;
mod primary;
mod properties;
mod rates;
mod records;
mod replication;
mod rotation;

use std::time::Duration;

use keystead::operations::{KeyMetadata, MultiRegionConfiguration};
use keystead::{Caller, Client};
use support::{ACCOUNT, World};

pub(crate) const HOME: &str = "us-east-1";
pub(crate) const EUROPE: &str = "eu-west-1";
pub(crate) const ASIA: &str = "ap-southeast-2";
pub(crate) const REGIONS: [&str; 3] = [HOME, EUROPE, ASIA];

/// How long phases last in worlds where they can be seen.
pub(crate) const DELAY: Duration = Duration::from_secs(60);

impl World {
    /// A client of the root in a Region.
    pub(crate) fn root_in(&self, region: &str) -> Client {
        self.kms.client(region, Caller::account_root(ACCOUNT).unwrap()).unwrap()
    }

    /// A world in which replicas take a minute to be made, and primaries to change.
    pub(crate) fn delayed() -> Self {
        Self::with(|builder| builder.multi_region_delay(DELAY))
    }

    /// A set with its primary in [`HOME`] and replicas in these Regions, all of them usable.
    pub(crate) fn set(&self, replicas: &[&str]) -> Set {
        let home = self.root_in(HOME);
        let id = home.create_key().multi_region(true).send().unwrap().key_metadata.key_id.to_string();
        for region in replicas {
            home.replicate_key(&id, *region).send().unwrap();
        }
        self.clock.advance(DELAY);
        self.kms.sweep().unwrap();
        self.of(&id)
    }

    /// A set by its key ID.
    pub(crate) fn of(&self, id: &str) -> Set {
        Set { id: id.to_owned(), home: self.root_in(HOME), europe: self.root_in(EUROPE), asia: self.root_in(ASIA) }
    }
}

/// A set of related keys, and a client in each Region.
pub(crate) struct Set {
    pub(crate) id: String,
    pub(crate) home: Client,
    pub(crate) europe: Client,
    pub(crate) asia: Client,
}

impl Set {
    pub(crate) fn arn_in(&self, region: &str) -> String {
        format!("arn:aws:kms:{region}:{ACCOUNT}:key/{}", self.id)
    }

    pub(crate) fn clients(&self) -> [&Client; 3] {
        [&self.home, &self.europe, &self.asia]
    }

    pub(crate) fn described(&self, client: &Client) -> KeyMetadata {
        client.describe_key(&self.id).send().unwrap().into_inner().key_metadata
    }

    pub(crate) fn state(&self, client: &Client) -> &'static str {
        self.described(client).key_state.as_str()
    }

    pub(crate) fn encrypt(&self, client: &Client, plaintext: &[u8]) -> Vec<u8> {
        let sealed = client.encrypt(&self.id, plaintext).context("order", "42").send().unwrap();
        sealed.into_inner().ciphertext_blob
    }
}

/// Decrypts what [`Set::encrypt`] made.
#[track_caller]
pub(crate) fn decrypt(client: &Client, blob: &[u8]) -> Vec<u8> {
    client.decrypt(blob).context("order", "42").send().unwrap().expose().to_vec()
}

/// The role, the Region of the primary, and the sorted Regions of the replicas.
pub(crate) fn roles(metadata: &KeyMetadata) -> (&'static str, String, Vec<String>) {
    let MultiRegionConfiguration { multi_region_key_type, primary_key, replica_keys, .. } =
        metadata.multi_region_configuration.clone().unwrap();
    let mut replicas: Vec<_> = replica_keys.iter().map(|key| key.region.to_string()).collect();
    replicas.sort();
    (multi_region_key_type.as_str(), primary_key.region.to_string(), replicas)
}
