//! The progress of an operation, shown while it runs.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anstream::AutoStream;
use kompox_domain::progress::Outcome;
use kompox_domain::text::one_line;
use kompox_domain::volume::Percent;
use kompox_domain::{Event, ProgressSink};
use serde::Serialize;
use time::OffsetDateTime;

use super::report::warning_text;
use super::spinner::Spinner;
use crate::args::Progress;
use crate::duration;
use crate::hints;
use crate::serialize;
use crate::timestamp::rfc3339;

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgressMode {
    /// Not at all; warnings are.
    None,
    /// A line whenever something changes.
    Plain,
    /// Events for machines.
    Json,
    /// Lines that are always overwritten.
    Spinner,
}

impl ProgressMode {
    /// As asked for, or as standard error allows.
    #[must_use]
    pub fn choose(asked: Progress, quiet: bool) -> Self {
        let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        match asked {
            _ if quiet => Self::None,
            Progress::None => Self::None,
            Progress::Plain => Self::Plain,
            Progress::Json => Self::Json,
            Progress::Auto => {
                let dumb = named("TERM").is_some_and(|term| term == "dumb");
                if io::stderr().is_terminal() && !dumb && named("CI").is_none() {
                    Self::Spinner
                } else {
                    Self::Plain
                }
            }
        }
    }
}

struct Happened {
    event: Event,
    at: Instant,
    time: OffsetDateTime,
}

/// Shows the events of one operation, and remembers what was left to itself.
///
/// Whoever emits an event is not held up by a slow terminal: a thread of its own writes.
///
/// With `--progress json` every event is one JSON object on a line of its own on standard error:
///
/// | `event` | other members |
/// |---|---|
/// | `started` | `step` (number), `what` |
/// | `progress` | `step`, `state` (the cloud's word), `percent` (number or null) |
/// | `ended` | `step`, `outcome`: `done`, `failed`, `abandoned`; `seconds` |
/// | `retrying` | `what`, `reason`, `waitSeconds` |
/// | `warning` | `kind`, `message` |
///
/// All have `time`, RFC 3339 in UTC. Events of steps that run side by side come interleaved. Events and
/// members may be added.
pub struct Reporter {
    sender: Mutex<Option<mpsc::Sender<Happened>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    steps: Mutex<Steps>,
}

#[derive(Default)]
struct Steps {
    open: BTreeMap<u64, String>,
    abandoned: Vec<String>,
}

impl Reporter {
    pub(super) fn start(mode: ProgressMode, quiet: bool, color: anstream::ColorChoice, label: &str) -> Self {
        let (sender, receiver) = mpsc::channel::<Happened>();
        let label = label.to_owned();
        let thread = std::thread::Builder::new()
            .name("progress".to_owned())
            .spawn(move || show(&receiver, mode, quiet, color, &label));
        Self {
            sender: Mutex::new(Some(sender)),
            // Without a thread nothing is shown, and the operation goes on.
            thread: Mutex::new(thread.ok()),
            steps: Mutex::default(),
        }
    }

    /// Shows what is left to show and clears the line. Call it before anything else is printed.
    pub fn finish(&self) {
        drop(lock(&self.sender).take());
        if let Some(thread) = lock(&self.thread).take() {
            let _ = thread.join();
        }
    }

    /// The steps that nobody waits for any more, and those that never ended.
    #[must_use]
    pub fn abandoned(&self) -> Vec<String> {
        let steps = lock(&self.steps);
        steps
            .abandoned
            .iter()
            .chain(steps.open.values())
            .cloned()
            .collect()
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        self.finish();
    }
}

impl ProgressSink for Reporter {
    fn emit(&self, event: Event) {
        {
            let mut steps = lock(&self.steps);
            match &event {
                Event::Started { step, what } => {
                    steps.open.insert(*step, what.clone());
                }
                Event::Ended { step, outcome } => {
                    if let Some(what) = steps.open.remove(step)
                        && *outcome == Outcome::Abandoned
                    {
                        steps.abandoned.push(what);
                    }
                }
                Event::Progress { .. } | Event::Retrying { .. } | Event::Warning { .. } => {}
            }
        }
        if let Some(sender) = &*lock(&self.sender) {
            let _ = sender.send(Happened {
                event,
                at: Instant::now(),
                time: OffsetDateTime::now_utc(),
            });
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn show(
    receiver: &mpsc::Receiver<Happened>,
    mode: ProgressMode,
    quiet: bool,
    color: anstream::ColorChoice,
    label: &str,
) {
    let mut spinner = (mode == ProgressMode::Spinner).then(|| Spinner::new(label));
    let mut lines = Lines::default();
    loop {
        let happened = match receiver.recv_timeout(Duration::from_millis(100)) {
            Ok(happened) => happened,
            Err(RecvTimeoutError::Timeout) => {
                if let Some(spinner) = &mut spinner {
                    spinner.tick();
                }
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        log(&happened.event);
        let warning = matches!(happened.event, Event::Warning { .. });
        let line = match mode {
            _ if warning && quiet => None,
            ProgressMode::Json => Some(json_line(&mut lines, &happened)),
            ProgressMode::Plain => lines.plain(&happened),
            ProgressMode::None | ProgressMode::Spinner => warning.then(|| lines.plain(&happened)).flatten(),
        };
        let write = || {
            if let Some(line) = line {
                let mut stderr = AutoStream::new(io::stderr().lock(), color);
                let _ = writeln!(stderr, "{line}");
            }
        };
        match &mut spinner {
            Some(spinner) => {
                spinner.aside(write);
                spinner.event(&happened.event);
            }
            None => write(),
        }
    }
}

fn log(event: &Event) {
    match event {
        Event::Started { step, what } => tracing::info!(step, what, "started"),
        Event::Progress { step, state, percent } => {
            tracing::debug!(step, state, percent = percent.map(Percent::value), "progress");
        }
        Event::Ended { step, outcome } => tracing::info!(step, outcome = word(*outcome), "ended"),
        Event::Retrying { what, reason, wait } => tracing::info!(what, reason, ?wait, "retrying"),
        Event::Warning { kind, message, hints } => {
            let hint = hints::written(hints);
            tracing::warn!(kind = kind.as_str(), hint, "{message}");
        }
    }
}

const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Failed => "failed",
        Outcome::Abandoned => "abandoned",
    }
}

/// What lines need to know about the steps before.
#[derive(Default)]
struct Lines(BTreeMap<u64, Line>);

struct Line {
    what: String,
    begun: Instant,
    shown: String,
}

impl Lines {
    /// The line for an event; none when it says nothing new.
    fn plain(&mut self, happened: &Happened) -> Option<String> {
        match &happened.event {
            Event::Started { step, what } => {
                let what = one_line(what);
                let line = format!("{what}: started");
                self.begin(*step, what, happened.at);
                Some(line)
            }
            Event::Progress { step, state, percent } => {
                let line = self.0.get_mut(step)?;
                let mut shown = one_line(state);
                if let Some(percent) = percent {
                    shown = format!("{shown}, {:.0}%", percent.value().floor());
                }
                if line.shown == shown {
                    return None;
                }
                line.shown = shown;
                Some(format!("{}: {}", line.what, line.shown))
            }
            Event::Ended { step, outcome } => {
                let line = self.0.remove(step)?;
                let took = duration::human(happened.at.saturating_duration_since(line.begun));
                Some(match outcome {
                    Outcome::Done => format!("{}: done in {took}", line.what),
                    Outcome::Failed => format!("{}: failed after {took}", line.what),
                    Outcome::Abandoned => format!("{}: left after {took}, it may still run", line.what),
                })
            }
            Event::Retrying { what, reason, wait } => Some(format!(
                "{}: again in {}, because: {}",
                one_line(what),
                duration::human(*wait),
                one_line(reason)
            )),
            Event::Warning { message, hints, .. } => Some(match hints::written(hints) {
                Some(hint) => warning_text(&format!("{message}; {hint}")),
                None => warning_text(message),
            }),
        }
    }

    fn begin(&mut self, step: u64, what: String, begun: Instant) {
        let shown = String::new();
        self.0.insert(step, Line { what, begun, shown });
    }
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum EventView<'a> {
    Started {
        time: String,
        step: u64,
        what: &'a str,
    },
    Progress {
        time: String,
        step: u64,
        state: &'a str,
        percent: Option<f64>,
    },
    Ended {
        time: String,
        step: u64,
        outcome: &'static str,
        seconds: Option<f64>,
    },
    Retrying {
        time: String,
        what: &'a str,
        reason: &'a str,
        wait_seconds: f64,
    },
    Warning {
        time: String,
        kind: &'static str,
        message: &'a str,
        hint: Option<String>,
    },
}

fn json_line(lines: &mut Lines, happened: &Happened) -> String {
    let time = rfc3339(happened.time);
    let view = match &happened.event {
        Event::Started { step, what } => {
            lines.begin(*step, String::new(), happened.at);
            EventView::Started {
                time,
                step: *step,
                what,
            }
        }
        Event::Progress { step, state, percent } => EventView::Progress {
            time,
            step: *step,
            state,
            percent: percent.map(Percent::value),
        },
        Event::Ended { step, outcome } => EventView::Ended {
            time,
            step: *step,
            outcome: word(*outcome),
            seconds: lines.0.remove(step).map(|line| {
                let took = happened.at.saturating_duration_since(line.begun);
                // Whole milliseconds: more digits are noise.
                (took.as_secs_f64() * 1000.0).round() / 1000.0
            }),
        },
        Event::Retrying { what, reason, wait } => EventView::Retrying {
            time,
            what,
            reason,
            wait_seconds: wait.as_secs_f64(),
        },
        Event::Warning { kind, message, hints } => EventView::Warning {
            time,
            kind: kind.as_str(),
            message,
            hint: hints::written(hints),
        },
    };
    serialize::json_line(&view).unwrap_or_else(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use kompox_domain::progress::WarningKind;

    use super::*;

    fn story() -> Vec<Happened> {
        let begin = Instant::now();
        let time = OffsetDateTime::UNIX_EPOCH;
        let what = "create disk db-034d4d-first".to_owned();
        let state = |state: &str, percent: Option<f64>| Event::Progress {
            step: 1,
            state: state.to_owned(),
            percent: percent.map(Percent::new),
        };
        let events = vec![
            Event::Started { step: 1, what },
            state("Updating", None),
            state("Updating", None),
            Event::Retrying {
                what: "GET /subscriptions/s/operations/o".to_owned(),
                reason: "503 ServerBusy".to_owned(),
                wait: Duration::from_secs(2),
            },
            state("Updating", Some(40.5)),
            Event::Started {
                step: 2,
                what: "tag disk".to_owned(),
            },
            Event::Ended {
                step: 1,
                outcome: Outcome::Done,
            },
            Event::Warning {
                kind: WarningKind::ZoneUnknown,
                message: "no zone was asked for\nand there is no cluster yet".to_owned(),
                hints: vec!["ask for one".into()],
            },
            Event::Ended {
                step: 2,
                outcome: Outcome::Abandoned,
            },
        ];
        (0..)
            .zip(events)
            .map(|(second, event)| Happened {
                event,
                at: begin + Duration::from_secs(second),
                time: time + Duration::from_secs(second),
            })
            .collect()
    }

    #[test]
    fn plain_lines_tell_what_changed() {
        let mut lines = Lines::default();
        let shown: Vec<String> = story()
            .iter()
            .filter_map(|happened| lines.plain(happened))
            .collect();
        let shown = anstream::adapter::strip_str(&shown.join("\n")).to_string();
        insta::assert_snapshot!(shown, @"
        create disk db-034d4d-first: started
        create disk db-034d4d-first: Updating
        GET /subscriptions/s/operations/o: again in 2.0s, because: 503 ServerBusy
        create disk db-034d4d-first: Updating, 40%
        tag disk: started
        create disk db-034d4d-first: done in 6.0s
        warning: no zone was asked for and there is no cluster yet; ask for one
        tag disk: left after 3.0s, it may still run
        ");
    }

    #[test]
    fn machines_get_every_event_on_one_line() {
        let mut lines = Lines::default();
        let shown: Vec<String> = story()
            .iter()
            .map(|happened| json_line(&mut lines, happened))
            .collect();
        insta::assert_snapshot!(shown.join("\n"), @r#"
        {"event":"started","time":"1970-01-01T00:00:00Z","step":1,"what":"create disk db-034d4d-first"}
        {"event":"progress","time":"1970-01-01T00:00:01Z","step":1,"state":"Updating","percent":null}
        {"event":"progress","time":"1970-01-01T00:00:02Z","step":1,"state":"Updating","percent":null}
        {"event":"retrying","time":"1970-01-01T00:00:03Z","what":"GET /subscriptions/s/operations/o","reason":"503 ServerBusy","waitSeconds":2.0}
        {"event":"progress","time":"1970-01-01T00:00:04Z","step":1,"state":"Updating","percent":40.5}
        {"event":"started","time":"1970-01-01T00:00:05Z","step":2,"what":"tag disk"}
        {"event":"ended","time":"1970-01-01T00:00:06Z","step":1,"outcome":"done","seconds":6.0}
        {"event":"warning","time":"1970-01-01T00:00:07Z","kind":"zoneUnknown","message":"no zone was asked for\nand there is no cluster yet","hint":"ask for one"}
        {"event":"ended","time":"1970-01-01T00:00:08Z","step":2,"outcome":"abandoned","seconds":3.0}
        "#);
    }

    #[test]
    fn what_was_left_to_itself_is_remembered() {
        let reporter = Reporter::start(ProgressMode::None, true, anstream::ColorChoice::Never, "test");
        for happened in story() {
            reporter.emit(happened.event);
        }
        reporter.finish();
        assert_eq!(reporter.abandoned(), ["tag disk"]);
    }
}
