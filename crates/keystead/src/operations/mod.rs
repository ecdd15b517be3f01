//! The operations, grouped by what they are about. Each shows its whole meaning on a screen; what it has in common
//! with others is data in the catalogue or a step of the door.

mod aliases;
mod answers;
mod common;
mod data_key_pairs;
mod data_keys;
mod decrypt;
mod deletion;
mod encrypt;
mod grant_lists;
mod grants;
mod imports;
mod keys;
mod later;
mod lists;
mod macs;
mod policies;
mod public_keys;
mod random;
mod re_encrypt;
mod rotation;
mod secrets;
mod signatures;
mod tags;

pub use aliases::*;
pub use answers::*;
pub use data_key_pairs::*;
pub use data_keys::*;
pub use decrypt::*;
pub use deletion::*;
pub use encrypt::*;
pub use grant_lists::*;
pub use grants::*;
pub use imports::*;
pub use keys::*;
pub use later::*;
pub use lists::*;
pub use macs::*;
pub use policies::*;
pub use public_keys::*;
pub use random::*;
pub use re_encrypt::*;
pub use rotation::*;
pub use secrets::*;
pub use signatures::*;
pub use tags::*;
