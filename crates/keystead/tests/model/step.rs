//! Abstract steps: what proptest makes and shrinks. Keys, aliases and ciphertexts are named by number and become
//! identifiers only when the step is taken, so a history stays meaningful when steps before it vanish.

use proptest::prelude::*;

use super::access::{Role, Seat};
use super::disk::Failure;
use super::themes::imported_sets;
use super::upheavals::{Turmoil, Upheaval, failures};
use super::values::pick;
use super::who::{Who, who};
use super::world::{DAY, MINUTE, PLACES, SECOND, World};

/// One step of a history.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub verb: Verb,
    pub seat: Seat,
    pub who: Who,
    pub other: Who,
    /// Numbers that choose among the values of the other members.
    pub a: u8,
    pub b: u8,
    pub c: u8,
    /// Whether the audit sink refuses the records of the call, if it is one that can.
    pub unheard: bool,
    /// What befalls the instance before.
    pub upheaval: Option<Upheaval>,
    /// How the store fails meanwhile, and at which commit, if it is one that can.
    pub failure: Option<(Failure, u64)>,
}

macro_rules! verbs {
    ($($verb:ident = $weight:literal,)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Verb { $($verb,)* }

        fn verb() -> impl Strategy<Value = Verb> {
            let verbs = vec![$(($weight, Just(Verb::$verb)),)*];
            proptest::strategy::Union::new_weighted(verbs)
        }
    };
}

verbs! {
    Wait = 14,
    Sweep = 4,
    CreateKey = 14,
    DescribeKey = 6,
    ListKeys = 2,
    UpdateKeyDescription = 3,
    EnableKey = 8,
    DisableKey = 5,
    ScheduleKeyDeletion = 6,
    CancelKeyDeletion = 6,
    GetKeyLastUsage = 4,
    CreateAlias = 12,
    UpdateAlias = 12,
    DeleteAlias = 3,
    ListAliases = 3,
    WalkAliases = 3,
    ForeignMarker = 1,
    TagResource = 4,
    UntagResource = 3,
    ListResourceTags = 3,
    GetKeyPolicy = 2,
    PutKeyPolicy = 6,
    ListKeyPolicies = 1,
    EnableKeyRotation = 9,
    DisableKeyRotation = 4,
    GetKeyRotationStatus = 5,
    RotateKeyOnDemand = 11,
    ListKeyRotations = 5,
    Encrypt = 14,
    Decrypt = 20,
    ReEncrypt = 8,
    GenerateDataKey = 6,
    GenerateDataKeyPair = 2,
    GenerateRandom = 1,
    CreateGrant = 14,
    ListGrants = 5,
    ListRetirableGrants = 3,
    RetireGrant = 6,
    RevokeGrant = 4,
    Sign = 5,
    Verify = 6,
    GenerateMac = 5,
    VerifyMac = 5,
    GetPublicKey = 6,
    DeriveSharedSecret = 5,
    Encapsulate = 3,
    Decapsulate = 4,
    ReplicateKey = 12,
    UpdatePrimaryRegion = 10,
    GetParametersForImport = 6,
    ImportKeyMaterial = 14,
    DeleteImportedKeyMaterial = 4,
}

/// Histories about everything, and some about one thing.
pub fn steps(turmoil: Turmoil) -> impl Strategy<Value = Vec<Step>> {
    prop_oneof![
        4 => proptest::collection::vec(step(turmoil), 1..=MAX_STEPS),
        1 => imported_sets(turmoil),
    ]
}

pub fn step(turmoil: Turmoil) -> impl Strategy<Value = Step> {
    // Small sets of places make the histories of single keys long.
    let at = proptest::sample::select(&[0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 4, 4, 4, 5, 6, 7][..]);
    let role = prop_oneof![14 => Just(Role::Root), 2 => Just(Role::Clerk), 3 => Just(Role::Guest)];
    let seat = (at, role).prop_map(|(at, role)| Seat { at, role });
    let unheard = proptest::bool::weighted(0.03);
    let around = (unheard, turmoil.upheavals(), failures());
    (verb(), seat, who(), who(), any::<(u8, u8, u8)>(), around).prop_map(
        |(verb, seat, who, other, (a, b, c), (unheard, upheaval, failure))| Step {
            verb,
            seat,
            who,
            other,
            a,
            b,
            c,
            unheard,
            upheaval,
            failure,
        },
    )
}

impl Step {
    /// How long a `Wait` takes: seconds to years, or up to, just before, just behind the next thing that falls due.
    pub fn wait(&self, world: &World) -> i64 {
        const PLAIN: [i64; 16] = [
            SECOND,
            SECOND,
            MINUTE,
            59 * MINUTE,
            59 * MINUTE,
            3 * 60 * MINUTE,
            3 * 60 * MINUTE,
            DAY,
            DAY,
            DAY,
            7 * DAY - SECOND,
            7 * DAY,
            30 * DAY,
            90 * DAY,
            365 * DAY,
            1000 * DAY,
        ];
        const AROUND: [i64; 8] = [-21 * MINUTE, -20 * MINUTE, -20 * MINUTE - 1, -SECOND, -1, 0, 1, DAY];
        let due: Vec<i64> = match self.a % 6 {
            0 | 1 => world.due(),
            2 => world.cores.iter().filter_map(|core| core.schedule).map(|schedule| schedule.next).collect(),
            _ => Vec::new(),
        };
        match due.into_iter().filter(|at| *at > world.now).min() {
            Some(next) => (next + pick(&AROUND, self.b) - world.now).max(0),
            None => pick(&PLAIN, self.b),
        }
    }

    /// What this step does in `world`.
    pub fn verb(&self, world: &World) -> Verb {
        self.needed(world).unwrap_or(self.verb)
    }

    /// What is done instead while there is nothing yet to do this to: mostly, it is made.
    fn needed(&self, world: &World) -> Option<Verb> {
        use Verb::*;

        let at = self.seat.at;
        let needs_key = !matches!(self.verb, CreateKey | ListKeys | GenerateRandom);
        let grants = || world.living(at).any(|(_, key)| !key.grants.is_empty());
        if self.a < 16 {
            None
        } else if needs_key && world.living(at).next().is_none() {
            Some(CreateKey)
        } else if matches!(self.verb, Decrypt | ReEncrypt)
            && world.ciphertexts.iter().all(|one| PLACES[one.at].account != PLACES[at].account)
        {
            Some(Encrypt)
        } else if matches!(self.verb, DeleteAlias | UpdateAlias) && world.scopes[at].aliases.is_empty() {
            Some(CreateAlias)
        } else if matches!(self.verb, RetireGrant | RevokeGrant | ListGrants) && !grants() {
            Some(CreateGrant)
        } else {
            None
        }
    }
}

/// Steps of one history at most.
pub const MAX_STEPS: usize = 600;
