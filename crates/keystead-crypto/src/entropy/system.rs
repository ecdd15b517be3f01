//! The default source: keys from the operating system, nonces from a pool in user space.

use std::cell::RefCell;

use aes::Aes256Enc;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use zeroize::Zeroizing;

use super::fork::WipedOnFork;
use crate::entropy::OsEntropy;
use crate::{CryptoError, Entropy};

/// The default source.
///
/// `fill` asks the operating system, like [`OsEntropy`]. `fill_nonce` draws from a pool of the thread, which costs
/// about ten nanoseconds for a nonce. A pool holds 4,080 bytes of the AES-256-CTR key stream under a key that
/// the operating system gave for them alone and that is gone before the first of them is handed out. Bytes are wiped
/// from the pool as they are drawn: reading the memory later tells nothing about what was drawn before, and only the
/// rest of one pool about what comes after.
///
/// **Fork.** The pool lies in memory that the kernel zeroes in a forked child (`MADV_WIPEONFORK`), so parent and child
/// never draw the same byte. Where no such memory exists (Unix other than Linux, Linux before 4.14) there is no pool:
/// `fill_nonce` asks the operating system too. A process number would not do instead: a grandchild may get the
/// number of its grandparent.
///
/// **Snapshots.** A virtual machine that is snapshotted and resumed twice resumes both times with the same pools. Hosts
/// that do this use [`OsEntropy`].
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, dest: &mut [u8]) -> Result<(), CryptoError> {
        OsEntropy.fill(dest)
    }

    #[inline]
    fn fill_nonce(&self, dest: &mut [u8]) -> Result<(), CryptoError> {
        if dest.len() > LONGEST_DRAW {
            return OsEntropy.fill(dest);
        }
        // Neither a thread that is ending nor a signal handler that interrupted a draw finds a pool.
        let drawn = POOL.try_with(|pool| pool.try_borrow_mut().ok().and_then(|mut pool| pool.draw(dest)));
        match drawn {
            Ok(Some(result)) => result,
            _ => OsEntropy.fill(dest),
        }
    }
}

thread_local! {
    static POOL: RefCell<ThreadPool> = const { RefCell::new(ThreadPool::Unused) };
}

/// The pool of a thread, made when it first draws.
enum ThreadPool {
    Unused,
    Ready(Pool),
    Unavailable,
}

impl ThreadPool {
    /// `None` when there can be no pool here.
    #[inline]
    fn draw(&mut self, dest: &mut [u8]) -> Option<Result<(), CryptoError>> {
        if let Self::Unused = self {
            *self = WipedOnFork::new().map_or(Self::Unavailable, |memory| Self::Ready(Pool { memory, available: 0 }));
        }
        match self {
            Self::Ready(pool) => Some(pool.draw(dest)),
            _ => None,
        }
    }
}

/// Random bytes that are drawn from the end; `available` of them are left.
struct Pool {
    memory: WipedOnFork,
    available: usize,
}

impl Pool {
    /// A fork may happen anywhere in here, from a signal handler. The memory is marked live *before* a byte is asked of
    /// the operating system and looked at *after* the bytes were copied: if it is still live then, no fork came between.
    #[inline]
    fn draw(&mut self, dest: &mut [u8]) -> Result<(), CryptoError> {
        loop {
            if !self.memory.is_live() {
                self.available = 0;
                self.memory.set_live();
            }
            if self.available < dest.len() {
                self.refill()?;
            }
            let rest = self.available - dest.len();
            let drawn = &mut self.memory.bytes_mut()[rest..self.available];
            dest.copy_from_slice(drawn);
            drawn.fill(0);
            self.available = rest;
            if self.memory.is_live() {
                return Ok(());
            }
        }
    }

    #[cold]
    fn refill(&mut self) -> Result<(), CryptoError> {
        let mut key = Zeroizing::new([0; 32]);
        OsEntropy.fill(key.as_mut_slice())?;
        let cipher = Aes256Enc::new(Array::cast_from_core(&key));
        let (blocks, _) = Array::slice_as_chunks_mut(self.memory.bytes_mut());
        for (number, block) in (0u128..).zip(blocks.iter_mut()) {
            block.copy_from_slice(&number.to_be_bytes());
        }
        cipher.encrypt_blocks(blocks);
        self.available = blocks.len() * BLOCK_LEN;
        Ok(())
    }
}

const BLOCK_LEN: usize = 16;
/// Longer requests gain nothing from the pool.
const LONGEST_DRAW: usize = 256;
