//! Imported key material (chapter 32), which related keys import each for itself (chapter 31, sections 11 and 15).

use std::collections::BTreeMap;

use super::access::Seat;
use super::call::{Given, Import, Outcome, Refusal, Reply};
use super::events::Happening;
use super::rules::{require, row};
use super::world::{Core, DAY, Spot, Version, World};

/// Material that a key is bound to, or that waits for its rotation.
#[derive(Clone, Debug, Default)]
pub struct Bound {
    pub bytes: Vec<u8>,
    pub pending: bool,
    /// The keys that it was imported into; a single-Region key has no others.
    pub held: BTreeMap<Spot, Held>,
}

/// What the last import of a material into a key has made of it (MRK-65, MRK-78).
#[derive(Clone, Debug, Default)]
pub struct Held {
    pub present: bool,
    pub valid_to: Option<i64>,
    pub description: Option<String>,
}

/// What GetParametersForImport has given, and to which key.
pub struct ParameterSet {
    pub spot: Spot,
    pub valid_to: i64,
    pub algorithm: &'static str,
    pub token: Vec<u8>,
    pub public_key: Vec<u8>,
}

impl World {
    pub fn parameters(
        &mut self,
        seat: Seat,
        key: &str,
        algorithm: &'static str,
        spec: &str,
        given: Given<'_>,
    ) -> Outcome {
        let rule = row("GetParametersForImport");
        let key = self.admit_unjudged(seat, key, "GetParametersForImport")?;
        self.require_external(key)?;
        self.judge(key, rule.states)?;
        if !wraps(self.core(key), seat.place().partition, algorithm, spec) {
            return Err(Refusal::code("UnsupportedOperationException"));
        }
        let Ok(Reply::Parameters { token, public_key, .. }) = given else { return Ok(Reply::Unit) };
        let valid_to = self.now + DAY;
        let (token, public_key) = (token.clone(), public_key.clone());
        self.sets.push(ParameterSet {
            spot: key,
            valid_to,
            algorithm,
            token: token.clone(),
            public_key: public_key.clone(),
        });
        Ok(Reply::Parameters { arn: self.arn(key), token, public_key, valid_to })
    }

    pub fn import(&mut self, seat: Seat, request: &Import, given: Given<'_>) -> Outcome {
        let ends = request.valid_to;
        require((1..=6144).contains(&request.token.len()) && !request.wrapped.is_empty())?;
        require((1..=2048).contains(&request.key.chars().count()))?;
        match (request.expires.unwrap_or(true), ends) {
            (true, None) => {
                let message = "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES";
                return Err(Refusal::new("ValidationException", message));
            }
            (true, Some(at)) => require(at > self.now && at <= self.now + 365 * DAY)?,
            (false, at) => require(at.is_none())?,
        }
        require(!(request.new_material == Some(true) && request.id.is_some()))?;
        let rule = row("ImportKeyMaterial");
        let key = self.admit_unjudged(seat, &request.key, "ImportKeyMaterial")?;
        self.require_external(key)?;
        let symmetric = self.kind(key).is_symmetric();
        if !symmetric && (request.new_material.is_some() || request.id.is_some()) {
            return Err(Refusal::code("UnsupportedOperationException"));
        }
        // New material is that of the set, and comes to the primary first (RUL-28).
        if request.new_material == Some(true) && self.core(key).primary != key {
            return Err(Refusal::code("UnsupportedOperationException"));
        }
        self.judge(key, rule.states)?;
        let sent = request.set.map(|set| &self.sets[set]);
        let Some(set) = sent.filter(|set| set.spot == key) else {
            if sent.is_some_and(|set| self.core(key).members.contains(&set.spot)) {
                self.feat("a token of a related key is refused");
            }
            return Err(Refusal::code("InvalidImportTokenException"));
        };
        if set.valid_to < self.now {
            return Err(Refusal::code("ExpiredImportTokenException"));
        }
        // The provider of the model has few RSA keys, so two sets can have the same.
        let under = request.wrapped_with.map(|set| &self.sets[set]);
        let fits = under.is_some_and(|under| (under.algorithm, &under.public_key) == (set.algorithm, &set.public_key));
        if request.damaged || !fits {
            return Err(Refusal::code("InvalidCiphertextException"));
        }
        let wrong = || Refusal::code("IncorrectKeyMaterialException");
        if !takes(self.core(key), seat.place().partition, &request.material) {
            return Err(wrong());
        }
        let core = self.core(key);
        let is_new = request.new_material.unwrap_or(core.versions.is_empty());
        let same = core.versions.iter().position(|version| version.is_of(&request.material));
        let pending = core.versions.iter().position(Version::is_pending);
        let version = match (is_new, same) {
            (true, Some(index)) if Some(index) != pending => return Err(wrong()),
            (true, Some(index)) => index,
            (true, None) => {
                if let Some(pending) = pending {
                    return Err(self.second_pending(key, pending, given));
                }
                core.versions.len()
            }
            (false, Some(index)) => {
                let named = request.id.as_ref().is_none_or(|id| core.versions[index].id.as_ref() == Some(id));
                if !named {
                    return Err(wrong());
                }
                index
            }
            (false, None) => {
                if core.primary != key {
                    self.feat("other material than the set's is refused to a replica");
                }
                return Err(wrong());
            }
        };
        let core_index = self.key(key).core;
        let core = self.core_mut(key);
        if version == core.versions.len() {
            let bound = Bound { bytes: request.material.clone(), pending: version > 0, ..Bound::default() };
            let id = core.withdrawn.get(&request.material).cloned();
            core.versions.push(Version { id, bound: Some(bound), ..Version::default() });
        }
        if let Some(bound) = &mut core.versions[version].bound {
            let held = bound.held.entry(key).or_default();
            (held.present, held.valid_to) = (true, ends);
            if request.description.is_some() {
                held.description.clone_from(&request.description);
            }
        }
        let told = match given {
            Ok(Reply::Imported { material, .. }) => material.clone(),
            _ => None,
        };
        let material = if symmetric { self.material(core_index, version, told.as_deref()) } else { None };
        Ok(Reply::Imported { arn: self.arn(key), material })
    }

    /// The text names the new material, whose ID nobody knows yet (chapter 32, section 13).
    fn second_pending(&self, key: Spot, pending: usize, given: Given<'_>) -> Refusal {
        let known = self.core(key).versions[pending].id.clone().unwrap_or_default();
        let told = given.err().and_then(|refusal| refusal.message.clone()).unwrap_or_default();
        let new: String = told.chars().skip("New key material (id: ".len()).take(64).collect();
        let message = format!(
            "New key material (id: {new}) cannot be imported into KMS key {}, because another key material (id: \
             {known}) is pending rotation.",
            self.arn(key)
        );
        Refusal::new("KMSInvalidStateException", message)
    }

    pub fn delete_material(&mut self, seat: Seat, key: &str, id: Option<&str>) -> Outcome {
        let rule = row("DeleteImportedKeyMaterial");
        let key = self.admit_unjudged(seat, key, "DeleteImportedKeyMaterial")?;
        self.require_external(key)?;
        let symmetric = self.kind(key).is_symmetric();
        if !symmetric && id.is_some() {
            return Err(Refusal::code("UnsupportedOperationException"));
        }
        self.judge(key, rule.states)?;
        let core = self.core(key);
        let version = match id {
            Some(id) => {
                let known = core.versions.iter().position(|version| version.id.as_deref() == Some(id));
                Some(known.ok_or_else(|| Refusal::code("NotFoundException"))?)
            }
            None => core.current(),
        };
        let material = match version {
            Some(version) if symmetric => core.versions[version].id.clone(),
            _ => None,
        };
        if let Some(version) = version {
            let core = self.core(key);
            if core.versions[version].is_pending() && core.members.len() > 1 {
                self.feat(match core.primary == key {
                    true => "a primary withdraws pending material from its set",
                    false => "a replica gives up pending material",
                });
            }
            self.core_mut(key).lose(version, key);
        }
        Ok(Reply::Imported { arn: self.arn(key), material })
    }

    /// What expires is gone at that instant (IMP-49), and leaves one record and one event, in the Region of its key.
    pub fn expire(&mut self, now: i64) {
        for core in &mut self.cores {
            // From the last, because what is pending may vanish.
            for version in (0..core.versions.len()).rev() {
                let held = |spot: &Spot| core.versions[version].expiry(*spot) == Some(now);
                let expired: Vec<_> = core.members.iter().copied().filter(held).collect();
                for spot in expired {
                    let arn = self.scopes[spot.at].place.key_arn(&core.id);
                    self.happenings.push(Happening { arn, at: now, kind: "DeleteExpiredKeyMaterial" });
                    if version == core.versions.len() {
                        continue;
                    }
                    if core.versions[version].is_pending() && core.members.len() > 1 {
                        let feat = match core.primary == spot {
                            true => "pending material of a primary expires",
                            false => "pending material of a replica expires",
                        };
                        *self.feats.entry(feat).or_default() += 1;
                    }
                    core.lose(version, spot);
                }
            }
        }
    }

    /// Capability: material of such keys comes from outside (IMP, section 2).
    fn require_external(&self, key: Spot) -> Result<(), Refusal> {
        if self.core(key).imported {
            return Ok(());
        }
        let message = format!("{} origin is AWS_KMS which is not valid for this operation.", self.arn(key));
        Err(Refusal::new("UnsupportedOperationException", message))
    }
}

impl Core {
    /// Whether a key has all material that it is bound to (STA-101).
    pub fn is_complete(&self, key: Spot) -> bool {
        let there = |version: &Version| version.is_pending() || version.is_present(key);
        !self.versions.is_empty() && self.versions.iter().all(there)
    }

    /// Whether all related keys have the material that waits for its rotation, so that it can be made (MRK-76).
    pub fn is_ready(&self) -> bool {
        let everywhere = |version: &Version| self.members.iter().all(|member| version.is_present(*member));
        self.versions.iter().find(|version| version.is_pending()).is_some_and(everywhere)
    }

    /// `ExpirationModel` and `ValidTo`: present while the material is, the earliest counts (IMP-12).
    pub fn expiration(&self, key: Spot) -> (Option<&'static str>, Option<i64>) {
        if !self.imported || !self.is_complete(key) {
            return (None, None);
        }
        let bound = self.versions.iter().filter(|version| !version.is_pending());
        match bound.filter_map(|version| version.expiry(key)).min() {
            Some(at) => (Some("KEY_MATERIAL_EXPIRES"), Some(at)),
            None => (Some("KEY_MATERIAL_DOES_NOT_EXPIRE"), None),
        }
    }

    /// A key loses its copy of a material; from the primary, what is pending goes from the whole set (MRK-77).
    fn lose(&mut self, version: usize, key: Spot) {
        if self.versions[version].is_pending() && self.primary == key {
            let Version { id, bound, .. } = self.versions.remove(version);
            self.withdrawn.extend(bound.zip(id).map(|(bound, id)| (bound.bytes, id)));
        } else if let Some(held) = self.versions[version].held_mut(key) {
            (held.present, held.valid_to) = (false, None);
        }
    }
}

impl Version {
    pub fn is_pending(&self) -> bool {
        self.bound.as_ref().is_some_and(|bound| bound.pending)
    }

    /// Whether a key has it; material of our own is everywhere (ROT-47).
    pub fn is_present(&self, key: Spot) -> bool {
        self.bound.as_ref().is_none_or(|bound| bound.held.get(&key).is_some_and(|held| held.present))
    }

    pub fn expiry(&self, key: Spot) -> Option<i64> {
        self.bound.as_ref()?.held.get(&key).filter(|held| held.present)?.valid_to
    }

    fn held_mut(&mut self, key: Spot) -> Option<&mut Held> {
        self.bound.as_mut()?.held.get_mut(&key)
    }

    fn is_of(&self, material: &[u8]) -> bool {
        self.bound.as_ref().is_some_and(|bound| bound.bytes == material)
    }
}

/// The table of chapter 32, section 3, for the wrapping algorithms and kinds of keys of the model.
fn wraps(core: &Core, partition: &str, algorithm: &str, spec: &str) -> bool {
    let china = partition == "aws-cn";
    match algorithm {
        "RSAES_OAEP_SHA_256" => {
            spec.starts_with("RSA") && !core.kind.spec.starts_with("ML_") && !core.kind.spec.starts_with("RSA")
        }
        "RSA_AES_KEY_WRAP_SHA_256" => spec.starts_with("RSA") && !china && core.kind.is_pair(),
        "SM2PKE" => spec == "SM2" && china && core.kind.is_pair(),
        _ => false,
    }
}

/// The materials of the model are raw bytes, which only keys without halves take.
fn takes(core: &Core, partition: &str, material: &[u8]) -> bool {
    let length = match core.kind.spec {
        "SYMMETRIC_DEFAULT" if partition == "aws-cn" => 16,
        "SYMMETRIC_DEFAULT" | "HMAC_256" => 32,
        _ => return false,
    };
    material.len() == length
}
