//! Histories about one thing, which histories about everything seldom come to.

use proptest::prelude::*;

use super::access::{Role, Seat};
use super::step::{MAX_STEPS, Step, Verb, step};
use super::upheavals::Turmoil;
use super::values::pick;

/// Sets of related keys with imported material, in the Regions of one account.
pub fn imported_sets(turmoil: Turmoil) -> impl Strategy<Value = Vec<Step>> {
    use Verb::*;

    let verbs = weighted(&[
        (6, Wait),
        (1, Sweep),
        (1, CreateKey),
        (3, DescribeKey),
        (1, EnableKey),
        (1, DisableKey),
        (1, ScheduleKeyDeletion),
        (2, CancelKeyDeletion),
        (8, RotateKeyOnDemand),
        (4, ListKeyRotations),
        (4, Encrypt),
        (6, Decrypt),
        (6, ReplicateKey),
        (4, UpdatePrimaryRegion),
        (3, GetParametersForImport),
        (30, ImportKeyMaterial),
        (5, DeleteImportedKeyMaterial),
    ]);
    let at = proptest::sample::select(&[0, 0, 0, 4, 4, 6][..]);
    let later = (step(turmoil), verbs, at).prop_map(|(step, verb, at)| {
        let step = Step { verb, seat: Seat { at, role: Role::Root }, ..step };
        match verb {
            // Mostly a symmetric primary without material.
            CreateKey => Step { b: pick(&[5, 5, 5, step.b], step.a), c: step.c % 128, ..step },
            // Hours, or to what falls due.
            Wait => Step { b: step.b % 8, ..step },
            // Mostly with an expiration that there can be.
            ImportKeyMaterial => Step { b: pick(&[0, 1, 3, 4, 5, 6, 14, 25, step.b], step.b), ..step },
            _ => step,
        }
    });
    let made = |first: Step| {
        let one = move |(verb, at, b, c)| Step {
            verb,
            seat: Seat { at, role: Role::Root },
            a: 32,
            b,
            c,
            unheard: false,
            failure: None,
            ..first
        };
        BEGINNING.iter().copied().map(one).collect::<Vec<_>>()
    };
    let rest = proptest::collection::vec(later, 1..=MAX_STEPS - BEGINNING.len());
    (step(turmoil), rest).prop_map(move |(first, rest)| made(first).into_iter().chain(rest).collect())
}

fn weighted(verbs: &[(u32, Verb)]) -> impl Strategy<Value = Verb> + use<> {
    proptest::strategy::Union::new_weighted(verbs.iter().map(|(weight, verb)| (*weight, Just(*verb))).collect())
}

/// A primary and a replica with the same material: verb, place, and the numbers `b` and `c`.
const BEGINNING: &[(Verb, usize, u8, u8)] = &[
    (Verb::CreateKey, 0, 5, 0),
    (Verb::GetParametersForImport, 0, 0, 0),
    (Verb::ImportKeyMaterial, 0, 0, 0),
    (Verb::ReplicateKey, 0, 0, 2),
    (Verb::Wait, 0, 2, 0),
    (Verb::GetParametersForImport, 4, 0, 0),
    (Verb::ImportKeyMaterial, 4, 0, 0),
];
