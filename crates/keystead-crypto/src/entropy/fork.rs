//! Memory that a forked child finds zeroed.

pub(super) use imp::WipedOnFork;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod imp {
    use std::ptr::{self, NonNull};
    use std::slice;
    use std::sync::atomic::{AtomicU32, Ordering, compiler_fence};

    use zeroize::Zeroize;

    use super::{HEADER_LEN, MAPPING_LEN};

    /// A private mapping under `MADV_WIPEONFORK`: a live mark, then bytes. In a child all of it reads zero.
    pub(in crate::entropy) struct WipedOnFork {
        base: NonNull<u8>,
    }

    impl WipedOnFork {
        /// Maps fresh, zeroed memory; `None` when the kernel cannot promise to wipe it.
        pub(in crate::entropy) fn new() -> Option<Self> {
            // SAFETY: a new anonymous mapping at an address of the kernel's choice touches no existing memory.
            let base = unsafe {
                libc::mmap(
                    ptr::null_mut(),
                    MAPPING_LEN,
                    libc::PROT_READ | libc::PROT_WRITE,
                    libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                    -1,
                    0,
                )
            };
            if base == libc::MAP_FAILED {
                return None;
            }
            // From here on dropping `memory` unmaps.
            let memory = Self { base: NonNull::new(base.cast())? };
            // Some emulators answer success to advice they do not know. One that accepts nonsense is not believed.
            let promised = memory.advise(libc::MADV_WIPEONFORK) && !memory.advise(NONSENSE);
            // Pools have no place in a core dump either; nothing depends on it.
            memory.advise(libc::MADV_DONTDUMP);
            promised.then_some(memory)
        }

        /// Whether the memory has been marked live and not been wiped since.
        #[inline]
        pub(in crate::entropy) fn is_live(&self) -> bool {
            // Between a fork in a signal handler and the interrupted code only the compiler reorders.
            compiler_fence(Ordering::SeqCst);
            let live = self.mark().load(Ordering::Relaxed) != 0;
            compiler_fence(Ordering::SeqCst);
            live
        }

        /// Marks the memory live.
        pub(in crate::entropy) fn set_live(&mut self) {
            self.mark().store(1, Ordering::Relaxed);
            compiler_fence(Ordering::SeqCst);
        }

        /// The bytes after the mark.
        #[inline]
        pub(in crate::entropy) fn bytes_mut(&mut self) -> &mut [u8] {
            // SAFETY: the range lies inside the mapping, which is readable, writable, initialized (zeroed by the
            // kernel) and lives as long as `self`; `&mut self` makes the borrow unique, and the mark lies outside.
            unsafe { slice::from_raw_parts_mut(self.base.as_ptr().add(HEADER_LEN), MAPPING_LEN - HEADER_LEN) }
        }

        #[inline]
        fn mark(&self) -> &AtomicU32 {
            // SAFETY: the mapping starts at a page boundary, so it is aligned; its first 4 bytes are initialized and
            // reached only through this shared atomic.
            unsafe { AtomicU32::from_ptr(self.base.as_ptr().cast()) }
        }

        fn advise(&self, advice: libc::c_int) -> bool {
            // SAFETY: the range is exactly our own mapping; none of the advice used unmaps or changes bytes in this
            // process.
            unsafe { libc::madvise(self.base.as_ptr().cast(), MAPPING_LEN, advice) == 0 }
        }
    }

    impl Drop for WipedOnFork {
        fn drop(&mut self) {
            self.bytes_mut().zeroize();
            // SAFETY: the mapping was made by `new` with this length and nothing borrows from it any more.
            unsafe { libc::munmap(self.base.as_ptr().cast(), MAPPING_LEN) };
        }
    }

    const NONSENSE: libc::c_int = -1;
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
mod imp {
    /// Does not exist here: the type has no value.
    pub(in crate::entropy) enum WipedOnFork {}

    impl WipedOnFork {
        pub(in crate::entropy) fn new() -> Option<Self> {
            None
        }

        pub(in crate::entropy) fn is_live(&self) -> bool {
            match *self {}
        }

        pub(in crate::entropy) fn set_live(&mut self) {
            match *self {}
        }

        pub(in crate::entropy) fn bytes_mut(&mut self) -> &mut [u8] {
            match *self {}
        }
    }
}

#[cfg(not(unix))]
mod imp {
    use zeroize::Zeroizing;

    use super::{HEADER_LEN, MAPPING_LEN};

    /// Ordinary memory: there is no fork here.
    pub(in crate::entropy) struct WipedOnFork(Zeroizing<Box<[u8]>>);

    impl WipedOnFork {
        pub(in crate::entropy) fn new() -> Option<Self> {
            Some(Self(Zeroizing::new(vec![0; MAPPING_LEN - HEADER_LEN].into_boxed_slice())))
        }

        pub(in crate::entropy) fn is_live(&self) -> bool {
            true
        }

        pub(in crate::entropy) fn set_live(&mut self) {}

        pub(in crate::entropy) fn bytes_mut(&mut self) -> &mut [u8] {
            &mut self.0
        }
    }
}

/// One page on most machines; the kernel rounds up where pages are larger.
#[cfg_attr(all(unix, not(any(target_os = "linux", target_os = "android"))), allow(dead_code))]
const MAPPING_LEN: usize = 4096;
/// The live mark, padded to a block so that the bytes after it are whole blocks.
#[cfg_attr(all(unix, not(any(target_os = "linux", target_os = "android"))), allow(dead_code))]
const HEADER_LEN: usize = 16;
