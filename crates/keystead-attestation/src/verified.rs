//! What a verified document says.

use keystead_types::Timestamp;

use crate::RecipientKey;
use crate::pcrs::Pcrs;

/// The contents of a document whose signature, certificates and age were verified.
///
/// It grants nothing by itself (ENV-69): its values feed the condition keys of policies, and its key receives the
/// response.
#[derive(Debug)]
pub struct VerifiedAttestation {
    pub(crate) module_id: String,
    pub(crate) timestamp: Timestamp,
    pub(crate) recipient: RecipientKey,
    pub(crate) user_data: Option<Vec<u8>>,
    pub(crate) nonce: Option<Vec<u8>>,
    pub(crate) enclave_pcrs: Pcrs,
    pub(crate) tpm_pcrs: Pcrs,
}

impl VerifiedAttestation {
    /// The key to which the response is encrypted.
    pub fn recipient(&self) -> &RecipientKey {
        &self.recipient
    }

    /// Every condition key that the document gives a value, with its value: lower-case hexadecimal without a prefix
    /// (CND-62, CND-63, CND-66, CND-124, ENV-81).
    pub fn condition_values(&self) -> impl Iterator<Item = (String, String)> {
        let image = self.pcr(0).map(|value| (format!("{PREFIX}{IMAGE}"), hex::encode(value)));
        let named = |name: &'static str| move |(index, value)| (format!("{PREFIX}{name}{index}"), hex::encode(value));
        image.into_iter().chain(self.pcrs().map(named(PCR))).chain(self.nitro_tpm_pcrs().map(named(NITRO_TPM_PCR)))
    }

    /// The value of one condition key, such as `kms:RecipientAttestation:PCR8`, written in any case (ENV-86); `None` when
    /// the document gives it none (ENV-84).
    pub fn condition_value(&self, key: &str) -> Option<String> {
        let name = strip_prefix(key, PREFIX)?;
        let value = if name.eq_ignore_ascii_case(IMAGE) {
            self.pcr(0)
        } else if let Some(index) = strip_prefix(name, PCR) {
            self.pcr(parse_index(index)?)
        } else {
            self.nitro_tpm_pcr(parse_index(strip_prefix(name, NITRO_TPM_PCR)?)?)
        };
        value.map(hex::encode)
    }

    /// A register of the enclave; 0 measures its image.
    pub fn pcr(&self, index: u8) -> Option<&[u8]> {
        self.enclave_pcrs.get(index)
    }

    /// The registers of the enclave, by index.
    pub fn pcrs(&self) -> impl Iterator<Item = (u8, &[u8])> {
        self.enclave_pcrs.iter()
    }

    /// A register of the instance's NitroTPM (ENV-95).
    pub fn nitro_tpm_pcr(&self, index: u8) -> Option<&[u8]> {
        self.tpm_pcrs.get(index)
    }

    /// The registers of the instance's NitroTPM, by index.
    pub fn nitro_tpm_pcrs(&self) -> impl Iterator<Item = (u8, &[u8])> {
        self.tpm_pcrs.iter()
    }

    /// The enclave or instance that asked for the document.
    pub fn module_id(&self) -> &str {
        &self.module_id
    }

    /// When the document was made.
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// What the enclave added, at most 512 bytes.
    pub fn user_data(&self) -> Option<&[u8]> {
        self.user_data.as_deref()
    }

    /// The challenge that the enclave answered, at most 512 bytes.
    pub fn nonce(&self) -> Option<&[u8]> {
        self.nonce.as_deref()
    }
}

fn strip_prefix<'k>(key: &'k str, prefix: &str) -> Option<&'k str> {
    let (head, tail) = key.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(tail)
}

/// A decimal number without leading zeros or sign.
fn parse_index(digits: &str) -> Option<u8> {
    let index: u8 = digits.parse().ok()?;
    (index.to_string() == digits).then_some(index)
}

const PREFIX: &str = "kms:RecipientAttestation:";
const IMAGE: &str = "ImageSha384";
const PCR: &str = "PCR";
const NITRO_TPM_PCR: &str = "NitroTPMPCR";
