//! The statements of a policy, and where to look for those that may match a request. A decision looks at the
//! statements that name its caller or its resource and at those that name neither, so that it does not slow down with
//! the length of the policy.

use std::cell::OnceCell;
use std::ops::ControlFlow;

use crate::Request;
use crate::catalogue::ActionSet;
use crate::policy::Statement;
use crate::principal::hash;

/// The statements of one effect, in the order of the document.
#[derive(Clone, Debug)]
pub(crate) struct Statements {
    all: Box<[Statement]>,
    /// The actions that any of them covers.
    actions: ActionSet,
    /// None for a few statements, which are looked through as fast.
    index: Option<Index>,
}

impl Statements {
    pub(crate) fn as_slice(&self) -> &[Statement] {
        &self.all
    }

    /// The first statement in the order of the document that is a candidate for the request and `matches`.
    pub(crate) fn find(&self, asked: &Asked<'_>, matches: impl Fn(&Statement) -> bool) -> Option<&Statement> {
        let mut first: Option<&Statement> = None;
        let _: ControlFlow<()> = self.visit(asked, |statement| {
            let is_earlier = first.is_none_or(|first| statement.position < first.position);
            if is_earlier && matches(statement) {
                first = Some(statement);
            }
            ControlFlow::Continue(())
        });
        first
    }

    /// Visits every statement that can match the request, and perhaps some that cannot or some twice, in no particular
    /// order, until told to stop.
    pub(crate) fn visit<'s, T>(
        &'s self,
        asked: &Asked<'_>,
        mut visit: impl FnMut(&'s Statement) -> ControlFlow<T>,
    ) -> ControlFlow<T> {
        let action = asked.request.action.bit();
        if action.is_some_and(|action| !self.actions.contains(action)) {
            return ControlFlow::Continue(());
        }
        let caller = asked.request.principal;
        let Some(index) = self.index.as_ref().filter(|_| !caller.is_path_unknown()) else {
            return self.all.iter().try_for_each(visit);
        };
        let mut visit_all = |filed: &'s [Filed]| {
            for filed in filed.iter().filter(|filed| action.is_none_or(|action| filed.actions.contains(action))) {
                if let Some(statement) = self.all.get(filed.statement as usize) {
                    visit(statement)?;
                }
            }
            ControlFlow::Continue(())
        };
        if !index.by_principal.is_empty() {
            for name in caller.name_hashes() {
                visit_all(index.by_principal.get(name))?;
            }
        }
        if !index.by_resource.is_empty() {
            visit_all(index.by_resource.get(asked.resource_hash()))?;
        }
        visit_all(&index.others)
    }
}

impl FromIterator<Statement> for Statements {
    fn from_iter<I: IntoIterator<Item = Statement>>(statements: I) -> Self {
        let all: Box<[Statement]> = statements.into_iter().collect();
        let actions = all.iter().map(|statement| statement.actions.known()).fold(ActionSet::default(), ActionSet::or);
        let index = (all.len() > FEW).then(|| Index::new(&all));
        Self { all, actions, index }
    }
}

/// A request, and what the search for statements computes of it at most once.
pub(crate) struct Asked<'r> {
    pub request: &'r Request<'r>,
    resource: OnceCell<u64>,
}

impl<'r> Asked<'r> {
    pub(crate) fn new(request: &'r Request<'r>) -> Self {
        Self { request, resource: OnceCell::new() }
    }

    fn resource_hash(&self) -> u64 {
        *self.resource.get_or_init(|| hash(self.request.resource.arn()))
    }
}

/// Every statement is filed by its principals if it names them all, else by its resources if it names them all, else
/// among the others.
#[derive(Clone, Debug)]
struct Index {
    by_principal: Table,
    by_resource: Table,
    others: Box<[Filed]>,
}

/// A statement in the index; its actions stand beside it, so that most statements are passed over without being read.
#[derive(Clone, Copy, Debug)]
struct Filed {
    actions: ActionSet,
    statement: u32,
}

impl Index {
    fn new(statements: &[Statement]) -> Self {
        let (mut by_principal, mut by_resource, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for (position, statement) in (0..).zip(statements) {
            let filed = Filed { actions: statement.actions.known(), statement: position };
            if let Some(names) = statement.principals.name_hashes() {
                by_principal.extend(names.into_iter().map(|name| (name, filed)));
            } else if let Some(arns) = statement.resources.exact() {
                by_resource.extend(arns.into_iter().map(|arn| (hash(arn), filed)));
            } else {
                others.push(filed);
            }
        }
        Self { by_principal: Table::new(by_principal), by_resource: Table::new(by_resource), others: others.into() }
    }
}

/// Statements by a hash: open addressing with linear probing. Equal hashes of different names only make a candidate
/// more.
#[derive(Clone, Debug)]
struct Table {
    slots: Box<[Slot]>,
    filed: Box<[Filed]>,
}

/// The statements with one hash: a range of [`Table::filed`], empty if the slot is free.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    hash: u64,
    start: u32,
    end: u32,
}

impl Table {
    fn new(mut entries: Vec<(u64, Filed)>) -> Self {
        entries.sort_by_key(|(hash, filed)| (*hash, filed.statement));
        entries.dedup_by_key(|(hash, filed)| (*hash, filed.statement));
        // At most half of the slots are taken.
        let mut slots =
            vec![Slot::default(); if entries.is_empty() { 0 } else { entries.len().next_power_of_two() * 2 }];
        let mut start = 0;
        for group in entries.chunk_by(|(a, _), (b, _)| a == b) {
            let end = start + group.len() as u32;
            if let Some(&(hash, _)) = group.first() {
                let mut place = hash as usize & (slots.len() - 1);
                while slots[place].end != 0 {
                    place = (place + 1) & (slots.len() - 1);
                }
                slots[place] = Slot { hash, start, end };
            }
            start = end;
        }
        Self { slots: slots.into(), filed: entries.into_iter().map(|(_, filed)| filed).collect() }
    }

    fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    fn get(&self, hash: u64) -> &[Filed] {
        let mut place = hash as usize;
        loop {
            place &= self.slots.len().wrapping_sub(1);
            match self.slots.get(place) {
                Some(slot) if slot.end != 0 && slot.hash != hash => place += 1,
                Some(slot) => return self.filed.get(slot.start as usize..slot.end as usize).unwrap_or_default(),
                None => return &[],
            }
        }
    }
}

/// Up to so many statements are looked through one by one.
const FEW: usize = 4;
