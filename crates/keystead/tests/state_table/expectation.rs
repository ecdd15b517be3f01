//! What a cell means for a key of a kind.

use crate::attempts::Attempt;
use crate::chapter::Cell;
use crate::scene::{Kind, Role, Scene, State};

/// What a call must answer.
#[derive(Clone, Debug)]
pub(crate) enum Expected {
    Ok,
    /// There is no grant that could be revoked, because none can be made: the state has not prevented the call.
    NoGrant,
    /// The key cannot do it; the text, where a chapter fixes it.
    Unsupported(Option<String>),
    Disabled(String),
    InvalidState(String),
}

impl Expected {
    pub(crate) fn is(&self, found: &Result<(), (&'static str, String)>) -> bool {
        match (self, found) {
            (Self::Ok, Ok(())) => true,
            (Self::NoGrant, Err(("NotFoundException", _))) => true,
            (Self::Unsupported(None), Err(("UnsupportedOperationException", _))) => true,
            (Self::Unsupported(Some(text)), Err(("UnsupportedOperationException", said))) => said == text,
            (Self::Disabled(text), Err(("DisabledException", said))) => said == text,
            (Self::InvalidState(text), Err(("KMSInvalidStateException", said))) => said == text,
            _ => false,
        }
    }
}

/// Reads the cell for this key (STA-43: the capability comes before the state, in every cell).
pub(crate) fn expected(cell: &Cell, attempt: &Attempt, kind: &Kind, state: State, scene: &Scene) -> Expected {
    if let Some(unsupported) = incapable(attempt, kind, &scene.arn) {
        return unsupported;
    }
    match cell {
        Cell::Ok | Cell::OkElse(9) | Cell::Unless(7) if attempt.needs_grant && scene.grant.is_none() => {
            Expected::NoGrant
        }
        Cell::Ok | Cell::OkElse(9) | Cell::Unless(7) => Expected::Ok,
        // STA-45: only as the new target of an alias must the key live on.
        Cell::Unless(10) if attempt.name == "UpdateAlias, new key" => refused(&[3], attempt, state, scene),
        Cell::Unless(10) => Expected::Ok,
        Cell::Refused(notes) => refused(notes, attempt, state, scene),
        other => panic!("{}: {other:?} for {kind:?} in {state:?}", attempt.name),
    }
}

/// The exception of a note (section 3). Of two notes the one for keys that support the operation counts.
fn refused(notes: &[u32], attempt: &Attempt, state: State, scene: &Scene) -> Expected {
    let arn = match (attempt.name, state) {
        // Both are updating, and the current primary is judged first (STA-46).
        ("UpdatePrimaryRegion, heir", State::Updating) => &scene.primary_arn,
        _ => &scene.arn,
    };
    // A key that waits for its replicas says so (RUL-21).
    let pending = if state == State::PendingReplicaDeletion { "pending replica deletion" } else { "pending deletion" };
    let is = |what: &str| Expected::InvalidState(format!("{arn} is {what}."));
    match notes {
        [1] | [1, 7] => Expected::Disabled(format!("{arn} is disabled.")),
        // STA-42: always the second form.
        [2, 3] | [3] | [3, 7] | [8, 9] => is(pending),
        [4] => is("not pending deletion"),
        [5] => is("pending import"),
        [14] => is("creating"),
        [15] => is("updating"),
        other => panic!("notes {other:?} for a key that supports {}", attempt.name),
    }
}

/// Why a key cannot do it in any state, from chapters 11 (section 2), 31 (RUL-19) and 32 (section 2).
fn incapable(attempt: &Attempt, kind: &Kind, arn: &str) -> Option<Expected> {
    let unsupported = |text: Option<String>| Some(Expected::Unsupported(text));
    let origin = if kind.is_external { "EXTERNAL" } else { "AWS_KMS" };
    let origin_text = || Some(format!("{arn} origin is {origin} which is not valid for this operation."));
    let role_text = || Some(format!("{arn} is not a multi-region primary key."));
    match attempt.operation() {
        "EnableKeyRotation" | "DisableKeyRotation" if !kind.is_symmetric() => unsupported(None),
        "EnableKeyRotation" | "DisableKeyRotation" if kind.is_external => unsupported(origin_text()),
        "ListKeyRotations" | "RotateKeyOnDemand" if !kind.is_symmetric() => unsupported(None),
        "EnableKeyRotation" | "DisableKeyRotation" | "RotateKeyOnDemand" if kind.role == Role::Replica => {
            unsupported(role_text())
        }
        "ReplicateKey" if kind.role != Role::Primary => unsupported(role_text()),
        "UpdatePrimaryRegion" if attempt.name == "UpdatePrimaryRegion" && kind.role != Role::Primary => {
            unsupported(role_text())
        }
        "GetParametersForImport" | "ImportKeyMaterial" | "DeleteImportedKeyMaterial" if !kind.is_external => {
            unsupported(origin_text())
        }
        "GetPublicKey" if !kind.is_asymmetric() => unsupported(None),
        _ => None,
    }
}
