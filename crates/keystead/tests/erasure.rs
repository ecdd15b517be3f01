//! Secret memory is wiped before it is given back: the allocator of this test looks into every block that is freed, and
//! into those that are not (chapter 42, section B; RUL-08).
#![allow(unsafe_code, clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use common::{ACCOUNT, REGION, root_key};
use keystead::crypto::entropy::{SeededEntropy, SystemEntropy};
use keystead::crypto::{CryptoError, DefaultProvider, Entropy, Provider};
use keystead::hierarchy::spec::{WrappingAlgorithm, WrappingKeySpec};
use keystead::{CallError, Caller, Client, Clock, Kms, ManualClock, MaterialCaching};
use keystead_memory::MemoryStore;

/// Everything secret in these tests begins with one of these, so that it is known again wherever it lies.
const MARKS: [&[u8; MARK_LEN]; 3] = [GENERATED, IMPORTED, PLAINTEXT];
const GENERATED: &[u8; MARK_LEN] = b"generated secret";
const IMPORTED: &[u8; MARK_LEN] = b"imported secret.";
const PLAINTEXT: &[u8; MARK_LEN] = b"caller's secret.";
const MARK_LEN: usize = 16;

/// Spec: QUO-52
#[test]
fn the_allocator_sees_what_is_not_wiped() {
    let _alone = alone();
    let (_, leaked) = watching(|| drop(secret(PLAINTEXT).to_vec()));
    assert_eq!(leaked.len(), 1);
    let (kept, leaked) = watching(|| secret(IMPORTED).to_vec());
    assert!(leaked.is_empty() && live(IMPORTED) == 1);
    drop(kept);
    assert_eq!(live(IMPORTED), 0);
    let mut backwards = secret(GENERATED).to_vec();
    backwards.reverse();
    let (_, leaked) = watching(|| drop(backwards.clone()));
    assert_eq!(leaked.len(), 1, "numbers may be stored in the other order");
}

/// Key material, data keys, private keys and plaintexts.
///
/// Spec: QUO-52, OVR-12, KEY-99
#[test]
fn what_an_instance_gives_back_holds_no_secret() {
    for caching in [MaterialCaching::default(), MaterialCaching::Strict] {
        let _alone = alone();
        let imported = WrappedMaterial::new(caching);
        let (_, leaked) = watching(move || {
            imported.import();
            let WrappedMaterial { kms, client, key, .. } = imported;
            use_everything(&client, &key);
            kms.sweep().unwrap();
            client.delete_imported_key_material(&key).send().unwrap();
            drop((kms, client));
        });
        assert_nothing(&leaked);
    }
}

/// Spec: QUO-52
#[test]
fn unwinding_wipes_too() {
    let _alone = alone();
    let (unwound, leaked) = watching(|| {
        catch_unwind(AssertUnwindSafe(|| {
            let (_kms, client, _) = instance(MaterialCaching::default());
            let key = client.create_key().send().unwrap().key_metadata.key_id.to_string();
            let _data_key = client.generate_data_key(&key).key_spec("AES_256").send().unwrap();
            let sealed = client.encrypt(&key, secret(PLAINTEXT)).send().unwrap();
            let _opened = client.decrypt(&sealed.ciphertext_blob).send().unwrap();
            std::panic::resume_unwind(Box::new("the host gives up"));
        }))
    });
    assert!(unwound.is_err());
    assert_nothing(&leaked);
    assert_eq!(live(GENERATED) + live(PLAINTEXT), 0);
}

/// Spec: OVR-13, RUL-08
#[test]
fn strict_mode_keeps_no_material() {
    let _alone = alone();
    let imported = WrappedMaterial::new(MaterialCaching::Strict);
    let ((), leaked) = watching(|| {
        imported.import();
        assert_eq!(live(IMPORTED), 0, "after the import");
        let sealed = imported.client.encrypt(&imported.key, b"x").send().unwrap().into_inner().ciphertext_blob;
        assert_eq!(live(IMPORTED), 0, "after Encrypt");
        imported.client.decrypt(&sealed).send().unwrap();
        assert_eq!(live(IMPORTED), 0, "after Decrypt");
        imported.client.decrypt(&sealed[..sealed.len() - 1]).send().unwrap_err();
        assert_eq!(live(IMPORTED), 0, "after a failure");
    });
    assert_nothing(&leaked);
}

/// Spec: RUL-08
#[test]
fn cached_material_goes_with_the_use_of_the_key() {
    type End = fn(&WrappedMaterial) -> Result<(), CallError>;
    let ends: [(&str, End); 4] = [
        ("disable", |imported| imported.client.disable_key(&imported.key).send().map(|_| ())),
        ("delete", |imported| imported.client.schedule_key_deletion(&imported.key).send().map(|_| ())),
        ("delete material", |imported| imported.client.delete_imported_key_material(&imported.key).send().map(|_| ())),
        ("expire", |imported| {
            imported.clock.advance(Duration::from_secs(3 * 86_400));
            imported.kms.sweep().unwrap();
            Ok(())
        }),
    ];
    for (name, end) in ends {
        let _alone = alone();
        let imported = WrappedMaterial::new(MaterialCaching::default());
        let ((), leaked) = watching(|| {
            imported.import();
            imported.client.encrypt(&imported.key, b"x").send().unwrap();
            assert!(live(IMPORTED) > 0 || !keeps_key_bytes(), "nothing is cached");
            end(&imported).unwrap();
        });
        assert_eq!(live(IMPORTED), 0, "{name}");
        assert_nothing(&leaked);
    }
}

/// Whether the key schedule of AES begins with the key itself, as the instructions of the processor want it.
fn keeps_key_bytes() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("aes");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// Encryption, data keys and pairs, MACs, signatures and agreements, well and badly called.
fn use_everything(client: &Client, imported: &str) {
    let create = |spec: &str, usage: &str| {
        client.create_key().key_spec(spec).key_usage(usage).send().unwrap().key_metadata.key_id.to_string()
    };
    let symmetric = client.create_key().send().unwrap().key_metadata.key_id.to_string();
    for key in [imported, &symmetric] {
        let sealed = client.encrypt(key, secret(PLAINTEXT)).context("a", "b").send().unwrap();
        let sealed = sealed.into_inner().ciphertext_blob;
        assert_eq!(client.decrypt(&sealed).context("a", "b").send().unwrap().expose(), secret(PLAINTEXT));
        client.decrypt(&sealed).send().unwrap_err();
        client.re_encrypt(&sealed, &symmetric).source_context("a", "b").send().unwrap();
        let data_key = client.generate_data_key(key).key_spec("AES_256").send().unwrap();
        assert!(data_key.expose().starts_with(GENERATED));
        client.generate_data_key_without_plaintext(key).key_spec("AES_256").send().unwrap();
        for spec in ["ECC_NIST_P256", "ECC_SECG_P256K1", "ECC_NIST_EDWARDS25519"] {
            let pair = client.generate_data_key_pair(key).key_pair_spec(spec).send().unwrap();
            client.decrypt(&pair.private_key_ciphertext_blob).send().unwrap();
            client.generate_data_key_pair_without_plaintext(key).key_pair_spec(spec).send().unwrap();
        }
    }
    client.rotate_key_on_demand(&symmetric).send().unwrap();
    let mac = create("HMAC_256", "GENERATE_VERIFY_MAC");
    let made = client.generate_mac(&mac, secret(PLAINTEXT)).mac_algorithm("HMAC_SHA_256").send().unwrap();
    client.verify_mac(&mac, secret(PLAINTEXT), &made.mac).mac_algorithm("HMAC_SHA_256").send().unwrap();
    for (spec, algorithm) in [
        ("ECC_NIST_P256", "ECDSA_SHA_256"),
        ("ECC_SECG_P256K1", "ECDSA_SHA_256"),
        ("ECC_NIST_EDWARDS25519", "ED25519_SHA_512"),
        ("ML_DSA_44", "ML_DSA_SHAKE_256"),
    ] {
        let key = create(spec, "SIGN_VERIFY");
        let signed = client.sign(&key, b"m").signing_algorithm(algorithm).send().unwrap();
        client.verify(&key, b"m", &signed.signature).signing_algorithm(algorithm).send().unwrap();
    }
    let agreement = create("ECC_NIST_P256", "KEY_AGREEMENT");
    let public_key = client.get_public_key(&agreement).send().unwrap().into_inner().public_key;
    client.derive_shared_secret(&agreement, public_key).send().unwrap();
    assert_eq!(client.generate_random(32).send().unwrap().expose().len(), 32);
}

/// A key without material, and the material to import, wrapped before anybody looks.
struct WrappedMaterial {
    kms: Kms,
    client: Client,
    clock: Arc<ManualClock>,
    key: String,
    import_token: Vec<u8>,
    wrapped: Vec<u8>,
}

impl WrappedMaterial {
    fn new(caching: MaterialCaching) -> Self {
        let (kms, client, clock) = instance(caching);
        let key = client.create_key().origin("EXTERNAL").send().unwrap().key_metadata.key_id.to_string();
        let (algorithm, spec) = ("RSAES_OAEP_SHA_256", "RSA_2048");
        let set = client.get_parameters_for_import(&key, algorithm, spec).send().unwrap().into_inner();
        let spec: WrappingKeySpec = spec.parse().unwrap();
        let wrapping = DefaultProvider.public_key(spec.key_pair(), &set.public_key).unwrap();
        let scheme = algorithm.parse::<WrappingAlgorithm>().unwrap().scheme().unwrap();
        let wrapped = scheme.wrap(&DefaultProvider, &*wrapping, secret(IMPORTED), &SystemEntropy).unwrap();
        Self { kms, client, clock, key, import_token: set.import_token, wrapped }
    }

    /// For two days.
    fn import(&self) {
        let call = self.client.import_key_material(&self.key, &self.import_token, &self.wrapped);
        call.valid_to(self.clock.now().plus_days(2)).send().unwrap();
    }
}

fn instance(caching: MaterialCaching) -> (Kms, Client, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at("2026-01-01T00:00:00Z"));
    let entropy = Marked { inner: SeededEntropy::new(1) };
    let builder = Kms::builder().store(Arc::new(MemoryStore::new())).clock(Arc::clone(&clock)).entropy(entropy);
    let kms = builder.root_key(root_key()).material_caching(caching).build().unwrap();
    let client = kms.client(REGION, Caller::account_root(ACCOUNT).unwrap()).unwrap();
    (kms, client, clock)
}

/// The 32 bytes behind a mark, in memory that is never freed.
fn secret(mark: &[u8; MARK_LEN]) -> &'static [u8] {
    match mark {
        IMPORTED => b"imported secret.0123456789abcdef",
        GENERATED => b"generated secret0123456789abcdef",
        _ => b"caller's secret.0123456789abcdef",
    }
}

/// Marks what is drawn for keys of 32 bytes. Nonces and numbers to make primes of are not secret, or never kept as drawn.
#[derive(Debug)]
struct Marked {
    inner: SeededEntropy,
}

impl Entropy for Marked {
    fn fill(&self, dest: &mut [u8]) -> Result<(), CryptoError> {
        self.inner.fill(dest)?;
        if dest.len() == 2 * MARK_LEN {
            dest[..MARK_LEN].copy_from_slice(GENERATED);
        }
        Ok(())
    }

    fn fill_nonce(&self, dest: &mut [u8]) -> Result<(), CryptoError> {
        self.inner.fill(dest)
    }
}

/// The memory of the process is one: tests take turns.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks at what this thread frees meanwhile. Returns where blocks with a secret were freed.
fn watching<T>(work: impl FnOnce() -> T) -> (T, Vec<String>) {
    LEAKS.store(0, Ordering::SeqCst);
    WATCHING.set(true);
    let result = work();
    WATCHING.set(false);
    let found = std::mem::take(&mut *PLACES.lock().unwrap_or_else(PoisonError::into_inner));
    assert_eq!(LEAKS.load(Ordering::SeqCst) as usize, found.len());
    (result, found)
}

fn assert_nothing(leaked: &[String]) {
    assert!(leaked.is_empty(), "{} blocks with a secret were freed, the first here:\n{}", leaked.len(), leaked[0]);
}

/// How many live blocks hold the mark.
fn live(mark: &[u8; MARK_LEN]) -> usize {
    let was = WATCHING.replace(false);
    let found = BLOCKS.iter().filter(|block| {
        let (at, len) = (block.at.load(Ordering::SeqCst), block.len.load(Ordering::SeqCst));
        // SAFETY: the block is live, because no other test runs now and this thread frees nothing meanwhile.
        at > FREED && unsafe { holds(at as *const u8, len, mark) }
    });
    let found = found.count();
    WATCHING.set(was);
    found
}

/// The system allocator, remembering every block that a watched thread has, and looking into it when it is freed. Blocks
/// grow by moving, so that what is left behind is seen as well.
struct Watching;

// SAFETY: every call is passed on unchanged; what is done besides allocates only while the thread is not watched.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise about `layout` is the one that the system allocator needs.
        let block = unsafe { System.alloc(layout) };
        if WATCHING.get() && !block.is_null() && layout.size() >= MARK_LEN {
            remember(block as usize, layout.size());
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if layout.size() >= MARK_LEN {
            forget(block as usize);
            // SAFETY: the caller still owns the block, all of it.
            if WATCHING.get() && MARKS.iter().any(|mark| unsafe { holds(block, layout.size(), mark) }) {
                WATCHING.set(false);
                LEAKS.fetch_add(1, Ordering::SeqCst);
                let place = format!("{} bytes\n{}", layout.size(), Backtrace::force_capture());
                PLACES.lock().unwrap_or_else(PoisonError::into_inner).push(place);
                WATCHING.set(true);
            }
        }
        // SAFETY: `block` came from `alloc` above, which is the system allocator's.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Whether the mark lies there, in either order of bytes.
///
/// # Safety
///
/// `len` bytes from `block` on are allocated, and nobody writes to them.
unsafe fn holds(block: *const u8, len: usize, mark: &[u8; MARK_LEN]) -> bool {
    // Bytes that nobody has written yet have no value for the compiler; read as volatile they have some value.
    // SAFETY: the caller says that they are there.
    let byte = |at: usize| unsafe { block.add(at).read_volatile() };
    let (first, last) = (mark[0], mark[MARK_LEN - 1]);
    (0..(len + 1).saturating_sub(MARK_LEN)).any(|start| {
        let here = byte(start);
        (here == first && (1..MARK_LEN).all(|at| byte(start + at) == mark[at]))
            || (here == last && (1..MARK_LEN).all(|at| byte(start + at) == mark[MARK_LEN - 1 - at]))
    })
}

fn remember(at: usize, len: usize) {
    for block in from_slot_of(at) {
        let free = block.at.load(Ordering::SeqCst);
        if free <= FREED && block.at.compare_exchange(free, at, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            block.len.store(len, Ordering::SeqCst);
            return;
        }
    }
}

fn forget(at: usize) {
    for block in from_slot_of(at) {
        match block.at.load(Ordering::SeqCst) {
            NEVER_USED => return,
            other if other == at => return block.at.store(FREED, Ordering::SeqCst),
            _ => {}
        }
    }
}

/// The places where a block may be remembered, the likeliest first.
fn from_slot_of(at: usize) -> impl Iterator<Item = &'static Block> {
    let start = (at >> 4).wrapping_mul(0x9e37_79b9_7f4a_7c15) % BLOCKS.len();
    BLOCKS[start..].iter().chain(&BLOCKS[..start])
}

/// A block of memory by address and length.
struct Block {
    at: AtomicUsize,
    len: AtomicUsize,
}

const NEVER_USED: usize = 0;
const FREED: usize = 1;
static BLOCKS: [Block; 1 << 18] =
    [const { Block { at: AtomicUsize::new(NEVER_USED), len: AtomicUsize::new(0) } }; 1 << 18];
static LEAKS: AtomicU64 = AtomicU64::new(0);
static PLACES: Mutex<Vec<String>> = Mutex::new(Vec::new());

thread_local! {
    static WATCHING: Cell<bool> = const { Cell::new(false) };
}

#[global_allocator]
static ALLOCATOR: Watching = Watching;
