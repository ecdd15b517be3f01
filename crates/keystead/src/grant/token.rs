//! Grant tokens: authenticated references to a grant that show nothing of it (GRA-43).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use keystead_crypto::{SEALING_NONCE_LEN, TAG_LEN};
use keystead_types::{AccountId, KeyArn, KeyId};

use super::GrantId;
use crate::Error;
use crate::engine::{Engine, crypto};
use crate::region::RegionState;

/// The grant that a token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GrantReference {
    pub(crate) key: KeyArn,
    pub(crate) grant: GrantId,
}

/// A new token; every call gives another one, all of them interchangeable (API-028).
pub(crate) fn seal(engine: &Engine, reference: &GrantReference) -> Result<String, Error> {
    let mut token = vec![0; SEALING_NONCE_LEN];
    engine.entropy.fill_nonce(&mut token).map_err(crypto)?;
    let mut nonce = [0; SEALING_NONCE_LEN];
    nonce.copy_from_slice(&token);
    token.extend_from_slice(reference.key.account.as_str().as_bytes());
    token.extend_from_slice(&reference.key.key_id.to_bytes());
    token.extend_from_slice(reference.grant.as_bytes());
    let region = reference.key.region;
    let tag = engine
        .token_sealer
        .seal(&nonce, region.as_str().as_bytes(), &mut token[SEALING_NONCE_LEN..])
        .map_err(crypto)?;
    token.extend_from_slice(&tag);
    Ok(URL_SAFE.encode(token))
}

/// The grant of a token; anything that this instance did not make is refused (GRA-45).
pub(crate) fn open(engine: &Engine, region: &RegionState, token: &str) -> Result<GrantReference, Error> {
    let parse = || {
        let bytes = URL_SAFE.decode(token).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<SEALING_NONCE_LEN>()?;
        let (body, tag) = sealed.split_last_chunk::<TAG_LEN>()?;
        let mut body = body.to_vec();
        engine.token_sealer.open(nonce, region.region.as_str().as_bytes(), &mut body, tag).ok()?;
        let (account, rest) = body.split_first_chunk::<12>()?;
        let (key_id, grant) = rest.split_first_chunk::<17>()?;
        let account: AccountId = std::str::from_utf8(account).ok()?.parse().ok()?;
        let key = region.key_arn(account, KeyId::from_bytes(key_id)?);
        Some(GrantReference { key, grant: GrantId::from_bytes(grant.try_into().ok()?) })
    };
    parse().ok_or_else(|| Error::InvalidGrantToken("The grant token is not one of this system.".into()))
}
