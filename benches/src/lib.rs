//! What the benchmarks share: an instance as a service would use it, the same cryptography without it, and how two worlds are
//! compared.
//!
//! How to run and read them: `benches/README.md`.

mod bare;
mod facade;
mod ratio;

pub use bare::Bare;
pub use facade::{ACCOUNT, Facade, REGION, context};
pub use ratio::{Measure, print_ratios, timed};
