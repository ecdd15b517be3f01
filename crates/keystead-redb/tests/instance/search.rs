//! Looks for pieces of secrets in the bytes of a file, in any usual writing.

use std::collections::{HashMap, HashSet};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// Every piece of this length of every secret in every writing is looked for: shorter ones may occur by chance.
const PIECE: usize = 16;

type Piece = [u8; PIECE];

/// What is looked for.
#[derive(Default)]
pub(crate) struct Search {
    /// What may be found, though it is part of a secret: public halves in private keys.
    public: HashSet<Piece>,
    /// Where each piece comes from.
    pieces: HashMap<Piece, String>,
}

impl Search {
    /// To be called before the secrets are added that have these bytes in them.
    pub(crate) fn allow(&mut self, public: &[u8]) {
        self.public.extend(pieces_of(public));
    }

    pub(crate) fn add(&mut self, name: &str, secret: &[u8]) {
        for part in self.secret_parts(secret) {
            for (writing, text) in writings(part) {
                for piece in pieces_of(&text) {
                    self.pieces.entry(piece).or_insert_with(|| format!("{name}, {writing}"));
                }
            }
        }
    }

    /// The names of what is found.
    pub(crate) fn found_in(&self, bytes: &[u8]) -> HashSet<&str> {
        pieces_of(bytes).filter_map(|piece| self.pieces.get(&piece)).map(String::as_str).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// The secret without what is public.
    fn secret_parts<'s>(&self, secret: &'s [u8]) -> Vec<&'s [u8]> {
        let mut is_public = vec![false; secret.len()];
        for (at, piece) in pieces_of(secret).enumerate() {
            if self.public.contains(&piece) {
                is_public[at..at + PIECE].fill(true);
            }
        }
        let mut parts = Vec::new();
        let mut start = 0;
        for run in is_public.chunk_by(|one, other| one == other) {
            if !run[0] && run.len() >= PIECE {
                parts.push(&secret[start..start + run.len()]);
            }
            start += run.len();
        }
        parts
    }
}

/// Bytes in all the ways in which they could be written.
pub(crate) fn writings(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut all = vec![
        ("raw", bytes.to_vec()),
        ("reversed", bytes.iter().rev().copied().collect()),
        ("upper-case hex", hex.to_uppercase().into_bytes()),
        ("hex", hex.into_bytes()),
    ];
    // Base64 depends on the place that the bytes have in a longer text.
    for skipped in 0..3 {
        let whole = &bytes[skipped..bytes.len() - (bytes.len() - skipped) % 3];
        all.push(("base64", STANDARD.encode(whole).into_bytes()));
        all.push(("base64 for URLs", URL_SAFE.encode(whole).into_bytes()));
    }
    all
}

fn pieces_of(bytes: &[u8]) -> impl Iterator<Item = Piece> {
    bytes.windows(PIECE).map(|piece| std::array::from_fn(|at| piece[at]))
}
