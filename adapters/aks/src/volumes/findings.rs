//! What is wrong with an app's volumes, as far as the configuration tells.

use kompox_domain::{AppScope, Error};

use super::class::require_disk;
use super::options::DiskOptions;
use super::ultra;

/// What is wrong with an app's volumes, as far as their configuration tells.
pub(crate) fn offline_findings(app: &AppScope) -> Vec<Error> {
    app.app
        .volumes
        .iter()
        .flat_map(|volume| {
            let options = DiskOptions::parse(&volume.options).and_then(|options| {
                options.check_size(volume.size)?;
                ultra::unattachable(app, &options).map_or(Ok(()), Err)
            });
            let options = options.map_err(|error| {
                let named = Error::new(error.kind(), format!("volume {}: {error}", volume.name));
                named.with_hints(error.hints().iter().cloned())
            });
            [require_disk(volume).err(), options.err()]
        })
        .flatten()
        .collect()
}
