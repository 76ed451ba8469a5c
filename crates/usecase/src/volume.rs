//! Volumes of an app, as a cluster mounts them.

#[cfg(doc)]
use kompox_domain::MountDriver;
use kompox_domain::cluster::Plan;
use kompox_domain::volume::Item;
use kompox_domain::{
    AppScope, Argument, Context, Error, ErrorKind, Hint, Label, Operation, ProviderDriver, Result, Volume,
    VolumeClass, VolumeDisk, VolumeDriver, VolumeMount, VolumeName, naming,
};

use crate::{ability, support};

/// What mounts one volume.
#[derive(Debug)]
pub struct MountOutcome {
    /// The volume.
    pub volume: VolumeName,
    /// What mounts its assigned disk, or why nothing can.
    pub result: Result<VolumeMount>,
}

/// What mounts the assigned disks of these volumes, or of all volumes of the app where none is named.
///
/// One listing, and no cluster. The outcomes come in the order of the app's volumes, then what is no volume of it.
/// A mark that an interrupted switch left on another disk does not count: the listing tells which disk is assigned.
///
/// # Errors
/// `Unsupported`; `InvalidInput` when the app is given no namespace and its name is too long for one; those of
/// [`VolumeDriver::disk_list`].
pub async fn mounts(
    driver: &dyn ProviderDriver,
    cx: &Context,
    app: &AppScope,
    names: &[VolumeName],
    namespace: Option<&Label>,
) -> Result<Vec<MountOutcome>> {
    let driver = ability::volumes(driver, Operation::DiskList)?;
    let namespace = match namespace {
        Some(namespace) => namespace.clone(),
        None => default_namespace(app)?,
    };
    let (classes, listed) = classes(&*driver, app, names);
    let disks = if listed.is_empty() {
        Vec::new()
    } else {
        driver
            .disk_list(cx, app, &listed)
            .await
            .map_err(|error| error.context(format!("cannot list the disks of app {}", app.app.id)))?
    };
    let mount = |volume: &Volume, class: Result<VolumeClass>| -> Result<VolumeMount> {
        let class = class?;
        let disk = assigned(volume, &disks)?;
        let disk_mount = driver.disk_mount(app, volume, &disk.record)?;
        VolumeMount::new(app, &disk.record, namespace.clone(), class, disk_mount)
    };
    let mounted = classes.into_iter().map(|(volume, class)| MountOutcome {
        volume: volume.name.clone(),
        result: mount(volume, class)
            .map_err(|error| error.context(format!("cannot mount volume {}", volume.name))),
    });
    let mut unknown: Vec<&VolumeName> = Vec::new();
    for name in names {
        if app.app.volume(name).is_none() && !unknown.contains(&name) {
            unknown.push(name);
        }
    }
    let unknown = unknown.into_iter().filter_map(|name| {
        let error = support::volume(app, name).err()?;
        Some(MountOutcome {
            volume: name.clone(),
            result: Err(error),
        })
    });
    Ok(mounted.chain(unknown).collect())
}

/// What came of letting the cluster mount volumes.
#[derive(Debug)]
pub enum ApplyOutcome {
    /// It mounts all of them; what was done for it.
    Applied {
        /// Where the claims are. None: there are no volumes.
        namespace: Option<Label>,
        /// What was done, and what stays.
        plan: Plan,
    },
    /// Some volume cannot be mounted, so nothing was done.
    Unmountable(Vec<MountOutcome>),
}

/// Lets the app's cluster mount the assigned disks of these volumes, or of all volumes of the app where none is named.
///
/// # Errors
/// Those of [`mounts`] and of [`MountDriver::apply`].
pub async fn apply(
    driver: &dyn ProviderDriver,
    cx: &Context,
    app: &AppScope,
    names: &[VolumeName],
    namespace: Option<&Label>,
) -> Result<ApplyOutcome> {
    let port = ability::mounts(driver, Operation::VolumeApply)?;
    let outcomes = mounts(driver, cx, app, names, namespace).await?;
    if outcomes.iter().any(|outcome| outcome.result.is_err()) {
        return Ok(ApplyOutcome::Unmountable(outcomes));
    }
    let mounts: Vec<VolumeMount> = outcomes
        .into_iter()
        .filter_map(|outcome| outcome.result.ok())
        .collect();
    let Some(first) = mounts.first() else {
        return Ok(ApplyOutcome::Applied {
            namespace: None,
            plan: Plan::default(),
        });
    };
    let namespace = Some(first.namespace.clone());
    let cx = &cx.within();
    let plan = port.apply(cx, app, &mounts).await.map_err(|error| {
        let cluster = &app.cluster.id.cluster;
        let what = format!(
            "let cluster {cluster} mount the volumes of app {}",
            app.app.id.app
        );
        support::cannot_repeatable(error, cx.outcome(), &what)
    })?;
    Ok(ApplyOutcome::Applied { namespace, plan })
}

/// The namespace of the app, where nothing else is said.
fn default_namespace(app: &AppScope) -> Result<Label> {
    let name = naming::app_namespace(&app.app.id.app, &app.id_hash());
    name.parse().map_err(|error| {
        Error::new(
            ErrorKind::InvalidInput,
            format!(
                "app {} has no namespace of its own: its name is too long",
                app.app.id
            ),
        )
        .with_source(Box::new(error) as Box<dyn std::error::Error + Send + Sync>)
        .with_hint(Hint::argument("name one", Argument::Namespace(None)))
    })
}

/// The app's volumes that are meant, each with its class, and those of them that can have disks.
fn classes<'a>(
    driver: &dyn VolumeDriver,
    app: &'a AppScope,
    names: &[VolumeName],
) -> (Vec<(&'a Volume, Result<VolumeClass>)>, Vec<Volume>) {
    let meant = app
        .app
        .volumes
        .iter()
        .filter(|volume| names.is_empty() || names.contains(&volume.name));
    let classes: Vec<_> = meant
        .map(|volume| (volume, driver.volume_class(app, volume)))
        .collect();
    let listed = classes
        .iter()
        .filter(|(_, class)| class.is_ok())
        .map(|(volume, _)| (*volume).clone())
        .collect();
    (classes, listed)
}

/// The one disk that the volume uses.
fn assigned<'a>(volume: &Volume, disks: &'a [VolumeDisk]) -> Result<&'a VolumeDisk> {
    let own: Vec<&VolumeDisk> = disks
        .iter()
        .filter(|disk| disk.record.volume == volume.name)
        .collect();
    let assigned: Vec<&VolumeDisk> = own.iter().copied().filter(|disk| disk.assigned).collect();
    match (assigned.as_slice(), own.is_empty()) {
        ([disk], _) => {
            let record = &disk.record;
            record
                .creation
                .require_done(Item::Disk, &record.name, &record.volume)?;
            Ok(disk)
        }
        ([], true) => Err(Error::new(
            ErrorKind::Precondition,
            format!("volume {} has no disk", volume.name),
        )
        .with_hint(Hint::command(
            "make one",
            Operation::DiskCreate.with(Argument::Bootstrap),
        ))),
        ([], false) => Err(support::choose_disk(volume, &own, support::NONE_ASSIGNED)),
        // No driver answers so that keeps to the contract, and nobody should mount either of them.
        (several, _) => Err(support::choose_disk(
            volume,
            several,
            "several disks of which each is assigned",
        )),
    }
}
