//! The statements of a policy, and where to look for those that may match a request. A decision looks at the
//! statements that name its caller, its resource or the value of one of its condition keys, and at those that name
//! nothing of the kind, so that it does not slow down with the length of the policy.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::ops::ControlFlow;

use crate::catalogue::ActionSet;
use crate::condition::text::Text;
use crate::evaluate::{Facts, Slot};
use crate::policy::Statement;
use crate::principal::hash;
use crate::{ConditionKey, Request, Value};

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
    pub(crate) fn find(
        &self,
        asked: &Asked<'_>,
        facts: &Facts<'_>,
        matches: impl Fn(&Statement) -> bool,
    ) -> Option<&Statement> {
        let mut first: Option<&Statement> = None;
        let _: ControlFlow<()> = self.visit(asked, facts, |statement| {
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
        facts: &Facts<'_>,
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
        for by_value in &index.by_value {
            visit_all(by_value.get(facts))?;
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

/// Every statement is filed by what it demands of a request: one of some principals, of some resources, or of some
/// values of a condition key. One that demands nothing of the kind stands among the others.
#[derive(Clone, Debug)]
struct Index {
    by_principal: Table,
    by_resource: Table,
    by_value: Box<[ByValue]>,
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
        let demands: Vec<Vec<Demand<'_>>> = statements.iter().map(Demand::of).collect();
        let mut crowds: HashMap<(Subject<'_>, u64), usize> = HashMap::new();
        for demand in demands.iter().flatten() {
            for hash in &demand.hashes {
                *crowds.entry((demand.subject, *hash)).or_default() += 1;
            }
        }
        let crowd = |demand: &Demand<'_>| {
            demand.hashes.iter().filter_map(|hash| crowds.get(&(demand.subject, *hash))).max().copied().unwrap_or(0)
        };

        let mut entries: HashMap<Subject<'_>, Vec<(u64, Filed)>> = HashMap::new();
        let mut others = Vec::new();
        for (position, (statement, demands)) in (0..).zip(statements.iter().zip(demands)) {
            let filed = Filed { actions: statement.actions.known(), statement: position };
            // Where it has the fewest neighbours. A few more do not pay for asking about another subject.
            match demands.into_iter().min_by_key(|demand| crowd(demand).max(FEW)) {
                Some(Demand { subject, hashes }) => {
                    entries.entry(subject).or_default().extend(hashes.into_iter().map(|hash| (hash, filed)));
                }
                None => others.push(filed),
            }
        }
        let by_principal = Table::new(entries.remove(&Subject::Principal).unwrap_or_default());
        let by_resource = Table::new(entries.remove(&Subject::Resource).unwrap_or_default());
        let by_value = entries.into_iter().filter_map(|(subject, entries)| match subject {
            Subject::Value(slot, key) => Some(ByValue { slot, key: key.clone(), table: Table::new(entries) }),
            Subject::Principal | Subject::Resource => None,
        });
        let mut by_value: Box<[ByValue]> = by_value.collect();
        by_value.sort_by_key(|by_value| by_value.slot);
        Self { by_principal, by_resource, by_value, others: others.into() }
    }
}

/// That something about a request is among some texts, which are given by their hashes: a statement cannot match
/// unless all of its demands are met.
struct Demand<'s> {
    subject: Subject<'s>,
    hashes: Vec<u64>,
}

/// What a demand is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Subject<'s> {
    Principal,
    Resource,
    Value(Slot, &'s ConditionKey),
}

impl<'s> Demand<'s> {
    /// The demands of a statement, those first that are the quickest to look up.
    fn of(statement: &'s Statement) -> Vec<Self> {
        let hashes = |texts: Vec<&str>| texts.into_iter().map(hash).collect();
        let principal = statement.principals.name_hashes().map(|hashes| Self { subject: Subject::Principal, hashes });
        let resource =
            statement.resources.exact().map(|arns| Self { subject: Subject::Resource, hashes: hashes(arns) });
        let values = statement.conditions.iter().filter_map(|element| {
            let subject = Subject::Value(element.slot, &element.key);
            element.demanded_texts().map(|texts| Self { subject, hashes: hashes(texts) })
        });
        principal.into_iter().chain(resource).chain(values).collect()
    }
}

/// The statements that demand one of some texts as the value of a condition key.
#[derive(Clone, Debug)]
struct ByValue {
    slot: Slot,
    key: ConditionKey,
    table: Table,
}

impl ByValue {
    fn get(&self, facts: &Facts<'_>) -> &[Filed] {
        match facts.value_in(self.slot, &self.key) {
            Value::Absent => &[],
            // What these mean depends on more than their text.
            Value::Many(_) | Value::Colliding | Value::Unusable => &self.table.filed,
            value => Text::of(value).map_or(&[], |text| self.table.get(hash(text.as_str()))),
        }
    }
}

/// Statements by a hash: open addressing with linear probing. Equal hashes of different names only make a candidate
/// more.
#[derive(Clone, Debug)]
struct Table {
    groups: Box<[Group]>,
    filed: Box<[Filed]>,
}

/// The statements with one hash: a range of [`Table::filed`], empty if the group is free.
#[derive(Clone, Copy, Debug, Default)]
struct Group {
    hash: u64,
    start: u32,
    end: u32,
}

impl Table {
    fn new(mut entries: Vec<(u64, Filed)>) -> Self {
        entries.sort_by_key(|(hash, filed)| (*hash, filed.statement));
        entries.dedup_by_key(|(hash, filed)| (*hash, filed.statement));
        // At most half of the groups are taken.
        let mut groups =
            vec![Group::default(); if entries.is_empty() { 0 } else { entries.len().next_power_of_two() * 2 }];
        let mut start = 0;
        for group in entries.chunk_by(|(a, _), (b, _)| a == b) {
            let end = start + group.len() as u32;
            if let Some(&(hash, _)) = group.first() {
                let mut place = hash as usize & (groups.len() - 1);
                while groups[place].end != 0 {
                    place = (place + 1) & (groups.len() - 1);
                }
                groups[place] = Group { hash, start, end };
            }
            start = end;
        }
        Self { groups: groups.into(), filed: entries.into_iter().map(|(_, filed)| filed).collect() }
    }

    fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    fn get(&self, hash: u64) -> &[Filed] {
        let mut place = hash as usize;
        loop {
            place &= self.groups.len().wrapping_sub(1);
            match self.groups.get(place) {
                Some(group) if group.end != 0 && group.hash != hash => place += 1,
                Some(group) => return self.filed.get(group.start as usize..group.end as usize).unwrap_or_default(),
                None => return &[],
            }
        }
    }
}

/// Up to so many statements are looked through one by one.
const FEW: usize = 4;
