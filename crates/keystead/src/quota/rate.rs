//! What is counted, and how fast it may be.

use std::fmt;
use std::time::Duration;

use keystead_hierarchy::spec::{DataKeyPairSpec, KeySpec};

/// A quota on the number or size of resources (QUO-03). Exceeding it is `LimitExceededException`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ResourceQuota {
    /// Customer managed keys per account and Region, in every state.
    Keys,
    /// Aliases per key.
    AliasesPerKey,
    /// Grants per key.
    GrantsPerKey,
    /// Bytes of a key policy, in UTF-8 as given (QUO-07).
    KeyPolicyBytes,
    /// On-demand rotations of a key, over its life.
    OnDemandRotations,
}

/// A quota on requests, per account and Region (QUO-16). Exceeding it is `ThrottlingException`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum RequestQuota {
    /// All cryptographic operations on one family of keys (QUO-17).
    Cryptographic(KeyFamily),
    /// Data key pairs of one spec, with and without the private key in clear (QUO-19).
    KeyPair(DataKeyPairSpec),
    /// One operation, by its API name.
    Operation(&'static str),
    /// Changes of the state of one key, by whatever operation (QUO-34). It belongs to the key, not to the caller.
    StateChanges,
}

/// Families of keys that share a quota on cryptographic operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum KeyFamily {
    /// Symmetric encryption and HMAC keys, and random bytes (QUO-18).
    Symmetric,
    /// RSA keys.
    Rsa,
    /// Elliptic curves, Ed25519 and SM2 (QUO-65).
    EccAndSm2,
    /// ML-DSA keys.
    MlDsa,
    /// ML-KEM keys.
    MlKem,
}

/// So many units in each interval. A rate of none refuses everything (QUO-43).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    units: u32,
    interval_millis: u32,
}

/// A rate that cannot be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{units} units per {interval:?} cannot be counted: give 1 ms to 49 days, and at most 16,777,215 units")]
pub struct InvalidRate {
    units: u32,
    interval: Duration,
}

impl Rate {
    /// So many units in each second. Above 16,777,215 it stays there: a limit that nothing reaches is better left out.
    pub const fn per_second(units: u32) -> Self {
        Self { units: if units > MAX_UNITS { MAX_UNITS } else { units }, interval_millis: 1000 }
    }

    /// One unit in each interval of so many milliseconds: how rates below one per second are kept exactly. An interval
    /// of none counts as one of a millisecond.
    pub const fn one_per_millis(interval: u32) -> Self {
        Self { units: 1, interval_millis: if interval == 0 { 1 } else { interval } }
    }

    /// So many units in each interval.
    ///
    /// # Errors
    /// [`InvalidRate`] for intervals below a millisecond or above 49 days, and for more than 16,777,215 units.
    pub fn new(units: u32, interval: Duration) -> Result<Self, InvalidRate> {
        match u32::try_from(interval.as_millis()) {
            Ok(interval_millis) if interval_millis > 0 && units <= MAX_UNITS => Ok(Self { units, interval_millis }),
            _ => Err(InvalidRate { units, interval }),
        }
    }

    /// Units in each interval.
    pub const fn units(self) -> u32 {
        self.units
    }

    /// The interval.
    pub const fn interval(self) -> Duration {
        Duration::from_millis(self.interval_millis as u64)
    }

    /// Whether more passes at this rate than at the other.
    pub(super) fn is_above(self, other: Self) -> bool {
        let per = |units: u32, millis: u32| u64::from(units) * u64::from(millis);
        per(self.units, other.interval_millis) > per(other.units, self.interval_millis)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.interval_millis {
            1000 => write!(f, "{} per second", self.units),
            millis => write!(f, "{} per {} s", self.units, f64::from(millis) / 1000.0),
        }
    }
}

impl ResourceQuota {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 5] =
        [Self::Keys, Self::AliasesPerKey, Self::GrantsPerKey, Self::KeyPolicyBytes, Self::OnDemandRotations];

    /// The name in the table of chapter 42.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Keys => "KMS keys",
            Self::AliasesPerKey => "Aliases per KMS key",
            Self::GrantsPerKey => "Grants per KMS key",
            Self::KeyPolicyBytes => "Key policy document size",
            Self::OnDemandRotations => "On-demand rotations",
        }
    }

    /// Whether every profile may give it another value (QUO-42).
    pub const fn is_adjustable(self) -> bool {
        matches!(self, Self::Keys | Self::AliasesPerKey | Self::GrantsPerKey)
    }
}

impl KeyFamily {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Symmetric, Self::Rsa, Self::EccAndSm2, Self::MlDsa, Self::MlKem];

    /// The family of a key.
    pub const fn of(spec: KeySpec) -> Self {
        use KeySpec as K;
        match spec {
            K::SymmetricDefault | K::Hmac224 | K::Hmac256 | K::Hmac384 | K::Hmac512 => Self::Symmetric,
            K::Rsa2048 | K::Rsa3072 | K::Rsa4096 => Self::Rsa,
            K::EccNistP256 | K::EccNistP384 | K::EccNistP521 | K::EccSecgP256K1 | K::EccNistEdwards25519 | K::Sm2 => {
                Self::EccAndSm2
            }
            K::MlDsa44 | K::MlDsa65 | K::MlDsa87 => Self::MlDsa,
            K::MlKem512 | K::MlKem768 | K::MlKem1024 => Self::MlKem,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Symmetric => "symmetric",
            Self::Rsa => "RSA",
            Self::EccAndSm2 => "ECC and SM2",
            Self::MlDsa => "ML-DSA",
            Self::MlKem => "ML-KEM",
        }
    }
}

/// The name as a list of quotas shows it.
impl fmt::Display for RequestQuota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cryptographic(family) => write!(f, "Cryptographic operations ({}) request rate", family.name()),
            Self::KeyPair(spec) => write!(f, "GenerateDataKeyPair ({spec}) request rate"),
            Self::Operation(name) => write!(f, "{name} request rate"),
            Self::StateChanges => f.write_str("State changes per KMS key"),
        }
    }
}

/// What the counter of a window holds.
pub(super) const MAX_UNITS: u32 = (1 << 24) - 1;
