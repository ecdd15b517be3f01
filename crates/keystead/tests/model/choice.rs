//! What call a step is: the key, its state and what was answered before decide what is worth trying.

use super::access::Document;
use super::call::{Blob, Call, Message, Named, Pairs, Side};
use super::kinds::{KINDS, Kind};
use super::managed::ALIAS;
use super::step::{Step, Verb};
use super::values::{DATA_KEYS, context, description, limit, pick, policy, policy_name, tags};
use super::who::{alias_name, bound_alias};
use super::world::{Ciphertext, Core, MINUTE, PLACES, Spot, World};

impl Step {
    /// The call that this step is in `world`.
    pub fn call(&self, world: &World) -> Call {
        let Self { a, b, c, .. } = *self;
        let at = self.seat.at;
        let key = self.granted_key(world).unwrap_or_else(|| self.who.text(at, world));
        let dry_run = c > 245;
        match self.verb(world) {
            Verb::Wait | Verb::Sweep | Verb::DescribeKey => {
                match a % 16 {
                    // One name that may have no target yet.
                    3 => Call::DescribeKey { key: ALIAS.to_owned(), tokens: Vec::new() },
                    4 => Call::DescribeKey { key: self.seat.place().arn(ALIAS), tokens: Vec::new() },
                    _ => Call::DescribeKey { key, tokens: self.some_tokens(world) },
                }
            }
            Verb::CreateKey => self.create_key(world),
            Verb::ListKeys => Call::ListKeys { limit: limit(a) },
            Verb::UpdateKeyDescription => {
                Call::UpdateKeyDescription { key, description: description(a).unwrap_or_default() }
            }
            Verb::EnableKey => Call::EnableKey { key },
            Verb::DisableKey => Call::DisableKey { key },
            Verb::ScheduleKeyDeletion => Call::ScheduleKeyDeletion {
                key,
                window: pick(&[None, Some(7), Some(7), Some(8), Some(30), Some(9), Some(6), Some(31), Some(0)], a),
            },
            Verb::CancelKeyDeletion => {
                let dying = world.living(at).find(|(_, key)| key.is_dying()).filter(|_| a % 4 != 0);
                let dying = dying.map(|(index, _)| world.id(Spot { at, index }).to_owned());
                Call::CancelKeyDeletion { key: dying.unwrap_or(key) }
            }
            Verb::GetKeyLastUsage => Call::GetKeyLastUsage { key },
            Verb::CreateAlias => Call::CreateAlias { name: alias_name(a), key },
            Verb::UpdateAlias => {
                let name = bound_alias(at, a, world);
                // Mostly to a key of the same kind, and often to one that has its share of aliases.
                let kind = self.kind_of(world, &name);
                let of =
                    |spot: &Spot| world.scopes[at].aliases.values().filter(|alias| alias.key == spot.index).count();
                let alike = world.spots(at).filter(|spot| kind.is_none_or(|kind| kind == world.kind(*spot)));
                let full = alike.max_by_key(of).filter(|_| c % 4 != 0);
                let key = full.map_or(key, |full| world.id(full).to_owned());
                Call::UpdateAlias { name, key: self.fit(world, key, |other| kind.is_none_or(|kind| kind == other)) }
            }
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
            Verb::PutKeyPolicy => Call::PutKeyPolicy { key, name: policy_name(a), policy: policy(b) },
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
                let soon = |core: &Core| {
                    core.schedule.is_some_and(|schedule| schedule.next - world.now < 22 * MINUTE)
                        || core.versions.iter().any(|version| version.is_pending())
                };
                let soon = world.spots(at).find(|spot| soon(world.core(*spot))).filter(|_| a % 4 != 0);
                let key = if b.is_multiple_of(2) { self.related(world, key) } else { key };
                Call::RotateKeyOnDemand { key: soon.map_or(key, |soon| world.id(soon).to_owned()) }
            }
            Verb::ListKeyRotations => Call::ListKeyRotations { key, all: a < 128, limit: limit(b) },
            Verb::Encrypt => {
                let key = self.fit(world, key, |kind| kind.usage == "ENCRYPT_DECRYPT");
                let algorithm = self.algorithm(world, &key);
                Call::Encrypt {
                    key,
                    context: match algorithm {
                        Some(_) if a < 250 => Default::default(),
                        _ => self.constrained_context(world).unwrap_or_else(|| context(a)),
                    },
                    plaintext: vec![b; pick(&[1, 2, 16, 16, 33, 64, 100, 4096, 4096, 1, 0, 4097, 191, 1025], b)],
                    algorithm,
                    tokens: self.some_tokens(world),
                    dry_run,
                }
            }
            Verb::Decrypt => {
                let blob = self.blob(world);
                let side = self.side(&blob, world);
                Call::Decrypt { blob, side, dry_run }
            }
            Verb::ReEncrypt => {
                let blob = self.blob(world);
                let source = self.side(&blob, world);
                let key = self.other.text(at, world);
                let key = self.fit(world, key, |kind| kind.usage == "ENCRYPT_DECRYPT");
                let algorithm = self.algorithm(world, &key);
                let context = if algorithm.is_some() { Default::default() } else { context(a) };
                Call::ReEncrypt { blob, source, destination: Side { key: Some(key), context, algorithm }, dry_run }
            }
            Verb::GenerateDataKey => {
                let (spec, bytes) = pick(DATA_KEYS, b);
                let (context, spec) = (context(a), spec.map(str::to_owned));
                Call::GenerateDataKey { key, context, spec, bytes, plain: c.is_multiple_of(2), dry_run }
            }
            Verb::GenerateDataKeyPair => Call::GenerateDataKeyPair {
                key,
                context: context(a),
                spec: pick(&["ECC_NIST_P256", "ECC_NIST_EDWARDS25519", "SM2", "ML_KEM_512"], b),
                plain: c.is_multiple_of(2),
                dry_run,
            },
            Verb::GenerateRandom => {
                Call::GenerateRandom { bytes: pick(&[Some(1), Some(32), Some(1024), None, Some(0), Some(1025)], a) }
            }
            Verb::CreateGrant => self.create_grant(world, key, dry_run),
            Verb::ListGrants => self.list_grants(world, key),
            Verb::ListRetirableGrants => Call::ListRetirableGrants { principal: self.principal(b), limit: limit(c) },
            Verb::RetireGrant => Call::RetireGrant { by: self.some_grant(world), dry_run },
            Verb::RevokeGrant => match self.some_grant(world) {
                Named::Id { key, id } => Call::RevokeGrant { key, id, dry_run },
                Named::Token(_) => Call::RevokeGrant { key, id: "0".repeat(64), dry_run },
            },
            Verb::Sign => {
                let key = self.fit(world, key, |kind| kind.usage == "SIGN_VERIFY");
                Call::Sign { message: self.message(world, &key), key, dry_run }
            }
            Verb::Verify => {
                let (key, message, signature) = self.signed(world, key, "SIGN_VERIFY");
                Call::Verify { key, message, signature, dry_run }
            }
            Verb::GenerateMac => {
                let key = self.fit(world, key, |kind| kind.usage == "GENERATE_VERIFY_MAC");
                Call::GenerateMac { key, message: self.authenticated(), dry_run }
            }
            Verb::VerifyMac => {
                let (key, message, code) = self.signed(world, key, "GENERATE_VERIFY_MAC");
                Call::VerifyMac { key, message, code, dry_run }
            }
            Verb::GetPublicKey => Call::GetPublicKey { key: self.fit(world, key, Kind::is_pair) },
            Verb::DeriveSharedSecret => {
                let key = self.fit(world, key, |kind| kind.usage == "KEY_AGREEMENT");
                let known: Vec<_> = world.cores.iter().filter_map(|core| core.public_key.clone()).collect();
                let peer = if known.is_empty() { b"no key".to_vec() } else { pick(&known, b) };
                Call::DeriveSharedSecret { key, peer, dry_run }
            }
            Verb::Encapsulate => {
                let key = self.fit(world, key, |kind| kind.usage == "ENCAPSULATE_DECAPSULATE");
                Call::Encapsulate { key, dry_run }
            }
            Verb::Decapsulate => self.decapsulate(world, key, dry_run),
            Verb::ReplicateKey => Call::ReplicateKey {
                key: self.related(world, key),
                region: pick(&["eu-west-1", "eu-west-1", "ap-southeast-2", "us-west-2", "cn-north-1"], b).to_owned(),
                description: description(a).filter(|_| c < 64),
                policy: if c % 8 == 0 { policy(b / 5) } else { Document::Default },
                tags: if c % 8 == 1 { tags(a) } else { Pairs::new() },
            },
            Verb::UpdatePrimaryRegion => {
                let key = self.related(world, key);
                let members = self.spot_of(world, &key).map(|spot| world.core(spot).members.as_slice());
                let member =
                    members.filter(|members| !members.is_empty() && c % 4 != 3).map(|members| pick(members, b));
                let region = member.map(|member| PLACES[member.at].region);
                let region = region.unwrap_or(pick(&["eu-west-1", "ap-southeast-2", "us-west-2", "cn-north-1"], b));
                Call::UpdatePrimaryRegion { key, region: region.to_owned() }
            }
            Verb::GetParametersForImport => self.parameters(world, key),
            Verb::ImportKeyMaterial => self.import(world, key),
            Verb::DeleteImportedKeyMaterial => self.delete_material(world, key),
        }
    }

    fn create_key(&self, world: &World) -> Call {
        let Self { a, b, c, .. } = *self;
        let kind = if c < 96 { &KINDS[0] } else { &KINDS[usize::from(c) % KINDS.len()] };
        let place = self.seat.place();
        // Other RSA keys would have the same few pairs.
        let is_second = kind.spec == "RSA_2048" && world.cores.iter().any(|core| core.kind == kind);
        let kind = if is_second { &KINDS[0] } else { kind };
        let kind = if kind.exists_in(place.partition) || c > 240 { kind } else { &KINDS[usize::from(c) % 5] };
        let multi_region = place.partition == "aws" && b % 4 < 2 || b == 3;
        // Material of the model is raw bytes.
        let imported = !kind.is_pair() && (b % 8 > 4 || multi_region && b % 16 > 8);
        let tags = if b < 128 { Pairs::new() } else { tags(b) };
        Call::CreateKey { description: description(a), tags, kind, imported, multi_region }
    }

    /// A key of a fitting kind, mostly; else the one that was named.
    pub fn fit(&self, world: &World, key: String, fits: impl Fn(&'static Kind) -> bool) -> String {
        let at = self.seat.at;
        let fitting: Vec<_> = world.spots(at).filter(|spot| fits(world.kind(*spot))).collect();
        if fitting.is_empty() || self.c % 8 == 7 || world.find(at, &key).is_some_and(|spot| fits(world.kind(spot))) {
            return key;
        }
        let spot = pick(&fitting, self.a);
        if self.b.is_multiple_of(2) { world.id(spot).to_owned() } else { world.arn(spot) }
    }

    /// A key of a set, mostly its primary.
    fn related(&self, world: &World, key: String) -> String {
        let at = self.seat.at;
        let sets: Vec<_> = world.spots(at).filter(|spot| world.core(*spot).multi_region).collect();
        let primaries: Vec<_> = sets.iter().copied().filter(|spot| world.core(*spot).primary == *spot).collect();
        match self.c % 8 {
            0 => key,
            1 if !sets.is_empty() => world.id(pick(&sets, self.a)).to_owned(),
            _ if !primaries.is_empty() => world.id(pick(&primaries, self.a)).to_owned(),
            _ => key,
        }
    }

    /// The algorithm of a key pair, mostly; none for other keys.
    fn algorithm(&self, world: &World, key: &str) -> Option<&'static str> {
        let kind = self.kind_of(world, key);
        match kind {
            Some(kind) if kind.usage == "ENCRYPT_DECRYPT" && kind.is_pair() && self.c < 240 => {
                Some(pick(kind.algorithms, self.c))
            }
            _ if self.c == 239 => Some("RSAES_OAEP_SHA_256"),
            _ => None,
        }
    }

    pub fn kind_of(&self, world: &World, key: &str) -> Option<&'static Kind> {
        self.spot_of(world, key).map(|spot| world.kind(spot))
    }

    pub fn spot_of(&self, world: &World, key: &str) -> Option<Spot> {
        let id = key.rsplit('/').next().unwrap_or_default();
        let alias =
            world.scopes[self.seat.at].aliases.get(key).map(|alias| Spot { at: self.seat.at, index: alias.key });
        alias.or_else(|| world.find(self.seat.at, id))
    }

    /// A ciphertext to present: mostly a recent one of the account, sometimes a damaged one or none at all.
    fn blob(&self, world: &World) -> Blob {
        let Self { a, b, .. } = *self;
        let account = self.seat.place().account;
        let own = |(_, one): &(usize, &Ciphertext)| {
            let place = PLACES[one.at];
            a >= 232 || (place.account == account && (place.region == self.seat.place().region || b % 4 == 0))
        };
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

    /// The context and key with which a blob is presented: mostly the right ones.
    fn side(&self, blob: &Blob, world: &World) -> Side {
        let origin = world.origin(blob);
        let right = origin.map(|origin| origin.context.clone()).unwrap_or_default();
        let context = if self.b % 16 == 15 { context(self.a.wrapping_add(self.b)) } else { right };
        let algorithm = origin.and_then(|origin| origin.algorithm).filter(|_| self.c < 248);
        // A related key where the caller is, if there is one.
        let spot = origin.and_then(|origin| {
            let members = &world.cores[origin.core].members;
            let here = members.iter().find(|member| member.at == self.seat.at);
            here.or_else(|| members.first()).copied()
        });
        let key = match (self.b / 16 % 8, spot) {
            (0..=2, Some(spot)) if algorithm.is_some() => Some(world.arn(spot)),
            (0..=2, _) | (3..=5, None) => None,
            (3, Some(spot)) => Some(world.arn(spot)),
            (4, Some(spot)) => Some(world.id(spot).to_owned()),
            (5, Some(spot)) => {
                let aliases = &world.scopes[spot.at].aliases;
                aliases.iter().find(|(_, alias)| alias.key == spot.index).map(|(name, _)| name.clone())
            }
            _ => Some(self.who.text(self.seat.at, world)),
        };
        Side { key, context, algorithm }
    }

    fn message(&self, world: &World, key: &str) -> Message {
        let Self { a, b, c, .. } = *self;
        let known = self.kind_of(world, key).filter(|kind| kind.usage == "SIGN_VERIFY").filter(|_| c < 240);
        let algorithm = known.map_or("ECDSA_SHA_256", |kind| pick(kind.algorithms, c));
        let kind = match algorithm {
            "ED25519_PH_SHA_512" if c < 230 => Some("DIGEST"),
            "ED25519_SHA_512" if c < 230 => pick(&[None, Some("RAW")], c / 4),
            "ML_DSA_SHAKE_256" if c < 230 => pick(&[None, Some("RAW"), Some("EXTERNAL_MU")], c / 4),
            _ => pick(&[None, Some("RAW"), Some("DIGEST"), Some("EXTERNAL_MU")], c / 4),
        };
        let length = match (kind, algorithm) {
            (Some("DIGEST" | "EXTERNAL_MU"), "ED25519_PH_SHA_512" | "ML_DSA_SHAKE_256") if a < 240 => 64,
            (Some("DIGEST"), _) if a < 240 => 32,
            _ => pick(&[1, 20, 64, 4096, 32, 33, 0, 4097], a),
        };
        Message { bytes: vec![b; length], kind, algorithm }
    }

    fn authenticated(&self) -> Message {
        let bytes = vec![self.b % 4; pick(&[1, 20, 64, 4096, 1, 20, 0, 4097], self.a)];
        let algorithm = if self.c > 235 { "HMAC_SHA_384" } else { "HMAC_SHA_256" };
        Message { bytes, kind: None, algorithm }
    }

    /// A signature or code that was made, sometimes altered, or presented to another key.
    fn signed(&self, world: &World, key: String, usage: &'static str) -> (String, Message, Vec<u8>) {
        let Self { a, b, c, .. } = *self;
        let place = self.seat.place();
        let made = world
            .signatures
            .iter()
            .filter(|one| PLACES[one.at].account == place.account && world.cores[one.core].kind.usage == usage);
        let made: Vec<_> = made.collect();
        let recent = &made[made.len().saturating_sub(16)..];
        if recent.is_empty() {
            let key = self.fit(world, key, |kind| kind.usage == usage);
            let message = if usage == "SIGN_VERIFY" { self.message(world, &key) } else { self.authenticated() };
            return (key, message, vec![a; 64]);
        }
        let one = pick(recent, a);
        let here = world.cores[one.core].members.iter().find(|member| member.at == self.seat.at);
        let key = match here {
            Some(spot) if c % 8 < 6 => world.arn(*spot),
            Some(spot) if c % 8 < 7 => world.id(*spot).to_owned(),
            _ => key,
        };
        let kind = if usage == "SIGN_VERIFY" { Some(one.kind) } else { None };
        let mut message = Message { bytes: one.message.clone(), kind, algorithm: one.algorithm };
        let mut bytes = one.bytes.clone();
        match b {
            0..=24 => bytes[0] ^= 1,
            25..=40 => bytes.truncate(bytes.len() - 1),
            41..=56 => message.bytes[0] ^= 1,
            57..=60 => bytes.clear(),
            _ => {}
        }
        (key, message, bytes)
    }

    fn decapsulate(&self, world: &World, key: String, dry_run: bool) -> Call {
        let Self { a, b, .. } = *self;
        let made: Vec<_> =
            world.secrets.iter().filter(|one| PLACES[one.at].account == self.seat.place().account).collect();
        let Some(one) = (!made.is_empty()).then(|| pick(&made, a)) else {
            let key = self.fit(world, key, |kind| kind.usage == "ENCAPSULATE_DECAPSULATE");
            return Call::Decapsulate { key, blob: vec![a; 768], dry_run };
        };
        let here = world.cores[one.core].members.iter().find(|member| member.at == self.seat.at);
        let key = here.filter(|_| b % 8 != 7).map_or(key, |spot| world.arn(*spot));
        let mut blob = one.blob.clone();
        match b {
            0..=15 => blob[0] ^= 1,
            16..=31 => blob.truncate(767),
            _ => {}
        }
        Call::Decapsulate { key, blob, dry_run }
    }
}
