//! A disk for every volume that has none.

use futures::future::{BoxFuture, FutureExt as _};
use futures::stream::{self, StreamExt as _};
use kompox_domain::driver::DiskCreate;
use kompox_domain::progress::WarningKind;
use kompox_domain::volume::Creation;
use kompox_domain::{
    AppScope, Context, DiskName, Operation, ProviderDriver, Result, Volume, VolumeDisk, VolumeDriver,
    VolumeName, VolumeOptions,
};

use crate::{ability, support};

/// How many disks are made at the same time.
const CONCURRENT: usize = 4;

/// What became of one volume.
#[derive(Debug)]
pub struct BootstrapOutcome {
    /// The volume.
    pub volume: VolumeName,
    /// What it has now, or why it has no assigned disk.
    pub result: Result<Bootstrapped>,
}

/// The assigned disk of a volume after bootstrapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bootstrapped {
    /// It was made now. Somebody who did the same at the same moment may have won: then there is a warning, and
    /// the disk says that it is not assigned.
    Created(VolumeDisk),
    /// It was there.
    Unchanged(VolumeDisk),
}

/// Sees to it that every volume of the app has an assigned disk.
///
/// Per volume: no disk at all, one is made and is assigned; an assigned disk, nothing, unless its creation failed: then
/// it is made now; disks of which none is
/// assigned, an error that names them, because only the user knows which holds the data. No volume stops the
/// others, so running it again does what is left. The outcomes come in the order of the app's volumes.
///
/// # Errors
/// `Unsupported`, and those of [`VolumeDriver::disk_list`]: then nothing was made.
pub async fn bootstrap(
    driver: &dyn ProviderDriver,
    cx: &Context,
    app: &AppScope,
) -> Result<Vec<BootstrapOutcome>> {
    let driver = ability::volumes(driver, Operation::DiskList)?;
    let (served, mut refused) = support::split_by_kind(&*driver, app);
    let disks = if served.is_empty() {
        Vec::new()
    } else {
        driver
            .disk_list(cx, app, &served)
            .await
            .map_err(|error| error.context(format!("cannot list the disks of app {}", app.app.id)))?
    };

    // Names are taken before anything runs side by side, so that their order is that of the volumes.
    let steps: Vec<(&Volume, Step)> = app
        .app
        .volumes
        .iter()
        .map(|volume| {
            let refusal = refused.iter().position(|(name, _)| *name == volume.name);
            let step = match refusal {
                Some(index) => {
                    let error = refused.swap_remove(index).1;
                    Step::Done(Box::new(Err(
                        error.context(format!("cannot bootstrap volume {}", volume.name))
                    )))
                }
                None => plan(cx, volume, &disks),
            };
            (volume, step)
        })
        .collect();

    let driver = &*driver;
    // Boxed, so that the whole can be sent to another thread: the compiler does not see it otherwise.
    let outcomes: Vec<BoxFuture<'_, BootstrapOutcome>> = steps
        .into_iter()
        .map(|(volume, step)| {
            async move {
                let result = match step {
                    Step::Done(result) => *result,
                    Step::Create(name) => create(driver, cx, app, volume, name).await,
                };
                BootstrapOutcome {
                    volume: volume.name.clone(),
                    result,
                }
            }
            .boxed()
        })
        .collect();
    Ok(stream::iter(outcomes).buffered(CONCURRENT).collect().await)
}

/// What is left to do for one volume.
enum Step {
    Done(Box<Result<Bootstrapped>>),
    Create(DiskName),
}

fn plan(cx: &Context, volume: &Volume, disks: &[VolumeDisk]) -> Step {
    let own: Vec<&VolumeDisk> = disks
        .iter()
        .filter(|disk| disk.record.volume == volume.name)
        .collect();
    if own.is_empty() {
        return Step::Create(super::name_or_new(cx, None));
    }
    if let Some(assigned) = own.iter().find(|disk| disk.assigned) {
        // One that is still being made is the assigned one all the same: somebody, or an earlier run, sees to it.
        return match assigned.record.creation {
            Creation::Failed => Step::Create(assigned.record.name.clone()),
            Creation::Done | Creation::UnderWay => {
                Step::Done(Box::new(Ok(Bootstrapped::Unchanged((*assigned).clone()))))
            }
        };
    }
    let error = support::choose_disk(volume, &own, support::NONE_ASSIGNED);
    Step::Done(Box::new(Err(error)))
}

async fn create(
    driver: &dyn VolumeDriver,
    cx: &Context,
    app: &AppScope,
    volume: &Volume,
    name: DiskName,
) -> Result<Bootstrapped> {
    let request = DiskCreate {
        name,
        source: None,
        zone: None,
        options: VolumeOptions::default(),
    };
    let disk = super::make(driver, cx, app, volume, &request).await?;
    if !disk.assigned {
        cx.warn(
            WarningKind::LostRace,
            format!(
                "somebody else gave volume {} a disk at the same time; disk {} is one too many and can be deleted",
                volume.name, disk.record.name
            ),
        );
    }
    Ok(Bootstrapped::Created(disk))
}
