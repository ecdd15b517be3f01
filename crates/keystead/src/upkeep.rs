//! The optional thread that sweeps, and the life of an instance.

use std::fmt;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::engine::Engine;

/// An engine with its upkeep. Every `Kms` and `Client` holds it; with the last of them the thread ends, then the engine.
pub(crate) struct Instance {
    // Dropped first: the thread is gone before the engine is.
    _upkeep: Option<Upkeep>,
    engine: Arc<Engine>,
}

impl Instance {
    /// Takes over an engine, and sweeps it at intervals if there are any.
    pub(crate) fn new(engine: Engine, sweep_every: Option<Duration>) -> std::io::Result<Self> {
        let engine = Arc::new(engine);
        let upkeep = sweep_every.map(|every| Upkeep::of(&engine, every)).transpose()?;
        Ok(Self { _upkeep: upkeep, engine })
    }
}

impl Deref for Instance {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.engine
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.engine.fmt(f)
    }
}

/// A thread that sweeps at intervals, until this is dropped.
struct Upkeep {
    stop: Arc<Stop>,
    thread: Option<JoinHandle<()>>,
}

impl Upkeep {
    fn of(engine: &Arc<Engine>, every: Duration) -> std::io::Result<Self> {
        let stop = Arc::new(Stop::default());
        let (engine, signal) = (Arc::downgrade(engine), Arc::clone(&stop));
        let every = every.max(SHORTEST);
        let thread = thread::Builder::new().name("keystead-upkeep".to_owned()).spawn(move || {
            while !signal.comes_within(every) {
                sweep(&engine);
            }
        })?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Upkeep {
    fn drop(&mut self) {
        self.stop.give();
        // A sink may hold the last client and drop it during a sweep: the thread cannot wait for itself.
        if let Some(thread) = self.thread.take().filter(|thread| thread.thread().id() != thread::current().id()) {
            // Panics of sweeps are caught there.
            let _ = thread.join();
        }
    }
}

/// The sign to stop.
#[derive(Default)]
struct Stop {
    given: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    fn give(&self) {
        *self.given.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    /// Waits so long at most, and tells whether the sign was given.
    fn comes_within(&self, wait: Duration) -> bool {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = self.changed.wait_timeout_while(given, wait, |given| !*given);
        *waiting.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// One sweep. Whatever goes wrong is said and tried again.
fn sweep(engine: &Weak<Engine>) {
    let Some(engine) = engine.upgrade() else { return };
    match catch_unwind(AssertUnwindSafe(|| engine.sweep())) {
        Ok(Ok(swept)) if swept.failed > 0 => tracing::warn!(?swept, "some keys could not be brought up to date"),
        Ok(Ok(swept)) => tracing::debug!(?swept, "swept"),
        Ok(Err(error)) => tracing::error!(%error, "a sweep failed"),
        Err(_) => tracing::error!("a sweep panicked"),
    }
}

/// The shortest interval; less would keep a processor busy.
const SHORTEST: Duration = Duration::from_millis(1);
