//! Condition keys: the known ones by number, families by name.

use std::fmt;

use crate::fold::{equals_folded, folded};

/// A condition key of a policy. Names ignore case entirely (POL-47), also their variable part.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConditionKey {
    /// A key of the table of chapter 22.
    Known(KnownKey),
    /// `kms:EncryptionContext:<name>` (CND-13).
    EncryptionContext(KeyName),
    /// `aws:ResourceTag/<name>` (CND-69).
    ResourceTag(KeyName),
    /// `aws:RequestTag/<name>` (CND-70).
    RequestTag(KeyName),
    /// `aws:PrincipalTag/<name>` (CND-89).
    PrincipalTag(KeyName),
    /// `kms:RecipientAttestation:PCR<n>`, n = 0..=31 (CND-63).
    RecipientPcr(u8),
    /// `kms:RecipientAttestation:NitroTPMPCR<n>`, n = 0..=23 (CND-124).
    RecipientNitroTpmPcr(u8),
    /// Any other key, by its whole name (CND-115).
    Other(KeyName),
}

impl ConditionKey {
    /// The key that a policy means by this name. Every name is a key; one that nobody knows is never present
    /// (POL-41).
    pub fn parse(name: &str) -> Self {
        if let Some(known) = KnownKey::parse(name) {
            return Self::Known(known);
        }
        for (prefix, family) in FAMILIES {
            if let Some(rest) = strip_prefix_ignore_ascii_case(name, prefix) {
                return family(KeyName::new(rest));
            }
        }
        for (prefix, registers, family) in REGISTERS {
            let number = strip_prefix_ignore_ascii_case(name, prefix).and_then(register_number);
            if let Some(number) = number.filter(|number| number < registers) {
                return family(number);
            }
        }
        Self::Other(KeyName::new(name))
    }

    /// Whether the key may have several values in one request (CND-05).
    pub fn is_multi_valued(&self) -> bool {
        matches!(self, Self::Known(known) if known.is_multi_valued())
    }

    /// Whether the key is hidden while a key policy is evaluated (CND-09).
    pub fn is_identity_only(&self) -> bool {
        matches!(self, Self::Known(KnownKey::KmsResourceAliases) | Self::ResourceTag(_))
    }

    /// Whether the key holds a measurement in hexadecimal (CND-66).
    pub(crate) fn is_measurement(&self) -> bool {
        matches!(
            self,
            Self::Known(KnownKey::KmsRecipientAttestationImageSha384)
                | Self::RecipientPcr(_)
                | Self::RecipientNitroTpmPcr(_)
        )
    }
}

/// The name of the key, as documented; parts that are free to choose are written without letter case.
impl fmt::Display for ConditionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(known) => f.write_str(known.name()),
            Self::EncryptionContext(name) => write!(f, "{ENCRYPTION_CONTEXT}{}", name.folded()),
            Self::ResourceTag(name) => write!(f, "{RESOURCE_TAG}{}", name.folded()),
            Self::RequestTag(name) => write!(f, "{REQUEST_TAG}{}", name.folded()),
            Self::PrincipalTag(name) => write!(f, "{PRINCIPAL_TAG}{}", name.folded()),
            Self::RecipientPcr(number) => write!(f, "{PCR}{number}"),
            Self::RecipientNitroTpmPcr(number) => write!(f, "{NITRO_TPM_PCR}{number}"),
            Self::Other(name) => f.write_str(name.folded()),
        }
    }
}

/// The variable part of a condition key, or the whole name of a key outside the table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyName(Box<str>);

impl KeyName {
    /// A name as written in a policy.
    pub fn new(name: &str) -> Self {
        Self(folded(name).into_boxed_str())
    }

    /// Whether this is the name of a request entry, ignoring case. Allocates nothing.
    pub fn matches(&self, name: &str) -> bool {
        equals_folded(name, &self.0)
    }

    /// The name with letter case folded away.
    pub fn folded(&self) -> &str {
        &self.0
    }
}

macro_rules! known_keys {
    ($($(#[$doc:meta])* $variant:ident = $name:literal $(, $multi:ident)?;)*) => {
        /// The condition keys that chapter 22 lists by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum KnownKey {
            $(#[doc = concat!("`", $name, "`.")] $(#[$doc])* $variant,)*
        }

        impl KnownKey {
            /// All known keys.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name as documented.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Whether the key may have several values in one request.
            pub const fn is_multi_valued(self) -> bool {
                match self { $(Self::$variant => known_keys!(@multi $($multi)?),)* }
            }
        }
    };
    (@multi) => { false };
    (@multi many) => { true };
}

known_keys! {
    // Chapter 22, section 2: from the request.
    KmsBypassPolicyLockoutSafetyCheck = "kms:BypassPolicyLockoutSafetyCheck";
    KmsDataKeyPairSpec = "kms:DataKeyPairSpec";
    KmsEncryptionAlgorithm = "kms:EncryptionAlgorithm";
    KmsEncryptionContextKeys = "kms:EncryptionContextKeys", many;
    KmsExpirationModel = "kms:ExpirationModel";
    KmsGrantConstraintType = "kms:GrantConstraintType";
    KmsGrantIsForAwsResource = "kms:GrantIsForAWSResource";
    KmsGrantOperations = "kms:GrantOperations", many;
    KmsGranteePrincipal = "kms:GranteePrincipal";
    KmsMacAlgorithm = "kms:MacAlgorithm";
    KmsMessageType = "kms:MessageType";
    KmsPrimaryRegion = "kms:PrimaryRegion";
    KmsReEncryptOnSameKey = "kms:ReEncryptOnSameKey";
    KmsReplicaRegion = "kms:ReplicaRegion";
    KmsRequestAlias = "kms:RequestAlias";
    KmsRetiringPrincipal = "kms:RetiringPrincipal";
    KmsRotationPeriodInDays = "kms:RotationPeriodInDays";
    KmsScheduleKeyDeletionPendingWindowInDays = "kms:ScheduleKeyDeletionPendingWindowInDays";
    KmsSigningAlgorithm = "kms:SigningAlgorithm";
    KmsValidTo = "kms:ValidTo";
    KmsWrappingAlgorithm = "kms:WrappingAlgorithm";
    KmsWrappingKeySpec = "kms:WrappingKeySpec";
    // Section 3: from the key and the caller.
    KmsCallerAccount = "kms:CallerAccount";
    KmsKeyOrigin = "kms:KeyOrigin";
    KmsKeySpec = "kms:KeySpec";
    KmsKeyUsage = "kms:KeyUsage";
    KmsMultiRegion = "kms:MultiRegion";
    KmsMultiRegionKeyType = "kms:MultiRegionKeyType";
    KmsResourceAliases = "kms:ResourceAliases", many;
    KmsViaService = "kms:ViaService";
    /// A synonym of `kms:KeySpec`.
    KmsCustomerMasterKeySpec = "kms:CustomerMasterKeySpec";
    /// A synonym of `kms:KeyUsage`.
    KmsCustomerMasterKeyUsage = "kms:CustomerMasterKeyUsage";
    // Section 4: attestation; the PCR families stand apart.
    KmsRecipientAttestationImageSha384 = "kms:RecipientAttestation:ImageSha384";
    // Section 5: attributes; the tag families stand apart.
    AwsTagKeys = "aws:TagKeys", many;
    // Section 6: global keys.
    AwsCurrentTime = "aws:CurrentTime";
    AwsEpochTime = "aws:EpochTime";
    AwsRequestedRegion = "aws:RequestedRegion";
    AwsResourceAccount = "aws:ResourceAccount";
    AwsPrincipalAccount = "aws:PrincipalAccount";
    AwsPrincipalArn = "aws:PrincipalArn";
    AwsPrincipalType = "aws:PrincipalType";
    AwsUserId = "aws:userid";
    AwsUsername = "aws:username";
    AwsPrincipalOrgId = "aws:PrincipalOrgID";
    AwsPrincipalOrgPaths = "aws:PrincipalOrgPaths", many;
    AwsPrincipalIsAwsService = "aws:PrincipalIsAWSService";
    AwsPrincipalServiceName = "aws:PrincipalServiceName";
    AwsPrincipalServiceNamesList = "aws:PrincipalServiceNamesList", many;
    AwsSourceArn = "aws:SourceArn";
    AwsSourceAccount = "aws:SourceAccount";
    AwsSourceIp = "aws:SourceIp";
    AwsSourceVpc = "aws:SourceVpc";
    AwsSourceVpce = "aws:SourceVpce";
    AwsVpcSourceIp = "aws:VpcSourceIp";
    AwsSecureTransport = "aws:SecureTransport";
    AwsUserAgent = "aws:UserAgent";
    AwsReferer = "aws:referer";
    AwsMultiFactorAuthPresent = "aws:MultiFactorAuthPresent";
    AwsMultiFactorAuthAge = "aws:MultiFactorAuthAge";
    AwsTokenIssueTime = "aws:TokenIssueTime";
    AwsFederatedProvider = "aws:FederatedProvider";
    AwsSourceIdentity = "aws:SourceIdentity";
    AwsCalledVia = "aws:CalledVia", many;
    AwsCalledViaFirst = "aws:CalledViaFirst";
    AwsCalledViaLast = "aws:CalledViaLast";
    AwsViaAwsService = "aws:ViaAWSService";
    AwsResourceOrgId = "aws:ResourceOrgID";
    AwsResourceOrgPaths = "aws:ResourceOrgPaths", many;
    AwsEc2InstanceSourceVpc = "aws:Ec2InstanceSourceVpc";
    AwsEc2InstanceSourcePrivateIpv4 = "aws:Ec2InstanceSourcePrivateIPv4";
    // Section 9: newer keys.
    KmsKeyAgreementAlgorithm = "kms:KeyAgreementAlgorithm";
    KmsGranteeServicePrincipal = "kms:GranteeServicePrincipal";
    KmsRetiringServicePrincipal = "kms:RetiringServicePrincipal";
    KmsGrantConstraintSourceArn = "kms:GrantConstraintSourceArn";
    KmsTrailingDaysWithoutKeyUsage = "kms:TrailingDaysWithoutKeyUsage";
    KmsPolicyName = "kms:PolicyName";
    AwsSourceOrgId = "aws:SourceOrgID";
    AwsSourceOrgPaths = "aws:SourceOrgPaths", many;
    AwsVpceAccount = "aws:VpceAccount";
    AwsVpceOrgId = "aws:VpceOrgID";
    AwsVpceOrgPaths = "aws:VpceOrgPaths", many;
    AwsSourceVpcArn = "aws:SourceVpcArn";
    AwsAssumedRoot = "aws:AssumedRoot";
}

impl KnownKey {
    /// The known key of this name, ignoring case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.name().eq_ignore_ascii_case(name))
    }
}

fn strip_prefix_ignore_ascii_case<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = name.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// A register number: decimal, without leading zeros.
fn register_number(text: &str) -> Option<u8> {
    let canonical = text == "0" || (text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0'));
    canonical.then(|| text.parse().ok()).flatten()
}

type Family<T> = fn(T) -> ConditionKey;

const FAMILIES: &[(&str, Family<KeyName>)] = &[
    (ENCRYPTION_CONTEXT, ConditionKey::EncryptionContext),
    (RESOURCE_TAG, ConditionKey::ResourceTag),
    (REQUEST_TAG, ConditionKey::RequestTag),
    (PRINCIPAL_TAG, ConditionKey::PrincipalTag),
];

const REGISTERS: &[(&str, &u8, Family<u8>)] =
    &[(PCR, &32, ConditionKey::RecipientPcr), (NITRO_TPM_PCR, &24, ConditionKey::RecipientNitroTpmPcr)];

const ENCRYPTION_CONTEXT: &str = "kms:EncryptionContext:";
const RESOURCE_TAG: &str = "aws:ResourceTag/";
const REQUEST_TAG: &str = "aws:RequestTag/";
const PRINCIPAL_TAG: &str = "aws:PrincipalTag/";
const PCR: &str = "kms:RecipientAttestation:PCR";
const NITRO_TPM_PCR: &str = "kms:RecipientAttestation:NitroTPMPCR";

#[cfg(test)]
mod tests {
    use super::*;

    /// Spec: POL-47, CND-07
    #[test]
    fn names_ignore_case_including_the_variable_part() {
        assert_eq!(ConditionKey::parse("KMS:viaservice"), ConditionKey::Known(KnownKey::KmsViaService));
        assert_eq!(
            ConditionKey::parse("kms:encryptioncontext:AppName"),
            ConditionKey::parse("kms:EncryptionContext:APPNAME")
        );
        let ConditionKey::EncryptionContext(name) = ConditionKey::parse("kms:EncryptionContext:Straße") else {
            unreachable!("a family key")
        };
        assert!(name.matches("STRAßE") && name.matches("straẞe") && !name.matches("strasse"));
    }

    /// Spec: CND-63, CND-124
    #[test]
    fn registers_have_bounds() {
        assert_eq!(ConditionKey::parse("kms:RecipientAttestation:pcr31"), ConditionKey::RecipientPcr(31));
        assert_eq!(
            ConditionKey::parse("kms:RecipientAttestation:NitroTPMPCR23"),
            ConditionKey::RecipientNitroTpmPcr(23)
        );
        for other in ["PCR32", "PCR01", "PCR", "PCR+1", "NitroTPMPCR24"] {
            let key = ConditionKey::parse(&format!("kms:RecipientAttestation:{other}"));
            assert!(matches!(key, ConditionKey::Other(_)), "{other}");
        }
    }

    #[test]
    fn the_text_of_a_key_names_it() {
        for name in [
            "kms:ViaService",
            "kms:EncryptionContext:a",
            "aws:ResourceTag/a/b",
            "aws:RequestTag/a",
            "aws:PrincipalTag/a",
            "kms:RecipientAttestation:PCR7",
            "kms:RecipientAttestation:NitroTPMPCR7",
            "s3:prefix",
        ] {
            assert_eq!(ConditionKey::parse(name).to_string(), name);
        }
    }

    #[test]
    fn every_known_name_is_found_again() {
        for &known in KnownKey::ALL {
            assert_eq!(KnownKey::parse(&known.name().to_uppercase()), Some(known));
        }
    }
}
