//! A context that remembers what it was asked in vain.

use std::cell::RefCell;

use crate::{ConditionKey, Context, Value};

/// Hands the values of another context on, and notes the keys it does not have.
pub(super) struct Recorder<'c> {
    context: &'c dyn Context,
    absent: RefCell<Vec<ConditionKey>>,
}

impl<'c> Recorder<'c> {
    pub(super) fn new(context: &'c dyn Context) -> Self {
        Self { context, absent: RefCell::default() }
    }

    /// The absent keys, in the order in which they were first asked for.
    pub(super) fn absent(&self) -> Vec<ConditionKey> {
        self.absent.borrow().clone()
    }
}

impl Context for Recorder<'_> {
    fn value<'a>(&'a self, key: &ConditionKey) -> Value<'a> {
        let value = self.context.value(key);
        if matches!(value, Value::Absent) {
            let mut absent = self.absent.borrow_mut();
            if !absent.contains(key) {
                absent.push(key.clone());
            }
        }
        value
    }

    fn colliding<'a>(&'a self, key: &ConditionKey, nth: usize) -> Option<Value<'a>> {
        self.context.colliding(key, nth)
    }
}
