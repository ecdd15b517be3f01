//! Grants by hash, immutable: a changed copy shares all but the changed path with the one before.

use std::sync::Arc;

use super::{Grant, GrantId};

/// A tree of 16 branches per node. The path to an entry is its hash, then the ID of its grant: entries under one hash
/// lie in one subtree, however many they are, and none of them must be copied to add another one.
#[derive(Clone, Debug, Default)]
pub(crate) struct GrantTrie {
    root: Arc<Node>,
}

#[derive(Clone, Debug)]
enum Node {
    Leaf(Vec<Entry>),
    Branch([Option<Arc<Node>>; 16]),
}

#[derive(Clone, Debug)]
struct Entry {
    hash: u64,
    grant: Arc<Grant>,
}

impl GrantTrie {
    pub(crate) fn insert(&mut self, hash: u64, grant: Arc<Grant>) {
        insert(&mut self.root, Entry { hash, grant }, 0);
    }

    /// Removes the grant from under the hash, if it is there.
    pub(crate) fn remove(&mut self, hash: u64, id: GrantId) {
        // First a look: what is not there must not be looked for in copies.
        if self.holds(hash, id) && remove(&mut self.root, hash, path(hash, id), id, 0) {
            *self = Self::default();
        }
    }

    /// Whether the grant is under the hash, however many others are.
    fn holds(&self, hash: u64, id: GrantId) -> bool {
        let mut node = &self.root;
        for depth in 0..=PATH_DIGITS {
            match &**node {
                Node::Leaf(entries) => return entries.iter().any(|entry| entry.hash == hash && entry.grant.id == id),
                Node::Branch(children) => match &children[digit(path(hash, id), depth)] {
                    Some(child) => node = child,
                    None => return false,
                },
            }
        }
        false
    }

    /// The first grant under the hash that is accepted.
    pub(crate) fn find(&self, hash: u64, mut accept: impl FnMut(&Grant) -> bool) -> Option<&Arc<Grant>> {
        let mut node = &self.root;
        for depth in 0..HASH_DIGITS {
            match &**node {
                Node::Leaf(_) => break,
                Node::Branch(children) => node = children[digit(u128::from(hash) << 64, depth)].as_ref()?,
            }
        }
        find(node, &mut |entry| entry.hash == hash && accept(&entry.grant))
    }

    /// Visits every entry.
    pub(crate) fn each<'t>(&'t self, visit: &mut impl FnMut(u64, &'t Arc<Grant>)) {
        each(&self.root, visit);
    }
}

impl Default for Node {
    fn default() -> Self {
        Self::Leaf(Vec::new())
    }
}

fn insert(node: &mut Arc<Node>, entry: Entry, depth: u32) {
    match Arc::make_mut(node) {
        Node::Branch(children) => {
            let child = children[digit(path(entry.hash, entry.grant.id), depth)].get_or_insert_default();
            insert(child, entry, depth + 1);
        }
        Node::Leaf(entries) => {
            entries.push(entry);
            if entries.len() > LEAF_CAPACITY && depth < PATH_DIGITS {
                let entries = std::mem::take(entries);
                *node = Arc::new(Node::Branch(Default::default()));
                entries.into_iter().for_each(|entry| insert(node, entry, depth));
            }
        }
    }
}

/// Whether nothing is left of the node.
fn remove(node: &mut Arc<Node>, hash: u64, path: u128, id: GrantId, depth: u32) -> bool {
    match Arc::make_mut(node) {
        Node::Leaf(entries) => {
            entries.retain(|entry| entry.hash != hash || entry.grant.id != id);
            entries.is_empty()
        }
        Node::Branch(children) => {
            let child = &mut children[digit(path, depth)];
            if child.as_mut().is_some_and(|child| remove(child, hash, path, id, depth + 1)) {
                *child = None;
            }
            children.iter().all(Option::is_none)
        }
    }
}

fn find<'t>(node: &'t Node, accept: &mut impl FnMut(&Entry) -> bool) -> Option<&'t Arc<Grant>> {
    match node {
        Node::Leaf(entries) => entries.iter().find(|entry| accept(entry)).map(|entry| &entry.grant),
        Node::Branch(children) => children.iter().flatten().find_map(|child| find(child, accept)),
    }
}

fn each<'t>(node: &'t Node, visit: &mut impl FnMut(u64, &'t Arc<Grant>)) {
    match node {
        Node::Leaf(entries) => entries.iter().for_each(|entry| visit(entry.hash, &entry.grant)),
        Node::Branch(children) => children.iter().flatten().for_each(|child| each(child, visit)),
    }
}

/// IDs are random, so that their beginning tells entries under one hash apart.
fn path(hash: u64, id: GrantId) -> u128 {
    let start = id.as_bytes().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    u128::from(hash) << 64 | u128::from(start)
}

/// Which of the 16 branches a path takes at a depth.
fn digit(path: u128, depth: u32) -> usize {
    (path >> (u128::BITS - 4 * (depth + 1)) & 0xf) as usize
}

/// Digits of a path that the hash makes up.
const HASH_DIGITS: u32 = u64::BITS / 4;
const PATH_DIGITS: u32 = u128::BITS / 4;
/// Entries that are rather searched one by one.
const LEAF_CAPACITY: usize = 16;
