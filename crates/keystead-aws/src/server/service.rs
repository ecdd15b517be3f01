//! The service: a request in, an answer out.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::request::Parts;
use http::{HeaderName, Method, Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full, Limited};
use keystead::{Client, Clock, Kms, Region, SystemClock};
use tokio::sync::Semaphore;

use super::authentication::{Authenticated, Authentication, may_be_of_web_page};
use super::options::Options;
use super::sts;
use crate::protocol::{self, MAX_BODY_BYTES, Reply, TARGET_HEADER};
use crate::sigv4::SignatureError;

/// Answers the calls of one [`Kms`] over HTTP: any number of Regions, accounts and callers. Cheap to clone; set it up
/// before.
///
/// It speaks AWS JSON 1.1 for KMS and, of STS, `GetCallerIdentity`. It never fails; what goes wrong is an answer. Calls
/// that may take long run on tokio's blocking threads, so it needs a tokio runtime around it.
///
/// Whoever serves it puts the caller's [`PeerAddress`] into the extensions of the request, as [`serve`](super::serve)
/// does; without it `aws:SourceIp` is absent.
#[derive(Clone)]
pub struct KmsService(Arc<Inner>);

/// From where a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddress(pub SocketAddr);

/// Makes a new, empty instance.
type Reset = dyn Fn() -> Result<Kms, Box<dyn std::error::Error + Send + Sync>> + Send + Sync;

struct Inner {
    kms: ArcSwap<Kms>,
    authentication: Authentication,
    clock: Arc<dyn Clock>,
    default_region: Region,
    reset: Option<Box<Reset>>,
    /// Slow calls beyond these wait for their turn, not on a thread.
    slow: Semaphore,
}

impl KmsService {
    /// A service over `kms` for whom `authentication` believes.
    pub fn new(kms: Kms, authentication: Authentication) -> Self {
        let slow = std::thread::available_parallelism().map_or(1, |cores| cores.get());
        Self(Arc::new(Inner {
            kms: ArcSwap::from_pointee(kms),
            authentication,
            clock: Arc::new(SystemClock),
            default_region: Options::default().region,
            reset: None,
            slow: Semaphore::new(slow),
        }))
    }

    /// The Region of requests that name none, because they are not signed; by default `us-east-1`.
    #[must_use]
    pub fn default_region(self, region: Region) -> Self {
        self.with(|inner| inner.default_region = region)
    }

    /// The clock by which signatures are judged; by default that of the operating system. Instances have their own.
    #[must_use]
    pub fn clock<C: Clock>(self, clock: Arc<C>) -> Self {
        self.with(|inner| inner.clock = clock)
    }

    /// Lets anybody replace the instance by one that `make` makes, by `POST /reset`: for test suites only.
    #[must_use]
    pub fn allow_reset<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
        self,
        make: impl Fn() -> Result<Kms, E> + Send + Sync + 'static,
    ) -> Self {
        self.with(|inner| inner.reset = Some(Box::new(move || make().map_err(Into::into))))
    }

    /// The instance that answers now.
    pub fn kms(&self) -> Arc<Kms> {
        self.0.kms.load_full()
    }

    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        // A service that is set up has not been cloned; if it was, the clones keep what they have.
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            change(inner);
        }
        self
    }
}

impl<B> tower_service::Service<Request<B>> for KmsService
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let inner = Arc::clone(&self.0);
        Box::pin(async move { Ok(inner.answer(request).await) })
    }
}

/// What a request wants.
enum Wanted {
    Kms { target: String },
    Sts,
    Reset,
}

impl Inner {
    async fn answer<B>(self: Arc<Self>, request: Request<B>) -> Response<Full<Bytes>>
    where
        B: Body,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        let is_unproven = !self.authentication.is_verified() || parts.uri.path() == RESET;
        if is_unproven && may_be_of_web_page(&parts) {
            let message = "requests that need no signature are refused if a web page may have sent them";
            return respond(Reply { status: 403, ..protocol::error_reply("AccessDeniedException", message) });
        }
        // Before anything is refused: a connection with an unread body could not be used again.
        let body = match read(body).await {
            Ok(body) => body,
            Err(refusal) => return respond(refusal),
        };
        let wanted = match self.wanted(&parts) {
            Ok(wanted) => wanted,
            Err(refusal) => return respond(refusal),
        };
        match wanted {
            Wanted::Kms { target } => respond(self.call(parts, target, body).await),
            Wanted::Sts => self.identify(&parts, &body),
            Wanted::Reset => respond(self.reset()),
        }
    }

    /// Which protocol a request speaks; one that speaks none is an unknown operation (API-010).
    fn wanted(&self, parts: &Parts) -> Result<Wanted, Reply> {
        let unknown = || protocol::error_reply("UnknownOperationException", "");
        match (&parts.method, parts.uri.path()) {
            (&Method::POST, "/") => {}
            (&Method::POST, RESET) if self.reset.is_some() => return Ok(Wanted::Reset),
            _ => return Err(Reply { status: 404, ..unknown() }),
        }
        let content_type = text(parts, &CONTENT_TYPE);
        if content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(FORM) {
            return Ok(Wanted::Sts);
        }
        let target = parts.headers.get(TARGET_HEADER).and_then(|target| target.to_str().ok());
        match target {
            Some(target) if protocol::is_content_type(content_type) => Ok(Wanted::Kms { target: target.to_owned() }),
            _ => Err(unknown()),
        }
    }

    async fn call(&self, parts: Parts, target: String, body: Bytes) -> Reply {
        let client = match self.authenticate(&parts, &body, "kms") {
            Ok((client, _)) => client,
            Err(cause) => return protocol::error_reply(cause.json_code(), &cause.to_string()),
        };
        if !protocol::may_block(&target, &body) {
            return guarded(|| protocol::handle(&client, &target, &body));
        }
        let _turn = self.slow.acquire().await;
        let slow = tokio::task::spawn_blocking(move || guarded(|| protocol::handle(&client, &target, &body)));
        slow.await.unwrap_or_else(|_| failure())
    }

    fn identify(&self, parts: &Parts, form: &[u8]) -> Response<Full<Bytes>> {
        match self.authenticate(parts, form, "sts") {
            Ok((client, user_id)) => sts::handle(&client, &user_id, form),
            Err(cause) => sts::refused(&cause),
        }
    }

    fn reset(&self) -> Reply {
        let Some(make) = &self.reset else { return failure() };
        match make() {
            Ok(kms) => {
                self.kms.store(Arc::new(kms));
                Reply { status: 200, error_type: None, body: b"{}".to_vec(), ..protocol::error_reply("", "") }
            }
            Err(error) => {
                tracing::error!(%error, "the instance could not be made anew");
                failure()
            }
        }
    }

    /// A client of the caller in the Region that the request is for.
    fn authenticate(&self, parts: &Parts, body: &[u8], service: &str) -> Result<(Client, String), SignatureError> {
        let Authenticated { mut caller, user_id, region } =
            self.authentication.of(parts, body, service, self.clock.now())?;
        if let Some(PeerAddress(peer)) = parts.extensions.get() {
            caller = caller.source_ip(peer.ip().to_canonical());
        }
        let agent = text(parts, &USER_AGENT);
        if !agent.is_empty() {
            caller = caller.user_agent(agent);
        }
        let region = region.as_deref().unwrap_or(self.default_region.as_str());
        let client = self.kms.load().client(region, caller).map_err(|error| {
            tracing::debug!(%error, "no client for the credential scope");
            SignatureError::OutOfScope(format!("Credential should be scoped to a valid Region, not '{region}'."))
        })?;
        Ok((client, user_id))
    }
}

impl fmt::Debug for KmsService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KmsService").field("authentication", &self.0.authentication).finish_non_exhaustive()
    }
}

/// Reads a body to its end, but not for ever.
async fn read<B>(body: B) -> Result<Bytes, Reply>
where
    B: Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    match tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, MAX_BODY_BYTES).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            Err(protocol::error_reply("RequestEntityTooLargeException", ""))
        }
        Ok(Err(_)) => Err(protocol::error_reply("SerializationException", "the body ended early")),
        Err(_) => Err(Reply { status: 408, ..protocol::error_reply("RequestTimeoutException", "") }),
    }
}

/// A bug in one call is no reason to drop the connection of others.
fn guarded(call: impl FnOnce() -> Reply) -> Reply {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| failure())
}

fn failure() -> Reply {
    protocol::error_reply("InternalFailure", "")
}

fn respond(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers() {
        response = response.header(name, value);
    }
    // Status and headers are valid.
    response.body(Full::from(reply.body)).unwrap_or_default()
}

fn text<'p>(parts: &'p Parts, name: &HeaderName) -> &'p str {
    parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The path at which test suites begin anew.
const RESET: &str = "/reset";
const FORM: &str = "application/x-www-form-urlencoded";
/// How long a client may take to send a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
