//! The state of a key, derived from independent facts.

use keystead_types::Timestamp;

use crate::spec::{KeyState, Origin};

/// The facts that decide the state of a key. Each changes by operations of its own, independently of the others, so
/// that leaving one condition uncovers the one below it (STA-16 to STA-20).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct KeyFacts {
    /// What EnableKey and DisableKey last asked for; true at creation, false after a cancelled deletion (RUL-31).
    pub enabled: bool,
    /// Whether the key is to be deleted.
    pub deletion: Deletion,
    /// Whether all permanently bound material is present; false only with imported material (STA-101).
    pub material_present: bool,
    /// Whether the custom key store of the key is connected; true for keys outside custom key stores (STA-15).
    pub store_connected: bool,
    /// Whether the key is a replica under construction.
    pub creating: bool,
    /// Whether the key takes part in a change of the primary Region.
    pub updating: bool,
}

impl KeyFacts {
    /// The facts about a key just made by CreateKey (STA-13).
    pub const fn new(origin: Origin) -> Self {
        Self {
            enabled: true,
            deletion: Deletion::None,
            material_present: !matches!(origin, Origin::External),
            store_connected: true,
            creating: false,
            updating: false,
        }
    }

    /// The state: of all conditions that hold, the one that comes first. Source: STA-18.
    pub const fn state(&self) -> KeyState {
        match self {
            Self { deletion: Deletion::Scheduled { .. }, .. } => KeyState::PendingDeletion,
            Self { deletion: Deletion::AwaitingReplicas { .. }, .. } => KeyState::PendingReplicaDeletion,
            Self { creating: true, .. } => KeyState::Creating,
            Self { updating: true, .. } => KeyState::Updating,
            Self { store_connected: false, .. } => KeyState::Unavailable,
            Self { material_present: false, .. } => KeyState::PendingImport,
            Self { enabled: false, .. } => KeyState::Disabled,
            _ => KeyState::Enabled,
        }
    }
}

/// Whether and how a key is to be deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Deletion {
    /// It is not.
    #[default]
    None,
    /// At a known instant.
    Scheduled {
        /// When the waiting period ends (`DeletionDate`, STA-55).
        at: Timestamp,
    },
    /// A primary waits for the deletion of its last replica; its waiting period has not begun (STA-80).
    AwaitingReplicas {
        /// The waiting period in days, from the deletion of the last replica on.
        window_days: u32,
    },
}

impl Deletion {
    /// Whether the key is gone at `now`: from the scheduled instant on, not before it (STA-55, RUL-15).
    pub fn is_due(&self, now: Timestamp) -> bool {
        matches!(self, Self::Scheduled { at } if now >= *at)
    }

    /// What it becomes when the last replica is deleted at `at`: a waiting primary's period begins (STA-82, MRK-58).
    pub fn after_last_replica(self, at: Timestamp) -> Self {
        match self {
            Self::AwaitingReplicas { window_days } => Self::Scheduled { at: at.plus_days(window_days) },
            other => other,
        }
    }
}

impl KeyState {
    /// Whether cryptographic operations work in this state. Source: chapter 20, section 2.
    pub const fn is_usable(self) -> bool {
        matches!(self, Self::Enabled | Self::Updating)
    }

    /// Whether deletion is pending in either form.
    pub const fn is_pending_deletion(self) -> bool {
        matches!(self, Self::PendingDeletion | Self::PendingReplicaDeletion)
    }
}
