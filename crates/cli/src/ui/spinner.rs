//! One line on a terminal that tells what is being done, for how long, and in which state.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use kompox_domain::Event;

use super::printable;
use crate::duration;

/// What ends sooner is not worth a line.
const DELAY: Duration = Duration::from_millis(250);

/// Cleared when it is dropped.
pub(super) struct Spinner {
    label: String,
    begun: Instant,
    steps: BTreeMap<u64, Step>,
    waiting: Option<(Instant, String)>,
    bar: Option<ProgressBar>,
}

struct Step {
    what: String,
    begun: Instant,
    state: String,
}

impl Spinner {
    pub(super) fn new(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            begun: Instant::now(),
            steps: BTreeMap::new(),
            waiting: None,
            bar: None,
        }
    }

    pub(super) fn event(&mut self, event: &Event) {
        match event {
            Event::Started { step, what } => {
                let what = printable(what);
                let (begun, state) = (Instant::now(), String::new());
                self.steps.insert(*step, Step { what, begun, state });
            }
            Event::Progress { step, state, percent } => {
                if let Some(step) = self.steps.get_mut(step) {
                    step.state = match percent {
                        Some(percent) => format!("{} {:.0}%", printable(state), percent.value().floor()),
                        None => printable(state),
                    };
                }
            }
            Event::Ended { step, .. } => {
                self.steps.remove(step);
            }
            Event::Retrying { reason, wait, .. } => {
                self.waiting = Some((Instant::now() + *wait, printable(reason)));
            }
            Event::Warning { .. } => {}
        }
        self.tick();
    }

    /// Draws the line anew, unless it is too early.
    pub(super) fn tick(&mut self) {
        if self.begun.elapsed() < DELAY {
            return;
        }
        let text = self.text(Instant::now());
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(20));
            if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
                bar.set_style(style);
            }
            bar
        });
        bar.set_message(text);
        bar.tick();
    }

    /// Lets somebody else write lines.
    pub(super) fn aside(&self, write: impl FnOnce()) {
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    fn text(&self, now: Instant) -> String {
        // The oldest step is the one that the end waits for.
        let mut text = match self.steps.values().next() {
            Some(step) => {
                let took = duration::human(now.saturating_duration_since(step.begun));
                if step.state.is_empty() {
                    format!("{} ({took})", step.what)
                } else {
                    format!("{}: {} ({took})", step.what, step.state)
                }
            }
            None => format!(
                "{} ({})",
                self.label,
                duration::human(now.saturating_duration_since(self.begun))
            ),
        };
        if self.steps.len() > 1 {
            // Writing to a string cannot fail.
            let _ = write!(text, " and {} more", self.steps.len() - 1);
        }
        if let Some((until, reason)) = &self.waiting
            && *until > now
        {
            let _ = write!(text, ", waiting to try again: {reason}");
        }
        text
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use kompox_domain::progress::Outcome;
    use kompox_domain::volume::Percent;

    use super::*;

    #[test]
    fn the_line_tells_the_oldest_step_its_state_and_how_many_more_there_are() {
        let mut spinner = Spinner::new("disk create");
        let text = |spinner: &Spinner| spinner.text(Instant::now());
        assert_eq!(text(&spinner), "disk create (0.0s)");
        for (step, what) in [(1, "create disk a"), (2, "create disk b")] {
            let what = what.to_owned();
            spinner.event(&Event::Started { step, what });
        }
        spinner.event(&Event::Progress {
            step: 1,
            state: "Copying".to_owned(),
            percent: Some(Percent::new(12.7)),
        });
        assert_eq!(text(&spinner), "create disk a: Copying 12% (0.0s) and 1 more");
        spinner.event(&Event::Ended {
            step: 1,
            outcome: Outcome::Done,
        });
        spinner.event(&Event::Retrying {
            what: "GET /x".to_owned(),
            reason: "429".to_owned(),
            wait: Duration::from_secs(60),
        });
        assert_eq!(text(&spinner), "create disk b (0.0s), waiting to try again: 429");
    }
}
