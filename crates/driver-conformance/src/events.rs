//! What the driver told while the cases ran, and whether it kept to the rules of telling.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use kompox_domain::{Event, ProgressSink};

/// Where a step stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Begun,
    Ended,
}

#[derive(Default)]
struct Told {
    steps: BTreeMap<u64, (String, Stage)>,
    broken: Vec<String>,
}

/// Follows the steps of all contexts of a run.
#[derive(Default)]
pub(crate) struct Recorder(Mutex<Told>);

impl ProgressSink for Recorder {
    fn emit(&self, event: Event) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Told { steps, broken } = &mut *told;
        match event {
            Event::Started { step, what } => {
                if steps.insert(step, (what.clone(), Stage::Begun)).is_some() {
                    broken.push(format!("step {step} ({what}) began twice"));
                }
            }
            Event::Progress { step, .. } => {
                if steps.get(&step).is_none_or(|(_, stage)| *stage == Stage::Ended) {
                    broken.push(format!("step {step} made progress while not under way"));
                }
            }
            Event::Ended { step, .. } => match steps.get_mut(&step) {
                Some((_, stage @ Stage::Begun)) => *stage = Stage::Ended,
                _ => broken.push(format!("step {step} ended while not under way")),
            },
            Event::Retrying { .. } | Event::Warning { .. } => {}
        }
    }
}

impl Recorder {
    /// Whether every step that began ended once, with nothing afterwards. Call it when no call is under way.
    pub(crate) fn judge(&self) -> Result<(), String> {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let open = told
            .steps
            .iter()
            .filter(|(_, (_, stage))| *stage == Stage::Begun)
            .map(|(step, (what, _))| format!("step {step} ({what}) never ended"));
        let broken: Vec<String> = told.broken.iter().cloned().chain(open).collect();
        if broken.is_empty() {
            Ok(())
        } else {
            Err(broken.join("; "))
        }
    }
}

#[cfg(test)]
mod tests {
    use kompox_domain::progress::Outcome;

    use super::*;

    fn started(step: u64) -> Event {
        Event::Started {
            step,
            what: "x".to_owned(),
        }
    }

    fn ended(step: u64) -> Event {
        Event::Ended {
            step,
            outcome: Outcome::Done,
        }
    }

    fn progress(step: u64) -> Event {
        Event::Progress {
            step,
            state: "y".to_owned(),
            percent: None,
        }
    }

    fn judge(events: impl IntoIterator<Item = Event>) -> Result<(), String> {
        let recorder = Recorder::default();
        for event in events {
            recorder.emit(event);
        }
        recorder.judge()
    }

    #[test]
    fn only_steps_that_begin_go_on_and_end_once_are_in_order() {
        assert_eq!(
            judge([started(1), started(2), progress(1), ended(2), ended(1)]),
            Ok(())
        );
        for (events, broken) in [
            (vec![started(1)], "step 1 (x) never ended"),
            (vec![ended(1)], "step 1 ended while not under way"),
            (vec![progress(1)], "step 1 made progress while not under way"),
            (
                vec![started(1), ended(1), ended(1)],
                "step 1 ended while not under way",
            ),
            (
                vec![started(1), ended(1), progress(1)],
                "step 1 made progress while not under way",
            ),
            (vec![started(1), started(1), ended(1)], "step 1 (x) began twice"),
        ] {
            assert_eq!(judge(events), Err(broken.to_owned()));
        }
    }
}
