//! The attestation document: from bytes to something one may believe.

use std::collections::BTreeSet;

use keystead_crypto::Provider;
use keystead_types::Timestamp;

use crate::cbor::{MapLengths, Reader};
use crate::cose::Sign1;
use crate::pcrs::Pcrs;
use crate::{AttestationError, Malformed, RecipientKey, RecipientKeyError, TrustAnchors, VerifiedAttestation, chain};

/// The document with which an enclave, or an instance with NitroTPM, proves what runs in it.
///
/// It has no public contents: what it says counts only once it is verified.
pub struct AttestationDocument<'d> {
    module_id: &'d str,
    timestamp: Timestamp,
    enclave_pcrs: Pcrs,
    tpm_pcrs: Pcrs,
    certificate: &'d [u8],
    cabundle: Vec<&'d [u8]>,
    public_key: Option<&'d [u8]>,
    user_data: Option<&'d [u8]>,
    nonce: Option<&'d [u8]>,
}

impl<'d> AttestationDocument<'d> {
    /// Verifies a document for use as a recipient, in the order of ENV-75: encoding and fields; the certificates down
    /// from a trust anchor; the signature; the age; the public key. The first failure ends it.
    ///
    /// `now` is the time at which certificates must be valid and from which the age counts (ENV-76).
    ///
    /// # Errors
    /// [`AttestationError`], whose [`class`](AttestationError::class) is that of ENV-68.
    pub fn verify(
        bytes: &'d [u8],
        anchors: &TrustAnchors,
        provider: &dyn Provider,
        now: Timestamp,
    ) -> Result<VerifiedAttestation, AttestationError> {
        if bytes.is_empty() || bytes.len() > MAX_LEN {
            return Err(Malformed::Size.into());
        }
        let signed = Sign1::parse(bytes, anchors.maps())?;
        let document = Self::parse(signed.payload(), anchors.maps())?;
        let key = chain::verify(&document.cabundle, document.certificate, anchors, provider, now)?;
        signed.verify(key.as_ref())?;
        anchors.check_freshness(document.timestamp, now)?;
        let spki = document.public_key.ok_or(RecipientKeyError::Missing)?;
        Ok(VerifiedAttestation {
            module_id: document.module_id.to_owned(),
            timestamp: document.timestamp,
            recipient: RecipientKey::from_spki(spki, provider)?,
            user_data: document.user_data.map(<[u8]>::to_vec),
            nonce: document.nonce.map(<[u8]>::to_vec),
            enclave_pcrs: document.enclave_pcrs,
            tpm_pcrs: document.tpm_pcrs,
        })
    }

    /// Reads the payload. Fields of other names are passed over (ENV-74).
    fn parse(payload: &'d [u8], maps: MapLengths) -> Result<Self, Malformed> {
        let mut reader = Reader::new(payload, maps);
        let mut fields = Fields::default();
        let mut names = BTreeSet::new();
        let mut pairs = reader.map()?;
        while reader.another(&mut pairs)? {
            let name = reader.text()?;
            if !names.insert(name) {
                return Err(Malformed::DuplicateKey);
            }
            fields.read(name, &mut reader)?;
        }
        reader.finish()?;
        fields.into_document()
    }
}

#[derive(Default)]
struct Fields<'d> {
    module_id: Option<&'d str>,
    digest: Option<()>,
    timestamp: Option<Timestamp>,
    enclave_pcrs: Option<Pcrs>,
    tpm_pcrs: Option<Pcrs>,
    certificate: Option<&'d [u8]>,
    cabundle: Option<Vec<&'d [u8]>>,
    public_key: Option<&'d [u8]>,
    user_data: Option<&'d [u8]>,
    nonce: Option<&'d [u8]>,
}

impl<'d> Fields<'d> {
    fn read(&mut self, name: &str, reader: &mut Reader<'d>) -> Result<(), Malformed> {
        match name {
            MODULE_ID => self.module_id = Some(reader.text()?).filter(|id| !id.is_empty()).or_wrong(MODULE_ID)?,
            DIGEST => self.digest = Some(()).filter(|()| reader.text() == Ok(SHA384)).or_wrong(DIGEST)?,
            TIMESTAMP => self.timestamp = instant(reader.unsigned()?).or_wrong(TIMESTAMP)?,
            PCRS => self.enclave_pcrs = Some(Pcrs::read(reader, PCRS, ENCLAVE_PCRS)?),
            NITROTPM_PCRS => self.tpm_pcrs = Some(Pcrs::read(reader, NITROTPM_PCRS, TPM_PCRS)?),
            CERTIFICATE => self.certificate = Some(blob(reader.bytes()?, CERTIFICATE)?),
            CABUNDLE => self.cabundle = Some(cabundle(reader)?),
            PUBLIC_KEY => {
                self.public_key = reader.optional_bytes()?.map(|key| blob(key, PUBLIC_KEY)).transpose()?;
            }
            USER_DATA => self.user_data = free_data(reader.optional_bytes()?, USER_DATA)?,
            NONCE => self.nonce = free_data(reader.optional_bytes()?, NONCE)?,
            _ => reader.skip(1)?,
        }
        Ok(())
    }

    fn into_document(self) -> Result<AttestationDocument<'d>, Malformed> {
        let missing = Malformed::MissingField;
        self.digest.ok_or(missing(DIGEST))?;
        if self.enclave_pcrs.is_none() && self.tpm_pcrs.is_none() {
            return Err(missing(PCRS));
        }
        Ok(AttestationDocument {
            module_id: self.module_id.ok_or(missing(MODULE_ID))?,
            timestamp: self.timestamp.ok_or(missing(TIMESTAMP))?,
            enclave_pcrs: self.enclave_pcrs.unwrap_or_default(),
            tpm_pcrs: self.tpm_pcrs.unwrap_or_default(),
            certificate: self.certificate.ok_or(missing(CERTIFICATE))?,
            cabundle: self.cabundle.ok_or(missing(CABUNDLE))?,
            public_key: self.public_key,
            user_data: self.user_data,
            nonce: self.nonce,
        })
    }
}

/// What an absent value means while a field is read: that the field is wrong.
trait OrWrong: Sized {
    fn or_wrong(self, field: &'static str) -> Result<Self, Malformed>;
}

impl<T> OrWrong for Option<T> {
    fn or_wrong(self, field: &'static str) -> Result<Self, Malformed> {
        if self.is_some() { Ok(self) } else { Err(Malformed::Field(field)) }
    }
}

/// An instant after the Unix epoch.
fn instant(millis: u64) -> Option<Timestamp> {
    let millis = i64::try_from(millis).ok().filter(|millis| *millis > 0)?;
    Timestamp::from_millis(millis)
}

fn cabundle<'d>(reader: &mut Reader<'d>) -> Result<Vec<&'d [u8]>, Malformed> {
    let len = reader.array()?;
    if len == 0 {
        return Err(Malformed::Field(CABUNDLE));
    }
    // Not collected with the announced length as a capacity: nobody has vouched for it.
    let mut certificates = Vec::new();
    for _ in 0..len {
        certificates.push(blob(reader.bytes()?, CABUNDLE)?);
    }
    Ok(certificates)
}

fn blob<'d>(bytes: &'d [u8], field: &'static str) -> Result<&'d [u8], Malformed> {
    if (1..=MAX_BLOB_LEN).contains(&bytes.len()) { Ok(bytes) } else { Err(Malformed::Field(field)) }
}

fn free_data<'d>(bytes: Option<&'d [u8]>, field: &'static str) -> Result<Option<&'d [u8]>, Malformed> {
    if bytes.is_some_and(|bytes| bytes.len() > MAX_FREE_LEN) { Err(Malformed::Field(field)) } else { Ok(bytes) }
}

/// `AttestationDocumentType` of the API.
const MAX_LEN: usize = 262_144;
/// A certificate or public key.
const MAX_BLOB_LEN: usize = 1_024;
/// User data or nonce.
const MAX_FREE_LEN: usize = 512;
const ENCLAVE_PCRS: u64 = 32;
const TPM_PCRS: u64 = 24;

const SHA384: &str = "SHA384";
const MODULE_ID: &str = "module_id";
const DIGEST: &str = "digest";
const TIMESTAMP: &str = "timestamp";
const PCRS: &str = "pcrs";
const NITROTPM_PCRS: &str = "nitrotpm_pcrs";
const CERTIFICATE: &str = "certificate";
const CABUNDLE: &str = "cabundle";
const PUBLIC_KEY: &str = "public_key";
const USER_DATA: &str = "user_data";
const NONCE: &str = "nonce";
