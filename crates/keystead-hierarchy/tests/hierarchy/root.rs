//! Root keys.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use keystead_crypto::entropy::SeededEntropy;
use keystead_crypto::{
    Aead, AeadAlgorithm, CryptoError, DefaultProvider, Digest, DigestAlgorithm, Entropy, KeyPairAlgorithm, Mac,
    MacAlgorithm, PrivateKey, Provider, PublicKey, Sealer, SealingAlgorithm, SecretBytes,
};
use keystead_hierarchy::root::conformance::run;
use keystead_hierarchy::{
    EnvRootKey, EphemeralRootKey, FileRootKey, PassphraseCost, PassphraseRootKey, RawRootKey, RootKey, RootKeyError,
    RootKeyId, SealedElsewhere,
};
use tempfile::TempDir;

use crate::support::{damaged, entropy, root_key, secret};

/// Spec: OVR-18
#[test]
fn every_root_key_passes_the_suite() {
    let raw = |byte| RawRootKey::new(&secret(&[byte; 32])).unwrap();
    run(|| raw(9), || raw(10));

    let ephemeral = Arc::new(EphemeralRootKey::generate().unwrap());
    run(|| Arc::clone(&ephemeral), || EphemeralRootKey::generate().unwrap());

    let folder = TempDir::new().unwrap();
    let file = |name| FileRootKey::open_or_create(folder.path().join(name)).unwrap();
    run(|| file("root.key"), || file("other.key"));

    run(|| passphrase_key("one two three", 1), || passphrase_key("three two one", 1));
}

/// In a process of its own, for a test cannot change its environment safely.
///
/// Spec: OVR-18
#[test]
fn a_root_key_from_a_variable_passes_the_suite() {
    const NAMES: [&str; 2] = ["KEYSTEAD_TEST_ROOT_KEY", "KEYSTEAD_TEST_OTHER_ROOT_KEY"];
    if std::env::var_os(NAMES[0]).is_some() {
        let [open, other] = NAMES.map(|name| move || EnvRootKey::from_var(name).unwrap());
        return run(open, other);
    }
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "root::a_root_key_from_a_variable_passes_the_suite", "--nocapture"])
        .envs(NAMES.into_iter().zip([hex::encode([9; 32]), hex::encode([10; 32])]))
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && printed.contains("1 passed"), "{printed}");
}

/// Each kind names the root key that is needed, also when it is of another kind.
///
/// Spec: OVR-18
#[test]
fn root_keys_of_other_kinds_are_told_apart() {
    let keys: [Box<dyn RootKey>; 3] = [
        Box::new(RawRootKey::new(&secret(&[9; 32])).unwrap()),
        Box::new(EphemeralRootKey::generate().unwrap()),
        Box::new(passphrase_key("one two three", 1)),
    ];
    let elsewhere = RootKeyId::from_bytes([7; 16]);
    let foreign = SealedElsewhere { kind: 1, id: elsewhere, body: b"sealed" }.to_bytes();
    for key in &keys {
        let sealed = key.seal(b"domain key", b"aad").unwrap();
        for other in keys.iter().filter(|other| other.id() != key.id()) {
            let opened = other.open(&sealed, b"aad").unwrap_err();
            let RootKeyError::WrongKey { sealed_by, given } = opened else { panic!("{opened}") };
            assert_eq!(sealed_by, key.id().unwrap());
            assert_ne!(given, sealed_by);
        }
        let given = key.id().unwrap();
        assert_eq!(key.open(&foreign, b"aad"), Err(RootKeyError::WrongKey { sealed_by: elsewhere, given }));
        let printed = format!("{key:?}");
        assert!(!printed.contains("one two three") && !printed.contains("0909") && printed.len() < 120, "{printed}");
    }
}

/// Spec: OVR-18
#[test]
fn every_damage_to_a_sealed_value_is_noticed() {
    let key = root_key(1, entropy());
    let sealed = key.seal(b"domain key", b"aad").unwrap();
    for bytes in damaged(&sealed) {
        let error = key.open(&bytes, b"aad").unwrap_err();
        assert!(matches!(error, RootKeyError::Damaged | RootKeyError::WrongKey { .. }), "{error}");
    }
}

/// Spec: OVR-18
#[test]
fn a_root_key_has_32_bytes() {
    for len in [0, 16, 31, 33] {
        assert_eq!(RawRootKey::new(&secret(&vec![1; len])).unwrap_err(), RootKeyError::InvalidLength { len });
    }
}

/// Spec: OVR-18
#[test]
fn a_file_is_created_once_and_opens_again() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("root.key");
    assert_eq!(FileRootKey::open(&path).unwrap_err(), RootKeyError::FileMissing { path: path.clone() });

    let sealed = FileRootKey::open_or_create(&path).unwrap().seal(b"domain key", b"").unwrap();
    let written = fs::read(&path).unwrap();
    assert_eq!(written.len(), 65);
    for reopened in [FileRootKey::open(&path), FileRootKey::open_or_create(&path)] {
        assert_eq!(reopened.unwrap().open(&sealed, b"").unwrap().expose(), b"domain key");
    }

    assert_eq!(FileRootKey::create(&path).unwrap_err(), RootKeyError::FileExists { path: path.clone() });
    assert_eq!(fs::read(&path).unwrap(), written, "an existing root key was overwritten");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "a draft was left behind");
}

/// Spec: OVR-18
#[test]
fn of_many_creators_one_wins() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("root.key");
    let ids: Vec<_> = std::thread::scope(|scope| {
        let open = || FileRootKey::open_or_create(&path).unwrap().id().unwrap();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// Spec: OVR-18
#[cfg(unix)]
#[test]
fn a_file_open_to_others_is_refused() {
    use std::os::unix::fs::PermissionsExt;

    let folder = TempDir::new().unwrap();
    let path = folder.path().join("root.key");
    FileRootKey::create(&path).unwrap();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    for exposed in [0o640, 0o604, 0o620, 0o602, 0o644, 0o610] {
        fs::set_permissions(&path, fs::Permissions::from_mode(exposed)).unwrap();
        let refused = FileRootKey::open_or_create(&path).unwrap_err();
        assert_eq!(refused, RootKeyError::FileExposed { path: path.clone(), mode: exposed });
        assert!(refused.to_string().contains("chmod 600"));
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    assert!(FileRootKey::open(&path).is_ok());
}

/// Spec: OVR-18
#[test]
fn a_file_holds_64_digits_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("root.key");
    FileRootKey::create(&path).unwrap();
    let digits = "0123456789abcdef".repeat(4);
    let id = RawRootKey::new(&SecretBytes::from(hex::decode(&digits).unwrap())).unwrap().id().unwrap();
    for text in [digits.clone(), format!("{digits}\n"), format!("{digits}\r\n"), digits.to_uppercase()] {
        fs::write(&path, text).unwrap();
        assert_eq!(FileRootKey::open(&path).unwrap().id(), Ok(id));
    }
    let wrong =
        ["", "\n", &digits[1..], &format!("{digits}0"), &format!("{digits}\n\n"), &"g".repeat(64), &"0".repeat(4096)];
    for text in wrong {
        fs::write(&path, text).unwrap();
        assert_eq!(FileRootKey::open(&path).unwrap_err(), RootKeyError::FileMalformed { path: path.clone() });
    }
}

/// Spec: OVR-18
#[test]
fn a_folder_that_does_not_exist_is_an_error() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("no").join("root.key");
    assert!(matches!(FileRootKey::create(&path), Err(RootKeyError::FileAccess { .. })));
}

/// The valid values are tested beside the code, for a test cannot change its environment safely.
///
/// Spec: OVR-18
#[test]
fn a_variable_must_be_set_and_hold_a_key() {
    let name = "KEYSTEAD_TEST_VARIABLE_THAT_IS_NOT_SET";
    let missing = EnvRootKey::from_var(name).unwrap_err();
    assert_eq!(missing, RootKeyError::VariableMissing { name: name.to_owned() });

    let malformed = EnvRootKey::from_var("CARGO_MANIFEST_DIR").unwrap_err();
    assert_eq!(malformed, RootKeyError::VariableMalformed { name: "CARGO_MANIFEST_DIR".to_owned() });
    assert!(!malformed.to_string().contains(env!("CARGO_MANIFEST_DIR")), "the message shows the value");
}

/// Salt and cost travel with the sealed value.
///
/// Spec: OVR-18
#[test]
fn a_passphrase_alone_opens_again() {
    let sealed = passphrase_key("correct horse", 1).seal(b"domain key", b"aad").unwrap();
    let again = passphrase_key("correct horse", 2);
    assert_eq!(again.open(&sealed, b"aad").unwrap().expose(), b"domain key");

    let wrong = passphrase_key("correct Horse", 2).open(&sealed, b"aad").unwrap_err();
    assert!(matches!(wrong, RootKeyError::WrongKey { .. }), "{wrong}");
    // The last byte is authentication tag.
    let mut damaged = sealed.clone();
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(again.open(&damaged, b"aad"), Err(RootKeyError::Damaged));
}

/// Spec: OVR-18
#[test]
fn a_passphrase_is_stretched_once_per_salt() {
    let sealed = passphrase_key("correct horse", 1).seal(b"domain key", b"").unwrap();
    let foreign = passphrase_key("correct horse", 3).seal(b"domain key", b"").unwrap();

    let provider = Arc::new(CountingProvider::default());
    let key = PassphraseRootKey::new_with(
        secret(b"correct horse"),
        PassphraseCost::MINIMUM,
        provider.clone(),
        Arc::new(SeededEntropy::new(2)),
    )
    .unwrap();
    assert_eq!(provider.derivations(), 0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| key.open(&sealed, b"").unwrap());
        }
    });
    assert_eq!(provider.derivations(), 1);
    // What is sealed from now on bears the salt that was met first.
    let resealed = key.seal(b"domain key", b"").unwrap();
    assert_eq!(resealed[..DERIVATION_END], sealed[..DERIVATION_END]);
    key.id().unwrap();
    assert_eq!(provider.derivations(), 1);
    for _ in 0..2 {
        key.open(&foreign, b"").unwrap();
    }
    assert_eq!(provider.derivations(), 2);
}

/// Whoever can write to the store must not choose salt or cost of what is sealed later.
///
/// Spec: OVR-18
#[test]
fn only_authentic_values_of_the_same_cost_set_the_salt() {
    let cheap = passphrase_key("correct horse", 1);
    let sealed = cheap.seal(b"domain key", b"").unwrap();
    let costlier = PassphraseCost::new(20 * 1024, 2, 1).unwrap();
    let key = passphrase_key_at("correct horse", costlier, 2);
    assert_eq!(key.open(&sealed, b"").unwrap().expose(), b"domain key");
    assert_ne!(key.seal(b"domain key", b"").unwrap()[..DERIVATION_END], sealed[..DERIVATION_END]);

    let stranger = passphrase_key("another", 3).seal(b"domain key", b"").unwrap();
    let key = passphrase_key("correct horse", 4);
    assert!(key.open(&stranger, b"").is_err());
    assert_ne!(key.seal(b"domain key", b"").unwrap()[..DERIVATION_END], stranger[..DERIVATION_END]);
}

/// Spec: OVR-18
#[test]
fn forged_costs_are_refused_unpaid() {
    let key = passphrase_key("correct horse", 1);
    let sealed = key.seal(b"domain key", b"").unwrap();
    // Memory, passes and lanes begin at these offsets; all ones are 4 TiB, 4 billion passes, 4 billion lanes.
    for at in [5, 9, 13] {
        for forged in [[0xff; 4], [0; 4]] {
            let mut bytes = sealed.clone();
            bytes[at..at + 4].copy_from_slice(&forged);
            assert_eq!(key.open(&bytes, b""), Err(RootKeyError::Damaged));
        }
    }
}

/// Spec: OVR-18
#[test]
fn passphrases_and_costs_have_bounds() {
    assert_eq!(PassphraseRootKey::new(SecretBytes::default()).unwrap_err(), RootKeyError::UnfitPassphrase);
    assert_eq!(PassphraseCost::new(64 * 1024, 3, 4), Ok(PassphraseCost::RECOMMENDED));
    assert_eq!(PassphraseCost::default(), PassphraseCost::RECOMMENDED);
    let (memory, most) = (19 * 1024, 1024 * 1024);
    for (memory, passes, lanes) in [(memory, 2, 1), (most, 64, 16)] {
        assert!(PassphraseCost::new(memory, passes, lanes).is_ok());
    }
    let wrong =
        [(memory - 1, 2, 1), (most + 1, 2, 1), (memory, 1, 1), (memory, 65, 1), (memory, 2, 0), (memory, 2, 17)];
    for (memory, passes, lanes) in wrong {
        assert_eq!(PassphraseCost::new(memory, passes, lanes), Err(RootKeyError::UnfitCost));
    }
}

fn passphrase_key(passphrase: &str, seed: u64) -> PassphraseRootKey {
    passphrase_key_at(passphrase, PassphraseCost::MINIMUM, seed)
}

fn passphrase_key_at(passphrase: &str, cost: PassphraseCost, seed: u64) -> PassphraseRootKey {
    let entropy = Arc::new(SeededEntropy::new(seed));
    PassphraseRootKey::new_with(secret(passphrase.as_bytes()), cost, Arc::new(DefaultProvider), entropy).unwrap()
}

/// Counts the root keys that are made with it: each takes one sealer.
#[derive(Debug, Default)]
struct CountingProvider(AtomicUsize);

impl CountingProvider {
    fn derivations(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Provider for CountingProvider {
    fn name(&self) -> &'static str {
        "counting"
    }

    fn aead(&self, algorithm: AeadAlgorithm, key: &[u8]) -> Result<Box<dyn Aead>, CryptoError> {
        DefaultProvider.aead(algorithm, key)
    }

    fn sealer(&self, algorithm: SealingAlgorithm, key: &[u8]) -> Result<Box<dyn Sealer>, CryptoError> {
        self.0.fetch_add(1, Ordering::SeqCst);
        DefaultProvider.sealer(algorithm, key)
    }

    fn mac(&self, algorithm: MacAlgorithm, key: &[u8]) -> Result<Box<dyn Mac>, CryptoError> {
        DefaultProvider.mac(algorithm, key)
    }

    fn digest(&self, algorithm: DigestAlgorithm, parts: &[&[u8]]) -> Result<Digest, CryptoError> {
        DefaultProvider.digest(algorithm, parts)
    }

    fn encrypt_cbc(&self, key: &[u8; 32], iv: &[u8; 16], plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
        DefaultProvider.encrypt_cbc(key, iv, plaintext)
    }

    fn wrap_key(&self, kek: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
        DefaultProvider.wrap_key(kek, key)
    }

    fn unwrap_key(&self, kek: &[u8], wrapped: &[u8]) -> Result<SecretBytes, CryptoError> {
        DefaultProvider.unwrap_key(kek, wrapped)
    }

    fn generate_key_pair(
        &self,
        algorithm: KeyPairAlgorithm,
        entropy: &dyn Entropy,
    ) -> Result<Box<dyn PrivateKey>, CryptoError> {
        DefaultProvider.generate_key_pair(algorithm, entropy)
    }

    fn private_key(&self, algorithm: KeyPairAlgorithm, pkcs8: &[u8]) -> Result<Box<dyn PrivateKey>, CryptoError> {
        DefaultProvider.private_key(algorithm, pkcs8)
    }

    fn public_key(&self, algorithm: KeyPairAlgorithm, spki: &[u8]) -> Result<Box<dyn PublicKey>, CryptoError> {
        DefaultProvider.public_key(algorithm, spki)
    }
}

/// Where the salt ends: preamble, origin, three costs, salt.
const DERIVATION_END: usize = 4 + 1 + 12 + 16;
