//! AWS JSON 1.1 over HTTP.
//!
//! [`KmsService`] is a [`tower_service::Service`] for whatever HTTP stack a host has: mounted into an axum router by
//! `Router::fallback_service`, or served by [`serve`] with limits that suit it. It says who calls ([`Authentication`]), and
//! hands the call to [`protocol`](crate::protocol).
//!
//! ```no_run
//! use keystead::Kms;
//! use keystead_aws::server::{Authentication, KmsService, Limits, serve};
//! use tokio::net::TcpListener;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let service = KmsService::new(Kms::in_memory(), Authentication::none("111122223333".parse()?));
//! let listener = TcpListener::bind("127.0.0.1:8200").await?;
//! serve(listener, service, Limits::default(), std::future::pending()).await;
//! # Ok(())
//! # }
//! ```
//!
//! [`main`] is the whole of the example `server`: options, files, signals.

mod authentication;
mod command;
mod credentials;
mod listener;
mod options;
mod principal;
mod service;
mod sts;

pub use authentication::Authentication;
pub use command::{RunError, main, run};
pub use credentials::{Credentials, CredentialsError};
pub use listener::{Limits, serve};
pub use options::{Command, Durable, Options, USAGE, UsageError};
pub use principal::PrincipalError;
pub use service::{KmsService, PeerAddress};
