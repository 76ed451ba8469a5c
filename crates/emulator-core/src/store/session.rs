//! The state behind its lock, and what makes it durable.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::database::Writer;
use super::operations::Operation;
use super::resource::Resource;
use super::state::State;
use crate::error::EmulatorError;

/// The state and what makes it durable.
#[derive(Debug)]
pub struct Store {
    state: Mutex<State>,
    writer: Option<Writer>,
}

/// Exclusive use of the state; what was changed is handed over for writing by [`Session::commit`].
#[derive(Debug)]
pub struct Session<'a> {
    state: MutexGuard<'a, State>,
    writer: Option<&'a Writer>,
}

impl Store {
    /// A store in memory, or in a directory that the caller has locked.
    ///
    /// # Errors
    ///
    /// If the database cannot be opened or is damaged.
    pub fn open<O: Operation>(directory: Option<&Path>) -> Result<Self, EmulatorError> {
        let mut state = State::default();
        let writer = match directory {
            None => None,
            Some(directory) => {
                let (writer, loaded) = Writer::open::<O>(&directory.join("state.redb"))?;
                state.set_durable();
                for (key, resource) in loaded.resources {
                    let kind = state.documents.intern(&resource.kind);
                    state.documents.index(key, Resource { kind, ..resource });
                }
                for operation in loaded.operations {
                    state.operations.index(operation);
                }
                state.settings.values = loaded.settings;
                state.records.load(loaded.records);
                Some(writer)
            }
        };
        Ok(Self {
            state: Mutex::new(state),
            writer,
        })
    }

    /// Exclusive use of the state. Nothing may block or await while it lasts.
    pub fn session(&self) -> Session<'_> {
        // A handler that panicked leaves whole documents behind; there is nothing half-done to fear.
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        Session {
            state,
            writer: self.writer.as_ref(),
        }
    }

    /// Waits until everything up to this change is on disk.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub async fn flushed(&self, sequence: u64) -> Result<(), EmulatorError> {
        match &self.writer {
            None => Ok(()),
            Some(writer) => writer.flushed(sequence).await,
        }
    }

    /// Waits until the state can no longer be written, and says why. A state in memory always can.
    pub async fn failed(&self) -> String {
        match &self.writer {
            None => std::future::pending().await,
            Some(writer) => writer.failed().await,
        }
    }

    /// Finishes writing and releases the database. Blocks for as long as the last commit takes.
    pub fn close(&self) {
        if let Some(writer) = &self.writer {
            writer.close();
        }
    }
}

impl Session<'_> {
    /// Hands the changes made so far to the writer; wait for the number with [`Store::flushed`].
    pub fn commit(mut self) -> u64 {
        let changes = self.state.take_changes();
        if let Some(writer) = self.writer
            && !changes.is_empty()
        {
            self.state.sequence += 1;
            writer.send(self.state.sequence, changes);
        }
        self.state.sequence
    }
}

impl std::ops::Deref for Session<'_> {
    type Target = State;
    fn deref(&self) -> &State {
        &self.state
    }
}

impl std::ops::DerefMut for Session<'_> {
    fn deref_mut(&mut self) -> &mut State {
        &mut self.state
    }
}
