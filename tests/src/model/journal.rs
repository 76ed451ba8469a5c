//! What happened, in order.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kompox_domain::ErrorKind;

use super::scenario::{Action, VOLUME};
use crate::crash_points::{Contents, winners};

/// A tag of the user's.
pub(crate) const USER_TAG: &str = "cost-center";

/// One state of the volume.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Still {
    /// The assigned disk.
    pub winner: Option<String>,
    /// Its disks, and what the user's own tag says on them.
    pub disks: BTreeMap<String, Option<String>>,
    /// Those that are flagged, and since when.
    pub flagged: BTreeMap<String, String>,
    /// Those that are not in a good state.
    pub broken: BTreeSet<String>,
    /// Those that are attached.
    pub attached: BTreeSet<String>,
    /// Its snapshots.
    pub snapshots: BTreeSet<String>,
    /// Everything else, as it is.
    pub others: String,
}

impl Still {
    /// Reads one.
    #[must_use]
    pub fn of(contents: &Contents) -> Self {
        let mut still = Self {
            winner: winners(contents).remove(VOLUME).flatten(),
            others: format!("{:?}", contents.others),
            ..Self::default()
        };
        for (item, disk) in contents.disks.iter().filter(|(item, _)| item.volume == VOLUME) {
            let name = || item.name.clone();
            let tag = disk.raw["tags"][USER_TAG].as_str().map(str::to_owned);
            still.disks.insert(name(), tag);
            if disk.record.flagged {
                let at = disk.record.assigned_at.map(|at| at.to_string());
                still.flagged.insert(name(), at.unwrap_or_default());
            }
            if disk.raw["properties"]["provisioningState"] != "Succeeded" {
                still.broken.insert(name());
            }
            if disk.raw["managedBy"].is_string() {
                still.attached.insert(name());
            }
        }
        let snapshots = contents.snapshots.iter();
        for (item, raw) in snapshots.filter(|(item, _)| item.volume == VOLUME) {
            still.snapshots.insert(item.name.clone());
            if raw["properties"]["provisioningState"] != "Succeeded" {
                still.broken.insert(format!("snapshot {}", item.name));
            }
        }
        still
    }
}

/// `busy+ one* two! [snap], one is assigned`: attached, flagged, broken. With them the user's tag and when it was flagged.
impl fmt::Display for Still {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, tag) in &self.disks {
            f.write_str(name)?;
            if let Some(tag) = tag {
                write!(f, "#{tag}")?;
            }
            if self.attached.contains(name) {
                f.write_str("+")?;
            }
            if self.broken.contains(name) {
                f.write_str("!")?;
            }
            if let Some(at) = self.flagged.get(name) {
                write!(f, "*{at}")?;
            }
            f.write_str(" ")?;
        }
        let snapshots = self.snapshots.iter().map(|name| {
            let broken = self.broken.contains(&format!("snapshot {name}"));
            format!("{name}{}", if broken { "!" } else { "" })
        });
        let snapshots: Vec<String> = snapshots.collect();
        let winner = self.winner.as_deref().unwrap_or("none");
        write!(f, "[{}], {winner} is assigned", snapshots.join(" "))
    }
}

/// A call of an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Whose: 0 or 1.
    pub operator: usize,
    /// What.
    pub action: Action,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A call began.
    Begun(usize),
    /// A call ends that sent a merge again, and of what was begun meanwhile something is still under way: it may be
    /// the first of the two, whose answer was lost.
    Left(usize),
    /// A call ended, so.
    Ended(usize, Result<(), ErrorKind>),
    /// This is how things stand now.
    State(Box<Still>),
    /// Everything that had begun is over, also in Azure.
    Quiet,
}

/// What happened, in order. Clones write into the same one.
#[derive(Debug, Clone, Default)]
pub struct Journal {
    inner: Arc<Mutex<(Vec<Call>, Vec<Entry>)>>,
}

impl Journal {
    fn lock(&self) -> MutexGuard<'_, (Vec<Call>, Vec<Entry>)> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call begins; gives its number.
    pub fn begin(&self, operator: usize, action: Action) -> usize {
        let mut inner = self.lock();
        let number = inner.0.len();
        inner.0.push(Call { operator, action });
        inner.1.push(Entry::Begun(number));
        number
    }

    /// Adds an entry; a state only if it is another one.
    pub fn add(&self, entry: Entry) {
        let mut inner = self.lock();
        if let Entry::State(new) = &entry {
            let last = inner.1.iter().rev().find_map(|entry| match entry {
                Entry::State(state) => Some(state),
                _ => None,
            });
            if last == Some(new) {
                return;
            }
        }
        inner.1.push(entry);
    }

    /// All calls and entries.
    #[must_use]
    pub fn read(&self) -> (Vec<Call>, Vec<Entry>) {
        self.lock().clone()
    }

    /// All of it, a line each.
    #[must_use]
    pub fn tell(&self) -> String {
        let (calls, entries) = self.read();
        let call = |number: usize| match calls.get(number) {
            Some(Call { operator, action }) => format!("operator {operator}, call {number}, {action:?}"),
            None => format!("call {number}"),
        };
        let lines = entries.iter().enumerate().map(|(time, entry)| match entry {
            Entry::Begun(number) => format!("{time}: {} begins", call(*number)),
            Entry::Left(number) => format!("{time}: {} leaves something under way", call(*number)),
            Entry::Ended(number, Ok(())) => format!("{time}: {} ends well", call(*number)),
            Entry::Ended(number, Err(kind)) => format!("{time}: {} ends with {kind:?}", call(*number)),
            Entry::State(now) => format!("{time}: {now}"),
            Entry::Quiet => format!("{time}: all is quiet"),
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// How things stand.
    #[must_use]
    pub fn now(&self) -> Still {
        let inner = self.lock();
        let last = inner.1.iter().rev().find_map(|entry| match entry {
            Entry::State(state) => Some(Still::clone(state)),
            _ => None,
        });
        last.unwrap_or_default()
    }
}
