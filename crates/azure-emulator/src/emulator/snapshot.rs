//! Going back: everything as it was at a moment, however much has happened since.

use std::fmt;

use kompox_emulator_core::error::EmulatorError;
use kompox_emulator_core::store::State;

use super::Emulator;

/// Everything that an emulator knew at a moment: resources, operations under way, settings. Requests and faults are
/// not part of it.
#[derive(Clone)]
pub struct Snapshot(State);

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").finish_non_exhaustive()
    }
}

impl Emulator {
    /// What there is now, to go back to.
    ///
    /// # Errors
    ///
    /// If what was due at this moment cannot be written.
    pub async fn snapshot(&self) -> Result<Snapshot, EmulatorError> {
        self.shared.change(|state, _| Snapshot(state.clone())).await
    }

    /// Makes everything as it was. Nobody is told; operations that were under way then are under way again.
    ///
    /// # Errors
    ///
    /// If the state cannot be written.
    pub async fn restore(&self, snapshot: &Snapshot) -> Result<(), EmulatorError> {
        self.shared.change(|state, _| state.restore(&snapshot.0)).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::{Emulator, Options};

    #[tokio::test]
    async fn what_came_goes_what_went_comes_back_and_so_it_is_kept() {
        let directory = tempfile::tempdir().unwrap();
        let options = || Options {
            state_dir: Some(directory.path().join("state")),
            ..Options::default()
        };
        let emulator = Emulator::start(options()).await.unwrap();
        let subscription = emulator.connection().subscription_id.clone();
        let group = |name: &str| format!("/subscriptions/{subscription}/resourceGroups/{name}");
        let put = async |emulator: &Emulator, name: &str, tag: &str| {
            let body = json!({"location": "japaneast", "tags": {"t": tag}});
            emulator.put_resource(&group(name), body).await.unwrap();
        };
        put(&emulator, "stays", "before").await;
        put(&emulator, "goes", "before").await;
        let snapshot = emulator.snapshot().await.unwrap();
        put(&emulator, "stays", "after").await;
        put(&emulator, "comes", "after").await;
        emulator.remove_resource(&group("goes")).await.unwrap();
        emulator.restore(&snapshot).await.unwrap();
        emulator.shutdown().await;
        let emulator = Emulator::start(options()).await.unwrap();
        assert!(emulator.resource(&group("comes")).await.is_none());
        assert!(emulator.resource(&group("goes")).await.is_some());
        let stays = emulator.resource(&group("stays")).await.unwrap();
        assert_eq!(stays["tags"]["t"], "before");
    }
}
