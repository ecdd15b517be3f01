//! Instances with known keys, for tests that have to be reproducible (feature `testing`).
//!
//! A [`Seed`] plants keys whose IDs, aliases and material are written down beforehand. **It is for tests only**: material
//! that stands in a file is no secret, and what is planted passes no door, needs no permission and leaves no record.
//!
//! ```
//! use keystead::testing::{Seed, SeedKey};
//! use keystead::{Caller, Kms};
//!
//! let kms = Kms::in_memory();
//! let orders = SeedKey::new("1234abcd-12ab-34cd-56ef-1234567890ab")
//!     .alias("alias/orders")
//!     .material([1; 32])
//!     .material([2; 32]); // rotated once: this one encrypts, both decrypt
//! Seed::new("111122223333".parse()?, "us-east-1".parse()?).key(orders).plant(&kms)?;
//!
//! let client = kms.client("us-east-1", Caller::account_root("111122223333")?)?;
//! let sealed = client.encrypt("alias/orders", b"4111 1111 1111 1111").send()?;
//! assert_eq!(sealed.key_id.to_string(), "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! As the material is the same each time, what one instance has encrypted another one with the same seed decrypts.

mod plant;
mod seed;

pub use plant::SeedProblem;
pub use seed::{Seed, SeedError, SeedKey};
