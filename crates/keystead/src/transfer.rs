//! One key from one instance to another, sealed so that only the receiving instance opens it (MRK-02).
//!
//! The receiver makes a [`TransferRequest`], the sender seals the key for it with [`Kms::export_key`], the receiver takes it over
//! with [`Kms::import_key`]. Key material leaves the hierarchy of the one and enters that of the other inside the library:
//! no host sees it on the way (OVR-04). `docs/formats/transfer.md` has every byte.

mod contents;
mod error;
mod exporting;
mod importing;
mod key;
mod seal;
#[cfg(test)]
mod tests;
mod wire;

use std::fmt;

use keystead_types::{KeyArn, Region, Timestamp};

use crate::Error;
use crate::kms::Kms;

pub use error::TransferError;
pub(crate) use key::TransferKeyChange;

impl Kms {
    /// Asks for a key of another instance: makes a key pair for one transfer, whose private half stays in the store of this
    /// one, in `region`. It serves once, for a key of any Region, and expires after 24 hours.
    ///
    /// The request is not secret, but **whoever puts another in its place receives the key**: bring it to the sender by a way that
    /// you trust, or compare its [fingerprint](TransferRequest::fingerprint) on both sides. Likewise, whoever has the
    /// request can make an envelope for it: import only what comes from the sender you asked.
    ///
    /// ```
    /// use keystead::{Caller, Kms, TransferRequest};
    ///
    /// let (sender, receiver) = (Kms::in_memory(), Kms::in_memory());
    /// let from = sender.client("us-west-2", Caller::account_root("111122223333")?)?;
    /// let key = from.create_key().send()?.key_metadata.arn;
    /// let sealed = from.encrypt(key, b"4111 1111 1111 1111").send()?;
    ///
    /// let request = receiver.transfer_request("us-west-2".parse()?)?;
    /// let request = TransferRequest::from_bytes(request.as_bytes())?; // as it arrives at the sender
    /// let envelope = sender.export_key(&key, &request)?;
    /// assert_eq!(receiver.import_key(&envelope)?, key);
    ///
    /// let to = receiver.client("us-west-2", Caller::account_root("111122223333")?)?;
    /// assert_eq!(to.decrypt(&sealed.ciphertext_blob).send()?.expose(), b"4111 1111 1111 1111");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::KmsInternal`] when the store, the provider or the entropy fails.
    pub fn transfer_request(&self, region: Region) -> Result<TransferRequest, Error> {
        let state = self.engine.region(region)?;
        self.engine.new_transfer_request(&state)
    }

    /// Seals a key for the instance that made `request`: policy, description, tags, aliases, grants, rotation schedule, state,
    /// and all its material, imported or not. A multi-Region key travels with its whole set, so that nothing of chapter 31
    /// can be broken (MRK-02); any key of the set may be named.
    ///
    /// The key stays here as it is: **from the transfer on there are two of it, and neither knows of the other**. What one
    /// rotates, the other cannot decrypt. Disable it here once it works there, and delete it in the end.
    ///
    /// AWS managed keys stay where they are: register the service at the receiver, and re-encrypt. So do keys that are pending
    /// deletion, and multi-Region keys of which one is `Creating` or `Updating`.
    ///
    /// It asks for no permission: like [`Kms::who_can_use`] it is for who runs the service. The audit trail has a
    /// record `ExportKey`.
    ///
    /// # Errors
    /// [`TransferError`]; nothing has left then.
    pub fn export_key(&self, key: &KeyArn, request: &TransferRequest) -> Result<Vec<u8>, TransferError> {
        self.engine.export_key(key, request)
    }

    /// Takes over the key in an envelope that [`Kms::export_key`] sealed for a request of this instance, and returns its ARN;
    /// of a multi-Region set, that of the primary. It keeps account, Region and key ID, and so its ARN: its
    /// ciphertexts, policies and grants mean what they meant.
    ///
    /// All of it is one commit, which also ends the request. Like CreateKey it counts against the quota of keys. If
    /// anything stands in the way (the key exists here, an alias is taken, a quota is exhausted), nothing is changed, and the
    /// request can be used again. The audit trail has a record `ImportKey` for each key.
    ///
    /// # Errors
    /// [`TransferError`]; nothing has changed then.
    pub fn import_key(&self, envelope: &[u8]) -> Result<KeyArn, TransferError> {
        self.engine.import_key(envelope)
    }
}

/// What a sender needs to seal a key for this receiver: a public key for one transfer. Made by [`Kms::transfer_request`].
#[derive(Clone, PartialEq, Eq)]
pub struct TransferRequest {
    bytes: Vec<u8>,
    parts: wire::Request,
    fingerprint: String,
}

impl TransferRequest {
    /// Takes the bytes that [`as_bytes`](Self::as_bytes) gave.
    ///
    /// # Errors
    /// [`TransferError::NotARequest`] or [`TransferError::NewerFormat`].
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Result<Self, TransferError> {
        let bytes = bytes.into();
        let parts = wire::Request::parse(&bytes)?;
        let fingerprint = seal::fingerprint(&bytes)?;
        Ok(Self { bytes, parts, fingerprint })
    }

    /// The bytes to send.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// By which both sides can see that they speak of one request: SHA-256 of its bytes, as 64 hexadecimal digits.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Until when it can be used, by the clock of the receiver.
    pub fn valid_to(&self) -> Timestamp {
        self.parts.slip.valid_to
    }

    fn of(parts: wire::Request) -> Result<Self, TransferError> {
        let bytes = parts.to_bytes();
        Ok(Self { fingerprint: seal::fingerprint(&bytes)?, bytes, parts })
    }
}

impl AsRef<[u8]> for TransferRequest {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for TransferRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransferRequest")
            .field("fingerprint", &self.fingerprint)
            .field("valid_to", &self.valid_to())
            .finish_non_exhaustive()
    }
}
