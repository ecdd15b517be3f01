//! The request rates that the service publishes: those of the 2024 guide and those of today (QUO-41).

use keystead_hierarchy::Profile;
use keystead_hierarchy::spec::DataKeyPairSpec as Pair;
use keystead_types::Region;

use super::rate::{KeyFamily, Rate, RequestQuota};

/// A published set of request rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Published {
    /// Chapter 42, section 3.
    Of2024,
    /// Chapter 42, section 11.
    Of2026,
}

impl Published {
    /// The rate of a quota in a Region; none for an operation that is not in the tables.
    pub(super) fn rate(self, quota: RequestQuota, region: &Region, profile: Profile) -> Option<Rate> {
        match quota {
            RequestQuota::Cryptographic(family) => Some(self.cryptographic(family, region)),
            RequestQuota::KeyPair(pair) => Some(self.key_pair(pair, profile)),
            RequestQuota::Operation(name) => {
                OPERATIONS.iter().find(|row| row.0 == name).map(|(_, of_2024, of_2026)| self.choose(*of_2024, *of_2026))
            }
            RequestQuota::StateChanges => Some(STATE_CHANGES),
        }
    }

    fn cryptographic(self, family: KeyFamily, region: &Region) -> Rate {
        let (small, middle, large) = match self {
            Self::Of2024 => (5_500, 10_000, 50_000),
            Self::Of2026 => (10_000, 20_000, 100_000),
        };
        match family {
            KeyFamily::Symmetric if LARGE.contains(&region.as_str()) => s(large),
            KeyFamily::Symmetric if MIDDLE.contains(&region.as_str()) => s(middle),
            KeyFamily::Symmetric => s(small),
            KeyFamily::Rsa => self.choose(s(500), s(1000)),
            KeyFamily::EccAndSm2 => self.choose(s(300), s(1000)),
            KeyFamily::MlDsa | KeyFamily::MlKem => s(1000),
        }
    }

    fn key_pair(self, pair: Pair, profile: Profile) -> Rate {
        // Regions of the China profile keep the rates of 2024.
        let rsa = |of_2024, of_2026| if profile == Profile::China { of_2024 } else { self.choose(of_2024, of_2026) };
        match pair {
            Pair::Rsa2048 => rsa(s(1), s(20)),
            Pair::Rsa3072 => rsa(ms(2_000), s(4)),
            Pair::Rsa4096 => rsa(ms(10_000), s(1)),
            Pair::Sm2 => s(25),
            Pair::EccNistP256 | Pair::EccNistP384 | Pair::EccNistP521 | Pair::EccSecgP256K1 => s(100),
            Pair::EccNistEdwards25519 | Pair::MlKem512 | Pair::MlKem768 | Pair::MlKem1024 => s(100),
        }
    }

    fn choose(self, of_2024: Rate, of_2026: Rate) -> Rate {
        match self {
            Self::Of2024 => of_2024,
            Self::Of2026 => of_2026,
        }
    }
}

/// Operations that have a rate of their own.
pub(super) fn operations() -> impl Iterator<Item = &'static str> {
    OPERATIONS.iter().map(|(name, ..)| *name)
}

const fn s(units: u32) -> Rate {
    Rate::per_second(units)
}

const fn ms(interval: u32) -> Rate {
    Rate::one_per_millis(interval)
}

/// Operation, rate of 2024, rate of today.
const OPERATIONS: &[(&str, Rate, Rate)] = &[
    ("CancelKeyDeletion", s(5), s(5)),
    ("ConnectCustomKeyStore", s(5), s(5)),
    ("CreateAlias", s(5), s(5)),
    ("CreateCustomKeyStore", s(5), s(5)),
    ("CreateGrant", s(50), s(50)),
    ("CreateKey", s(5), s(5)),
    ("DeleteAlias", s(15), s(15)),
    ("DeleteCustomKeyStore", s(5), s(5)),
    ("DeleteImportedKeyMaterial", s(5), s(15)),
    ("DescribeCustomKeyStores", s(5), s(5)),
    ("DescribeKey", s(2000), s(2000)),
    ("DisableKey", s(5), s(5)),
    ("DisableKeyRotation", s(5), s(5)),
    ("DisconnectCustomKeyStore", s(5), s(5)),
    ("EnableKey", s(5), s(5)),
    ("EnableKeyRotation", s(15), s(15)),
    ("GetKeyLastUsage", s(5), s(5)),
    ("GetKeyPolicy", s(1000), s(1000)),
    ("GetKeyRotationStatus", s(1000), s(1000)),
    ("GetParametersForImport", ms(4_000), s(1)),
    ("GetPublicKey", s(2000), s(2000)),
    ("ImportKeyMaterial", s(5), s(15)),
    ("ListAliases", s(500), s(500)),
    ("ListGrants", s(100), s(100)),
    ("ListKeyPolicies", s(100), s(100)),
    ("ListKeyRotations", s(100), s(100)),
    ("ListKeys", s(500), s(500)),
    ("ListResourceTags", s(2000), s(2000)),
    ("ListRetirableGrants", s(100), s(100)),
    ("PutKeyPolicy", s(15), s(15)),
    ("ReplicateKey", s(5), s(5)),
    ("RetireGrant", s(30), s(50)),
    ("RevokeGrant", s(30), s(50)),
    ("RotateKeyOnDemand", s(5), s(5)),
    ("ScheduleKeyDeletion", s(15), s(15)),
    ("TagResource", s(10), s(10)),
    ("UntagResource", s(5), s(5)),
    ("UpdateAlias", s(5), s(5)),
    ("UpdateCustomKeyStore", s(5), s(5)),
    ("UpdateKeyDescription", s(5), s(5)),
    ("UpdatePrimaryRegion", s(5), s(5)),
];

/// The service throttles changes of one key and gives no number; this one is ours (QUO-34).
const STATE_CHANGES: Rate = s(5);
/// Regions with the highest rate of symmetric operations.
const LARGE: &[&str] = &["us-east-1", "us-west-2", "eu-west-1"];
/// Regions with a raised rate of symmetric operations.
const MIDDLE: &[&str] =
    &["us-east-2", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "eu-central-1", "eu-west-2"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{Bucket, operations as rows};

    #[test]
    fn every_operation_of_its_own_bucket_has_a_rate() {
        let own: Vec<_> = rows()
            .iter()
            .filter(|row| !matches!(row.bucket, Bucket::Cryptographic | Bucket::KeyPair))
            .map(|row| row.name)
            .collect();
        assert_eq!(operations().collect::<Vec<_>>(), own);
    }
}
