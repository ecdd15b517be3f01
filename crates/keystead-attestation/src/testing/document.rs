//! Writing documents.

use std::collections::BTreeMap;

use ciborium_ll::Header;
use keystead_crypto::{CryptoError, Entropy};
use keystead_types::Timestamp;

use super::{PROTECTED_ES384, TestAuthority};
use crate::cbor::{push_bytes, push_header};

/// A document in the making. Fields are written as given, also if that breaks a rule.
#[derive(Clone, Debug)]
pub struct TestDocument<'a> {
    authority: &'a TestAuthority,
    module_id: String,
    timestamp: Timestamp,
    pcrs: BTreeMap<u8, Vec<u8>>,
    nitro_tpm_pcrs: BTreeMap<u8, Vec<u8>>,
    public_key: Option<Vec<u8>>,
    user_data: Option<Vec<u8>>,
    nonce: Option<Vec<u8>>,
}

impl<'a> TestDocument<'a> {
    pub(super) fn new(authority: &'a TestAuthority, now: Timestamp) -> Self {
        Self {
            authority,
            module_id: "i-0123456789abcdef0-enc0123456789abcdef".to_owned(),
            timestamp: now,
            pcrs: BTreeMap::from([(0, vec![0; SHA384_LEN])]),
            nitro_tpm_pcrs: BTreeMap::new(),
            public_key: None,
            user_data: None,
            nonce: None,
        }
    }

    /// Sets a register of the enclave.
    #[must_use]
    pub fn pcr(mut self, index: u8, value: impl Into<Vec<u8>>) -> Self {
        self.pcrs.insert(index, value.into());
        self
    }

    /// Sets a register of the NitroTPM, and makes the document that of an instance: it has no enclave registers but those
    /// that are set after this.
    #[must_use]
    pub fn nitro_tpm_pcr(mut self, index: u8, value: impl Into<Vec<u8>>) -> Self {
        if self.nitro_tpm_pcrs.is_empty() {
            self.pcrs.clear();
        }
        self.nitro_tpm_pcrs.insert(index, value.into());
        self
    }

    /// Sets the key that receives responses: DER SubjectPublicKeyInfo.
    #[must_use]
    pub fn public_key(mut self, spki: impl Into<Vec<u8>>) -> Self {
        self.public_key = Some(spki.into());
        self
    }

    /// Sets the module ID.
    #[must_use]
    pub fn module_id(mut self, module_id: impl Into<String>) -> Self {
        self.module_id = module_id.into();
        self
    }

    /// Sets the user data.
    #[must_use]
    pub fn user_data(mut self, user_data: impl Into<Vec<u8>>) -> Self {
        self.user_data = Some(user_data.into());
        self
    }

    /// Sets the nonce.
    #[must_use]
    pub fn nonce(mut self, nonce: impl Into<Vec<u8>>) -> Self {
        self.nonce = Some(nonce.into());
        self
    }

    /// The signed document.
    ///
    /// # Errors
    /// What the provider answers.
    pub fn sign(&self, entropy: &dyn Entropy) -> Result<Vec<u8>, CryptoError> {
        self.authority.sign(PROTECTED_ES384, &self.payload(), entropy)
    }

    /// What is signed: a CBOR map.
    pub fn payload(&self) -> Vec<u8> {
        let fields = self.fields();
        let mut payload = Vec::new();
        push_header(&mut payload, Header::Map(Some(fields.len())));
        for (name, value) in fields {
            push_text(&mut payload, name);
            payload.extend(value);
        }
        payload
    }

    /// The fields in the order in which they are written, each with its encoded value.
    pub fn fields(&self) -> Vec<(&'static str, Vec<u8>)> {
        let certificates = self.authority.certificates();
        let (leaf, issuers) = certificates.split_last().map_or((&[][..], &[][..]), |(leaf, rest)| (leaf, rest));
        let mut fields = vec![
            ("module_id", encoded(|out| push_text(out, &self.module_id))),
            ("digest", encoded(|out| push_text(out, "SHA384"))),
            ("timestamp", encoded(|out| push_unsigned(out, self.timestamp.as_millis()))),
        ];
        for (name, registers) in [("pcrs", &self.pcrs), ("nitrotpm_pcrs", &self.nitro_tpm_pcrs)] {
            if !registers.is_empty() {
                fields.push((name, encoded(|out| push_registers(out, registers))));
            }
        }
        fields.push(("certificate", encoded(|out| push_bytes(out, leaf))));
        fields.push(("cabundle", encoded(|out| push_bundle(out, issuers))));
        for (name, value) in [("public_key", &self.public_key), ("user_data", &self.user_data), ("nonce", &self.nonce)]
        {
            // Enclaves write null for what they do not have.
            fields.push((name, encoded(|out| push_optional(out, value.as_deref()))));
        }
        fields
    }
}

fn encoded(push: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    push(&mut out);
    out
}

fn push_text(out: &mut Vec<u8>, text: &str) {
    push_header(out, Header::Text(Some(text.len())));
    out.extend_from_slice(text.as_bytes());
}

fn push_unsigned(out: &mut Vec<u8>, value: i64) {
    push_header(out, Header::Positive(u64::try_from(value).unwrap_or(0)));
}

fn push_registers(out: &mut Vec<u8>, registers: &BTreeMap<u8, Vec<u8>>) {
    push_header(out, Header::Map(Some(registers.len())));
    for (index, value) in registers {
        push_header(out, Header::Positive(u64::from(*index)));
        push_bytes(out, value);
    }
}

fn push_bundle(out: &mut Vec<u8>, certificates: &[Vec<u8>]) {
    push_header(out, Header::Array(Some(certificates.len())));
    for certificate in certificates {
        push_bytes(out, certificate);
    }
}

fn push_optional(out: &mut Vec<u8>, value: Option<&[u8]>) {
    match value {
        Some(bytes) => push_bytes(out, bytes),
        None => out.push(NULL),
    }
}

const SHA384_LEN: usize = 48;
const NULL: u8 = 0xf6;
