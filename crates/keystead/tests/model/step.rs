//! Abstract steps: what proptest makes and shrinks. Keys, aliases and ciphertexts are named by number and become
//! identifiers only when the step is taken, so a history stays meaningful when steps before it vanish.

use proptest::prelude::*;

use super::call::{Blob, Call, Context, Pairs, Side};
use super::world::{DAY, Key, MINUTE, PLACES, SECOND, World};

/// One step of a history.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub verb: Verb,
    /// Which of the four places the caller is in.
    pub at: usize,
    pub who: Who,
    pub other: Who,
    /// Numbers that choose among the values of the other members.
    pub a: u8,
    pub b: u8,
    /// Whether the audit sink refuses the records of the call, if it is one that can.
    pub unheard: bool,
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
    Wait = 10,
    Sweep = 3,
    Restart = 1,
    CreateKey = 8,
    DescribeKey = 5,
    ListKeys = 2,
    UpdateKeyDescription = 3,
    EnableKey = 7,
    DisableKey = 5,
    ScheduleKeyDeletion = 5,
    CancelKeyDeletion = 5,
    CreateAlias = 8,
    UpdateAlias = 6,
    DeleteAlias = 3,
    ListAliases = 3,
    WalkAliases = 3,
    ForeignMarker = 1,
    TagResource = 4,
    UntagResource = 3,
    ListResourceTags = 3,
    GetKeyPolicy = 2,
    PutKeyPolicy = 3,
    ListKeyPolicies = 1,
    EnableKeyRotation = 8,
    DisableKeyRotation = 2,
    GetKeyRotationStatus = 5,
    RotateKeyOnDemand = 6,
    ListKeyRotations = 4,
    Encrypt = 12,
    Decrypt = 16,
    ReEncrypt = 8,
    GenerateDataKey = 6,
}

/// How a key is named.
#[derive(Clone, Copy, Debug)]
pub enum Who {
    Id(u8),
    Arn(u8),
    Alias(u8),
    AliasArn(u8),
    /// The ID of a key in another account or Region.
    StrangerId(u8),
    StrangerArn(u8),
    StrangerAliasArn(u8),
    /// The ARN of an own key, moved to a Region.
    OtherRegion(u8),
    /// An alias ARN in another Region.
    OtherRegionAlias(u8),
    /// The ARN of an own key with another partition.
    OtherPartition(u8),
    /// Well-formed, but nobody's: an ID, a multi-Region ID, an ARN here and in another account.
    Nobody(u8),
    Malformed(u8),
}

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(step(), 1..=MAX_STEPS)
}

fn step() -> impl Strategy<Value = Step> {
    // Small sets of places make the histories of single keys long.
    let at = prop_oneof![4 => Just(0_usize), 2 => Just(1_usize), 3 => Just(2_usize), 1 => Just(3_usize)];
    let unheard = proptest::bool::weighted(0.03);
    (verb(), at, who(), who(), any::<u8>(), any::<u8>(), unheard)
        .prop_map(|(verb, at, who, other, a, b, unheard)| Step { verb, at, who, other, a, b, unheard })
}

fn who() -> impl Strategy<Value = Who> {
    prop_oneof![
        30 => any::<u8>().prop_map(Who::Id),
        15 => any::<u8>().prop_map(Who::Arn),
        12 => any::<u8>().prop_map(Who::Alias),
        5 => any::<u8>().prop_map(Who::AliasArn),
        1 => any::<u8>().prop_map(Who::StrangerId),
        2 => any::<u8>().prop_map(Who::StrangerArn),
        1 => any::<u8>().prop_map(Who::StrangerAliasArn),
        1 => any::<u8>().prop_map(Who::OtherRegion),
        1 => any::<u8>().prop_map(Who::OtherRegionAlias),
        1 => any::<u8>().prop_map(Who::OtherPartition),
        2 => any::<u8>().prop_map(Who::Nobody),
        1 => any::<u8>().prop_map(Who::Malformed),
    ]
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
        let keys = || world.scopes.iter().flat_map(|scope| &scope.keys).filter(|key| !key.is_gone(world.now));
        let due: Vec<i64> = match self.a % 6 {
            0 => keys().filter_map(|key| key.deletion).filter(|at| *at > world.now).collect(),
            1 => keys().filter_map(|key| key.schedule).map(|schedule| schedule.next).collect(),
            _ => Vec::new(),
        };
        match due.into_iter().filter(|at| *at > world.now).min() {
            Some(next) => (next + pick(&AROUND, self.b) - world.now).max(0),
            None => pick(&PLAIN, self.b),
        }
    }

    /// The call that this step is in `world`.
    pub fn call(&self, world: &World) -> Call {
        let Self { at, a, b, .. } = *self;
        let key = self.who.text(at, world);
        match self.verb(world) {
            Verb::Wait | Verb::Sweep | Verb::Restart | Verb::DescribeKey => Call::DescribeKey { key },
            Verb::CreateKey => {
                Call::CreateKey { description: description(a), tags: if b < 128 { Pairs::new() } else { tags(b) } }
            }
            Verb::ListKeys => Call::ListKeys { limit: limit(a) },
            Verb::UpdateKeyDescription => {
                Call::UpdateKeyDescription { key, description: description(a).unwrap_or_default() }
            }
            Verb::EnableKey => Call::EnableKey { key },
            Verb::DisableKey => Call::DisableKey { key },
            Verb::ScheduleKeyDeletion => Call::ScheduleKeyDeletion {
                key,
                window: pick(
                    &[
                        None,
                        Some(7),
                        Some(7),
                        Some(8),
                        Some(30),
                        Some(30),
                        Some(9),
                        Some(6),
                        Some(31),
                        Some(0),
                        Some(366),
                    ],
                    a,
                ),
            },
            Verb::CancelKeyDeletion => {
                let dying = world.living(at).find(|(_, key)| key.deletion.is_some()).filter(|_| a % 4 != 0);
                Call::CancelKeyDeletion { key: dying.map_or(key, |(_, dying)| dying.id.clone()) }
            }
            Verb::CreateAlias => Call::CreateAlias { name: alias_name(a), key },
            Verb::UpdateAlias => Call::UpdateAlias { name: bound_alias(at, a, world), key },
            Verb::DeleteAlias => Call::DeleteAlias { name: bound_alias(at, a, world) },
            Verb::ListAliases => Call::ListAliases { key: (a < 128).then_some(key), limit: limit(b) },
            Verb::WalkAliases => Call::WalkAliases { limit: i64::from(1 + a % 2) },
            Verb::ForeignMarker => Call::ForeignMarker { key: (a < 128).then_some(key) },
            Verb::TagResource => Call::TagResource { key, tags: tags(a) },
            Verb::UntagResource => {
                Call::UntagResource { key, tag_keys: tags(a).into_iter().map(|(key, _)| key).collect() }
            }
            Verb::ListResourceTags => Call::ListResourceTags { key, limit: limit(a) },
            Verb::GetKeyPolicy => Call::GetKeyPolicy { key, name: policy_name(a) },
            Verb::PutKeyPolicy => Call::PutKeyPolicy { key, name: policy_name(a), policy: policy(at, b) },
            Verb::ListKeyPolicies => Call::ListKeyPolicies { key },
            Verb::EnableKeyRotation => Call::EnableKeyRotation {
                key,
                period: pick(
                    &[None, Some(90), Some(90), Some(180), Some(365), Some(2560), Some(91), None, Some(89), Some(2561)],
                    a,
                ),
            },
            Verb::DisableKeyRotation => Call::DisableKeyRotation { key },
            Verb::GetKeyRotationStatus => Call::GetKeyRotationStatus { key },
            Verb::RotateKeyOnDemand => {
                let soon = |key: &Key| key.schedule.is_some_and(|schedule| schedule.next - world.now < 22 * MINUTE);
                let soon = world.living(at).find(|(_, key)| soon(key)).filter(|_| a % 4 != 0);
                Call::RotateKeyOnDemand { key: soon.map_or(key, |(_, soon)| soon.id.clone()) }
            }
            Verb::ListKeyRotations => Call::ListKeyRotations { key, all: a < 128, limit: limit(b) },
            Verb::Encrypt => Call::Encrypt {
                key,
                context: context(a),
                plaintext: vec![b; pick(&[1, 2, 16, 16, 33, 64, 100, 4096, 4096, 1, 0, 4097], b)],
                dry_run: a > 245,
            },
            Verb::Decrypt => {
                let blob = blob(at, a, b, world);
                let side = self.side(&blob, world);
                Call::Decrypt { blob, context: side.context, key: side.key, dry_run: b > 245 }
            }
            Verb::ReEncrypt => {
                let blob = blob(at, a, b, world);
                let source = self.side(&blob, world);
                let destination = Side { key: Some(self.other.text(at, world)), context: context(a) };
                Call::ReEncrypt { blob, source, destination }
            }
            Verb::GenerateDataKey => {
                let (spec, bytes) = pick(DATA_KEYS, b);
                let (context, spec) = (context(a), spec.map(str::to_owned));
                Call::GenerateDataKey { key, context, spec, bytes, plain: a % 2 == 0 }
            }
        }
    }

    /// What this step does in `world`.
    pub fn verb(&self, world: &World) -> Verb {
        self.needed(world).unwrap_or(self.verb)
    }

    /// What is done instead while there is nothing yet to do this to: mostly, it is made.
    fn needed(&self, world: &World) -> Option<Verb> {
        use Verb::{CreateAlias, CreateKey, Decrypt, DeleteAlias, Encrypt, ListKeys, ReEncrypt, UpdateAlias};

        let needs_key = !matches!(self.verb, CreateKey | ListKeys);
        if self.a < 16 {
            None
        } else if needs_key && world.living(self.at).next().is_none() {
            Some(CreateKey)
        } else if matches!(self.verb, Decrypt | ReEncrypt) && world.ciphertexts.iter().all(|one| one.scope != self.at) {
            Some(Encrypt)
        } else if matches!(self.verb, DeleteAlias | UpdateAlias) && world.scopes[self.at].aliases.is_empty() {
            Some(CreateAlias)
        } else {
            None
        }
    }

    /// The context and key with which a blob is presented: mostly the right ones.
    fn side(&self, blob: &Blob, world: &World) -> Side {
        let origin = world.origin(blob);
        let right = origin.map(|origin| origin.context.clone()).unwrap_or_default();
        let context = if self.b % 16 == 15 { context(self.a.wrapping_add(self.b)) } else { right };
        let key = match (self.b / 16 % 8, origin) {
            (0..=2, _) | (3..=5, None) => None,
            (3, Some(origin)) => Some(world.arn(origin.scope, origin.key)),
            (4, Some(origin)) => Some(world.key(origin.scope, origin.key).id.clone()),
            (5, Some(origin)) => {
                let aliases = &world.scopes[origin.scope].aliases;
                aliases.iter().find(|(_, alias)| alias.key == origin.key).map(|(name, _)| name.clone())
            }
            _ => Some(self.who.text(self.at, world)),
        };
        Side { key, context }
    }
}

impl Who {
    /// The identifier that a caller in a place writes.
    fn text(self, at: usize, world: &World) -> String {
        let place = world.scopes[at].place;
        let stranger = |n: u8| {
            let other = (at + 1 + usize::from(n) % (PLACES.len() - 1)) % PLACES.len();
            (other, some_key(other, n / 4, world))
        };
        let id = |n: u8| some_key(at, n, world).unwrap_or_else(|| NOBODY.to_owned());
        // Mostly the other account of the same Region.
        let neighbour = at ^ 1;
        match self {
            Self::Id(n) => id(n),
            Self::Arn(n) => place.key_arn(&id(n)),
            Self::Alias(n) => bound_alias(at, n % 128, world),
            Self::AliasArn(n) => place.arn(&bound_alias(at, n % 128, world)),
            Self::StrangerId(n) => stranger(n).1.unwrap_or_else(|| NOBODY.to_owned()),
            Self::StrangerArn(n) if n < 192 => world.scopes[neighbour]
                .place
                .key_arn(&some_key(neighbour, n, world).unwrap_or_else(|| NOBODY.to_owned())),
            Self::StrangerArn(n) => {
                let (other, id) = stranger(n);
                world.scopes[other].place.key_arn(&id.unwrap_or_else(|| NOBODY.to_owned()))
            }
            Self::StrangerAliasArn(n) => world.scopes[neighbour].place.arn(&alias_name(n % 128)),
            Self::OtherRegion(n) => {
                place.key_arn(&id(n)).replace(place.region, pick(&["eu-west-1", "us-east-1", "cn-northwest-1"], n))
            }
            Self::OtherRegionAlias(n) => place.arn(&alias_name(n % 128)).replace(place.region, "eu-west-1"),
            Self::OtherPartition(n) => {
                let partition = if place.partition == "aws" { "arn:aws-cn:" } else { "arn:aws:" };
                place.key_arn(&id(n)).replacen(&format!("arn:{}:", place.partition), partition, 1)
            }
            Self::Nobody(n) => match n % 5 {
                0 => NOBODY.to_owned(),
                1 => "mrk-00000000000000000000000000000000".to_owned(),
                2 => place.key_arn(NOBODY),
                3 => world.scopes[neighbour].place.key_arn(NOBODY),
                _ => place.key_arn(NOBODY).replace(place.account, "999999999999"),
            },
            Self::Malformed(n) => match n % 9 {
                0 => "orders".to_owned(),
                1 => NOBODY.to_uppercase().replace('0', "A"),
                2 => format!("mrk-{}", &NOBODY.replace('-', "")[1..]),
                3 => place.key_arn("orders"),
                4 => place.arn("grant/orders"),
                5 => place.key_arn(NOBODY).replace(":kms:", ":s3:"),
                6 => place.key_arn(NOBODY).replace(place.account, "1234"),
                7 => "x".repeat(2049),
                _ => String::new(),
            },
        }
    }
}

/// The ID of a key of a place: mostly one that exists now, sometimes one that is gone.
fn some_key(at: usize, n: u8, world: &World) -> Option<String> {
    let all = &world.scopes[at].keys;
    let living: Vec<_> = world.living(at).map(|(_, key)| key.id.as_str()).collect();
    let n = usize::from(n);
    if n < 224 && !living.is_empty() {
        return living.get(n % living.len()).map(|id| (*id).to_owned());
    }
    all.get(n % all.len().max(1)).map(|key| key.id.clone())
}

/// A ciphertext to present: mostly a recent one of the place, sometimes a damaged one or none at all.
fn blob(at: usize, a: u8, b: u8, world: &World) -> Blob {
    let own = |(_, one): &(usize, &super::world::Ciphertext)| one.scope == at || a >= 232;
    let candidates: Vec<usize> = world.ciphertexts.iter().enumerate().filter(own).map(|(index, _)| index).collect();
    let garbage = |bytes: &[u8]| Blob { bytes: bytes.to_vec(), origin: None, intact: false };
    if candidates.is_empty() || a == 231 {
        return garbage(pick(&[&b"no ciphertext at all"[..], &[0], &[0xff; 300], &[], &[1; 6145]], b));
    }
    let window = if a.is_multiple_of(4) { candidates.len() } else { candidates.len().min(12) };
    let origin = candidates[candidates.len() - 1 - usize::from(a) % window];
    let mut bytes = world.ciphertexts[origin].blob.clone();
    let intact = b % 16 != 14;
    if !intact && let Some(last) = bytes.last_mut() {
        *last ^= 1 << (b / 16 % 8);
    }
    Blob { bytes, origin: Some(origin), intact }
}

/// Four names, two of which differ in letter case only, and seldom one that is not allowed.
fn alias_name(n: u8) -> String {
    let rare = ["alias/aws/ebs", "alias/", "orders", "alias/a:b", "alias/a b"];
    let usual = ["alias/a", "alias/A", "alias/alias/a", "alias/b"];
    match n {
        128.. if n.is_multiple_of(16) => pick(&rare, n / 16),
        _ => pick(&usual, n),
    }
    .to_owned()
}

/// Mostly the name of an alias that there is.
fn bound_alias(at: usize, n: u8, world: &World) -> String {
    let aliases = &world.scopes[at].aliases;
    let bound = aliases.keys().nth(usize::from(n) % aliases.len().max(1)).filter(|_| !n.is_multiple_of(4));
    bound.cloned().unwrap_or_else(|| alias_name(n))
}

/// Contexts that differ by little (KEY-81, KEY-84), and one that is too long.
fn context(n: u8) -> Context {
    let pairs: &[(&str, &str)] = match n % 12 {
        0..=4 => &[],
        5 => &[("a", "bc")],
        6 => &[("ab", "c")],
        7 => &[("a", "b"), ("c", "d")],
        8 => &[("a", "b\0c"), ("", "d")],
        9 => &[("A", "bc")],
        10 => &[("a", "bc"), ("ä", "")],
        _ if n > 240 => return Context::from([("a".repeat(9000), String::new())]),
        _ => &[("a", "d"), ("c", "b")],
    };
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn tags(n: u8) -> Pairs {
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    match n % 32 {
        0..=7 => vec![pair("team", "orders")],
        8..=11 => vec![pair("Team", ""), pair("team", "billing")],
        12..=15 => vec![pair("a:b", "c@d"), pair("Ä", "größe 1")],
        16..=19 => (0..25).map(|number| pair(&format!("tag {number}"), "x")).collect(),
        20..=22 => (20..48).map(|number| pair(&format!("tag {number}"), "y")).collect(),
        23 => Pairs::new(),
        24 => vec![pair("team", "a"), pair("team", "b")],
        25 => vec![pair("aws:team", "a")],
        26 => vec![pair("AWS:team", "a")],
        27 => vec![pair("team", "a#b")],
        28 => vec![pair(&"k".repeat(129), "")],
        29 => vec![pair("team", &"v".repeat(257))],
        30 => vec![pair("", "a")],
        _ => (0..51).map(|number| pair(&format!("more {number}"), "")).collect(),
    }
}

fn description(n: u8) -> Option<String> {
    pick(&[None, Some("orders".to_owned()), Some(String::new()), Some("ä".repeat(8192)), Some("a".repeat(8193))], n % 5)
}

fn limit(n: u8) -> Option<i64> {
    pick(&[None, Some(1), Some(2), Some(3), Some(100), Some(1000), Some(1001), Some(0)], n)
}

fn policy_name(n: u8) -> Option<String> {
    pick(&[None, Some("default"), Some("default"), Some("other"), None], n).map(str::to_owned)
}

/// Policies that mean the same as the default one, and documents that are refused.
fn policy(at: usize, n: u8) -> String {
    let place = PLACES[at];
    let root = format!("arn:{}:iam::{}:root", place.partition, place.account);
    let statement = |principal: &str, action: &str| {
        format!(r#"{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"{action}","Resource":"*"}}"#)
    };
    let document = |statements: &str| format!(r#"{{"Version":"2012-10-17","Statement":{statements}}}"#);
    match n % 8 {
        0 | 1 => document(&format!("[{}]", statement(&root, "kms:*"))),
        2 => document(&statement(place.account, "kms:*")),
        3 => document(&format!("[{},{}]", statement(&root, "kms:Put*"), statement(&root, "kms:*"))),
        4 => document(&format!("[ {} ]\n", statement(&root, "*"))),
        5 => document(&statement(&root, "kms:DescribeKey")),
        6 => "no policy".to_owned(),
        _ => format!("{{{}}}", " ".repeat(32_768)),
    }
}

fn pick<T: Clone>(choices: &[T], n: u8) -> T {
    choices[usize::from(n) % choices.len()].clone()
}

/// Key specs and lengths of data keys.
const DATA_KEYS: &[(Option<&str>, Option<i64>)] = &[
    (Some("AES_256"), None),
    (Some("AES_128"), None),
    (None, Some(1)),
    (None, Some(24)),
    (None, Some(1024)),
    (Some("AES_256"), None),
    (None, Some(24)),
    (None, None),
    (Some("AES_128"), Some(16)),
    (None, Some(0)),
    (None, Some(1025)),
];

/// A key ID that nobody has.
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// Steps of one history at most.
pub const MAX_STEPS: usize = 300;
