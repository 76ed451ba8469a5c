//! What accompanies an operation through all layers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use ulid::Ulid;

use crate::hint::Hint;
use crate::ids::UlidSource;
use crate::outcome::{PendingWrite, WriteOutcome, Writes};
use crate::progress::{Event, Outcome, ProgressSink, Unfinished, WarningKind};
use crate::volume::Percent;

/// Deadline, progress and new names of one operation.
///
/// An operation is cancelled by dropping its future; every [`Step`] that was under way then says so.
#[derive(Clone)]
pub struct Context {
    deadline: Option<Instant>,
    progress: Arc<dyn ProgressSink>,
    ulids: Arc<dyn UlidSource>,
    writes: Writes,
}

impl Context {
    /// A context without a deadline.
    #[must_use]
    pub fn new(progress: Arc<dyn ProgressSink>, ulids: Arc<dyn UlidSource>) -> Self {
        Self {
            deadline: None,
            progress,
            ulids,
            writes: Writes::default(),
        }
    }

    /// The same with a deadline, which every wait respects.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The same with another one who is told what happens.
    #[must_use]
    pub fn with_progress(mut self, progress: Arc<dyn ProgressSink>) -> Self {
        self.progress = progress;
        self
    }

    /// The same for an operation within this one, whose [outcome](Self::outcome) is known apart.
    #[must_use]
    pub fn within(&self) -> Self {
        Self {
            writes: self.writes.within(),
            ..self.clone()
        }
    }

    /// The same for something that is done beside the operation: what becomes of it says nothing about whether the
    /// operation was done. What only prepares it counts as beside it too.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self {
            writes: Writes::beside(),
            ..self.clone()
        }
    }

    /// A write is about to be sent. Whoever sends it tells what became of it; until then, and when nobody waits for
    /// it any more, it counts as one that may take effect.
    pub fn write(&self) -> PendingWrite {
        self.writes.begin()
    }

    /// Whether the operation may have been done, as far as its writes have told.
    #[must_use]
    pub fn outcome(&self) -> WriteOutcome {
        self.writes.outcome()
    }

    /// When to stop waiting.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// A new ULID, greater than `after` and than all before.
    #[must_use]
    pub fn next_ulid(&self, after: Option<Ulid>) -> Ulid {
        self.ulids.next(after)
    }

    /// Tells about something.
    pub fn emit(&self, event: Event) {
        self.progress.emit(event);
    }

    /// Warns.
    pub fn warn(&self, kind: WarningKind, message: impl Into<String>) {
        self.warn_with_hints(kind, message, Vec::new());
    }

    /// Warns, and says what can be done about it.
    pub fn warn_with_hints(&self, kind: WarningKind, message: impl Into<String>, hints: Vec<Hint>) {
        self.emit(Event::Warning {
            kind,
            message: message.into(),
            hints,
        });
    }

    /// Begins a step that the cloud takes time for. Call it before the request is sent.
    #[must_use]
    pub fn begin(&self, what: impl Into<String>) -> Step {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        self.emit(Event::Started {
            step: id,
            what: what.into(),
        });
        Step {
            id,
            progress: Arc::clone(&self.progress),
            ended: false,
        }
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// A step under way. Dropped without an end, it reports that it was abandoned.
pub struct Step {
    id: u64,
    progress: Arc<dyn ProgressSink>,
    ended: bool,
}

impl Step {
    /// Tells the state the cloud reports.
    pub fn state(&self, state: impl Into<String>, percent: Option<Percent>) {
        self.progress.emit(Event::Progress {
            step: self.id,
            state: state.into(),
            percent,
        });
    }

    /// Ends the step as its result says, and passes the result on. One that may still run is abandoned.
    ///
    /// # Errors
    /// The error in `result`.
    pub fn end<T, E: Unfinished>(mut self, result: Result<T, E>) -> Result<T, E> {
        self.ended = true;
        let outcome = match &result {
            Ok(_) => Outcome::Done,
            Err(error) if error.may_still_run() => Outcome::Abandoned,
            Err(_) => Outcome::Failed,
        };
        self.progress.emit(Event::Ended {
            step: self.id,
            outcome,
        });
        result
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if !self.ended {
            self.progress.emit(Event::Ended {
                step: self.id,
                outcome: Outcome::Abandoned,
            });
        }
    }
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Step")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::ids::SystemUlids;
    use crate::{Error, ErrorKind};

    #[derive(Default)]
    struct Recorder(Mutex<Vec<Event>>);

    impl ProgressSink for Recorder {
        fn emit(&self, event: Event) {
            self.0.lock().unwrap().push(event);
        }
    }

    fn outcomes(run: impl FnOnce(&Context)) -> Vec<Outcome> {
        let recorder = Arc::new(Recorder::default());
        let progress: Arc<dyn ProgressSink> = Arc::clone(&recorder) as _;
        run(&Context::new(progress, Arc::new(SystemUlids::default())));
        let events = recorder.0.lock().unwrap();
        events
            .iter()
            .filter_map(|event| {
                if let Event::Ended { outcome, .. } = event {
                    Some(*outcome)
                } else {
                    None
                }
            })
            .collect()
    }

    #[test]
    fn a_step_ends_as_its_result_says_and_a_dropped_one_is_abandoned() {
        assert_eq!(
            outcomes(|cx| cx.begin("x").end(Ok::<_, Error>(())).unwrap()),
            [Outcome::Done]
        );
        for kind in ErrorKind::ALL {
            let outcome = match kind {
                ErrorKind::Timeout => Outcome::Abandoned,
                _ => Outcome::Failed,
            };
            let end = |cx: &Context| cx.begin("x").end(Err::<(), _>(Error::new(kind, "no")));
            assert_eq!(outcomes(|cx| drop(end(cx).unwrap_err())), [outcome], "{kind}");
        }
        assert_eq!(outcomes(|cx| drop(cx.begin("x"))), [Outcome::Abandoned]);
    }
}
