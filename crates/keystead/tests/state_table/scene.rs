//! Keys of every kind, in every state that such a key can have.

use std::sync::Arc;
use std::time::Duration;

use keystead::{Caller, Client, Kms, ManualClock};
use keystead_memory::MemoryStore;

use crate::attempts::{BOB, MESSAGE};
use crate::chapter::Column;
use crate::common::{ACCOUNT, copy_of, root_key};
use crate::support::Key;
use crate::support::parameters::{FOREVER, HYBRID, OAEP, ParameterSet, material_of};

/// The place of a key in a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Single,
    Primary,
    Replica,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    pub(crate) spec: &'static str,
    pub(crate) usage: &'static str,
    /// Whether its material is imported.
    pub(crate) is_external: bool,
    pub(crate) role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Enabled,
    Disabled,
    PendingDeletion,
    PendingReplicaDeletion,
    PendingImport,
    Creating,
    Updating,
}

type Use = (&'static str, &'static str);

pub(crate) const SYMMETRIC: Use = ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
pub(crate) const ENCRYPTING: Use = ("RSA_2048", "ENCRYPT_DECRYPT");
pub(crate) const SIGNING: Use = ("ECC_NIST_P256", "SIGN_VERIFY");
pub(crate) const MAC: Use = ("HMAC_256", "GENERATE_VERIFY_MAC");
pub(crate) const AGREEING: Use = ("ECC_NIST_P256", "KEY_AGREEMENT");
pub(crate) const ENCAPSULATING: Use = ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE");

/// Every kind of key that can be.
pub(crate) const KINDS: [Kind; 36] = {
    let uses = [SYMMETRIC, ENCRYPTING, SIGNING, MAC, AGREEING, ENCAPSULATING];
    let roles = [Role::Single, Role::Primary, Role::Replica];
    let mut kinds = [Kind { spec: "", usage: "", is_external: false, role: Role::Single }; 36];
    let mut at = 0;
    while at < kinds.len() {
        let (spec, usage) = uses[at / 6];
        kinds[at] = Kind { spec, usage, is_external: at % 2 == 1, role: roles[at / 2 % 3] };
        at += 1;
    }
    kinds
};

impl Kind {
    pub(crate) fn is_symmetric(&self) -> bool {
        self.spec == SYMMETRIC.0
    }

    pub(crate) fn is_asymmetric(&self) -> bool {
        !self.is_symmetric() && self.spec != MAC.0
    }

    /// The states that such a key can have (section 2 of the chapter). Primaries have a replica here.
    pub(crate) fn states(&self) -> impl Iterator<Item = State> + use<> {
        let kind = *self;
        let can_be = move |state: &State| match state {
            State::Enabled | State::Disabled => true,
            State::PendingDeletion => kind.role != Role::Primary,
            State::PendingReplicaDeletion => kind.role == Role::Primary,
            State::PendingImport => kind.is_external,
            State::Creating => kind.role == Role::Replica,
            State::Updating => kind.role != Role::Single,
        };
        State::ALL.into_iter().filter(can_be)
    }
}

impl State {
    const ALL: [Self; 7] = [
        Self::Enabled,
        Self::Disabled,
        Self::PendingDeletion,
        Self::PendingReplicaDeletion,
        Self::PendingImport,
        Self::Creating,
        Self::Updating,
    ];

    pub(crate) fn column(self) -> Column {
        match self {
            Self::Enabled => Column::Enabled,
            Self::Disabled => Column::Disabled,
            Self::PendingDeletion | Self::PendingReplicaDeletion => Column::PendingDeletion,
            Self::PendingImport => Column::PendingImport,
            Self::Creating => Column::Creating,
            Self::Updating => Column::Updating,
        }
    }

    pub(crate) fn name(self) -> String {
        format!("{self:?}")
    }
}

/// An instance with an enabled key of a kind, as it is stored.
pub(crate) struct Base {
    store: MemoryStore,
    facts: Facts,
}

/// What is known of the key and of what was made with it.
#[derive(Clone, Debug)]
struct Facts {
    kind: Kind,
    id: String,
    region: &'static str,
    /// A generated key of the same spec and usage in each Region.
    others: Vec<(&'static str, String)>,
    /// Made under the key.
    made: Vec<u8>,
    /// Made under the other key of the Region.
    foreign: Vec<u8>,
    public: Vec<u8>,
    grant: Option<String>,
    token: Vec<u8>,
    wrapped: Vec<u8>,
}

/// An instance with the key in a state, as it is stored.
pub(crate) struct Stage {
    store: MemoryStore,
    facts: Facts,
}

/// An instance of its own for one call.
pub(crate) struct Scene {
    pub(crate) kind: Kind,
    /// In the Region of the key.
    pub(crate) client: Client,
    /// In the Region of the primary.
    pub(crate) primary: Client,
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) primary_arn: String,
    pub(crate) other: String,
    pub(crate) made: Vec<u8>,
    pub(crate) foreign: Vec<u8>,
    pub(crate) public: Vec<u8>,
    pub(crate) grant: Option<String>,
    pub(crate) token: Vec<u8>,
    pub(crate) wrapped: Vec<u8>,
}

impl Base {
    pub(crate) fn new(kind: Kind) -> Self {
        let store = Arc::new(MemoryStore::new());
        let kms = open(Arc::clone(&store), Duration::ZERO);
        let home = client(&kms, HOME);
        let origin = if kind.is_external { "EXTERNAL" } else { "AWS_KMS" };
        let created = home.create_key().key_spec(kind.spec).key_usage(kind.usage).origin(origin);
        let created = created.multi_region(kind.role != Role::Single).send().unwrap();
        let id = created.key_metadata.key_id.to_string();
        let region = if kind.role == Role::Replica { EUROPE } else { HOME };
        let subject = client(&kms, region);

        let (mut token, mut wrapped) = (b"no token".to_vec(), b"nothing".to_vec());
        let import = |client: &Client| {
            let key = Key { id: id.clone(), arn: arn(client.region().as_str(), &id) };
            let wrapping = if kind.is_asymmetric() { HYBRID } else { OAEP };
            ParameterSet::of(client, &key, wrapping, "RSA_2048")
        };
        let send = |client: &Client, parameters: &ParameterSet, wrapped: &[u8], import_type: Option<&str>| {
            let call = client.import_key_material(&id, parameters.token(), wrapped).expiration_model(FOREVER);
            match import_type {
                Some(import_type) => call.import_type(import_type.to_owned()).send().unwrap(),
                None => call.send().unwrap(),
            };
        };
        let material = material_of(kind.spec.parse().unwrap(), false);
        let at_home = kind.is_external.then(|| import(&home));
        if let Some(parameters) = &at_home {
            wrapped = parameters.wrap(material.expose());
            token = parameters.token().to_vec();
            send(&home, parameters, &wrapped, None);
        }
        let mut in_europe = None;
        if kind.role != Role::Single {
            home.replicate_key(&id, EUROPE).send().unwrap();
            if kind.is_external {
                let europe = client(&kms, EUROPE);
                let parameters = import(&europe);
                let there = parameters.wrap(material.expose());
                send(&europe, &parameters, &there, None);
                if kind.role == Role::Replica {
                    (token, wrapped) = (parameters.token().to_vec(), there);
                }
                in_europe = Some((europe, parameters));
            }
        }
        // So that it can rotate.
        if let (Some(parameters), true) = (&at_home, kind.is_symmetric()) {
            send(&home, parameters, &parameters.wrap(&[9; 32]), Some("NEW_KEY_MATERIAL"));
            if let Some((europe, parameters)) = &in_europe {
                send(europe, parameters, &parameters.wrap(&[9; 32]), None);
            }
        }

        let others = [HOME, EUROPE, ASIA].map(|region| {
            let client = client(&kms, region);
            let other = client.create_key().key_spec(kind.spec).key_usage(kind.usage).send().unwrap();
            let other = other.key_metadata.key_id.to_string();
            client.create_alias("alias/other", &other).send().unwrap();
            (region, other)
        });
        subject.create_alias("alias/key", &id).send().unwrap();
        let grant = subject.create_grant(&id, BOB).operation("DescribeKey").send().unwrap().grant_id.to_string();
        let other = others.iter().find(|(of, _)| *of == region).map(|(_, other)| other.clone()).unwrap();
        let facts = Facts {
            made: make(&subject, &kind, &id),
            foreign: make(&subject, &kind, &other),
            public: subject.get_public_key(&other).send().map_or(Vec::new(), |answer| answer.public_key.clone()),
            grant: Some(grant),
            others: others.to_vec(),
            kind,
            id,
            region,
            token,
            wrapped,
        };
        Self { store: copy_of(&*store), facts }
    }

    /// The key in a state.
    pub(crate) fn bring_to(&self, state: State) -> Stage {
        let store = Arc::new(copy_of(&self.store));
        let kms = open(Arc::clone(&store), DELAY);
        let mut facts = self.facts.clone();
        let (home, subject) = (client(&kms, HOME), client(&kms, facts.region));
        let id = facts.id.clone();
        match state {
            State::Enabled => {}
            State::Disabled => drop(subject.disable_key(&id).send().unwrap()),
            State::PendingDeletion | State::PendingReplicaDeletion => {
                subject.schedule_key_deletion(&id).send().unwrap();
            }
            State::PendingImport => drop(subject.delete_imported_key_material(&id).send().unwrap()),
            State::Updating => drop(home.update_primary_region(&id, EUROPE).send().unwrap()),
            State::Creating => {
                home.replicate_key(&id, ASIA).send().unwrap();
                client(&kms, ASIA).create_alias("alias/key", &id).send().unwrap();
                facts.region = ASIA;
                let other = &facts.others[2].1;
                facts.foreign = make(&client(&kms, ASIA), &facts.kind, other);
                facts.grant = None;
            }
        }
        let stage = Stage { store: copy_of(&*store), facts };
        assert_eq!(stage.open().state(), state.name());
        stage
    }
}

impl Stage {
    /// An instance of its own, so that no call sees what another has done.
    pub(crate) fn open(&self) -> Scene {
        let kms = open(copy_of(&self.store), DELAY);
        let facts = self.facts.clone();
        let (_, other) = facts.others.into_iter().find(|(of, _)| *of == facts.region).unwrap();
        Scene {
            kind: facts.kind,
            client: client(&kms, facts.region),
            primary: client(&kms, HOME),
            arn: arn(facts.region, &facts.id),
            primary_arn: arn(HOME, &facts.id),
            id: facts.id,
            other,
            made: facts.made,
            foreign: facts.foreign,
            public: facts.public,
            grant: facts.grant,
            token: facts.token,
            wrapped: facts.wrapped,
        }
    }
}

impl Scene {
    /// As a user sees it who has no rights.
    pub(crate) fn seen_by_a_stranger(self) -> Self {
        let stranger = |client: &Client| client.with_caller(Caller::user(ACCOUNT, "mallory").unwrap()).unwrap();
        Self { client: stranger(&self.client), primary: stranger(&self.primary), ..self }
    }

    pub(crate) fn state(&self) -> String {
        let shown = self.client.describe_key(&self.id).send().unwrap().into_inner().key_metadata;
        assert_eq!(shown.enabled, shown.key_state.as_str() == "Enabled");
        shown.key_state.to_string()
    }

    /// The grant on the key, or one that nobody ever made.
    pub(crate) fn grant_id(&self) -> String {
        self.grant.clone().unwrap_or_else(|| "0".repeat(64))
    }

    /// A Region with a key of the set that is not this one.
    pub(crate) fn another_region(&self) -> &'static str {
        if self.client.region().as_str() == HOME { EUROPE } else { HOME }
    }
}

/// A ciphertext, signature, code or encapsulated secret.
fn make(client: &Client, kind: &Kind, key: &str) -> Vec<u8> {
    match (kind.spec, kind.usage) {
        SYMMETRIC => client.encrypt(key, MESSAGE).send().unwrap().ciphertext_blob.clone(),
        ENCRYPTING => client.encrypt(key, MESSAGE).encryption_algorithm(OAEP).send().unwrap().ciphertext_blob.clone(),
        SIGNING => client.sign(key, MESSAGE).signing_algorithm("ECDSA_SHA_256").send().unwrap().signature.clone(),
        MAC => client.generate_mac(key, MESSAGE).mac_algorithm("HMAC_SHA_256").send().unwrap().mac.clone(),
        ENCAPSULATING => client.encapsulate(key).send().unwrap().shared_secret_ciphertext_blob.clone(),
        _ => Vec::new(),
    }
}

fn open(store: impl keystead::store::Store, delay: Duration) -> Kms {
    let clock = Arc::new(ManualClock::at(crate::support::START));
    let builder = Kms::builder().store(store).clock(clock).root_key(root_key()).no_audit();
    builder.multi_region_delay(delay).build().unwrap()
}

fn client(kms: &Kms, region: &str) -> Client {
    kms.client(region, Caller::account_root(ACCOUNT).unwrap()).unwrap()
}

fn arn(region: &str, id: &str) -> String {
    format!("arn:aws:kms:{region}:{ACCOUNT}:key/{id}")
}

const HOME: &str = "us-east-1";
const EUROPE: &str = "eu-west-1";
const ASIA: &str = "ap-southeast-2";
/// How long phases last.
const DELAY: Duration = Duration::from_secs(60);
