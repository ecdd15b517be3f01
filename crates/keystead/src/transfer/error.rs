//! What can go wrong with a transfer.

use keystead_crypto::CryptoError;
use keystead_types::{AliasArn, KeyArn, Region, Timestamp};

use crate::Error;
use crate::engine;

/// Why a key was not exported or imported. Nothing has changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// The bytes are no request, or were changed on the way.
    #[error("this is not a transfer request: give the bytes that the receiver sent")]
    NotARequest,
    /// The bytes are no envelope.
    #[error("this is not the envelope of a key: give what `Kms::export_key` returned")]
    NotAnEnvelope,
    /// A newer version of Keystead made it.
    #[error("request or envelope has format {found}, and this version knows formats up to {known}: use a newer one")]
    NewerFormat {
        /// Its format version.
        found: u8,
        /// The newest that is known here.
        known: u8,
    },
    /// The request is too old.
    #[error("the transfer request has expired on {valid_to}: make another, and export the key for that")]
    Expired {
        /// Until when it could be used.
        valid_to: Timestamp,
    },
    /// The request was not made by this instance, or was used already.
    #[error(
        "the envelope is for no transfer request of this instance that is still open: make one, and export the key for that"
    )]
    UnknownRequest,
    /// The envelope was changed or cut off, or sealed for another request.
    #[error("the envelope is damaged or for another request: send it again, or export the key anew")]
    Unauthentic,
    /// The envelope is authentic, but holds what no key of this version is. Not caused by damage.
    #[error("the key in the envelope makes no sense here ({0}): use the versions of Keystead that sent it")]
    Malformed(&'static str),
    /// AWS managed keys belong to the services of their instance.
    #[error("{0} is an AWS managed key, which stays where it is: register its service at the receiver and re-encrypt")]
    AwsManaged(KeyArn),
    /// The key, or a related one, is to be deleted.
    #[error("{0} is pending deletion: cancel that before you export the key")]
    PendingDeletion(KeyArn),
    /// A multi-Region change is under way.
    #[error("{0} is being created or updated: wait until that is over")]
    Unfinished(KeyArn),
    /// Such a key cannot be in this Region of the receiver.
    #[error("Region {0} of this instance does not take the key: configure it as at the sender")]
    Region(Region),
    /// The receiver has the key, or a related one.
    #[error("{0} exists here: a key is imported once, and never replaced")]
    KeyExists(KeyArn),
    /// An alias of the key names another key at the receiver.
    #[error("{0} is taken here: delete it at one of the two instances, and import again")]
    AliasTaken(AliasArn),
    /// An exception of the API, such as a key that does not exist or a quota that is exhausted, or a fault of the instance.
    #[error(transparent)]
    Kms(#[from] Error),
}

impl From<CryptoError> for TransferError {
    fn from(error: CryptoError) -> Self {
        Self::Kms(engine::crypto(error))
    }
}
