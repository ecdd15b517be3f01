//! What the benchmarks share: an instance as a service would use it, and the same cryptography without it.
//!
//! How to run and read them: `benches/README.md`.

mod bare;
mod facade;

pub use bare::Bare;
pub use facade::{ACCOUNT, Facade, REGION, context};
