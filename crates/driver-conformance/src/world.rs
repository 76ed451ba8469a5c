//! One app in the world of the harness, with what cases do there again and again.

use std::cmp::Reverse;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::{Either, select};
use kompox_domain::driver::{DiskCreate, SnapshotCreate, SnapshotRestore};
use kompox_domain::model::VolumeKind;
use kompox_domain::volume::Deletion;
use kompox_domain::{
    AppScope, ByteSize, Context, DiskName, ErrorKind, Result, SnapshotName, Volume, VolumeDisk, VolumeDriver,
    VolumeOptions, VolumeSnapshot,
};

use crate::case::Suite;
use crate::check::{Stop, Verdict, done, ensure};
use crate::timing::yield_now;

/// How often a reader looks while something is done.
const READINGS: usize = 10_000;

/// A fresh app, a driver and a context.
pub(crate) struct World {
    pub(crate) driver: Arc<dyn VolumeDriver>,
    pub(crate) cx: Context,
    pub(crate) app: AppScope,
    /// Two volumes of kind `Disk`.
    pub(crate) one: Volume,
    pub(crate) two: Volume,
}

impl World {
    pub(crate) async fn new(suite: &Suite<'_>) -> Result<Self, Stop> {
        let app = suite.harness.fresh_app().await;
        let mut disks = app
            .app
            .volumes
            .iter()
            .filter(|volume| volume.kind == VolumeKind::Disk);
        let (Some(one), Some(two)) = (disks.next().cloned(), disks.next().cloned()) else {
            return Err(Stop::Failed(
                "the harness gave an app with less than two volumes of kind Disk".to_owned(),
            ));
        };
        Ok(Self {
            driver: volumes(suite)?,
            cx: suite.harness.context(Arc::clone(&suite.events) as _),
            app,
            one,
            two,
        })
    }

    /// The first volume, and the app, as if it had been configured with another size.
    pub(crate) fn resized(&self, size: ByteSize) -> (AppScope, Volume) {
        self.with_one(|volume| volume.size = size)
    }

    /// The first volume, and the app, as if it had been configured otherwise.
    pub(crate) fn with_one(&self, change: impl Fn(&mut Volume)) -> (AppScope, Volume) {
        let mut app = self.app.clone();
        let mut one = self.one.clone();
        change(&mut one);
        for volume in &mut app.app.volumes {
            if volume.name == one.name {
                *volume = one.clone();
            }
        }
        (app, one)
    }

    pub(crate) async fn try_create(&self, volume: &Volume, request: DiskCreate) -> Result<VolumeDisk> {
        self.driver
            .disk_create(&self.cx, &self.app, volume, &request)
            .await
    }

    /// Makes an empty disk.
    pub(crate) async fn create(&self, volume: &Volume, name: &DiskName) -> Result<VolumeDisk, Stop> {
        let made = done(
            self.try_create(volume, disk(name)).await,
            &format!("disk_create {name}"),
        )?;
        ensure(
            made.record.name == *name && made.record.volume == volume.name,
            || {
                format!(
                    "disk_create {name} in {} answered {} in {}",
                    volume.name, made.record.name, made.record.volume
                )
            },
        )?;
        Ok(made)
    }

    pub(crate) async fn try_assign(&self, volume: &Volume, name: &DiskName) -> Result<VolumeDisk> {
        self.driver.disk_assign(&self.cx, &self.app, volume, name).await
    }

    pub(crate) async fn assign(&self, volume: &Volume, name: &DiskName) -> Result<VolumeDisk, Stop> {
        done(
            self.try_assign(volume, name).await,
            &format!("disk_assign {name}"),
        )
    }

    pub(crate) async fn try_delete(&self, volume: &Volume, name: &DiskName, force: bool) -> Result<Deletion> {
        self.driver
            .disk_delete(&self.cx, &self.app, volume, name, force)
            .await
    }

    pub(crate) async fn delete(
        &self,
        volume: &Volume,
        name: &DiskName,
        force: bool,
    ) -> Result<Deletion, Stop> {
        done(
            self.try_delete(volume, name, force).await,
            &format!("disk_delete {name} (force: {force})"),
        )
    }

    /// The disk of that name, as the driver finds it.
    pub(crate) async fn find(&self, volume: &Volume, name: &DiskName) -> Result<Option<VolumeDisk>, Stop> {
        done(
            self.driver.disk_find(&self.cx, &self.app, volume, name).await,
            &format!("disk_find {name}"),
        )
    }

    /// The disks of one volume.
    pub(crate) async fn disks(&self, volume: &Volume) -> Result<Vec<VolumeDisk>, Stop> {
        self.disks_of(std::slice::from_ref(volume)).await
    }

    pub(crate) async fn disks_of(&self, volumes: &[Volume]) -> Result<Vec<VolumeDisk>, Stop> {
        done(
            self.driver.disk_list(&self.cx, &self.app, volumes).await,
            "disk_list",
        )
    }

    /// The disk of that name, as it is listed.
    pub(crate) async fn disk(&self, volume: &Volume, name: &DiskName) -> Result<VolumeDisk, Stop> {
        let disks = self.disks(volume).await?;
        let mut found = disks.iter().filter(|disk| disk.record.name == *name);
        match (found.next(), found.next()) {
            (Some(disk), None) => Ok(disk.clone()),
            (None, _) => Err(Stop::Failed(format!(
                "disk {name} is not among {:?}",
                disk_names(&disks)
            ))),
            (Some(_), Some(_)) => Err(Stop::Failed(format!("disk {name} is listed twice"))),
        }
    }

    /// Fails unless exactly this disk of the volume is assigned.
    pub(crate) async fn only_assigned(&self, volume: &Volume, name: &DiskName) -> Verdict {
        let assigned = assigned(&self.disks(volume).await?);
        ensure(assigned == [name.to_string()], || {
            format!(
                "assigned in volume {} are {assigned:?}, expected {name} alone",
                volume.name
            )
        })
    }

    /// Takes a snapshot of the assigned disk.
    pub(crate) async fn snapshot(
        &self,
        volume: &Volume,
        name: &SnapshotName,
    ) -> Result<VolumeSnapshot, Stop> {
        done(
            self.try_snapshot(volume, snapshot(name)).await,
            &format!("snapshot_create {name}"),
        )
    }

    pub(crate) async fn try_snapshot(
        &self,
        volume: &Volume,
        request: SnapshotCreate,
    ) -> Result<VolumeSnapshot> {
        self.driver
            .snapshot_create(&self.cx, &self.app, volume, &request)
            .await
    }

    pub(crate) async fn try_snapshot_delete(&self, volume: &Volume, name: &SnapshotName) -> Result<Deletion> {
        self.driver
            .snapshot_delete(&self.cx, &self.app, volume, name)
            .await
    }

    pub(crate) async fn try_restore(&self, volume: &Volume, request: SnapshotRestore) -> Result<VolumeDisk> {
        self.driver
            .snapshot_restore(&self.cx, &self.app, volume, &request)
            .await
    }

    /// The snapshot of that name, as the driver finds it.
    pub(crate) async fn find_snapshot(
        &self,
        volume: &Volume,
        name: &SnapshotName,
    ) -> Result<Option<VolumeSnapshot>, Stop> {
        done(
            self.driver.snapshot_find(&self.cx, &self.app, volume, name).await,
            &format!("snapshot_find {name}"),
        )
    }

    /// The snapshots of one volume.
    pub(crate) async fn snapshots(&self, volume: &Volume) -> Result<Vec<VolumeSnapshot>, Stop> {
        self.snapshots_of(std::slice::from_ref(volume)).await
    }

    pub(crate) async fn snapshots_of(&self, volumes: &[Volume]) -> Result<Vec<VolumeSnapshot>, Stop> {
        done(
            self.driver.snapshot_list(&self.cx, &self.app, volumes).await,
            "snapshot_list",
        )
    }

    /// Does `work` while a reader with a driver of its own lists the volume again and again. No listing may show two
    /// assigned disks, nor none after one was shown; `had_one` tells whether there is one from the start.
    pub(crate) async fn watched<T>(
        &self,
        suite: &Suite<'_>,
        volume: &Volume,
        had_one: bool,
        work: impl Future<Output = T> + Send,
    ) -> Result<T, Stop> {
        let reader = volumes(suite)?;
        let seen = AtomicBool::new(had_one);
        let look = || async {
            let disks = done(
                reader
                    .disk_list(&self.cx, &self.app, std::slice::from_ref(volume))
                    .await,
                "disk_list of the reader",
            )?;
            let assigned = assigned(&disks);
            ensure(assigned.len() <= 1, || {
                format!("a reader saw more than one assigned disk: {assigned:?}")
            })?;
            ensure(!seen.load(Ordering::Relaxed) || assigned.len() == 1, || {
                format!(
                    "a reader saw no assigned disk any more, of {:?}",
                    disk_names(&disks)
                )
            })?;
            seen.fetch_or(!assigned.is_empty(), Ordering::Relaxed);
            Ok::<(), Stop>(())
        };
        // The reading ends with this block: left where it stands, it could hold what the last look waits for.
        let output = {
            let reading = pin!(async {
                for reading in 0..READINGS {
                    if let Err(stop) = look().await {
                        return stop;
                    }
                    // A driver that answers at once must not keep the work from going on. Otherwise the reader does not
                    // wait: where both need as many polls for a request, it looks after each one that is sent.
                    if reading % 16 == 15 {
                        yield_now().await;
                    }
                }
                // A driver that hangs is left alone with the clock, so that the limit of the case can come.
                std::future::pending().await
            });
            match select(pin!(work), reading).await {
                Either::Left((output, _)) => output,
                Either::Right((stop, _)) => return Err(stop),
            }
        };
        look().await?;
        Ok(output)
    }
}

/// The volumes of a new driver.
pub(crate) fn volumes(suite: &Suite<'_>) -> Result<Arc<dyn VolumeDriver>, Stop> {
    let none = || Stop::Failed("a driver that had volumes has none any more".to_owned());
    suite.harness.driver().volumes().ok_or_else(none)
}

/// A name that is the same in every run.
pub(crate) fn named<T>(text: &str) -> Result<T, Stop>
where
    T: std::str::FromStr<Err = kompox_domain::name::InvalidName>,
{
    text.parse()
        .map_err(|error| Stop::Failed(format!("the suite uses a bad name: {error}")))
}

/// A request for an empty disk.
pub(crate) fn disk(name: &DiskName) -> DiskCreate {
    DiskCreate {
        name: name.clone(),
        source: None,
        zone: None,
        options: VolumeOptions::default(),
    }
}

/// A request for a snapshot of the assigned disk.
pub(crate) fn snapshot(name: &SnapshotName) -> SnapshotCreate {
    SnapshotCreate {
        name: name.clone(),
        source: None,
    }
}

/// A request for a disk of this snapshot.
pub(crate) fn restore(snapshot: &SnapshotName, disk: &DiskName) -> SnapshotRestore {
    SnapshotRestore {
        snapshot: snapshot.clone(),
        disk: disk.clone(),
        zone: None,
        options: VolumeOptions::default(),
        resume: false,
    }
}

/// Options that no driver has.
pub(crate) fn unknown_option() -> VolumeOptions {
    [(
        "kompox-no-such-option".to_owned(),
        kompox_domain::options::OptionValue::Bool(true),
    )]
    .into_iter()
    .collect()
}

/// What no name at all looks like.
pub(crate) const NO_NAMES: [&str; 0] = [];

pub(crate) fn disk_names(disks: &[VolumeDisk]) -> Vec<String> {
    disks.iter().map(|disk| disk.record.name.to_string()).collect()
}

pub(crate) fn snapshot_names(snapshots: &[VolumeSnapshot]) -> Vec<String> {
    snapshots
        .iter()
        .map(|snapshot| snapshot.name.to_string())
        .collect()
}

/// The names of the disks that are listed as assigned.
pub(crate) fn assigned(disks: &[VolumeDisk]) -> Vec<String> {
    disks
        .iter()
        .filter(|disk| disk.assigned)
        .map(|disk| disk.record.name.to_string())
        .collect()
}

/// Fails unless the listing is newest first, then by name.
pub(crate) fn ordered<T>(
    items: &[T],
    key: impl Fn(&T) -> (Option<time::OffsetDateTime>, String),
    what: &str,
) -> Verdict {
    let keys: Vec<_> = items.iter().map(key).collect();
    let sorted = keys.is_sorted_by_key(|(created, name)| (Reverse(*created), name.clone()));
    ensure(sorted, || {
        format!("{what} is not newest first, then by name: {keys:?}")
    })
}

/// Fails unless a repeated call either did it or found it done.
pub(crate) fn done_or_conflict<T>(result: Result<T>, what: &str) -> Verdict {
    match result {
        Err(error) if error.kind() == ErrorKind::Conflict => Ok(()),
        other => done(other, what).map(|_| ()),
    }
}
