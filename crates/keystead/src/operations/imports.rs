//! GetParametersForImport, ImportKeyMaterial, DeleteImportedKeyMaterial.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use keystead_crypto::CryptoError;
use keystead_hierarchy::MaterialId;
use keystead_hierarchy::spec::{KeyKind, Origin, WrappingAlgorithm, WrappingKeySpec};
use keystead_types::{KeyArn, Timestamp};

use super::common::{invalid_ciphertext, text};
use crate::Error;
use crate::audit::{AuditExtras, Fields};
use crate::authorize::Authorized;
use crate::client::{Call, Client};
use crate::commit::{Changes, KeyChange};
use crate::door::{CallFacts, Effect, Operation};
use crate::engine::{crypto, hierarchy};
use crate::import::{Accepted, ImportToken, NewWrappingKey, accept, note_materials, open_wrapping_key};
use crate::material;
use crate::record::{ImportedMaterial, MaterialRecord};
use crate::request::request;
use crate::response::response;
use crate::snapshot::{KeySnapshot, Material};
use crate::targets::{OneKey, Target};
use crate::value::Blob;

request! {
    /// Gives what one import needs: a public key to wrap the material under, and a token that ties the import to it.
    /// Both are good for 24 hours and for this key (chapter 32, section 4).
    ///
    /// Authorized by `kms:GetParametersForImport` on the key.
    GetParametersForImport: GET_PARAMETERS_FOR_IMPORT -> GetParametersForImportResponse {
        /// The key: key ID or key ARN.
        key_id: Cow<'a, str>,
        /// How the material will be wrapped.
        wrapping_algorithm: Cow<'a, str>,
        /// The kind of wrapping key.
        wrapping_key_spec: Cow<'a, str>,
    }
}

response! {
    /// The answer of [`GetParametersForImport`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    GetParametersForImportResponse {
        /// The key.
        key_id: KeyArn,
        /// To be sent with the wrapped material. Not secret.
        import_token: Vec<u8>,
        /// The wrapping key: SubjectPublicKeyInfo, DER.
        public_key: Vec<u8>,
        /// Until when token and wrapping key are good.
        parameters_valid_to: Timestamp,
    }
}

request! {
    /// Imports wrapped material into a key of origin `EXTERNAL`, for the first time or again (chapter 32, section 7).
    ///
    /// The first material binds the key for good: no other can be imported later, but into a symmetric encryption key as
    /// new material that waits for RotateKeyOnDemand. The host keeps the original: what is deleted or expires here can
    /// only be imported again.
    ///
    /// Related multi-Region keys take the same material, each by an import of its own: new material first the primary, then
    /// every replica (chapter 31, section 15).
    ///
    /// Authorized by `kms:ImportKeyMaterial` on the key.
    ImportKeyMaterial: IMPORT_KEY_MATERIAL -> ImportKeyMaterialResponse {
        /// The key: key ID or key ARN.
        key_id: Cow<'a, str>,
        /// The token that came with the wrapping key.
        import_token: Blob<'a>,
        /// The wrapped material.
        encrypted_key_material: Blob<'a>,
        /// When the material expires: at most 365 days ahead. Needed unless it does not expire.
        valid_to: Timestamp,
        /// `KEY_MATERIAL_EXPIRES`, the default, or `KEY_MATERIAL_DOES_NOT_EXPIRE`.
        expiration_model: Cow<'a, str>,
        /// `NEW_KEY_MATERIAL`, the default for the first import, or `EXISTING_KEY_MATERIAL`, the default afterwards. For
        /// symmetric encryption keys only.
        import_type: Cow<'a, str>,
        /// Up to 256 characters about the material; kept when absent. Not secret.
        key_material_description: Cow<'a, str>,
        /// Which of the materials of the key this is.
        key_material_id: Cow<'a, str>,
    }
}

response! {
    /// The answer of [`ImportKeyMaterial`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    ImportKeyMaterialResponse {
        /// The key.
        key_id: KeyArn,
        /// The material; for symmetric encryption keys.
        key_material_id: Option<MaterialId>,
    }
}

request! {
    /// Deletes imported material; the key waits for it to be imported again. Succeeds when there is none (chapter 32,
    /// section 8). Related keys keep theirs, but what is pending rotation goes from all of them when it goes from the
    /// primary.
    ///
    /// Authorized by `kms:DeleteImportedKeyMaterial` on the key.
    DeleteImportedKeyMaterial: DELETE_IMPORTED_KEY_MATERIAL -> DeleteImportedKeyMaterialResponse {
        /// The key: key ID or key ARN.
        key_id: Cow<'a, str>,
        /// Which of the materials of a symmetric encryption key; by default the current one.
        key_material_id: Cow<'a, str>,
    }
}

response! {
    /// The answer of [`DeleteImportedKeyMaterial`].
    #[derive(Clone, Debug, PartialEq, Eq)]
    DeleteImportedKeyMaterialResponse {
        /// The key.
        key_id: KeyArn,
        /// The material; for symmetric encryption keys that have or had one.
        key_material_id: Option<MaterialId>,
    }
}

keystead_hierarchy::api_enum! {
    /// Whether imported material expires.
    pub enum ExpirationModel("expiration model") {
        /// At a known instant.
        Expires = "KEY_MATERIAL_EXPIRES",
        /// Never.
        DoesNotExpire = "KEY_MATERIAL_DOES_NOT_EXPIRE",
    }
}

keystead_hierarchy::api_enum! {
    /// Whether imported material is new to its key.
    pub enum ImportType("import type") {
        /// It is, and will wait for RotateKeyOnDemand unless it is the first.
        New = "NEW_KEY_MATERIAL",
        /// The key had it before.
        Existing = "EXISTING_KEY_MATERIAL",
    }
}

impl Client {
    /// Gives what an import needs. See [`GetParametersForImport`].
    pub fn get_parameters_for_import<'c>(
        &'c self,
        key_id: impl Into<Cow<'c, str>>,
        wrapping_algorithm: impl Into<Cow<'c, str>>,
        wrapping_key_spec: impl Into<Cow<'c, str>>,
    ) -> Call<'c, GetParametersForImport<'c>> {
        self.call(GetParametersForImport {
            key_id: Some(key_id.into()),
            wrapping_algorithm: Some(wrapping_algorithm.into()),
            wrapping_key_spec: Some(wrapping_key_spec.into()),
            ..GetParametersForImport::new()
        })
    }

    /// Imports wrapped material. See [`ImportKeyMaterial`].
    pub fn import_key_material<'c>(
        &'c self,
        key_id: impl Into<Cow<'c, str>>,
        import_token: impl Into<Blob<'c>>,
        encrypted_key_material: impl Into<Blob<'c>>,
    ) -> Call<'c, ImportKeyMaterial<'c>> {
        self.call(ImportKeyMaterial {
            key_id: Some(key_id.into()),
            import_token: Some(import_token.into()),
            encrypted_key_material: Some(encrypted_key_material.into()),
            ..ImportKeyMaterial::new()
        })
    }

    /// Deletes imported material. See [`DeleteImportedKeyMaterial`].
    pub fn delete_imported_key_material<'c>(
        &'c self,
        key_id: impl Into<Cow<'c, str>>,
    ) -> Call<'c, DeleteImportedKeyMaterial<'c>> {
        self.call(DeleteImportedKeyMaterial { key_id: Some(key_id.into()), ..DeleteImportedKeyMaterial::new() })
    }
}

impl GetParametersForImport<'_> {
    /// Step 10: the algorithm goes with the wrapping key and with the spec of the key (IMP-13).
    fn wrapping(&self, key: &KeySnapshot) -> Result<(WrappingAlgorithm, WrappingKeySpec), Error> {
        let (algorithm, wrapping_key) = (text(&self.wrapping_algorithm), text(&self.wrapping_key_spec));
        let algorithm: WrappingAlgorithm = algorithm.parse().map_err(|_| unknown("wrapping algorithm", algorithm))?;
        let wrapping_key: WrappingKeySpec =
            wrapping_key.parse().map_err(|_| unknown("wrapping key spec", wrapping_key))?;
        let record = &key.record;
        if record.spec.may_be_wrapped(algorithm, wrapping_key, record.profile) {
            return Ok((algorithm, wrapping_key));
        }
        let message = format!(
            "Material of key spec {} cannot be imported with wrapping algorithm {algorithm} and wrapping key spec \
             {wrapping_key} in Region {}.",
            record.spec, key.arn.region
        );
        Err(Error::UnsupportedOperation(message.into()))
    }
}

impl Operation for GetParametersForImport<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = (&'p Target, WrappingAlgorithm, WrappingKeySpec)
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn capability(&self, targets: &Authorized<OneKey>, _: &CallFacts<'_>) -> Result<(), Error> {
        require_external(targets.0.snapshot())
    }

    fn prepare<'p>(
        &'p self,
        targets: &'p Authorized<OneKey>,
        _: &CallFacts<'p>,
    ) -> Result<(&'p Target, WrappingAlgorithm, WrappingKeySpec), Error> {
        let (algorithm, wrapping_key) = self.wrapping(targets.0.snapshot())?;
        Ok((&targets.0, algorithm, wrapping_key))
    }

    fn perform(
        (key, algorithm, wrapping_key): (&Target, WrappingAlgorithm, WrappingKeySpec),
        call: &CallFacts<'_>,
    ) -> Result<Effect<GetParametersForImportResponse>, Error> {
        let engine = call.engine;
        // So that sets do not pile up where nobody sweeps.
        engine.delete_expired_wrapping_keys(call.region, call.now)?;
        let provider = engine.provider.as_ref();
        let private_key = call.fresh_material(|| {
            let pair = provider.generate_key_pair(wrapping_key.key_pair(), engine.entropy.as_ref()).map_err(crypto)?;
            pair.to_pkcs8().map_err(crypto)
        })?;
        let pair = provider.trusted_private_key(wrapping_key.key_pair(), private_key.expose()).map_err(crypto)?;
        let token = ImportToken {
            key: *key.arn(),
            set: engine.random_id()?,
            algorithm,
            wrapping_key,
            valid_to: call.now.plus(PARAMETERS_LIFETIME),
        };
        let response = GetParametersForImportResponse {
            key_id: token.key,
            import_token: token.seal(engine)?,
            public_key: pair.public().spki().to_vec(),
            parameters_valid_to: token.valid_to,
        };
        let wrapping_key = NewWrappingKey::wrap(engine, call.region, &token, private_key)?;
        Ok(Effect::changing(response, Changes { wrapping_key: Some(wrapping_key), ..Changes::default() }))
    }
}

/// Material that may be imported.
pub(crate) struct Importing<'p> {
    key: &'p Target,
    accepted: Accepted,
    /// The material of the key that it is; `None` if it is new.
    known: Option<Arc<Material>>,
    description: Option<&'p str>,
    valid_to: Option<Timestamp>,
}

impl ImportKeyMaterial<'_> {
    fn expiration_model(&self) -> Result<ExpirationModel, Error> {
        match self.expiration_model.as_deref() {
            Some(name) => name.parse().map_err(|_| unknown("expiration model", name)),
            None => Ok(ExpirationModel::Expires),
        }
    }

    fn import_type(&self) -> Result<Option<ImportType>, Error> {
        let parse = |name: &str| name.parse().map_err(|_| unknown("import type", name));
        self.import_type.as_deref().map(parse).transpose()
    }

    /// The end of the material's life is ahead, but not too far (IMP-37).
    fn require_timely(&self, now: Timestamp) -> Result<(), Error> {
        match self.valid_to {
            Some(valid_to) if valid_to <= now => {
                Err(Error::Validation("The validTo date must be in the future.".into()))
            }
            Some(valid_to) if valid_to > now.plus_days(MAX_LIFETIME_DAYS) => {
                let message = format!("The validTo date must be within {MAX_LIFETIME_DAYS} days.");
                Err(Error::Validation(message.into()))
            }
            _ => Ok(()),
        }
    }

    /// Rows 6 to 9 of the order of checks: token, unwrapping, the material itself.
    fn unwrap(&self, key: &KeySnapshot, call: &CallFacts<'_>) -> Result<Accepted, Error> {
        let (engine, region) = (call.engine, call.region);
        let bytes = |member: &Option<Blob<'_>>| member.as_ref().map(|blob| blob.as_ref().to_vec()).unwrap_or_default();
        let token = ImportToken::open(engine, region, &bytes(&self.import_token))
            .filter(|token| token.key == key.arn)
            .ok_or_else(invalid_token)?;
        if token.valid_to < call.now {
            return Err(Error::ExpiredImportToken("The import token has expired; get new parameters.".into()));
        }
        let wrapping_key = open_wrapping_key(engine, region, &token)?.ok_or_else(invalid_token)?;
        let scheme = token.algorithm.scheme().ok_or_else(invalid_token)?;
        let wrapped = bytes(&self.encrypted_key_material);
        let unwrapped = scheme
            .unwrap(engine.provider.as_ref(), wrapping_key.as_ref(), &wrapped, engine.entropy.as_ref())
            .map_err(|error| match error {
                CryptoError::Unauthenticated => invalid_ciphertext(),
                other => crypto(other),
            })?;
        accept(engine, region, key, unwrapped)
    }

    /// Rows 10 and 11: which material of the key this is; `None` if it is new and may be.
    fn recognise(
        &self,
        key: &KeySnapshot,
        accepted: &Accepted,
        call: &CallFacts<'_>,
    ) -> Result<Option<Arc<Material>>, Error> {
        let known = key.materials.iter().find(|material| material.has_fingerprint(&accepted.fingerprint));
        let default = if key.materials.is_empty() { ImportType::New } else { ImportType::Existing };
        match (self.import_type()?.unwrap_or(default), known) {
            (ImportType::Existing, Some(known)) => match self.key_material_id.as_deref() {
                Some(id) if id.parse() != Ok(known.id) => Err(incorrect("is not the one that KeyMaterialId names")),
                _ => Ok(Some(Arc::clone(known))),
            },
            (ImportType::Existing, None) => Err(incorrect("is not that of the key")),
            (ImportType::New, Some(known)) if known.version > key.record.current => Ok(Some(Arc::clone(known))),
            (ImportType::New, Some(_)) => Err(incorrect("belongs to the key already")),
            (ImportType::New, None) => match key.pending_material() {
                Some(pending) => {
                    let provider = call.engine.provider.as_ref();
                    let id = MaterialId::of(provider, key.arn.key_id, &accepted.secret).map_err(hierarchy)?;
                    let message = format!(
                        "New key material (id: {id}) cannot be imported into KMS key {}, because another key material \
                         (id: {}) is pending rotation.",
                        key.arn_text, pending.id
                    );
                    Err(Error::KmsInvalidState(message.into()))
                }
                None => Ok(None),
            },
        }
    }
}

impl Operation for ImportKeyMaterial<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = Importing<'p>
    where
        Self: 'p;

    fn check(&self) -> Result<(), Error> {
        let message = match (self.expiration_model()?, self.valid_to) {
            (ExpirationModel::Expires, None) => {
                "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"
            }
            (ExpirationModel::DoesNotExpire, Some(_)) => {
                "A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE"
            }
            _ if self.import_type()? == Some(ImportType::New) && self.key_material_id.is_some() => {
                "KeyMaterialId is not valid with ImportType NEW_KEY_MATERIAL; omit it."
            }
            _ => return Ok(()),
        };
        Err(Error::Validation(message.into()))
    }

    fn wanted<'r>(&'r self, call: &CallFacts<'_>) -> Result<&'r str, Error> {
        self.require_timely(call.now)?;
        Ok(text(&self.key_id))
    }

    fn capability(&self, targets: &Authorized<OneKey>, call: &CallFacts<'_>) -> Result<(), Error> {
        let key = targets.0.snapshot();
        require_external(key)?;
        require_one_of_many(key, "ImportType", self.import_type.is_some())?;
        require_one_of_many(key, "KeyMaterialId", self.key_material_id.is_some())?;
        if self.import_type()? == Some(ImportType::New) && key.is_replica(call.now) {
            let message = format!(
                "{} is a replica key: import new material into the primary key first, then here as \
                 EXISTING_KEY_MATERIAL.",
                key.arn_text
            );
            return Err(Error::UnsupportedOperation(message.into()));
        }
        Ok(())
    }

    fn prepare<'p>(&'p self, targets: &'p Authorized<OneKey>, call: &CallFacts<'p>) -> Result<Importing<'p>, Error> {
        let key = targets.0.snapshot();
        let accepted = self.unwrap(key, call)?;
        let known = self.recognise(key, &accepted, call)?;
        let description = self.key_material_description.as_deref();
        Ok(Importing { key: &targets.0, accepted, known, description, valid_to: self.valid_to })
    }

    fn perform(importing: Importing<'_>, call: &CallFacts<'_>) -> Result<Effect<ImportKeyMaterialResponse>, Error> {
        let Importing { key, accepted, known, description, valid_to } = importing;
        let snapshot = key.snapshot();
        let mut record = snapshot.record.clone();
        let next = snapshot.materials.last().map_or(FIRST_VERSION, |last| last.version.saturating_add(1));
        let version = known.as_ref().map_or(next, |known| known.version);
        let kept = known.as_ref().and_then(|known| known.imported.as_ref()?.description.clone());
        let imported = ImportedMaterial {
            fingerprint: accepted.fingerprint,
            description: description.map(Arc::from).or(kept),
            valid_to,
        };
        let made = material::wrap(call.engine, call.region, key.arn(), &record, version, None, &accepted.secret)?;
        let material = match &known {
            Some(known) => MaterialRecord { id: known.id, rotation: known.rotation, imported: Some(imported), ..made },
            None => MaterialRecord { imported: Some(imported), ..made },
        };
        record.current = record.current.max(FIRST_VERSION);
        let others = snapshot.materials.iter().filter(|other| other.version != version).map(|other| other.noted());
        note_materials(&mut record, others.chain([(version, true, valid_to)]));

        let key_material_id = is_symmetric(snapshot).then_some(material.id);
        let change = KeyChange::update(key.held(), record);
        let changes = match known {
            Some(_) => Changes::of(KeyChange { rewritten: vec![material], ..change }),
            None => call.engine.new_imported_material(change, material, call.now)?,
        };
        let response = ImportKeyMaterialResponse { key_id: *key.arn(), key_material_id };
        Ok(recorded(response, *key.arn(), key_material_id, changes))
    }
}

impl Operation for DeleteImportedKeyMaterial<'_> {
    type Targets = OneKey;
    type Prepared<'p>
        = (&'p Target, Option<&'p Arc<Material>>)
    where
        Self: 'p;

    fn wanted<'r>(&'r self, _: &CallFacts<'_>) -> Result<&'r str, Error> {
        Ok(text(&self.key_id))
    }

    fn capability(&self, targets: &Authorized<OneKey>, _: &CallFacts<'_>) -> Result<(), Error> {
        let key = targets.0.snapshot();
        require_external(key)?;
        require_one_of_many(key, "KeyMaterialId", self.key_material_id.is_some())
    }

    fn prepare<'p>(
        &'p self,
        targets: &'p Authorized<OneKey>,
        _: &CallFacts<'p>,
    ) -> Result<(&'p Target, Option<&'p Arc<Material>>), Error> {
        let key = targets.0.snapshot();
        let material = match self.key_material_id.as_deref() {
            Some(id) => {
                let material = key.materials.iter().find(|material| id.parse() == Ok(material.id));
                Some(material.ok_or_else(|| no_such_material(key, id))?)
            }
            None => key.current_material(),
        };
        Ok((&targets.0, material))
    }

    fn perform(
        (key, material): (&Target, Option<&Arc<Material>>),
        call: &CallFacts<'_>,
    ) -> Result<Effect<DeleteImportedKeyMaterialResponse>, Error> {
        let snapshot = key.snapshot();
        let key_material_id = material.filter(|_| is_symmetric(snapshot)).map(|material| material.id);
        let response = DeleteImportedKeyMaterialResponse { key_id: *key.arn(), key_material_id };
        // A primary withdraws pending material from its set, also when it has not imported it yet itself.
        let is_replica = snapshot.is_replica(call.now);
        let is_withdrawn = |material: &Material| material.version > snapshot.record.current && !is_replica;
        let changes = match material {
            Some(material) if material.ekt.is_some() || is_withdrawn(material) => {
                call.engine.without_materials(key.held(), &[material], is_replica, call.now)?
            }
            _ => Changes::default(),
        };
        Ok(recorded(response, *key.arn(), key_material_id, changes))
    }
}

/// An effect whose record names key and material (AUD-21).
fn recorded<R>(response: R, key: KeyArn, material: Option<MaterialId>, changes: Changes) -> Effect<R> {
    let mut fields = Fields::new().with("keyId", key.to_string());
    if let Some(id) = material {
        fields.push("keyMaterialId", id.to_string());
    }
    Effect { response, changes, audit: AuditExtras { response: Some(fields), ..AuditExtras::default() } }
}

/// Step 8: the material of the key is imported.
fn require_external(key: &KeySnapshot) -> Result<(), Error> {
    if key.record.origin == Origin::External {
        return Ok(());
    }
    let message = format!("{} origin is {} which is not valid for this operation.", key.arn_text, key.record.origin);
    Err(Error::UnsupportedOperation(message.into()))
}

/// Step 8: members about one of several materials fit keys that can have several (RUL-28).
fn require_one_of_many(key: &KeySnapshot, member: &str, given: bool) -> Result<(), Error> {
    if !given || is_symmetric(key) {
        return Ok(());
    }
    let message = format!("{member} is valid for symmetric encryption keys only; {} is not one.", key.arn_text);
    Err(Error::UnsupportedOperation(message.into()))
}

fn is_symmetric(key: &KeySnapshot) -> bool {
    key.record.spec.kind() == KeyKind::SymmetricEncryption
}

fn invalid_token() -> Error {
    Error::InvalidImportToken("The import token is not one for this key; get new parameters.".into())
}

fn incorrect(what: &str) -> Error {
    Error::IncorrectKeyMaterial(format!("The imported material {what}.").into())
}

fn no_such_material(key: &KeySnapshot, id: &str) -> Error {
    Error::NotFound(format!("Key material {id} of {} is not found.", key.arn_text).into())
}

/// The shape step has compared the name with the enumeration already.
fn unknown(what: &str, name: &str) -> Error {
    Error::Validation(format!("Unknown {what} {name}").into())
}

/// How long a parameter set is good (IMP-16).
const PARAMETERS_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// How long imported material may live, unless for ever (IMP-37).
const MAX_LIFETIME_DAYS: u32 = 365;
const FIRST_VERSION: u32 = 1;
