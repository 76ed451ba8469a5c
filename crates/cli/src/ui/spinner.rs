//! What a terminal shows while work goes on: what is being done, for how long, and in which state.
//!
//! A single step takes one line. Several take a line each below one that counts them, up to a bound: a cluster is
//! made of tens of resources, and what is worth seeing of them is which ones the end waits for.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use kompox_domain::Event;
use kompox_domain::progress::Outcome;
use kompox_domain::text::one_line;

use crate::duration;

/// What ends sooner is not worth a line.
const DELAY: Duration = Duration::from_millis(250);

/// More steps than this are counted, not shown.
const SHOWN: usize = 8;

/// Cleared when it is dropped.
pub(super) struct Spinner {
    label: String,
    begun: Instant,
    steps: BTreeMap<u64, Step>,
    done: usize,
    /// Whether there were several steps at once. From then on they are counted, so that the lines do not jump.
    several: bool,
    waiting: Option<(Instant, String)>,
    screen: Option<Screen>,
}

/// The lines on the terminal: one with a spinner, and those below it.
struct Screen {
    all: MultiProgress,
    bars: Vec<ProgressBar>,
}

impl Screen {
    fn new() -> Self {
        Self {
            all: MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(20)),
            bars: Vec::new(),
        }
    }

    fn show(&mut self, lines: Vec<String>) {
        while self.bars.len() > lines.len() {
            if let Some(bar) = self.bars.pop() {
                bar.finish_and_clear();
                self.all.remove(&bar);
            }
        }
        for (index, line) in lines.into_iter().enumerate() {
            if index >= self.bars.len() {
                let bar = self.all.add(ProgressBar::new_spinner());
                let template = if index == 0 {
                    "{spinner} {wide_msg}"
                } else {
                    "  {wide_msg}"
                };
                if let Ok(style) = ProgressStyle::with_template(template) {
                    bar.set_style(style);
                }
                self.bars.push(bar);
            }
            if let Some(bar) = self.bars.get(index) {
                bar.set_message(line);
                bar.tick();
            }
        }
    }
}

struct Step {
    what: String,
    begun: Instant,
    state: String,
}

impl Spinner {
    pub(super) fn new(label: &str) -> Self {
        Self {
            label: one_line(label),
            begun: Instant::now(),
            steps: BTreeMap::new(),
            done: 0,
            several: false,
            waiting: None,
            screen: None,
        }
    }

    pub(super) fn event(&mut self, event: &Event) {
        match event {
            Event::Started { step, what } => {
                let what = one_line(what);
                let (begun, state) = (Instant::now(), String::new());
                self.steps.insert(*step, Step { what, begun, state });
                self.several |= self.steps.len() > 1;
            }
            Event::Progress { step, state, percent } => {
                if let Some(step) = self.steps.get_mut(step) {
                    step.state = match percent {
                        Some(percent) => format!("{} {:.0}%", one_line(state), percent.value().floor()),
                        None => one_line(state),
                    };
                }
            }
            Event::Ended { step, outcome } => {
                self.steps.remove(step);
                self.done += usize::from(*outcome == Outcome::Done);
            }
            Event::Retrying { reason, wait, .. } => {
                self.waiting = Some((Instant::now() + *wait, one_line(reason)));
            }
            Event::Warning { .. } => {}
        }
        self.tick();
    }

    /// Draws the lines anew, unless it is too early.
    pub(super) fn tick(&mut self) {
        if self.begun.elapsed() < DELAY {
            return;
        }
        let lines = self.lines(Instant::now());
        self.screen.get_or_insert_with(Screen::new).show(lines);
    }

    /// Lets somebody else write lines.
    pub(super) fn aside(&self, write: impl FnOnce()) {
        match &self.screen {
            Some(screen) => screen.all.suspend(write),
            None => write(),
        }
    }

    fn lines(&self, now: Instant) -> Vec<String> {
        let since = |begun| duration::human(now.saturating_duration_since(begun));
        let mut lines: Vec<String> = Vec::new();
        // The oldest steps are those that the end waits for.
        for step in self.steps.values().take(SHOWN) {
            let took = since(step.begun);
            lines.push(if step.state.is_empty() {
                format!("{} ({took})", step.what)
            } else {
                format!("{}: {} ({took})", step.what, step.state)
            });
        }
        if self.steps.len() > SHOWN {
            lines.push(format!("and {} more", self.steps.len() - SHOWN));
        }
        if self.several || lines.is_empty() {
            let mut head = format!("{} ({})", self.label, since(self.begun));
            if self.several {
                // Writing to a string cannot fail.
                let _ = write!(head, ": {} done, {} under way", self.done, self.steps.len());
            }
            lines.insert(0, head);
        }
        if let Some((until, reason)) = &self.waiting
            && *until > now
            && let Some(head) = lines.first_mut()
        {
            let _ = write!(head, ", waiting to try again: {reason}");
        }
        lines
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        if let Some(screen) = &mut self.screen {
            screen.show(Vec::new());
        }
    }
}

#[cfg(test)]
mod tests {
    use kompox_domain::volume::Percent;

    use super::*;

    /// As at the beginning, however slow the test is.
    fn text(spinner: &Spinner) -> String {
        spinner.lines(spinner.begun).join("\n")
    }

    fn begin(spinner: &mut Spinner, step: u64, what: &str) {
        let what = what.to_owned();
        spinner.event(&Event::Started { step, what });
    }

    fn end(spinner: &mut Spinner, step: u64, outcome: Outcome) {
        spinner.event(&Event::Ended { step, outcome });
    }

    #[test]
    fn one_step_takes_one_line_with_its_state() {
        let mut spinner = Spinner::new("disk create");
        assert_eq!(text(&spinner), "disk create (0.0s)");
        begin(&mut spinner, 1, "create disk a");
        spinner.event(&Event::Progress {
            step: 1,
            state: "Copying".to_owned(),
            percent: Some(Percent::new(12.7)),
        });
        assert_eq!(text(&spinner), "create disk a: Copying 12% (0.0s)");
        spinner.event(&Event::Retrying {
            what: "GET /x".to_owned(),
            reason: "429".to_owned(),
            wait: Duration::from_secs(60),
        });
        assert_eq!(
            text(&spinner),
            "create disk a: Copying 12% (0.0s), waiting to try again: 429"
        );
        end(&mut spinner, 1, Outcome::Done);
        assert!(text(&spinner).starts_with("disk create (0.0s)"));
    }

    #[test]
    fn of_tens_of_steps_the_oldest_are_shown_and_the_others_counted() {
        let mut spinner = Spinner::new("cluster provision");
        for step in 1..=30 {
            begin(&mut spinner, step, &format!("create r{step}"));
        }
        for step in 2..=12 {
            end(&mut spinner, step, Outcome::Done);
        }
        end(&mut spinner, 13, Outcome::Failed);
        insta::assert_snapshot!(text(&spinner), @r"
        cluster provision (0.0s): 11 done, 18 under way
        create r1 (0.0s)
        create r14 (0.0s)
        create r15 (0.0s)
        create r16 (0.0s)
        create r17 (0.0s)
        create r18 (0.0s)
        create r19 (0.0s)
        create r20 (0.0s)
        and 10 more
        ");
        for step in 14..=30 {
            end(&mut spinner, step, Outcome::Done);
        }
        insta::assert_snapshot!(text(&spinner), @r"
        cluster provision (0.0s): 28 done, 1 under way
        create r1 (0.0s)
        ");
    }
}
