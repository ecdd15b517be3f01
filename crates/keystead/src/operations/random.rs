//! GenerateRandom.

use std::borrow::Cow;

use keystead_crypto::SecretBytes;

use crate::Error;
use crate::authorize::Authorized;
use crate::client::{Call, Client};
use crate::door::{CallFacts, Effect, Operation, not_yet};
use crate::engine::crypto;
use crate::recipient::{Released, release};
use crate::request::request;
use crate::response::response;
use crate::targets::NoKey;
use crate::value::RecipientInfo;

request! {
    /// Draws random bytes (API-082).
    ///
    /// Authorized by `kms:GenerateRandom` in an identity policy.
    GenerateRandom: GENERATE_RANDOM -> GenerateRandomResponse {
        /// How many, 1 to 1,024.
        number_of_bytes: i64,
        /// The key store to draw from.
        custom_key_store_id: Cow<'a, str>,
        /// The attested environment that gets the bytes.
        recipient: RecipientInfo<'a>,
    }
}

response! {
    /// The answer of [`GenerateRandom`].
    #[derive(Clone, Debug)]
    GenerateRandomResponse {
        /// The bytes, unless an attested recipient gets them; wiped on drop.
        plaintext: Option<SecretBytes>,
        /// The bytes encrypted to the attested recipient of the request: CMS EnvelopedData (ENV-89).
        ciphertext_for_recipient: Option<Vec<u8>>,
    }
}

impl GenerateRandomResponse {
    /// The bytes in clear. Empty if an attested recipient got it instead.
    pub fn expose(&self) -> &[u8] {
        self.plaintext.as_ref().map(SecretBytes::expose).unwrap_or_default()
    }
}

impl Client {
    /// Draws random bytes. See [`GenerateRandom`].
    pub fn generate_random(&self, number_of_bytes: u32) -> Call<'_, GenerateRandom<'_>> {
        self.call(GenerateRandom { number_of_bytes: Some(number_of_bytes.into()), ..GenerateRandom::new() })
    }
}

impl Operation for GenerateRandom<'_> {
    type Targets = NoKey;
    type Prepared<'p>
        = usize
    where
        Self: 'p;

    fn check(&self) -> Result<(), Error> {
        match self.number_of_bytes {
            Some(_) => Ok(()),
            None => Err(Error::Validation("NumberOfBytes is required.".into())),
        }
    }

    fn wanted(&self, _: &CallFacts<'_>) -> Result<(), Error> {
        Ok(())
    }

    fn capability(&self, _: &Authorized<NoKey>, _: &CallFacts<'_>) -> Result<(), Error> {
        match self.custom_key_store_id {
            Some(_) => Err(not_yet("Custom key stores")),
            None => Ok(()),
        }
    }

    fn prepare<'p>(&'p self, _: &'p Authorized<NoKey>, _: &CallFacts<'p>) -> Result<usize, Error> {
        usize::try_from(self.number_of_bytes.unwrap_or_default()).map_err(|_| Error::Validation("".into()))
    }

    fn perform(length: usize, call: &CallFacts<'_>) -> Result<Effect<GenerateRandomResponse>, Error> {
        let bytes = SecretBytes::random(call.engine.entropy.as_ref(), length).map_err(crypto)?;
        let Released { plaintext, for_recipient } = release(bytes, call)?;
        Ok(Effect::reading(GenerateRandomResponse { plaintext, ciphertext_for_recipient: for_recipient }))
    }
}
