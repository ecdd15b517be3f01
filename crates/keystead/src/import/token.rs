//! Import tokens: what ties an import to its parameter set (IMP-17).
//!
//! A token is sealed, so it is opaque too. It names the wrapping key, which stays in the store, and does not hold it.

use keystead_crypto::{SEALING_NONCE_LEN, TAG_LEN};
use keystead_hierarchy::spec::{WrappingAlgorithm, WrappingKeySpec};
use keystead_types::{KeyArn, KeyId, Timestamp};

use crate::Error;
use crate::engine::{Engine, crypto};
use crate::region::RegionState;

/// A parameter set: the key and the wrapping key it was made for, how to wrap, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ImportToken {
    pub(crate) key: KeyArn,
    /// Names the wrapping key.
    pub(crate) set: [u8; 16],
    pub(crate) algorithm: WrappingAlgorithm,
    pub(crate) wrapping_key: WrappingKeySpec,
    pub(crate) valid_to: Timestamp,
}

impl ImportToken {
    pub(crate) fn seal(&self, engine: &Engine) -> Result<Vec<u8>, Error> {
        let mut nonce = [0; SEALING_NONCE_LEN];
        engine.entropy.fill_nonce(&mut nonce).map_err(crypto)?;
        let mut token = nonce.to_vec();
        token.extend_from_slice(self.key.account.as_str().as_bytes());
        token.extend_from_slice(&self.key.key_id.to_bytes());
        token.extend_from_slice(&self.set);
        token.push(position(WrappingAlgorithm::ALL, self.algorithm));
        token.push(position(WrappingKeySpec::ALL, self.wrapping_key));
        token.extend_from_slice(&self.valid_to.as_millis().to_be_bytes());
        let scope = scope(self.key);
        let tag = engine.import_sealer.seal(&nonce, &scope, &mut token[SEALING_NONCE_LEN..]).map_err(crypto)?;
        token.extend_from_slice(&tag);
        Ok(token)
    }

    /// Reads a token of this instance and Region; `None` for anything else.
    pub(crate) fn open(engine: &Engine, region: &RegionState, token: &[u8]) -> Option<Self> {
        let (nonce, sealed) = token.split_first_chunk::<SEALING_NONCE_LEN>()?;
        let (body, tag) = sealed.split_last_chunk::<TAG_LEN>()?;
        let mut body = body.to_vec();
        let scope = scope(region.stand_in().arn);
        engine.import_sealer.open(nonce, &scope, &mut body, tag).ok()?;
        let (account, rest) = body.split_first_chunk::<12>()?;
        let (key_id, rest) = rest.split_first_chunk::<17>()?;
        let (set, rest) = rest.split_first_chunk::<16>()?;
        let ([algorithm, wrapping_key], valid_to) = rest.split_first_chunk::<2>()?;
        let account = std::str::from_utf8(account).ok()?.parse().ok()?;
        Some(Self {
            key: region.key_arn(account, KeyId::from_bytes(key_id)?),
            set: *set,
            algorithm: *WrappingAlgorithm::ALL.get(usize::from(*algorithm))?,
            wrapping_key: *WrappingKeySpec::ALL.get(usize::from(*wrapping_key))?,
            valid_to: Timestamp::from_millis(i64::from_be_bytes(valid_to.try_into().ok()?))?,
        })
    }
}

/// What a token is authenticated together with: partition and Region.
fn scope(arn: KeyArn) -> Vec<u8> {
    [arn.partition.as_str().as_bytes(), &[0], arn.region.as_str().as_bytes()].concat()
}

fn position<T: PartialEq>(all: &[T], one: T) -> u8 {
    // The lists are short.
    all.iter().position(|other| *other == one).unwrap_or_default() as u8
}
