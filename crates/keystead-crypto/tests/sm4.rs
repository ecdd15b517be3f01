//! SM4 as a block cipher, and what is built on it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use keystead_crypto::{DefaultProvider, MacAlgorithm, Provider};
use sm4::Sm4;

/// GB/T 32907-2016, appendix A: once, and a million times over.
#[test]
fn the_block_cipher_matches_its_standard() {
    let start: [u8; 16] = hex::decode("0123456789abcdeffedcba9876543210").unwrap().try_into().unwrap();
    let cipher = Sm4::new(&start.into());
    let mut block = start.into();
    cipher.encrypt_block(&mut block);
    assert_eq!(hex::encode(block), "681edf34d206965e86b3e94f536e4246");
    for _ in 1..1_000_000 {
        cipher.encrypt_block(&mut block);
    }
    assert_eq!(hex::encode(block), "595298c7c6fd271f0402f804c33d3f66");
}

/// NIST SP 800-38B spelled out over single blocks, for every message length up to four blocks.
#[test]
fn cmac_is_the_published_composition_of_blocks() {
    let key = [0x5a; 16];
    let cipher = Sm4::new(&key.into());
    let mac = DefaultProvider::new().mac(MacAlgorithm::Sm4Cmac, &key).unwrap();
    let encrypt = |block: u128| {
        let mut block = block.to_be_bytes().into();
        cipher.encrypt_block(&mut block);
        u128::from_be_bytes(block.into())
    };
    let double = |value: u128| if value >> 127 == 1 { (value << 1) ^ 0x87 } else { value << 1 };
    let k1 = double(encrypt(0));
    let k2 = double(k1);

    for length in 0..=64 {
        let message: Vec<u8> = (0..length).collect();
        let mut blocks: Vec<Vec<u8>> = message.chunks(16).map(<[u8]>::to_vec).collect();
        let mut last = blocks.pop().unwrap_or_default();
        let mask = if last.len() == 16 { k1 } else { k2 };
        if last.len() < 16 {
            last.push(0x80);
            last.resize(16, 0);
        }
        blocks.push(last);
        let count = blocks.len();
        let code = blocks.iter().enumerate().fold(0, |state, (i, block)| {
            let block = u128::from_be_bytes(block.as_slice().try_into().unwrap());
            encrypt(state ^ block ^ if i + 1 == count { mask } else { 0 })
        });
        assert_eq!(mac.sign(&[&message]).as_ref(), code.to_be_bytes(), "{length} bytes");
    }
}
