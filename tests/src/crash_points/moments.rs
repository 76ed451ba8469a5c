//! Every state on the way, and which disks were assigned in it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kompox_domain::volume::VolumeDisk;
use serde_json::Value;

use super::contents::{Contents, Winners, winners};
use super::ground::Watching;

/// Looks at states as they come. Clones look together.
#[derive(Debug, Clone)]
pub struct Moments {
    hash: String,
    may_leave_none: bool,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    moments: usize,
    last: Winners,
    wrong: Option<String>,
}

impl Moments {
    /// For an app of this hash.
    #[must_use]
    pub fn new(hash: &str, may_leave_none: bool) -> Self {
        Self {
            hash: hash.to_owned(),
            may_leave_none,
            seen: Arc::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at one state.
    pub fn look(&self, resources: &[Value]) {
        let now = winners(&Contents::read(resources, &self.hash));
        let mut seen = self.lock();
        seen.moments += 1;
        if !self.may_leave_none {
            for (volume, before) in &seen.last {
                if let (Some(before), Some(None)) = (before, now.get(volume)) {
                    let wrong =
                        format!("a moment without an assigned disk of {volume}: before it was {before}");
                    seen.wrong = seen.wrong.take().or(Some(wrong));
                    break;
                }
            }
        }
        seen.last = now;
    }

    /// Compares what a reader lists with the last state.
    ///
    /// # Errors
    /// Where they differ.
    pub fn compare(&self, disks: &[VolumeDisk]) -> Result<(), String> {
        let last = self.lock().last.clone();
        for (volume, winner) in last {
            let own = disks
                .iter()
                .filter(|disk| disk.assigned && disk.record.volume.as_str() == volume);
            let assigned: Vec<String> = own.map(|disk| disk.record.name.to_string()).collect();
            if assigned != winner.iter().cloned().collect::<Vec<_>>() {
                return Err(format!(
                    "of volume {volume} a reader sees {assigned:?} assigned, and {winner:?} is"
                ));
            }
        }
        Ok(())
    }
}

impl Watching for Moments {
    fn seen(&self) -> usize {
        self.lock().moments
    }

    fn verdict(&self) -> Result<(), String> {
        self.lock().wrong.clone().map_or(Ok(()), Err)
    }
}
