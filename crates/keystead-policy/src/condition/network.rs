//! Address ranges (POL-58).

use std::net::IpAddr;

/// A CIDR range. IPv4-mapped IPv6 is IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    /// The address without host bits.
    bits: u128,
    mask: u128,
    is_v4: bool,
}

impl Network {
    /// Reads `address` or `address/length`. Host bits are ignored.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, length) = split(text)?;
        Some(Self::new(address, length))
    }

    /// Whether the text has host bits set, which a range does not look at.
    pub(crate) fn has_host_bits(text: &str) -> bool {
        split(text).is_some_and(|(address, length)| Self::new(address, length).bits != bits(address))
    }

    /// Whether the text is a range inside the private or loopback address space (RFC 1918, RFC 4193, RFC 1122).
    pub(crate) fn is_private(text: &str) -> bool {
        let Some(range) = Self::parse(text) else { return false };
        PRIVATE.iter().filter_map(|private| Self::parse(private)).any(|private| {
            private.is_v4 == range.is_v4
                && range.mask & private.mask == private.mask
                && range.bits & private.mask == private.bits
        })
    }

    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.is_v4 && bits(address) & self.mask == self.bits
    }

    fn new(address: IpAddr, length: u32) -> Self {
        let host_bits = width(address) - length;
        let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
        Self { bits: bits(address) & mask, mask, is_v4: address.is_ipv4() }
    }
}

/// The address and the length of the prefix, both normalised.
fn split(text: &str) -> Option<(IpAddr, u32)> {
    let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
    let written: IpAddr = address.parse().ok()?;
    let full = width(written);
    let length = match length {
        None => full,
        Some(digits) if (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().ok().filter(|length| *length <= full)?
        }
        Some(_) => return None,
    };
    match written.to_canonical() {
        // A range that reaches beyond the mapped addresses stays what it was.
        mapped @ IpAddr::V4(_) if written.is_ipv6() && length >= 96 => Some((mapped, length - 96)),
        _ => Some((written, length)),
    }
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

const PRIVATE: &[&str] = &["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "fc00::/7", "::1/128"];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn contains(range: &str, address: &str) -> bool {
        Network::parse(range).unwrap().contains(address.parse().unwrap())
    }

    /// Spec: POL-58
    #[test]
    fn ranges_contain_by_bits_not_by_text() {
        assert!(contains("192.0.2.0/24", "192.0.2.255"));
        assert!(!contains("192.0.2.0/24", "192.0.3.0"));
        assert!(contains("192.0.2.1/32", "192.0.2.1") && !contains("192.0.2.1/32", "192.0.2.2"));
        assert!(contains("2001:db8::1/128", "2001:db8::1"));
        assert!(contains("192.0.2.77/24", "192.0.2.1"), "host bits are ignored");
        assert!(contains("0.0.0.0/0", "255.255.255.255"));
        assert!(!contains("0.0.0.0/0", "::1"));
        assert!(!contains("::/0", "192.0.2.1"));
        assert!(contains("2001:db8::1", "2001:0db8:0:0:0:0:0:1"));
        assert!(!contains("2001:db8::1", "2001:db8::2"), "no length means one address");
        assert!(contains("2001:db8::/32", "2001:db8:ffff::1"));
        assert!(contains("192.0.2.0/24", "::ffff:192.0.2.9"), "mapped addresses are IPv4");
        assert!(contains("::ffff:192.0.2.0/120", "192.0.2.9"));
        assert!(contains("::ffff:0.0.0.0/96", "192.0.2.9"), "all of IPv4");
        assert!(!contains("::ffff:0.0.0.0/95", "192.0.2.9"));
        assert!(contains("::ffff:192.0.2.0/64", "::1"), "wider than the mapped addresses");
    }

    /// Spec: POL-38, POL-58
    #[test]
    fn other_texts_are_no_ranges() {
        for text in [
            "abc",
            "",
            "192.0.2",
            "192.0.2.0/33",
            "192.0.2.0/",
            "192.0.2.0/+8",
            "::/129",
            "192.0.2.0/24/8",
            "192.0.2.*",
            "192.0.2.0/0024",
        ] {
            assert!(Network::parse(text).is_none(), "{text}");
        }
    }

    /// Spec: POL-140
    #[test]
    fn host_bits_are_seen() {
        assert!(Network::has_host_bits("192.0.2.1/24"));
        assert!(!Network::has_host_bits("192.0.2.0/24"));
        assert!(!Network::has_host_bits("192.0.2.1"));
        assert!(Network::has_host_bits("::ffff:192.0.2.1/120"));
    }
}
