//! What material a step imports, and how: wrapped as a caller would do it.

use keystead::crypto::entropy::SystemEntropy;
use keystead::crypto::{DefaultProvider, Provider};
use keystead::hierarchy::spec::{WrappingAlgorithm, WrappingKeySpec};

use super::call::{Call, Import};
use super::imports::ParameterSet;
use super::step::Step;
use super::values::pick;
use super::world::{DAY, MINUTE, SECOND, Spot, World};

impl Step {
    pub fn parameters(&self, world: &World, key: String) -> Call {
        let (algorithm, spec) = pick(WRAPPINGS, self.b);
        Call::GetParametersForImport { key: self.external(world, key), algorithm, spec }
    }

    pub fn import(&self, world: &World, key: String) -> Call {
        let Self { a, b, c, .. } = *self;
        let key = self.external(world, key);
        let spot = self.spot_of(world, &key);
        let own: Vec<usize> = sets_of(world, spot);
        let is_good = |set: &usize| world.sets[*set].valid_to >= world.now;
        if !own.last().is_some_and(is_good) && a >= 32 {
            return Call::GetParametersForImport { key, algorithm: "RSAES_OAEP_SHA_256", spec: "RSA_2048" };
        }
        let related = |set: &usize| {
            let set = world.sets[*set].spot;
            spot.is_some_and(|spot| set != spot && world.key(set).core == world.key(spot).core)
        };
        let related = (0..world.sets.len()).rfind(related);
        let any = (!world.sets.is_empty()).then(|| usize::from(b) % world.sets.len());
        let set = own.last().copied().filter(|_| a % 16 != 15).or(related).or(any);
        let wrapped_with = if c % 32 == 31 { any } else { set };
        let material = self.material(world, spot);
        let wrapped = wrapped_with.map(|set| wrap(&world.sets[set], &material));
        let (mut wrapped, mut token) = (wrapped.unwrap_or_else(|| vec![1; 256]), b"no token".to_vec());
        if let Some(set) = set {
            token.clone_from(&world.sets[set].token);
        }
        let damaged = c % 32 == 30;
        if damaged {
            wrapped[7] ^= 1;
        }
        let (expires, valid_to) = pick(EXPIRATIONS, b);
        let versions = spot.map(|spot| &world.core(spot).versions);
        let known = versions.and_then(|versions| versions.first()).and_then(|version| version.id.clone());
        Call::ImportKeyMaterial(Import {
            key,
            set,
            wrapped_with,
            token,
            wrapped,
            material,
            damaged,
            expires,
            valid_to: valid_to.map(|after| world.now + after),
            new_material: pick(&[None, None, None, Some(true), Some(true), Some(false)], a),
            id: known.filter(|_| c % 16 == 5),
            description: (c % 8 == 3).then(|| format!("batch {}", b % 4)),
        })
    }

    pub fn delete_material(&self, world: &World, key: String) -> Call {
        let key = self.external(world, key);
        let versions = self.spot_of(world, &key).map(|spot| &world.core(spot).versions);
        let ids: Vec<_> = versions.into_iter().flatten().filter_map(|version| version.id.clone()).collect();
        let id = match self.a % 8 {
            0..=3 => None,
            4 => Some("0".repeat(64)),
            _ if ids.is_empty() => None,
            _ => Some(pick(&ids, self.b)),
        };
        Call::DeleteImportedKeyMaterial { key, id }
    }

    /// Bytes that were imported before, or others; seldom too few of them.
    fn material(&self, world: &World, spot: Option<Spot>) -> Vec<u8> {
        let length = if self.seat.place().partition == "aws-cn" { 16 } else { 32 };
        let length = match spot.map(|spot| world.kind(spot).spec) {
            Some("HMAC_256") => 32,
            _ => length,
        };
        let versions = spot.map(|spot| &world.core(spot).versions);
        let known: Vec<_> = versions.into_iter().flatten().filter_map(|version| version.bound.as_ref()).collect();
        // Mostly what a related key has and this one has not.
        let missing = spot.and_then(|spot| world.core(spot).versions.iter().find(|one| !one.is_present(spot)));
        let missing = missing.and_then(|version| version.bound.as_ref());
        match (self.c % 8, missing) {
            (0..=5, Some(missing)) => missing.bytes.clone(),
            (0..=4, _) if !known.is_empty() => pick(&known, self.b).bytes.clone(),
            (7, _) if self.b > 240 => vec![9; length - 1],
            _ => vec![self.b % 8; length],
        }
    }

    /// Mostly a key that takes material.
    fn external(&self, world: &World, key: String) -> String {
        let at = self.seat.at;
        let external: Vec<_> = world.spots(at).filter(|spot| world.core(*spot).imported).collect();
        if external.is_empty() || self.c % 16 == 15 {
            return key;
        }
        // Related keys wait for each other.
        let waits = |spot: &Spot| world.core(*spot).versions.iter().any(|version| !version.is_present(*spot));
        let waiting = external.iter().copied().find(waits).filter(|_| self.c.is_multiple_of(2));
        let spot = waiting.unwrap_or_else(|| pick(&external, self.a));
        if self.b.is_multiple_of(2) { world.id(spot).to_owned() } else { world.arn(spot) }
    }
}

fn sets_of(world: &World, spot: Option<Spot>) -> Vec<usize> {
    let sets = world.sets.iter().enumerate().filter(|(_, set)| Some(set.spot) == spot);
    sets.map(|(index, _)| index).collect()
}

fn wrap(set: &ParameterSet, material: &[u8]) -> Vec<u8> {
    let algorithm: WrappingAlgorithm = set.algorithm.parse().unwrap();
    let spec: WrappingKeySpec = "RSA_2048".parse().unwrap();
    let key = DefaultProvider.public_key(spec.key_pair(), &set.public_key).unwrap();
    algorithm.scheme().unwrap().wrap(&DefaultProvider, &*key, material, &SystemEntropy).unwrap()
}

const WRAPPINGS: &[(&str, &str)] = &[
    ("RSAES_OAEP_SHA_256", "RSA_2048"),
    ("RSAES_OAEP_SHA_256", "RSA_2048"),
    ("RSAES_OAEP_SHA_256", "RSA_2048"),
    ("RSA_AES_KEY_WRAP_SHA_256", "RSA_2048"),
    ("SM2PKE", "SM2"),
    ("SM2PKE", "RSA_2048"),
];

/// `ExpirationModel`, and how long after the call `ValidTo` is.
const EXPIRATIONS: &[(Option<bool>, Option<i64>)] = &[
    (Some(false), None),
    (Some(false), None),
    (Some(false), None),
    (Some(true), Some(30 * DAY)),
    (None, Some(DAY)),
    (None, Some(365 * DAY)),
    (Some(true), Some(MINUTE)),
    (None, None),
    (Some(true), Some(-SECOND)),
    (Some(true), Some(366 * DAY)),
    (Some(false), Some(DAY)),
];
