//! The listener: connections, and the limits that keep one client from being a burden to the others.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower_service::Service;

use super::service::{KmsService, PeerAddress};

/// What [`serve`] grants its clients. Bodies are limited by the service itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Connections at one time; further ones wait to be accepted. 1,024 by default.
    pub connections: usize,
    /// Headers of one request; 64 by default.
    pub headers: usize,
    /// Bytes of all headers of one request; 32 KiB by default, at least 8 KiB.
    pub header_bytes: usize,
    /// How long a client may take to send all headers of a request, and leave a connection idle; 30 s by default.
    pub header_timeout: Duration,
    /// How long requests may take that are running when the server shuts down; 10 s by default.
    pub shutdown_grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            headers: 64,
            header_bytes: 32 * 1024,
            header_timeout: Duration::from_secs(30),
            shutdown_grace: Duration::from_secs(10),
        }
    }
}

/// Serves HTTP/1.1 until `shutdown` is ready; then lets running requests finish.
pub async fn serve(listener: TcpListener, service: KmsService, limits: Limits, shutdown: impl Future<Output = ()>) {
    let connections = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(limits.connections));
    let http = http(&limits);
    let accept = async {
        loop {
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
            let Some((stream, peer)) = accept(&listener).await else { continue };
            let service = TowerToHyperService::new(From { service: service.clone(), peer });
            let connection = connections.watch(http.serve_connection(TokioIo::new(stream), service));
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection ended early");
                }
                drop(slot);
            });
        }
    };
    tokio::select! {
        () = accept => {}
        () = shutdown => {}
    }
    drop(listener);
    if tokio::time::timeout(limits.shutdown_grace, connections.shutdown()).await.is_err() {
        tracing::warn!("some requests were still running when the server ended");
    }
}

fn http(limits: &Limits) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_headers(limits.headers)
        .max_buf_size(limits.header_bytes.max(SMALLEST_BUFFER));
    http
}

async fn accept(listener: &TcpListener) -> Option<(TcpStream, PeerAddress)> {
    match listener.accept().await {
        Ok((stream, peer)) => {
            // Answers are small; without this they would wait for acknowledgements.
            let _ = stream.set_nodelay(true);
            Some((stream, PeerAddress(peer)))
        }
        Err(error) => {
            // Out of file descriptors, or the client has gone again: nothing that trying at once would mend.
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

/// The service, for requests of one peer.
#[derive(Clone)]
struct From {
    service: KmsService,
    peer: PeerAddress,
}

impl<B> Service<http::Request<B>> for From
where
    KmsService: Service<http::Request<B>>,
{
    type Response = <KmsService as Service<http::Request<B>>>::Response;
    type Error = <KmsService as Service<http::Request<B>>>::Error;
    type Future = <KmsService as Service<http::Request<B>>>::Future;

    fn poll_ready(&mut self, context: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        request.extensions_mut().insert(self.peer);
        self.service.call(request)
    }
}

/// What hyper asks for.
const SMALLEST_BUFFER: usize = 8 * 1024;
