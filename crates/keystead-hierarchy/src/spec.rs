//! What a KMS key is: spec, usage, origin, algorithms, and which of them fit together.
//!
//! The names are the API's own (chapter 50, section 4.2). The facts about each spec stand in one table.

mod names;
mod profile;
mod table;
mod wrapping;

pub use names::{
    DataKeyPairSpec, DataKeySpec, EncapsulationAlgorithm, EncryptionAlgorithm, KeyAgreementAlgorithm, KeyManager,
    KeySpec, KeyState, KeyUsage, MacAlgorithmSpec, MessageType, Origin, SigningAlgorithm, UnknownName,
};
pub use profile::Profile;
pub use table::{Algorithms, KeyKind, PLAINTEXT_LIMIT};
pub use wrapping::{WrappingAlgorithm, WrappingKeySpec};
