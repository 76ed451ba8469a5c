//! The driver.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use kompox_domain::driver::{DiskCreate, SnapshotCreate, SnapshotRestore, VolumeOption};
use kompox_domain::model::VolumeKind;
use kompox_domain::progress::WarningKind;
use kompox_domain::volume::{Creation, Deletion, DiskRecord, Percent};
use kompox_domain::{
    AppScope, ByteSize, ClusterDriver, Context, DiskMount, DiskName, DnsDriver, Error, ErrorKind,
    IngressDriver, MountDriver, ProviderDriver, Result, SnapshotName, Source, Volume, VolumeClass,
    VolumeDisk, VolumeDriver, VolumeOptions, VolumeSnapshot, Zone,
};

use super::cloud::MemoryCloud;
use super::requests::{Requests, attached, in_use};

/// What the driver is called.
const NAME: &str = "memory";

/// The one option its disks have.
const OPTION: &str = "sku";

/// The largest disk there is.
const MAX_GIB: u64 = 64 << 10;

/// A driver on a [`MemoryCloud`]. It has disks and snapshots, and neither file shares nor clusters.
#[derive(Debug, Clone)]
pub struct MemoryDriver {
    volumes: Arc<MemoryVolumes>,
}

impl MemoryDriver {
    /// A driver on that cloud.
    #[must_use]
    pub fn new(cloud: MemoryCloud) -> Self {
        Self {
            volumes: Arc::new(MemoryVolumes { cloud }),
        }
    }
}

#[deny(clippy::missing_trait_methods)]
impl ProviderDriver for MemoryDriver {
    fn name(&self) -> &'static str {
        NAME
    }

    fn volumes(&self) -> Option<Arc<dyn VolumeDriver>> {
        Some(Arc::clone(&self.volumes) as _)
    }

    fn mounts(&self) -> Option<Arc<dyn MountDriver>> {
        None
    }

    fn clusters(&self) -> Option<Arc<dyn ClusterDriver>> {
        None
    }

    fn ingress(&self) -> Option<Arc<dyn IngressDriver>> {
        None
    }

    fn dns(&self) -> Option<Arc<dyn DnsDriver>> {
        None
    }
}

/// Its disks and snapshots.
#[derive(Debug)]
struct MemoryVolumes {
    cloud: MemoryCloud,
}

impl MemoryVolumes {
    /// The cloud, after everything that can be refused without asking it.
    fn requests<'a>(
        &'a self,
        cx: &'a Context,
        app: &'a AppScope,
        volumes: &[Volume],
    ) -> Result<Requests<'a>> {
        volumes.iter().try_for_each(has_kind)?;
        Ok(Requests {
            cloud: &self.cloud,
            cx,
            app,
        })
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl VolumeDriver for MemoryVolumes {
    fn options(&self) -> &'static [VolumeOption] {
        &[VolumeOption {
            name: OPTION,
            takes: "any text",
        }]
    }

    fn volume_class(&self, _: &AppScope, volume: &Volume) -> Result<VolumeClass> {
        has_kind(volume)?;
        Ok(VolumeClass {
            storage_class: NAME,
            csi_driver: "disk.memory.example",
            fs_type: "ext4",
            access_modes: &["ReadWriteOnce"],
            reclaim_policy: "Retain",
            volume_mode: "Filesystem",
        })
    }

    fn disk_mount(&self, _: &AppScope, volume: &Volume, disk: &DiskRecord) -> Result<DiskMount> {
        has_kind(volume)?;
        let zones = disk.zone.map(|zone| vec![zone.to_string()]);
        let labels = zones.map(|zones| ("disk.memory.example/zone".to_owned(), zones));
        Ok(DiskMount {
            handle: disk.handle.clone(),
            attributes: BTreeMap::new(),
            node_labels: labels.into_iter().collect(),
        })
    }

    async fn disk_list(&self, cx: &Context, app: &AppScope, volumes: &[Volume]) -> Result<Vec<VolumeDisk>> {
        let requests = self.requests(cx, app, volumes)?;
        requests.disks(volumes).await
    }

    async fn disk_find(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        disk: &DiskName,
    ) -> Result<Option<VolumeDisk>> {
        let disks = self.disk_list(cx, app, std::slice::from_ref(volume)).await?;
        Ok(disks.into_iter().find(|found| found.record.name == *disk))
    }

    async fn disk_create(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        request: &DiskCreate,
    ) -> Result<VolumeDisk> {
        let volumes = std::slice::from_ref(volume);
        let requests = self.requests(cx, app, volumes)?;
        let options = known_options(volume, &request.options)?;
        let zone = zone(app, request.zone.as_deref())?;
        let size = size(volume.size.gib_ceil())?;

        let listed = requests.disks(volumes).await?;
        refuse_name_in_use(&listed, &request.name)?;
        let size = match &request.source {
            None => size,
            Some(source) => size.max(self::size(requests.original(volume, source).await?.gib)?),
        };
        requests.make_place().await?;
        let first = listed.is_empty();
        let record = DiskRecord {
            name: request.name.clone(),
            volume: volume.name.clone(),
            flagged: first,
            assigned_at: first.then(|| cx.next_ulid(None)),
            size: Some(size),
            sector_size: None,
            zone,
            options,
            handle: requests.disk_handle(&volume.name, &request.name),
            created_at: None,
            updated_at: None,
            state: None,
            provisioning_state: None,
            creation: Creation::UnderWay,
            attached_to: vec![],
        };
        let made = make_disk(&requests, volume, record, None).await?;
        if first && !made.assigned {
            cx.warn(
                WarningKind::LostRace,
                format!("disk {} was made, and another one was assigned", request.name),
            );
        }
        Ok(made)
    }

    async fn disk_assign(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        disk: &DiskName,
    ) -> Result<VolumeDisk> {
        let volumes = std::slice::from_ref(volume);
        let requests = self.requests(cx, app, volumes)?;
        let listed = requests.disks(volumes).await?;
        let target = find(&listed, disk)
            .ok_or_else(|| Error::new(ErrorKind::NotFound, format!("there is no disk {disk}")))?;
        // A mark set after this listing is greater than all in it: whoever comes later wins, and is never cleared.
        let others: Vec<&DiskRecord> = listed
            .iter()
            .map(|disk| &disk.record)
            .filter(|record| record.flagged && record.name != *disk)
            .collect();
        if target.assigned && others.is_empty() {
            return Ok(target.clone());
        }
        let step = cx.begin(format!("assign disk {disk}"));
        let greatest = listed.iter().filter_map(|disk| disk.record.assigned_at).max();
        let work = async {
            ready(&requests, &target.record.handle).await?;
            let at = cx.next_ulid(greatest);
            requests.mark(&target.record.handle, at).await?;
            for other in others {
                requests.unmark(other).await?;
            }
            let listed = requests.disks(volumes).await?;
            match listed.iter().find(|disk| disk.assigned) {
                Some(winner) if winner.record.name == *disk => Ok(winner.clone()),
                winner => Err(Error::new(
                    ErrorKind::Conflict,
                    format!(
                        "disk {} was assigned meanwhile",
                        winner.map_or_else(|| "none".to_owned(), |disk| disk.record.name.to_string())
                    ),
                )),
            }
        };
        step.end(work.await)
    }

    async fn disk_delete(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        disk: &DiskName,
        force: bool,
    ) -> Result<Deletion> {
        let volumes = std::slice::from_ref(volume);
        let requests = self.requests(cx, app, volumes)?;
        let listed = requests.disks(volumes).await?;
        let Some(target) = find(&listed, disk) else {
            return Ok(Deletion::WasNotThere);
        };
        if let Some(machine) = target.record.attached_to.first() {
            return Err(attached(disk, machine));
        }
        if target.assigned && !force {
            return Err(Error::new(
                ErrorKind::Precondition,
                format!("disk {disk} is the assigned one"),
            ));
        }
        let step = cx.begin(format!("delete disk {disk}"));
        let handle = &target.record.handle;
        let work = async {
            requests.delete_disk(handle).await?;
            while requests.disk_ready(handle).await?.is_some() {
                step.state("Deleting", None);
            }
            Ok(Deletion::Deleted)
        };
        let result = work.await;
        step.end(result)
    }

    async fn snapshot_list(
        &self,
        cx: &Context,
        app: &AppScope,
        volumes: &[Volume],
    ) -> Result<Vec<VolumeSnapshot>> {
        let requests = self.requests(cx, app, volumes)?;
        requests.snapshots(volumes).await
    }

    async fn snapshot_find(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        snapshot: &SnapshotName,
    ) -> Result<Option<VolumeSnapshot>> {
        let snapshots = self.snapshot_list(cx, app, std::slice::from_ref(volume)).await?;
        Ok(snapshots.into_iter().find(|found| found.name == *snapshot))
    }

    async fn snapshot_create(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        request: &SnapshotCreate,
    ) -> Result<VolumeSnapshot> {
        let volumes = std::slice::from_ref(volume);
        let requests = self.requests(cx, app, volumes)?;
        let handle = requests.snapshot_handle(&volume.name, &request.name);
        if requests.snapshot(&handle).await?.is_some() {
            return Err(in_use("snapshot", &request.name));
        }
        let source = match &request.source {
            Some(source) => source.clone(),
            None => assigned_disk(&requests, volume).await?,
        };
        let original = requests.original(volume, &source).await?;
        let step = cx.begin(format!("create snapshot {}", request.name));
        let snapshot = VolumeSnapshot {
            name: request.name.clone(),
            volume: volume.name.clone(),
            size: Some(size(original.gib)?),
            sector_size: None,
            options: VolumeOptions::default(),
            handle: handle.clone(),
            created_at: None,
            updated_at: None,
            source_disk: original.disk,
            completion_percent: Percent::new(0.0),
            provisioning_state: None,
            creation: Creation::UnderWay,
        };
        let work = async {
            requests.put_snapshot(snapshot, original.zone).await?;
            loop {
                let Some(found) = requests.snapshot(&handle).await? else {
                    return Err(deleted_meanwhile("snapshot", &request.name));
                };
                if found.completion_percent.is_done() {
                    return Ok(found);
                }
                step.state("Copying", Some(found.completion_percent));
            }
        };
        let result = work.await;
        step.end(result)
    }

    async fn snapshot_delete(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        snapshot: &SnapshotName,
    ) -> Result<Deletion> {
        let volumes = std::slice::from_ref(volume);
        let requests = self.requests(cx, app, volumes)?;
        let handle = requests.snapshot_handle(&volume.name, snapshot);
        if requests.snapshot(&handle).await?.is_none() {
            return Ok(Deletion::WasNotThere);
        }
        let step = cx.begin(format!("delete snapshot {snapshot}"));
        let work = async {
            requests.delete_snapshot(&handle).await?;
            while requests.snapshot(&handle).await?.is_some() {
                step.state("Deleting", None);
            }
            Ok(Deletion::Deleted)
        };
        let result = work.await;
        step.end(result)
    }

    async fn snapshot_restore(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        request: &SnapshotRestore,
    ) -> Result<VolumeDisk> {
        let volumes = std::slice::from_ref(volume);
        let requests = self.requests(cx, app, volumes)?;
        let options = known_options(volume, &request.options)?;
        let asked = request.zone.as_deref().map(parse_zone).transpose()?;
        let size = size(volume.size.gib_ceil())?;
        let listed = requests.disks(volumes).await?;
        if !request.resume {
            refuse_name_in_use(&listed, &request.disk)?;
        }
        let source = Source::Snapshot(request.snapshot.clone());
        let original = requests.original(volume, &source).await?;
        requests.make_place().await?;
        let record = DiskRecord {
            name: request.disk.clone(),
            volume: volume.name.clone(),
            flagged: false,
            assigned_at: None,
            size: Some(size.max(self::size(original.gib)?)),
            sector_size: None,
            zone: asked.or(original.zone),
            options,
            handle: requests.disk_handle(&volume.name, &request.disk),
            created_at: None,
            updated_at: None,
            state: None,
            provisioning_state: None,
            creation: Creation::UnderWay,
            attached_to: vec![],
        };
        let snapshot = requests.snapshot_handle(&volume.name, &request.snapshot);
        if find(&listed, &request.disk).is_some() {
            requests.require_resumable(&record, &snapshot).await?;
            return wait_for_disk(&requests, volume, &record).await;
        }
        make_disk(&requests, volume, record, Some(snapshot)).await
    }
}

/// Makes a disk, waits until it is ready, and reads it as it is then.
async fn make_disk(
    requests: &Requests<'_>,
    volume: &Volume,
    record: DiskRecord,
    snapshot: Option<String>,
) -> Result<VolumeDisk> {
    let step = requests.cx.begin(format!("create disk {}", record.name));
    let work = async {
        requests.put_disk(record.clone(), snapshot).await?;
        wait_for_disk(requests, volume, &record).await
    };
    step.end(work.await)
}

/// Waits until a disk is ready, and reads it as it is then.
async fn wait_for_disk(requests: &Requests<'_>, volume: &Volume, record: &DiskRecord) -> Result<VolumeDisk> {
    ready(requests, &record.handle).await?;
    let listed = requests.disks(std::slice::from_ref(volume)).await?;
    find(&listed, &record.name)
        .cloned()
        .ok_or_else(|| deleted_meanwhile("disk", &record.name))
}

/// Waits until a disk is ready.
async fn ready(requests: &Requests<'_>, handle: &str) -> Result<()> {
    loop {
        match requests.disk_ready(handle).await? {
            Some(true) => return Ok(()),
            Some(false) => {}
            None => return Err(deleted_meanwhile("disk", &handle)),
        }
    }
}

/// The assigned disk of a volume, as a source.
async fn assigned_disk(requests: &Requests<'_>, volume: &Volume) -> Result<Source> {
    let disks = requests.disks(std::slice::from_ref(volume)).await?;
    let assigned = disks.into_iter().find(|disk| disk.assigned);
    assigned
        .map(|disk| Source::Disk(disk.record.name))
        .ok_or_else(|| {
            Error::new(
                ErrorKind::NotFound,
                format!("volume {} has no assigned disk", volume.name),
            )
        })
}

fn find<'a>(listed: &'a [VolumeDisk], name: &DiskName) -> Option<&'a VolumeDisk> {
    listed.iter().find(|disk| disk.record.name == *name)
}

fn refuse_name_in_use(listed: &[VolumeDisk], name: &DiskName) -> Result<()> {
    match find(listed, name) {
        Some(_) => Err(in_use("disk", name)),
        None => Ok(()),
    }
}

fn has_kind(volume: &Volume) -> Result<()> {
    match volume.kind {
        VolumeKind::Disk => Ok(()),
        VolumeKind::Files => Err(Error::new(
            ErrorKind::Unsupported,
            format!(
                "driver {NAME} has no file shares, and volume {} is one",
                volume.name
            ),
        )),
    }
}

fn known_options(volume: &Volume, over: &VolumeOptions) -> Result<VolumeOptions> {
    let options = volume.options.overridden_by(over);
    if let Some((name, _)) = options.iter().find(|(name, _)| *name != OPTION) {
        let message = format!("there is no option {name:?}");
        return Err(Error::new(ErrorKind::InvalidInput, message));
    }
    Ok(options)
}

fn size(gib: u64) -> Result<ByteSize> {
    if gib > MAX_GIB {
        let message = format!("a disk has at most {MAX_GIB} GiB");
        return Err(Error::new(ErrorKind::InvalidInput, message));
    }
    Ok(ByteSize::from_gib(gib)?)
}

fn zone(app: &AppScope, asked: Option<&str>) -> Result<Option<Zone>> {
    asked.or(app.app.zone.as_deref()).map(parse_zone).transpose()
}

fn parse_zone(text: &str) -> Result<Zone> {
    Ok(Zone::parse(text, NAME)?)
}

fn deleted_meanwhile(what: &str, name: &impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Failed, format!("{what} {name} was deleted meanwhile"))
}
