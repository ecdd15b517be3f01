//! The list of topics, and the macros that go through it.

/// Makes a `#[test]` of each topic of the suite, for the store that an expression of type `Fn() -> impl Store` makes.
///
/// The expression is evaluated once in each test, so it may own what its stores need:
///
/// ```text
/// keystead_store::conformance_tests!(MemoryStore::new);
///
/// keystead_store::conformance_tests!({
///     let (folder, count) = (tempfile::tempdir().unwrap(), AtomicU32::new(0));
///     move || FileStore::create(folder.path().join(count.fetch_add(1, Relaxed).to_string())).unwrap()
/// });
/// ```
#[macro_export]
macro_rules! conformance_tests {
    ($new_store:expr) => {
        $crate::__conformance_topics!([$crate::__conformance_make_tests] $new_store);
    };
}

/// The list of topics, handed to a macro.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_topics {
    ([$($callback:tt)+] $new_store:expr) => {
        $($callback)+! {
            $new_store;
            empty_store reads uninterpreted_bytes scans pagination snapshots
            atomicity preconditions invalid_batches revisions
            visibility whole_batches lasting_snapshots concurrent_increments concurrent_creations
            independent_commits crossed_checks concurrent_deletions
            long_scans large_batches random_histories
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_make_tests {
    ($new_store:expr; $($topic:ident)*) => {
        $(
            #[test]
            fn $topic() {
                $crate::conformance::$topic(&$new_store);
            }
        )*
    };
}
