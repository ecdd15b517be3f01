//! Resource quotas (chapter 42, section 2).

/// How many resources there may be. `None` means no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuotaProfile {
    /// Customer managed keys per account and Region, in every state (QUO-03).
    pub keys_per_account: Option<u64>,
    /// Aliases per key (KEY-62).
    pub aliases_per_key: Option<u64>,
    /// Grants per key (GRA-05).
    pub grants_per_key: Option<u64>,
    /// On-demand rotations per key over its life (ROT-33).
    pub on_demand_rotations: Option<u32>,
}

impl QuotaProfile {
    /// The present values of the service; the default.
    pub const DEFAULT: Self = Self {
        keys_per_account: Some(100_000),
        aliases_per_key: Some(50),
        grants_per_key: Some(50_000),
        on_demand_rotations: Some(25),
    };

    /// The values of 2024: ten on-demand rotations (RUL-06).
    pub const AWS_2024: Self = Self { on_demand_rotations: Some(10), ..Self::DEFAULT };

    /// No limit at all.
    pub const UNLIMITED: Self =
        Self { keys_per_account: None, aliases_per_key: None, grants_per_key: None, on_demand_rotations: None };

    /// This profile with another limit on keys.
    #[must_use]
    pub const fn with_keys_per_account(mut self, limit: u64) -> Self {
        self.keys_per_account = Some(limit);
        self
    }

    /// This profile with another limit on aliases.
    #[must_use]
    pub const fn with_aliases_per_key(mut self, limit: u64) -> Self {
        self.aliases_per_key = Some(limit);
        self
    }
}

impl QuotaProfile {
    /// This profile with another limit on grants.
    #[must_use]
    pub const fn with_grants_per_key(mut self, limit: u64) -> Self {
        self.grants_per_key = Some(limit);
        self
    }
}

impl Default for QuotaProfile {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Whether one more than `count` stays within `limit`.
pub(crate) fn admits(limit: Option<u64>, count: u64) -> bool {
    limit.is_none_or(|limit| count < limit)
}
