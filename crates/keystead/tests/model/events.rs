//! What happens without a call, each once, whoever notices: rotations, deletions, expirations.

use std::collections::BTreeSet;

use super::world::SECOND;

/// A rotation (with its type), an expiration, or a deletion of a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Happening {
    pub arn: String,
    /// When it was due, for deletions and expirations; when it was made, for rotations.
    pub at: i64,
    pub kind: &'static str,
}

/// Of which happenings, by number, a record or event may be missing: the store or the sink of events failed meanwhile.
#[derive(Default)]
pub struct Doubts {
    pub records: BTreeSet<usize>,
    pub events: BTreeSet<usize>,
    /// Whether records may have lain in the store, where they tell whole seconds.
    pub delayed: bool,
}

/// Each happening has one record and one event (ROT-55, STA-93, STA-96, IMP-49).
pub fn compare(
    expected: &[Happening],
    doubts: &Doubts,
    records: &[Happening],
    events: &[Happening],
) -> Result<(), String> {
    let rotations = ["AUTOMATIC", "ON_DEMAND"];
    let of_records = |kinds: &[&str]| select(expected, kinds, &doubts.records);
    let of_events = |kinds: &[&str]| select(expected, kinds, &doubts.events);
    let found = |list: &[Happening], kinds: &[&str]| select(list, kinds, &BTreeSet::new()).0;
    let when = if doubts.delayed { When::InThatSecond } else { When::Exactly };
    same("records of rotations", of_records(&rotations), found(records, &rotations), when)?;
    let announced = |list: Vec<Happening>| list.into_iter().map(|one| Happening { kind: "Rotation", ..one }).collect();
    let (certain, doubtful) = of_events(&rotations);
    same(
        "events of rotations",
        (announced(certain), announced(doubtful)),
        found(events, &["Rotation"]),
        When::Exactly,
    )?;
    same("records of deletions", of_records(&["DeleteKey"]), found(records, &["DeleteKey"]), When::Later)?;
    let expirations = ["DeleteExpiredKeyMaterial"];
    same("records of expirations", of_records(&expirations), found(records, &expirations), When::Later)?;
    // Events of deletions are offered until they are taken.
    let deletions = select(expected, &["DeleteKey"], &BTreeSet::new());
    same("events of deletions", deletions, found(events, &["Deletion"]), When::Later)?;
    same("events of expirations", of_events(&expirations), found(events, &["Expiration"]), When::Later)
}

/// The certain and the doubtful happenings of these kinds.
fn select(list: &[Happening], kinds: &[&str], doubtful: &BTreeSet<usize>) -> (Vec<Happening>, Vec<Happening>) {
    let of_kinds = list.iter().enumerate().filter(|(_, one)| kinds.contains(&one.kind));
    let (doubtful, certain): (Vec<_>, Vec<_>) = of_kinds.partition(|(number, _)| doubtful.contains(number));
    let bare = |list: Vec<(usize, &Happening)>| list.into_iter().map(|(_, one)| one.clone()).collect();
    (bare(certain), bare(doubtful))
}

/// When a happening may have been noticed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Exactly,
    InThatSecond,
    /// Later than it was due, never earlier. Events tell whole seconds.
    Later,
}

/// Whether what was found is all that is certain, and what is doubtful in part.
fn same(
    what: &str,
    (mut certain, mut doubtful): (Vec<Happening>, Vec<Happening>),
    mut found: Vec<Happening>,
    when: When,
) -> Result<(), String> {
    let is = |due: &Happening, found: &Happening| {
        let in_time = match when {
            When::Exactly => due.at == found.at,
            When::InThatSecond => due.at == found.at || due.at / SECOND * SECOND == found.at,
            When::Later => due.at < found.at + SECOND,
        };
        let same_kind = when == When::Later || due.kind == found.kind;
        due.arn == found.arn && same_kind && in_time
    };
    let all = (certain.clone(), doubtful.clone(), found.clone());
    for due in [&mut certain, &mut doubtful] {
        due.sort_by_key(|one| one.at);
        found.sort_by_key(|one| one.at);
        due.retain(|due| match found.iter().position(|found| is(due, found)) {
            Some(at) => {
                found.remove(at);
                false
            }
            None => true,
        });
    }
    if certain.is_empty() && found.is_empty() {
        return Ok(());
    }
    let (certain, doubtful, found) = all;
    Err(format!("{what}: expected {certain:#?}\nand perhaps {doubtful:#?}\nfound {found:#?}"))
}
