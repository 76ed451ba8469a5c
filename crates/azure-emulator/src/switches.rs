//! What a test turns on a running emulator, in this process or through the control endpoints.

use kompox_emulator_core::error::EmulatorError;

use crate::arm::id::ResourceId;
use crate::entra;
use crate::shared::Shared;
use crate::types::disks;

/// Attaches a disk.
pub(crate) async fn attach(shared: &Shared, disk: &str, vm: &str) -> Result<(), EmulatorError> {
    set_owner(shared, disk, Some(vm)).await
}

/// Detaches a disk.
pub(crate) async fn detach(shared: &Shared, disk: &str) -> Result<(), EmulatorError> {
    set_owner(shared, disk, None).await
}

async fn set_owner(shared: &Shared, disk: &str, vm: Option<&str>) -> Result<(), EmulatorError> {
    let id = parse(disk)?;
    let key = id.key();
    let owned = shared
        .change(|state, now| {
            let Some(mut document) = state.documents.document(&key) else {
                return Err(format!("there is no disk {id}"));
            };
            if let Some(vm) = vm {
                disks::check_attach(state, &document, vm)?;
            }
            disks::set_owner(&mut document, vm, now);
            state.documents.put(&key, disks::KIND, &document, now);
            Ok(())
        })
        .await?;
    owned.map_err(EmulatorError::Argument)
}

/// Revokes all tokens.
pub(crate) async fn expire_tokens(shared: &Shared) -> Result<(), EmulatorError> {
    shared
        .change(|state, _| {
            let next = entra::generation(&state.settings) + 1;
            state.settings.set(entra::GENERATION, Some(&next.to_string()));
        })
        .await
}

/// An ARM id.
pub(crate) fn parse(id: &str) -> Result<ResourceId, EmulatorError> {
    ResourceId::parse(id).ok_or_else(|| EmulatorError::Argument(format!("{id:?} is no ARM id")))
}
