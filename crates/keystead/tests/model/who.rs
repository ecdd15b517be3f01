//! How callers name keys: mostly well, by each of the four forms, and in many wrong ways.

use proptest::prelude::*;

use super::values::pick;
use super::world::{PLACES, Spot, World};

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

pub fn who() -> impl Strategy<Value = Who> {
    prop_oneof![
        30 => any::<u8>().prop_map(Who::Id),
        15 => any::<u8>().prop_map(Who::Arn),
        12 => any::<u8>().prop_map(Who::Alias),
        5 => any::<u8>().prop_map(Who::AliasArn),
        1 => any::<u8>().prop_map(Who::StrangerId),
        4 => any::<u8>().prop_map(Who::StrangerArn),
        1 => any::<u8>().prop_map(Who::StrangerAliasArn),
        1 => any::<u8>().prop_map(Who::OtherRegion),
        1 => any::<u8>().prop_map(Who::OtherRegionAlias),
        1 => any::<u8>().prop_map(Who::OtherPartition),
        2 => any::<u8>().prop_map(Who::Nobody),
        1 => any::<u8>().prop_map(Who::Malformed),
    ]
}

impl Who {
    /// The identifier that a caller in a place writes.
    pub fn text(self, at: usize, world: &World) -> String {
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
                place.key_arn(&id(n)).replace(place.region, pick(&["sa-east-1", "us-east-1", "cn-northwest-1"], n))
            }
            Self::OtherRegionAlias(n) => place.arn(&alias_name(n % 128)).replace(place.region, "sa-east-1"),
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
    let living: Vec<_> = world.spots(at).map(|spot| world.id(spot)).collect();
    let n = usize::from(n);
    if n < 224 && !living.is_empty() {
        return living.get(n % living.len()).map(|id| (*id).to_owned());
    }
    let all = world.scopes[at].keys.len();
    (all > 0).then(|| world.id(Spot { at, index: n % all }).to_owned())
}

/// Five names, two of which differ in letter case only, and seldom one that is not allowed.
pub fn alias_name(n: u8) -> String {
    let rare = ["alias/aws/ebs", "alias/", "orders", "alias/a:b", "alias/a b"];
    let usual = ["alias/a", "alias/A", "alias/alias/a", "alias/b", "alias/c"];
    match n {
        128.. if n.is_multiple_of(16) => pick(&rare, n / 16),
        _ => pick(&usual, n),
    }
    .to_owned()
}

/// Mostly the name of an alias that there is.
pub fn bound_alias(at: usize, n: u8, world: &World) -> String {
    let aliases = &world.scopes[at].aliases;
    let bound = aliases.keys().nth(usize::from(n) % aliases.len().max(1)).filter(|_| !n.is_multiple_of(4));
    bound.cloned().unwrap_or_else(|| alias_name(n))
}

/// A key ID that nobody has.
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";
