//! A complete small driver: its disks and snapshots are files in a directory. `design/driver-guide.md` walks through it.
//!
//! `cargo run -p kompox-driver-conformance --example toy_driver` runs the conformance suite on it.
//!
//! A file is what a managed disk is to a real driver: it has a name, tags and a creation time, and no content.

#[path = "toy_driver/files.rs"]
mod files;
#[path = "toy_driver/harness.rs"]
mod harness;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use kompox_domain::driver::{DiskCreate, Finding, SnapshotCreate, SnapshotRestore, VolumeOption};
use kompox_domain::model::{AnyId, VolumeKind};
use kompox_domain::progress::WarningKind;
use kompox_domain::volume::{Deletion, DiskRecord, arrange_snapshots};
use kompox_domain::{
    AppScope, ByteSize, ClusterDriver, Context, DiskMount, DiskName, DnsDriver, DriverFactory, Error,
    ErrorKind, IngressDriver, MountDriver, ProviderDriver, ProviderScope, Result, SecretReader, SnapshotName,
    Source, Volume, VolumeClass, VolumeDisk, VolumeDriver, VolumeSnapshot, tags,
};
use kompox_driver_conformance::memory::MemoryHarness;
use kompox_driver_conformance::{Harness as _, declared_cases, run};
use ulid::Ulid;

use files::{DISKS, Requests, SNAPSHOT, SNAPSHOTS};
use harness::ToyHarness;

const NAME: &str = "toy";
const DIRECTORY: &str = "TOY_DIRECTORY";

/// Makes toy drivers. Registered in the program's `DriverRegistry`, it would answer to `driver: toy`.
pub(crate) struct ToyFactory;

impl DriverFactory for ToyFactory {
    fn name(&self) -> &'static str {
        NAME
    }

    fn check(&self, scope: &ProviderScope) -> Vec<Finding> {
        let known = scope.provider.settings.get(DIRECTORY);
        let missing = known.is_none().then(|| Finding {
            subject: AnyId::Provider(scope.provider.id.clone()),
            message: format!("settings are missing: {DIRECTORY}"),
            hints: vec!["name a directory".into()],
        });
        missing.into_iter().collect()
    }

    fn build(&self, scope: &ProviderScope, secrets: &dyn SecretReader) -> Result<Arc<dyn ProviderDriver>> {
        let directory = scope.provider.settings.get(DIRECTORY).ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidInput,
                format!("settings are missing: {DIRECTORY}"),
            )
        })?;
        let root = PathBuf::from(directory.resolve(secrets)?.expose());
        let volumes = Arc::new(ToyVolumes { root });
        Ok(Arc::new(Toy { volumes }))
    }
}

/// The driver. It holds no state: everything is read anew for every call.
struct Toy {
    volumes: Arc<ToyVolumes>,
}

#[deny(clippy::missing_trait_methods)]
impl ProviderDriver for Toy {
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
struct ToyVolumes {
    root: PathBuf,
}

impl ToyVolumes {
    /// Everything that can be refused without a request.
    fn requests<'a>(
        &'a self,
        cx: &'a Context,
        app: &'a AppScope,
        volumes: &[Volume],
    ) -> Result<Requests<'a>> {
        volumes.iter().try_for_each(has_kind)?;
        Ok(Requests {
            root: &self.root,
            cx,
            app,
        })
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl VolumeDriver for ToyVolumes {
    fn options(&self) -> &'static [VolumeOption] {
        &[]
    }

    fn volume_class(&self, _: &AppScope, volume: &Volume) -> Result<VolumeClass> {
        has_kind(volume)?;
        Ok(VolumeClass {
            storage_class: NAME,
            csi_driver: "disk.toy.example",
            fs_type: "ext4",
            access_modes: &["ReadWriteOnce"],
            reclaim_policy: "Retain",
            volume_mode: "Filesystem",
        })
    }

    fn disk_mount(&self, _: &AppScope, volume: &Volume, disk: &DiskRecord) -> Result<DiskMount> {
        has_kind(volume)?;
        Ok(DiskMount {
            handle: disk.handle.clone(),
            attributes: BTreeMap::new(),
            // There are no zones, so any node will do.
            node_labels: BTreeMap::new(),
        })
    }

    async fn disk_list(&self, cx: &Context, app: &AppScope, volumes: &[Volume]) -> Result<Vec<VolumeDisk>> {
        self.requests(cx, app, volumes)?.disks(volumes).await
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
        refuse_what_it_has_not(volume.options.overridden_by(&request.options).iter().next())?;
        refuse_zone(request.zone.as_deref().or(app.app.zone.as_deref()))?;

        let listed = requests.disks(volumes).await?;
        let original = match &request.source {
            Some(source) => Some(requests.original(volume, source).await?.0),
            None => None,
        };
        let size = at_least(volume.size, original)?;
        let first = listed.is_empty();
        let at = first.then(|| cx.next_ulid(None));
        let made = make_disk(&requests, volume, &request.name, size, at, None).await?;
        if first && !made.assigned {
            let message = format!("disk {} was made, and another one was assigned", request.name);
            cx.warn(WarningKind::LostRace, message);
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
        let target = find(&listed, disk)?;
        let flagged = |other: &&VolumeDisk| other.record.flagged && other.record.name != *disk;
        let others: Vec<&VolumeDisk> = listed.iter().filter(flagged).collect();
        if target.assigned && others.is_empty() {
            return Ok(target);
        }
        let step = cx.begin(format!("assign disk {disk}"));
        let work = async {
            // First the mark, greater than all there are: from here on every reader sees this disk assigned.
            let latest = listed.iter().filter_map(|other| other.record.assigned_at).max();
            requests.mark(&target.record, Some(cx.next_ulid(latest))).await?;
            for other in others {
                requests.mark(&other.record, None).await?;
            }
            match requests
                .disks(volumes)
                .await?
                .into_iter()
                .find(|disk| disk.assigned)
            {
                Some(winner) if winner.record.name == *disk => Ok(winner),
                winner => {
                    let winner = winner.map_or("none".to_owned(), |disk| disk.record.name.to_string());
                    let message = format!("disk {winner} was assigned at the same time");
                    Err(Error::new(ErrorKind::Conflict, message))
                }
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
        let Ok(target) = find(&listed, disk) else {
            return Ok(Deletion::WasNotThere);
        };
        let refused = |why: String| Err(Error::new(ErrorKind::Precondition, why));
        if let Some(machine) = target.record.attached_to.first() {
            return refused(format!("disk {disk} is attached to {machine}"));
        }
        if target.assigned && !force {
            return refused(format!("disk {disk} is the assigned one"));
        }
        let step = cx.begin(format!("delete disk {disk}"));
        step.end(requests.delete(&target.record.handle).await)
    }

    async fn snapshot_list(
        &self,
        cx: &Context,
        app: &AppScope,
        volumes: &[Volume],
    ) -> Result<Vec<VolumeSnapshot>> {
        let requests = self.requests(cx, app, volumes)?;
        let mut snapshots = Vec::new();
        for volume in volumes {
            snapshots.extend(requests.snapshots(volume).await?);
        }
        arrange_snapshots(&mut snapshots);
        Ok(snapshots)
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
        let source = match &request.source {
            Some(source) => source.clone(),
            None => {
                let disks = requests.disks(volumes).await?;
                let assigned = disks.into_iter().find(|disk| disk.assigned);
                let none = || Error::new(ErrorKind::NotFound, "no disk is assigned");
                Source::Disk(assigned.ok_or_else(none)?.record.name)
            }
        };
        let (size, of_disk) = requests.original(volume, &source).await?;
        let handle = requests.handle(SNAPSHOTS, volume, &request.name);
        let mut more = vec![
            (tags::VOLUME, app.volume_key(&volume.name)),
            (tags::SNAPSHOT_NAME, request.name.to_string()),
        ];
        more.extend(of_disk.map(|name| (tags::DISK_NAME, name)));
        let step = cx.begin(format!("create snapshot {}", request.name));
        let taken = async {
            requests.put(&handle, size, &more).await?;
            let listed = requests.snapshots(volume).await?;
            let taken = listed.into_iter().find(|found| found.name == request.name);
            taken.ok_or_else(|| Error::new(ErrorKind::NotFound, "it was deleted meanwhile"))
        };
        step.end(taken.await)
    }

    async fn snapshot_delete(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        snapshot: &SnapshotName,
    ) -> Result<Deletion> {
        let requests = self.requests(cx, app, std::slice::from_ref(volume))?;
        let step = cx.begin(format!("delete snapshot {snapshot}"));
        let handle = requests.handle(SNAPSHOTS, volume, snapshot);
        step.end(requests.delete(&handle).await)
    }

    async fn snapshot_restore(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        request: &SnapshotRestore,
    ) -> Result<VolumeDisk> {
        let requests = self.requests(cx, app, std::slice::from_ref(volume))?;
        refuse_what_it_has_not(volume.options.overridden_by(&request.options).iter().next())?;
        refuse_zone(request.zone.as_deref())?;
        let source = Source::Snapshot(request.snapshot.clone());
        let (original, _) = requests.original(volume, &source).await?;
        let size = at_least(volume.size, Some(original))?;
        let snapshot = requests.handle(SNAPSHOTS, volume, &request.snapshot);
        let disk = requests.handle(DISKS, volume, &request.disk);
        if request.resume
            && requests.is_unused_copy(volume, &disk, &snapshot).await?
            && let Ok(there) = find(
                &requests.disks(std::slice::from_ref(volume)).await?,
                &request.disk,
            )
            && there.record.size == Some(size)
        {
            return Ok(there);
        }
        make_disk(&requests, volume, &request.disk, size, None, Some(snapshot)).await
    }
}

/// Makes a disk, assigned from its first moment or not, and answers what is listed then.
async fn make_disk(
    requests: &Requests<'_>,
    volume: &Volume,
    name: &DiskName,
    size: ByteSize,
    assigned_at: Option<Ulid>,
    snapshot: Option<String>,
) -> Result<VolumeDisk> {
    let handle = requests.handle(DISKS, volume, name);
    let mut disk_tags = vec![
        (tags::VOLUME, requests.app.volume_key(&volume.name)),
        (tags::DISK_NAME, name.to_string()),
    ];
    disk_tags.extend(snapshot.map(|snapshot| (SNAPSHOT, snapshot)));
    if let Some(at) = assigned_at {
        disk_tags.push((tags::DISK_ASSIGNED, "true".to_owned()));
        disk_tags.push((tags::DISK_ASSIGNED_AT, at.to_string()));
    }
    let step = requests.cx.begin(format!("create disk {name}"));
    let made = async {
        requests.put(&handle, size, &disk_tags).await?;
        find(&requests.disks(std::slice::from_ref(volume)).await?, name)
    };
    step.end(made.await)
}

fn find(disks: &[VolumeDisk], name: &DiskName) -> Result<VolumeDisk> {
    let found = disks.iter().find(|disk| disk.record.name == *name).cloned();
    found.ok_or_else(|| Error::new(ErrorKind::NotFound, format!("there is no disk {name}")))
}

fn has_kind(volume: &Volume) -> Result<()> {
    match volume.kind {
        VolumeKind::Disk => Ok(()),
        VolumeKind::Files => Err(Error::new(
            ErrorKind::Unsupported,
            "driver toy has no file shares",
        )),
    }
}

/// Whole GiB, as large as asked for and as the source.
fn at_least(size: ByteSize, original: Option<ByteSize>) -> Result<ByteSize> {
    Ok(original
        .into_iter()
        .fold(ByteSize::from_gib(size.gib_ceil())?, ByteSize::max))
}

fn refuse_what_it_has_not<V>(option: Option<(&str, V)>) -> Result<()> {
    option.map_or(Ok(()), |(name, _)| {
        let message = format!("there is no option {name}; disks of driver toy have none");
        Err(Error::new(ErrorKind::InvalidInput, message))
    })
}

fn refuse_zone(zone: Option<&str>) -> Result<()> {
    zone.map_or(Ok(()), |zone| {
        let message = format!("zone {zone}: driver toy has no zones");
        Err(Error::new(ErrorKind::InvalidInput, message))
    })
}

/// Runs every case of the suite, and fails unless all that the driver declares ran and passed.
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn main() {
    let root = std::env::temp_dir().join(format!("kompox-toy-{}", std::process::id()));
    let harness = ToyHarness {
        factory: Box::new(ToyFactory),
        setting: DIRECTORY,
        root: root.clone(),
        apps: MemoryHarness::default(),
    };
    let report = run(&harness).await;
    // What is left in a temporary directory harms nobody.
    let _ = std::fs::remove_dir_all(root);
    #[expect(clippy::print_stdout, reason = "an example shows what it found")]
    {
        print!("{report}");
    }
    report.assert_all_passed();
    report.assert_ran(&declared_cases(&*harness.driver()));
}
