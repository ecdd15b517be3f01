//! Entropy that follows a script, for vectors that need to know what was drawn.
#![allow(dead_code)] // Not every test that has it uses all of it.

use std::sync::Mutex;

use keystead_crypto::{CryptoError, Entropy};

/// Draws of 32 bytes, one after the other, and then either none or always the same.
#[derive(Debug)]
pub(crate) struct Script {
    draws: Mutex<Vec<[u8; 32]>>,
    rest: Option<[u8; 32]>,
}

impl Script {
    pub(crate) fn new(draws: &[[u8; 32]]) -> Self {
        Self { draws: Mutex::new(draws.iter().rev().copied().collect()), rest: None }
    }

    pub(crate) fn repeating(draw: [u8; 32]) -> Self {
        Self { draws: Mutex::default(), rest: Some(draw) }
    }
}

impl Entropy for Script {
    fn fill(&self, dest: &mut [u8]) -> Result<(), CryptoError> {
        for part in dest.chunks_mut(32) {
            let draw = self.draws.lock().unwrap().pop().or(self.rest).ok_or(CryptoError::Entropy)?;
            part.copy_from_slice(&draw[..part.len()]);
        }
        Ok(())
    }
}
