//! Attested recipients: a result encrypted to the key in an attestation document (chapter 51, sections 6 to 8).

use keystead_attestation::{AttestationDocument, AttestationError, VerifiedAttestation, envelope};
use keystead_crypto::SecretBytes;
use keystead_policy::ConditionKey;

use crate::Error;
use crate::audit::Fields;
use crate::door::CallFacts;
use crate::engine::crypto;
use crate::value::MemberValue;

/// A document that was verified, and what policies see of it.
pub(crate) struct Attested {
    document: VerifiedAttestation,
    values: Vec<(ConditionKey, String)>,
}

/// A result: to the caller in clear, or to the recipient encrypted (ENV-65).
pub(crate) struct Released {
    pub(crate) plaintext: Option<SecretBytes>,
    pub(crate) for_recipient: Option<Vec<u8>>,
}

/// Step 3: a recipient has both members (ENV-66).
pub(crate) fn check_members(call: &CallFacts<'_>) -> Result<(), Error> {
    let Some([algorithm, document]) = recipient(call) else { return Ok(()) };
    match (algorithm, document) {
        (MemberValue::Absent, _) => Err(missing("KeyEncryptionAlgorithm")),
        (_, MemberValue::Absent) => Err(missing("AttestationDocument")),
        _ => Ok(()),
    }
}

/// After step 6: the document is one of an environment that the host trusts (ENV-68, RUL-57).
pub(crate) fn verify(call: &CallFacts<'_>) -> Result<Option<Attested>, Error> {
    let Some([_, MemberValue::Blob(document)]) = recipient(call) else { return Ok(None) };
    let engine = call.engine;
    let document = AttestationDocument::verify(document, &engine.trust_anchors, engine.provider.as_ref(), call.now)
        .map_err(|error| match error {
            AttestationError::Provider(error) => crypto(error),
            blame => Error::Validation(blame.to_string().into()),
        })?;
    let values = document.condition_values().map(|(key, value)| (ConditionKey::parse(&key), value)).collect();
    Ok(Some(Attested { document, values }))
}

impl Attested {
    /// The value of a condition key (CND-62, CND-63, CND-124).
    pub(crate) fn value(&self, key: &ConditionKey) -> Option<&str> {
        self.values.iter().find(|(own, _)| own == key).map(|(_, value)| value.as_str())
    }

    /// `additionalEventData.recipient` (AUD-24, ENV-87).
    pub(crate) fn recorded(&self) -> Fields {
        let digests = RECORDED_PCRS.iter().filter_map(|(index, name)| Some((name, self.document.pcr(*index)?)));
        digests.fold(
            Fields::new().with("attestationDocumentModuleId", self.document.module_id()),
            |fields, (name, digest)| fields.with(*name, hex::encode(digest)),
        )
    }
}

/// Hands a result out: to the recipient if the request has one, else to the caller.
pub(crate) fn release(secret: SecretBytes, call: &CallFacts<'_>) -> Result<Released, Error> {
    let Some(attested) = call.recipient() else {
        return Ok(Released { plaintext: Some(secret), for_recipient: None });
    };
    let (provider, entropy) = (call.engine.provider.as_ref(), call.engine.entropy.as_ref());
    let sealed = envelope::seal(secret.expose(), attested.document.recipient(), provider, entropy).map_err(crypto)?;
    Ok(Released { plaintext: None, for_recipient: Some(sealed) })
}

/// The members of `Recipient`, in the order of the API model.
fn recipient<'c>(call: &'c CallFacts<'_>) -> Option<&'c [MemberValue<'c>; 2]> {
    let position = call.row.member("Recipient")?;
    match call.values.get(position)? {
        MemberValue::Structure(members) => members.as_slice().try_into().ok(),
        _ => None,
    }
}

fn missing(member: &str) -> Error {
    let message = format!("Recipient needs KeyEncryptionAlgorithm and AttestationDocument; {member} is missing.");
    Error::Validation(message.into())
}

/// The registers that the audit record shows, and under which names.
const RECORDED_PCRS: [(u8, &str); 6] = [
    (0, "attestationDocumentEnclaveImageDigest"),
    (1, "attestationDocumentEnclavePCR1"),
    (2, "attestationDocumentEnclavePCR2"),
    (3, "attestationDocumentEnclavePCR3"),
    (4, "attestationDocumentEnclavePCR4"),
    (8, "attestationDocumentEnclavePCR8"),
];
