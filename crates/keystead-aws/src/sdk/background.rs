//! Work that would hold up an executor, on a few threads of its own.

use std::collections::VecDeque;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

/// Carries out `work` on another thread. The promise is fulfilled with its result, or with `None` if it panics.
pub(super) fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Promise<T> {
    let promise = Promise::new();
    let answer = promise.clone();
    WORKERS.push(Box::new(move || answer.fulfil(catch_unwind(AssertUnwindSafe(work)).ok())));
    promise
}

/// A value that another thread will give.
pub(super) struct Promise<T>(Arc<Mutex<State<T>>>);

enum State<T> {
    Open(Option<Waker>),
    Fulfilled(Option<T>),
}

impl<T> Promise<T> {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(State::Open(None))))
    }

    fn fulfil(&self, value: Option<T>) {
        let before = std::mem::replace(&mut *lock(&self.0), State::Fulfilled(value));
        if let State::Open(Some(waker)) = before {
            waker.wake();
        }
    }
}

impl<T> Clone for Promise<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Future for Promise<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        match &mut *lock(&self.0) {
            State::Fulfilled(value) => Poll::Ready(value.take()),
            State::Open(waker) => {
                *waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// Threads that are started when there is work, and end when there is none.
struct Workers {
    queue: Mutex<Queue>,
    filled: Condvar,
}

struct Queue {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
}

static WORKERS: Workers =
    Workers { queue: Mutex::new(Queue { jobs: VecDeque::new(), threads: 0, idle: 0 }), filled: Condvar::new() };

impl Workers {
    fn push(&'static self, job: Job) {
        let mut queue = lock(&self.queue);
        queue.jobs.push_back(job);
        if queue.idle >= queue.jobs.len() || queue.threads >= MAX_THREADS {
            self.filled.notify_one();
            return;
        }
        queue.threads += 1;
        drop(queue);
        let thread = thread::Builder::new().name("keystead-aws".to_owned());
        if thread.spawn(|| self.work()).is_err() {
            // No thread is to be had: a job is done here, late rather than never.
            let mut queue = lock(&self.queue);
            queue.threads -= 1;
            let job = queue.jobs.pop_front();
            drop(queue);
            if let Some(job) = job {
                job();
            }
        }
    }

    fn work(&self) {
        let mut queue = lock(&self.queue);
        loop {
            if let Some(job) = queue.jobs.pop_front() {
                drop(queue);
                job();
                queue = lock(&self.queue);
                continue;
            }
            queue.idle += 1;
            let waited = self.filled.wait_timeout(queue, PATIENCE).unwrap_or_else(PoisonError::into_inner);
            queue = waited.0;
            queue.idle -= 1;
            if queue.jobs.is_empty() && waited.1.timed_out() {
                queue.threads -= 1;
                return;
            }
        }
    }
}

/// Nothing panics under these locks, and what they guard is whole at any time.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The generation of RSA keys is all computation: more threads than this make nothing quicker on usual machines.
const MAX_THREADS: usize = 4;
/// How long a thread waits for more work.
const PATIENCE: Duration = Duration::from_secs(5);
