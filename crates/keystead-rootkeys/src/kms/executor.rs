//! Asynchronous calls from synchronous code, wherever that runs.

use std::io;
use std::pin::Pin;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::KmsError;

/// A small runtime on a thread of its own.
///
/// The thread ends when this is dropped. The runtime lives on that thread alone: one that were dropped inside another
/// runtime would panic. It is driven between calls too, so that connections which are kept see when the peer closes them.
pub(super) struct Executor(UnboundedSender<Job>);

type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Executor {
    pub(super) fn start() -> io::Result<Self> {
        let (jobs, queue) = unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        thread::Builder::new().name("keystead-root-key".to_owned()).spawn(move || runtime.block_on(work(queue)))?;
        Ok(Self(jobs))
    }

    /// Carries out `call` on the thread, and waits for it no longer than `deadline`.
    pub(super) fn run<T: Send + 'static>(
        &self,
        call: impl Future<Output = T> + Send + 'static,
        deadline: Duration,
    ) -> Result<T, KmsError> {
        let (answer, answered) = sync_channel(1);
        let job = async move {
            // If nobody waits any more, it is too late anyway.
            let _ = answer.send(tokio::time::timeout(deadline, call).await);
        };
        self.0.send(Box::pin(job)).map_err(|_| KmsError::Thread(io::ErrorKind::BrokenPipe))?;
        // The runtime keeps the time. That it is kept here too covers a call that does not yield.
        match answered.recv_timeout(deadline.saturating_add(GRACE)) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(_)) | Err(RecvTimeoutError::Timeout) => Err(KmsError::TimedOut { after: deadline }),
            Err(RecvTimeoutError::Disconnected) => {
                Err(KmsError::Unreachable { reason: "the call has ended without an answer".to_owned() })
            }
        }
    }
}

async fn work(mut queue: UnboundedReceiver<Job>) {
    while let Some(job) = queue.recv().await {
        // Calls run side by side; one that panics ends alone.
        drop(tokio::spawn(job));
    }
}

/// How much later than the runtime the caller gives up.
const GRACE: Duration = Duration::from_secs(1);
