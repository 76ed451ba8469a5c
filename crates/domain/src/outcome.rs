//! Whether what an operation was asked for may have been done although it failed.
//!
//! That is a fact of the writes that were sent, not of the error that came last: a refusal says nothing about an
//! earlier attempt whose answer was lost. So each write tells what became of it, where it is sent, and what is known
//! about the operation is joined from all of them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is known about an operation that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum WriteOutcome {
    /// No write was sent, or every attempt of every write was refused: nothing of it was or will be done.
    #[default]
    NotDone,
    /// A write was accepted, or was sent and not refused: it may have been done, wholly or in part, or may still be.
    Unknown,
}

impl WriteOutcome {
    /// The stable word that machines read.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotDone => "notDone",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for WriteOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The writes of one operation, which are also writes of the operation around it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Writes(Arc<Joined>);

#[derive(Debug, Default)]
struct Joined {
    any_not_refused: AtomicBool,
    around: Option<Writes>,
}

impl Writes {
    /// Those of an operation within this one.
    pub(crate) fn within(&self) -> Self {
        Self(Arc::new(Joined {
            any_not_refused: AtomicBool::new(false),
            around: Some(self.clone()),
        }))
    }

    /// Those of something that is done beside the operation.
    pub(crate) fn beside() -> Self {
        Self::default()
    }

    pub(crate) fn outcome(&self) -> WriteOutcome {
        if self.0.any_not_refused.load(Ordering::Acquire) {
            WriteOutcome::Unknown
        } else {
            WriteOutcome::NotDone
        }
    }

    pub(crate) fn begin(&self) -> PendingWrite {
        PendingWrite {
            writes: Some(self.clone()),
        }
    }

    fn join(&self) {
        let mut next = Some(self);
        while let Some(writes) = next {
            writes.0.any_not_refused.store(true, Ordering::Release);
            next = writes.0.around.as_ref();
        }
    }
}

/// A write that is being sent, with all its attempts. Dropped without a word it counts as one that may take effect:
/// also when nobody waits for it any more.
#[must_use = "a write that is dropped counts as one that may have taken effect"]
#[derive(Debug)]
pub struct PendingWrite {
    writes: Option<Writes>,
}

impl PendingWrite {
    /// Every attempt was refused, or never sent.
    pub fn refused(mut self) {
        self.writes = None;
    }

    /// It was accepted, or is not known to have been refused.
    pub fn may_have_taken_effect(self) {
        drop(self);
    }
}

impl Drop for PendingWrite {
    fn drop(&mut self) {
        if let Some(writes) = self.writes.take() {
            writes.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_for_an_outcome_are_stable() {
        for (outcome, word) in [
            (WriteOutcome::NotDone, "notDone"),
            (WriteOutcome::Unknown, "unknown"),
        ] {
            assert_eq!((outcome.as_str(), outcome.to_string().as_str()), (word, word));
        }
    }

    #[test]
    fn an_operation_is_not_done_as_long_as_every_write_was_refused() {
        let writes = Writes::default();
        assert_eq!(writes.outcome(), WriteOutcome::NotDone);
        writes.begin().refused();
        assert_eq!(writes.outcome(), WriteOutcome::NotDone);
        writes.begin().may_have_taken_effect();
        writes.begin().refused();
        assert_eq!(writes.outcome(), WriteOutcome::Unknown);
    }

    #[test]
    fn a_write_that_nobody_waits_for_any_more_may_have_taken_effect() {
        let writes = Writes::default();
        drop(writes.begin());
        assert_eq!(writes.outcome(), WriteOutcome::Unknown);
    }

    #[test]
    fn a_write_counts_for_the_operations_around_it_and_not_for_those_beside_it() {
        let outer = Writes::default();
        let (first, second) = (outer.within(), outer.within());
        drop(Writes::beside().begin());
        assert_eq!(outer.outcome(), WriteOutcome::NotDone);
        drop(first.within().begin());
        let outcomes = [outer, first, second].map(|writes| writes.outcome());
        assert_eq!(
            outcomes,
            [
                WriteOutcome::Unknown,
                WriteOutcome::Unknown,
                WriteOutcome::NotDone
            ]
        );
    }

    #[test]
    fn an_operation_answers_for_its_own_writes_only_whatever_was_done_before_it() {
        let outer = Writes::default();
        outer.begin().may_have_taken_effect();
        let inner = outer.within();
        inner.begin().refused();
        assert_eq!(inner.outcome(), WriteOutcome::NotDone);
        assert_eq!(outer.outcome(), WriteOutcome::Unknown);
    }
}
