//! The server as a program.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::future::Future;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use keystead::hierarchy::{FileRootKey, RootKeyError};
use keystead::testing::{Seed, SeedError};
use keystead::{BuildError, JsonLinesSink, Kms};
use keystead_redb::{OpenError, RedbStore};
use tokio::net::TcpListener;

use super::authentication::Authentication;
use super::credentials::{Credentials, CredentialsError};
use super::listener::{Limits, serve};
use super::options::{Command, Durable, Options, USAGE, UsageError};
use super::service::KmsService;

/// Runs the server that a command line describes, until SIGTERM or SIGINT. Usage errors end with status 2, others with 1.
pub fn main(arguments: impl IntoIterator<Item = impl Into<OsString>>) -> ExitCode {
    let options = match Command::parse(arguments) {
        Ok(Command::Serve(options)) => options,
        Ok(Command::Help) => return say(&mut io::stdout(), USAGE, ExitCode::SUCCESS),
        Err(error) => return say(&mut io::stderr(), &format!("{error}\nTry `--help`.\n"), ExitCode::from(2)),
    };
    let ready = |address| {
        let _ = writeln!(io::stdout(), "listening on http://{address}").and_then(|()| io::stdout().flush());
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return say(&mut io::stderr(), &format!("no runtime: {error}\n"), ExitCode::FAILURE),
    };
    match runtime.block_on(async { run(&options, ready, signalled()).await }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let status = if error.is_usage() { ExitCode::from(2) } else { ExitCode::FAILURE };
            say(&mut io::stderr(), &format!("{error}\n"), status)
        }
    }
}

/// Why a server cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The options contradict each other.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// The credentials cannot be used.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The seed cannot be used.
    #[error("`{path}`: {error}")]
    Seed {
        /// The seed file.
        path: PathBuf,
        /// Why.
        #[source]
        error: SeedError,
    },
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The root key cannot be used.
    #[error(transparent)]
    RootKey(#[from] RootKeyError),
    /// A file cannot be opened.
    #[error("cannot open `{path}`: {error}")]
    Open {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// Nobody can listen there.
    #[error("cannot listen on `{address}`: {error}; choose another address with `--listen`")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// The instance cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
}

impl RunError {
    /// Whether the user can mend it by other options or files.
    pub fn is_usage(&self) -> bool {
        !matches!(self, Self::Build(_))
    }
}

/// Serves as `options` say, until `shutdown` is ready; tells `ready` where, once it does.
///
/// # Errors
/// [`RunError`], before anything was served.
pub async fn run(
    options: &Options,
    ready: impl FnOnce(SocketAddr),
    shutdown: impl Future<Output = ()>,
) -> Result<(), RunError> {
    let authentication = match &options.credentials {
        Some(path) => Authentication::SigV4(Credentials::read(path)?),
        None => Authentication::none(options.account),
    };
    let maker = Maker::of(options)?;
    let mut service = KmsService::new(maker.make()?, authentication).default_region(options.region);
    if options.allow_reset {
        service = service.allow_reset(move || maker.make());
    }
    let refused = |error| RunError::Listen { address: options.listen, error };
    let listener = TcpListener::bind(options.listen).await.map_err(refused)?;
    ready(listener.local_addr().map_err(refused)?);
    let sweeping = tokio::spawn(sweep(service.clone()));
    serve(listener, service, Limits::default(), shutdown).await;
    sweeping.abort();
    Ok(())
}

/// Makes instances as the options say.
struct Maker {
    audit: Option<PathBuf>,
    seed: Option<(PathBuf, Seed)>,
    store: Option<Durable>,
}

impl Maker {
    fn of(options: &Options) -> Result<Self, RunError> {
        let seed = match &options.seed {
            Some(path) => {
                let text =
                    std::fs::read_to_string(path).map_err(|error| RunError::Open { path: path.clone(), error })?;
                let seed = Seed::from_toml_in(&text, options.account, options.region)
                    .map_err(|error| RunError::Seed { path: path.clone(), error })?;
                Some((path.clone(), seed))
            }
            None => None,
        };
        Ok(Self { audit: options.audit.clone(), seed, store: options.store.clone() })
    }

    fn make(&self) -> Result<Kms, RunError> {
        let mut builder = Kms::builder();
        builder = match &self.audit {
            Some(path) => {
                let file = OpenOptions::new().append(true).create(true).open(path);
                let file = file.map_err(|error| RunError::Open { path: path.clone(), error })?;
                builder.audit_sink(JsonLinesSink::new(file))
            }
            None => builder.no_audit(),
        };
        if let Some(Durable { path, root_key }) = &self.store {
            // A root key that is missing while its store is there was lost or mistyped: another one is no help.
            let root_key = match path.try_exists() {
                Ok(false) => FileRootKey::open_or_create(root_key)?,
                _ => FileRootKey::open(root_key)?,
            };
            builder = builder.store(RedbStore::open(path)?).root_key(root_key);
        }
        let kms = builder.build()?;
        if let Some((path, seed)) = &self.seed {
            seed.plant(&kms).map_err(|error| RunError::Seed { path: path.clone(), error })?;
        }
        Ok(kms)
    }
}

/// Makes what is due happen, also to keys that nobody uses.
async fn sweep(service: KmsService) {
    loop {
        tokio::time::sleep(SWEEP_INTERVAL).await;
        let kms = service.kms();
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || kms.sweep()).await {
            tracing::error!(%error, "maintenance failed");
        }
    }
}

/// Is ready when the process is asked to end. Listens for that from now on.
#[cfg(unix)]
fn signalled() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut signals = [SignalKind::terminate(), SignalKind::interrupt()].map(|kind| signal(kind).ok());
    std::future::poll_fn(move |context| {
        let is_sent = |signal: &mut tokio::signal::unix::Signal| signal.poll_recv(context).is_ready();
        let sent = signals.iter_mut().flatten().map(is_sent).fold(false, |one, other| one | other);
        if sent { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
}

/// Is ready when the process is asked to end.
#[cfg(not(unix))]
async fn signalled() {
    let _ = tokio::signal::ctrl_c().await;
}

fn say(to: &mut impl Write, text: &str, status: ExitCode) -> ExitCode {
    let _ = to.write_all(text.as_bytes());
    status
}

const SWEEP_INTERVAL: Duration = Duration::from_secs(60);
