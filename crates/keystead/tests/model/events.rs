//! What happens without a call, each once, whoever notices: rotations, deletions, expirations.

use std::collections::BTreeMap;

use super::world::SECOND;

/// A rotation (with its type), an expiration, or a deletion of a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Happening {
    pub arn: String,
    /// When it was due, for deletions and expirations; when it was made, for rotations.
    pub at: i64,
    pub kind: &'static str,
}

/// Each happening has one record and one event (ROT-55, STA-93, STA-96, IMP-49).
pub fn compare(expected: &[Happening], records: &[Happening], events: &[Happening]) -> Result<(), String> {
    let sorted = |list: &[Happening], kinds: &[&str]| {
        let mut list: Vec<_> = list.iter().filter(|one| kinds.contains(&one.kind)).cloned().collect();
        list.sort();
        list
    };
    let same = |what: &str, expected: Vec<Happening>, found: Vec<Happening>| {
        if expected == found { Ok(()) } else { Err(format!("{what}: expected {expected:#?}\nfound {found:#?}")) }
    };
    let rotations = sorted(expected, &["AUTOMATIC", "ON_DEMAND"]);
    same("records of rotations", rotations.clone(), sorted(records, &["AUTOMATIC", "ON_DEMAND"]))?;
    let announced = rotations.into_iter().map(|one| Happening { kind: "Rotation", ..one });
    let mut announced: Vec<_> = announced.collect();
    announced.sort();
    same("events of rotations", announced, sorted(events, &["Rotation"]))?;
    // These may be noticed later than they were due, never earlier. Events tell whole seconds.
    for (what, kind, event) in
        [("deletions", "DeleteKey", "Deletion"), ("expirations", "DeleteExpiredKeyMaterial", "Expiration")]
    {
        let due = by_key(expected, kind);
        for found in [by_key(records, kind), by_key(events, event)] {
            let late = |due: &[i64], found: &[i64]| {
                due.len() == found.len() && due.iter().zip(found).all(|(due, found)| *due < *found + SECOND)
            };
            let same = due.len() == found.len()
                && due.iter().zip(&found).all(|((arn, due), (other, found))| arn == other && late(due, found));
            if !same {
                return Err(format!("{what}: expected {due:#?}\nfound {found:#?}"));
            }
        }
    }
    Ok(())
}

/// The instants of one kind of happening, by key, in their order.
fn by_key<'h>(list: &'h [Happening], kind: &str) -> BTreeMap<&'h str, Vec<i64>> {
    let mut keys: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for one in list.iter().filter(|one| one.kind == kind) {
        keys.entry(one.arn.as_str()).or_default().push(one.at);
    }
    keys.values_mut().for_each(|instants| instants.sort_unstable());
    keys
}
