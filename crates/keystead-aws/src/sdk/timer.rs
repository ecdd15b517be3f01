//! Sleep for the SDK's retries and timeouts, without an executor: one thread that wakes whoever is due.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use aws_sdk_kms::config::{AsyncSleep, Sleep};

/// Sleeps in any executor, on one thread for all.
#[derive(Clone, Copy, Debug, Default)]
pub struct TimerSleep;

impl AsyncSleep for TimerSleep {
    fn sleep(&self, duration: Duration) -> Sleep {
        let Some(due) = Instant::now().checked_add(duration) else { return Sleep::new(std::future::pending()) };
        let alarm = Arc::new(Alarm::default());
        Sleep::new(poll_fn(move |context| {
            let mut waker = lock(&alarm.waker);
            if alarm.rung.load(Ordering::Acquire) || Instant::now() >= due {
                return Poll::Ready(());
            }
            let is_set = waker.is_some();
            *waker = Some(context.waker().clone());
            drop(waker);
            if !is_set {
                TIMER.set(due, Arc::downgrade(&alarm));
            }
            Poll::Pending
        }))
    }
}

#[derive(Default)]
struct Alarm {
    rung: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

struct Timer {
    alarms: Mutex<Alarms>,
    changed: Condvar,
}

struct Alarms {
    /// The earliest on top.
    heap: BinaryHeap<Reverse<Entry>>,
    is_running: bool,
}

static TIMER: Timer =
    Timer { alarms: Mutex::new(Alarms { heap: BinaryHeap::new(), is_running: false }), changed: Condvar::new() };

impl Timer {
    fn set(&'static self, due: Instant, alarm: Weak<Alarm>) {
        let mut alarms = lock(&self.alarms);
        alarms.heap.push(Reverse(Entry { due, alarm }));
        if alarms.is_running {
            self.changed.notify_one();
            return;
        }
        let thread = thread::Builder::new().name("keystead-timer".to_owned());
        alarms.is_running = thread.spawn(|| self.run()).is_ok();
    }

    /// Rings what is due; ends when nothing is set.
    fn run(&self) {
        let mut alarms = lock(&self.alarms);
        loop {
            let Some(Reverse(next)) = alarms.heap.peek() else {
                alarms.is_running = false;
                return;
            };
            let left = next.due.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                alarms = self.changed.wait_timeout(alarms, left).unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            let alarm = alarms.heap.pop().and_then(|Reverse(entry)| entry.alarm.upgrade());
            if let Some(alarm) = alarm {
                drop(alarms);
                alarm.ring();
                alarms = lock(&self.alarms);
            }
        }
    }
}

impl Alarm {
    fn ring(&self) {
        self.rung.store(true, Ordering::Release);
        if let Some(waker) = lock(&self.waker).take() {
            waker.wake();
        }
    }
}

struct Entry {
    due: Instant,
    /// Gone with its sleep; most timeouts never come.
    alarm: Weak<Alarm>,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.due.cmp(&other.due)
    }
}

/// Nothing panics under these locks, and what they guard is whole at any time.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
