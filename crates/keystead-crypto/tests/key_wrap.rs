//! Our AES key wrap with padding beside that of RustCrypto.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use aes_kw::{KeyInit, KwpAes128, KwpAes192, KwpAes256};
use keystead_crypto::{DefaultProvider, Provider};
use proptest::prelude::*;

const PROVIDER: DefaultProvider = DefaultProvider::new();

proptest! {
    /// Spec: IMP-24
    #[test]
    fn another_implementation_wraps_and_unwraps_alike(
        seed in any::<[u8; 32]>(),
        kek_len in prop::sample::select(vec![16_usize, 24, 32]),
        key in prop::collection::vec(any::<u8>(), 1..200),
    ) {
        let kek = &seed[..kek_len];
        let ours = PROVIDER.wrap_key(kek, &key).unwrap();
        let mut theirs = vec![0; ours.len()];
        let mut opened = vec![0; ours.len() - 8];
        let opened = match kek_len {
            16 => {
                let cipher = KwpAes128::new_from_slice(kek).unwrap();
                cipher.wrap_key(&key, &mut theirs).unwrap();
                cipher.unwrap_key(&ours, &mut opened).unwrap()
            }
            24 => {
                let cipher = KwpAes192::new_from_slice(kek).unwrap();
                cipher.wrap_key(&key, &mut theirs).unwrap();
                cipher.unwrap_key(&ours, &mut opened).unwrap()
            }
            _ => {
                let cipher = KwpAes256::new_from_slice(kek).unwrap();
                cipher.wrap_key(&key, &mut theirs).unwrap();
                cipher.unwrap_key(&ours, &mut opened).unwrap()
            }
        };
        prop_assert_eq!(&ours, &theirs);
        prop_assert_eq!(opened, key.as_slice());
        let back = PROVIDER.unwrap_key(kek, &theirs).unwrap();
        prop_assert_eq!(back.expose(), key.as_slice());
    }
}
