//! Parent and child of a fork never draw the same nonce.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::FromRawFd;
use std::thread;

use keystead_crypto::Entropy;
use keystead_crypto::entropy::SystemEntropy;

#[test]
fn a_child_of_a_half_used_pool_draws_other_bytes() {
    // From an untouched pool, from a nearly full, a half used and a nearly empty one, and from one just refilled.
    for drawn_before in [0, 1, 85, 169, 170, 171] {
        thread::spawn(move || {
            let before = draw(drawn_before);
            let (parent, child) = draw_on_both_sides(DRAWS);
            assert_all_distinct(&[before, parent, child]);
        })
        .join()
        .unwrap();
    }
}

#[test]
fn a_fork_from_a_second_thread_is_noticed_and_other_threads_go_on() {
    let before = draw(10);
    let (first, parent, child) = thread::spawn(|| {
        let first = draw(10);
        let (parent, child) = draw_on_both_sides(DRAWS);
        (first, parent, child)
    })
    .join()
    .unwrap();
    let after = draw(DRAWS);
    assert_all_distinct(&[before, first, parent, child, after]);
}

/// The thread that a child starts first must not hide the fork from the thread that survived it.
#[test]
fn a_thread_of_the_child_draws_first() {
    let before = draw(10);
    let child = in_child(|| {
        let mut drawn = thread::spawn(|| draw(DRAWS)).join().unwrap();
        drawn.extend(draw(DRAWS));
        drawn
    });
    let child = child.finish();
    assert_eq!(child.len(), 2 * DRAWS);
    assert_all_distinct(&[before, draw(DRAWS), child]);
}

#[test]
fn grandchildren_and_siblings_draw_other_bytes() {
    let before = draw(20);
    let first = in_child(|| {
        let mut drawn = draw(5);
        let grandchild = in_child(|| draw(DRAWS));
        drawn.extend(draw(DRAWS));
        drawn.extend(grandchild.finish());
        drawn
    });
    let second = in_child(|| draw(DRAWS));
    let parent = draw(DRAWS);
    let (first, second) = (first.finish(), second.finish());
    assert_eq!((first.len(), second.len()), (5 + 2 * DRAWS, DRAWS));
    assert_all_distinct(&[before, parent, first, second]);
}

type Nonce = [u8; 24];

fn draw(count: usize) -> Vec<Nonce> {
    (0..count)
        .map(|_| {
            let mut nonce = [0; 24];
            SystemEntropy.fill_nonce(&mut nonce).unwrap();
            nonce
        })
        .collect()
}

fn draw_on_both_sides(count: usize) -> (Vec<Nonce>, Vec<Nonce>) {
    let child = in_child(move || draw(count));
    let parent = draw(count);
    let child = child.finish();
    assert_eq!(child.len(), count, "the child drew and reported");
    (parent, child)
}

fn assert_all_distinct(groups: &[Vec<Nonce>]) {
    let mut seen = HashSet::new();
    for nonce in groups.iter().flatten() {
        assert_ne!(nonce[..8], [0; 8], "a wiped pool was handed out");
        assert!(seen.insert(nonce), "the same nonce was drawn twice");
    }
}

struct Child {
    id: libc::pid_t,
    output: File,
}

/// Forks; the child sends what `work` gives through a pipe and ends without returning.
fn in_child(work: impl FnOnce() -> Vec<Nonce>) -> Child {
    let mut ends = [0; 2];
    // SAFETY: the array has room for the two descriptors.
    assert_eq!(unsafe { libc::pipe(ends.as_mut_ptr()) }, 0);
    // SAFETY: `pipe` has just made both descriptors and nothing else owns them.
    let (output, mut input) = unsafe { (File::from_raw_fd(ends[0]), File::from_raw_fd(ends[1])) };
    // SAFETY: the child only draws, writes to the pipe and exits.
    match unsafe { libc::fork() } {
        0 => {
            let status = match std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)) {
                Ok(drawn) => i32::from(input.write_all(drawn.as_flattened()).is_err()),
                Err(_) => 1,
            };
            // SAFETY: ends the child at once, without running the test harness's exit handlers.
            unsafe { libc::_exit(status) }
        }
        id => {
            assert!(id > 0, "fork failed");
            Child { id, output }
        }
    }
}

impl Child {
    fn finish(mut self) -> Vec<Nonce> {
        let mut bytes = Vec::new();
        self.output.read_to_end(&mut bytes).unwrap();
        let mut status = 0;
        // SAFETY: `status` is a valid place to write to.
        assert_eq!(unsafe { libc::waitpid(self.id, &raw mut status, 0) }, self.id);
        assert_eq!(status, 0, "the child failed");
        bytes.as_chunks::<24>().0.to_vec()
    }
}

const DRAWS: usize = 300;
