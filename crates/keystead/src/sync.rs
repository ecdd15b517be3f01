//! What threads share: locks, cells that are swapped, maps that are read without a lock.
//!
//! Everything that readers and writers of keys meet at comes from here and not from its crate, so that one scheduler can
//! decide who goes next. Built with `--cfg shuttle` (`scripts/interleavings`), each of these steps is a turn that
//! [Shuttle](https://docs.rs/shuttle) may give to another thread, and the protocol of commit, publication and cached
//! material is run through many thousand orders of events, each of which can be repeated.

#[cfg(not(shuttle))]
pub(crate) use {
    arc_swap::{ArcSwap, ArcSwapOption},
    std::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

#[cfg(shuttle)]
pub(crate) use {
    scheduled::{ArcSwap, ArcSwapOption, HashMap},
    shuttle::sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

/// A map that is read without a lock.
#[cfg(not(shuttle))]
pub(crate) type HashMap<K, V> = papaya::HashMap<K, V, Hasher>;

/// How resources are spread over places; one and the same in every run of a schedule.
#[cfg(not(shuttle))]
pub(crate) type Hasher = foldhash::fast::RandomState;
#[cfg(shuttle)]
pub(crate) type Hasher = foldhash::fast::FixedState;

/// The same with a turn before every step.
#[cfg(shuttle)]
mod scheduled {
    use std::hash::Hash;
    use std::sync::Arc;

    use arc_swap::Guard;
    use shuttle::sync::atomic::{AtomicU8, Ordering};

    use super::Hasher;

    /// Where the scheduler may let another thread go first.
    #[derive(Debug, Default)]
    struct Turn(AtomicU8);

    impl Turn {
        fn take(&self) {
            self.0.fetch_xor(1, Ordering::SeqCst);
        }
    }

    #[derive(Debug)]
    pub(crate) struct ArcSwap<T>(arc_swap::ArcSwap<T>, Turn);

    impl<T> ArcSwap<T> {
        pub(crate) fn new(value: Arc<T>) -> Self {
            Self(arc_swap::ArcSwap::new(value), Turn::default())
        }

        pub(crate) fn from_pointee(value: T) -> Self {
            Self::new(Arc::new(value))
        }

        pub(crate) fn load(&self) -> Guard<Arc<T>> {
            self.1.take();
            self.0.load()
        }

        pub(crate) fn store(&self, value: Arc<T>) {
            self.1.take();
            self.0.store(value);
        }

        pub(crate) fn rcu(&self, mut update: impl FnMut(&Arc<T>) -> Arc<T>) {
            loop {
                let present = Guard::into_inner(self.load());
                let next = update(&present);
                self.1.take();
                if Arc::ptr_eq(&self.0.compare_and_swap(&present, next), &present) {
                    return;
                }
            }
        }
    }

    #[derive(Debug)]
    pub(crate) struct ArcSwapOption<T>(arc_swap::ArcSwapOption<T>, Turn);

    impl<T> ArcSwapOption<T> {
        pub(crate) fn empty() -> Self {
            Self(arc_swap::ArcSwapOption::empty(), Turn::default())
        }

        pub(crate) fn load(&self) -> Guard<Option<Arc<T>>> {
            self.1.take();
            self.0.load()
        }

        pub(crate) fn store(&self, value: Option<Arc<T>>) {
            self.1.take();
            self.0.store(value);
        }
    }

    pub(crate) struct HashMap<K, V>(papaya::HashMap<K, V, Hasher>, Turn);

    impl<K, V> Default for HashMap<K, V> {
        fn default() -> Self {
            Self(papaya::HashMap::default(), Turn::default())
        }
    }

    impl<K: Hash + Eq, V> HashMap<K, V> {
        pub(crate) fn pin(&self) -> Pinned<'_, K, V> {
            Pinned(self.0.pin(), &self.1)
        }
    }

    pub(crate) struct Pinned<'m, K, V>(papaya::HashMapRef<'m, K, V, Hasher, papaya::LocalGuard<'m>>, &'m Turn);

    impl<K: Hash + Eq, V> Pinned<'_, K, V> {
        pub(crate) fn get(&self, key: &K) -> Option<&V> {
            self.1.take();
            self.0.get(key)
        }

        pub(crate) fn contains_key(&self, key: &K) -> bool {
            self.get(key).is_some()
        }

        pub(crate) fn get_or_insert(&self, key: K, value: V) -> &V {
            self.1.take();
            self.0.get_or_insert(key, value)
        }

        pub(crate) fn insert(&self, key: K, value: V) -> Option<&V> {
            self.1.take();
            self.0.insert(key, value)
        }

        pub(crate) fn remove(&self, key: &K) -> Option<&V> {
            self.1.take();
            self.0.remove(key)
        }

        pub(crate) fn remove_if(&self, key: &K, test: impl Fn(&K, &V) -> bool) -> Result<Option<(&K, &V)>, (&K, &V)> {
            self.1.take();
            self.0.remove_if(key, test)
        }
    }
}
