//! The two profiles: international and Chinese algorithms.

use keystead_crypto::SealingAlgorithm;
use keystead_types::Region;

/// Which algorithms a Region uses. The host may choose another profile for a Region than its name suggests (ASY-56).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Profile {
    /// `SYMMETRIC_DEFAULT` is AES-256; there is no SM2.
    #[default]
    Standard,
    /// `SYMMETRIC_DEFAULT` is SM4; there is SM2, but no ML-KEM.
    China,
}

impl Profile {
    /// The profile that the name of a Region suggests: China for `cn-…`. Source: RUL-12.
    pub fn of_region(region: &Region) -> Self {
        if region.as_str().starts_with("cn-") { Self::China } else { Self::Standard }
    }

    /// How `SYMMETRIC_DEFAULT` seals, and how domain keys wrap. Source: RUL-11.
    pub const fn sealing_algorithm(self) -> SealingAlgorithm {
        match self {
            Self::Standard => SealingAlgorithm::Xaes256Gcm,
            Self::China => SealingAlgorithm::Xsm4Gcm,
        }
    }
}
