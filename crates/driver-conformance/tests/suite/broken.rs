//! Drivers that are wrong in one way each, and the case that finds it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use kompox_domain::driver::{DiskCreate, SnapshotCreate, SnapshotRestore, VolumeOption};
use kompox_domain::ids::UlidSource;
use kompox_domain::volume::{Deletion, DiskRecord, Percent};
use kompox_domain::{
    AppScope, ByteSize, ClusterDriver, Context, DiskMount, DiskName, DnsDriver, Error, ErrorKind, Event,
    IngressDriver, MountDriver, ProgressSink, ProviderDriver, Result, SnapshotName, Volume, VolumeClass,
    VolumeDisk, VolumeDriver, VolumeOptions, VolumeSnapshot,
};
use kompox_driver_conformance::memory::MemoryHarness;
use kompox_driver_conformance::{Report, run};

/// What is wrong with a driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    AssignsEveryDisk,
    AssignsNoDisk,
    DeletesAssignedDisks,
    ListsOtherVolumes,
    ListsOldestFirst,
    NamesAnOptionTwice,
    TakesOverExistingDisks,
    RoundsDown,
    IgnoresOptions,
    IgnoresDeadlines,
    AssignsInTwoSteps,
    WritesForNothing,
    MissesMissingDisks,
    SaysThatMissingDisksWereDeleted,
    ReturnsUnfinishedSnapshots,
    AssignsRestoredDisks,
    LocksAndForgets,
    LeavesStepsOpen,
    HasFileShares,
    MountsOneForAll,
    Panics,
    Hangs,
}

/// The driver in memory with a flaw.
struct Broken {
    volumes: Arc<BrokenVolumes>,
}

struct BrokenVolumes {
    inner: Arc<dyn VolumeDriver>,
    flaw: Flaw,
    /// Shared by all instances: somebody is in the middle of something.
    busy: Arc<AtomicBool>,
}

/// Passes everything on, so that a context without a deadline can be made of one with.
struct Forward(Context);

impl ProgressSink for Forward {
    fn emit(&self, event: Event) {
        self.0.emit(event);
    }
}

impl UlidSource for Forward {
    fn next(&self, after: Option<ulid::Ulid>) -> ulid::Ulid {
        self.0.next_ulid(after)
    }
}

impl BrokenVolumes {
    fn is(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }

    fn context(&self, cx: &Context) -> Context {
        if self.is(Flaw::IgnoresDeadlines) {
            Context::new(Arc::new(Forward(cx.clone())), Arc::new(Forward(cx.clone())))
        } else {
            cx.clone()
        }
    }

    fn options(&self, options: &VolumeOptions) -> VolumeOptions {
        if self.is(Flaw::IgnoresOptions) {
            VolumeOptions::default()
        } else {
            options.clone()
        }
    }

    fn volume(&self, volume: &Volume) -> Volume {
        let mut volume = volume.clone();
        volume.options = self.options(&volume.options);
        if self.is(Flaw::RoundsDown) {
            let gib = (volume.size.bytes() >> 30).max(1);
            volume.size = ByteSize::from_gib(gib).unwrap();
        }
        volume
    }
}

#[deny(clippy::missing_trait_methods)]
impl ProviderDriver for Broken {
    fn name(&self) -> &'static str {
        "broken"
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

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl VolumeDriver for BrokenVolumes {
    fn options(&self) -> &'static [VolumeOption] {
        const OPTION: VolumeOption = VolumeOption {
            name: "sku",
            takes: "any text",
        };
        match self.flaw {
            Flaw::NamesAnOptionTwice => &[OPTION, OPTION],
            _ => &[OPTION],
        }
    }

    fn volume_class(&self, app: &AppScope, volume: &Volume) -> Result<VolumeClass> {
        self.inner.volume_class(app, volume)
    }

    fn disk_mount(&self, app: &AppScope, volume: &Volume, disk: &DiskRecord) -> Result<DiskMount> {
        let mut mount = self.inner.disk_mount(app, volume, disk)?;
        if self.is(Flaw::MountsOneForAll) {
            mount.handle = app.volume_key(&volume.name);
        }
        Ok(mount)
    }

    async fn disk_list(&self, cx: &Context, app: &AppScope, volumes: &[Volume]) -> Result<Vec<VolumeDisk>> {
        let disks_only = || {
            let volumes = app.app.volumes.iter();
            let volumes = volumes.filter(|volume| self.inner.volume_class(app, volume).is_ok());
            volumes.cloned().collect::<Vec<_>>()
        };
        let volumes = match self.flaw {
            Flaw::ListsOtherVolumes | Flaw::HasFileShares => disks_only(),
            _ => volumes.to_vec(),
        };
        let mut disks = self.inner.disk_list(&self.context(cx), app, &volumes).await?;
        match self.flaw {
            Flaw::ListsOldestFirst => disks.reverse(),
            Flaw::AssignsNoDisk => disks.iter_mut().for_each(|disk| disk.assigned = false),
            Flaw::AssignsInTwoSteps if self.busy.load(Ordering::Relaxed) => {
                disks.iter_mut().for_each(|disk| disk.assigned = false);
            }
            _ => {}
        }
        Ok(disks)
    }

    async fn disk_find(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        disk: &DiskName,
    ) -> Result<Option<VolumeDisk>> {
        self.inner.disk_find(&self.context(cx), app, volume, disk).await
    }

    async fn disk_create(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        request: &DiskCreate,
    ) -> Result<VolumeDisk> {
        let cx = &self.context(cx);
        let volume = &self.volume(volume);
        let request = &DiskCreate {
            options: self.options(&request.options),
            ..request.clone()
        };
        match self.flaw {
            Flaw::LocksAndForgets if self.busy.swap(true, Ordering::Relaxed) => {
                return Err(Error::new(ErrorKind::Unavailable, "locked"));
            }
            Flaw::LeavesStepsOpen => std::mem::forget(cx.begin("create disk")),
            Flaw::TakesOverExistingDisks => {
                let disks = self
                    .inner
                    .disk_list(cx, app, std::slice::from_ref(volume))
                    .await?;
                if let Some(disk) = disks.into_iter().find(|disk| disk.record.name == request.name) {
                    return Ok(disk);
                }
            }
            Flaw::Panics => panic!("this driver panics"),
            Flaw::Hangs => std::future::pending().await,
            _ => {}
        }
        let made = self.inner.disk_create(cx, app, volume, request).await;
        if self.is(Flaw::LocksAndForgets) {
            self.busy.store(false, Ordering::Relaxed);
        }
        if self.is(Flaw::AssignsEveryDisk) {
            return self.inner.disk_assign(cx, app, volume, &made?.record.name).await;
        }
        made
    }

    async fn disk_assign(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        disk: &DiskName,
    ) -> Result<VolumeDisk> {
        let cx = &self.context(cx);
        self.busy.store(true, Ordering::Relaxed);
        if self.is(Flaw::WritesForNothing) {
            let disks = self
                .inner
                .disk_list(cx, app, std::slice::from_ref(volume))
                .await?;
            if let Some(other) = disks.iter().find(|other| other.record.name != *disk) {
                self.inner
                    .disk_assign(cx, app, volume, &other.record.name)
                    .await?;
            }
        }
        let result = self.inner.disk_assign(cx, app, volume, disk).await;
        self.busy.store(false, Ordering::Relaxed);
        result
    }

    async fn disk_delete(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        disk: &DiskName,
        force: bool,
    ) -> Result<Deletion> {
        let cx = &self.context(cx);
        if self.is(Flaw::MissesMissingDisks) {
            let disks = self
                .inner
                .disk_list(cx, app, std::slice::from_ref(volume))
                .await?;
            if disks.iter().all(|found| found.record.name != *disk) {
                return Err(Error::new(ErrorKind::NotFound, "no such disk"));
            }
        }
        let force = force || self.is(Flaw::DeletesAssignedDisks);
        let deleted = self.inner.disk_delete(cx, app, volume, disk, force).await?;
        if self.is(Flaw::SaysThatMissingDisksWereDeleted) {
            return Ok(Deletion::Deleted);
        }
        Ok(deleted)
    }

    async fn snapshot_list(
        &self,
        cx: &Context,
        app: &AppScope,
        volumes: &[Volume],
    ) -> Result<Vec<VolumeSnapshot>> {
        self.inner.snapshot_list(&self.context(cx), app, volumes).await
    }

    async fn snapshot_find(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        snapshot: &SnapshotName,
    ) -> Result<Option<VolumeSnapshot>> {
        let cx = self.context(cx);
        self.inner.snapshot_find(&cx, app, volume, snapshot).await
    }

    async fn snapshot_create(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        request: &SnapshotCreate,
    ) -> Result<VolumeSnapshot> {
        let mut made = self
            .inner
            .snapshot_create(&self.context(cx), app, volume, request)
            .await?;
        if self.is(Flaw::ReturnsUnfinishedSnapshots) {
            made.completion_percent = Percent::new(99.9);
        }
        Ok(made)
    }

    async fn snapshot_delete(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        snapshot: &SnapshotName,
    ) -> Result<Deletion> {
        self.inner
            .snapshot_delete(&self.context(cx), app, volume, snapshot)
            .await
    }

    async fn snapshot_restore(
        &self,
        cx: &Context,
        app: &AppScope,
        volume: &Volume,
        request: &SnapshotRestore,
    ) -> Result<VolumeDisk> {
        let cx = &self.context(cx);
        let request = &SnapshotRestore {
            options: self.options(&request.options),
            ..request.clone()
        };
        let made = self.inner.snapshot_restore(cx, app, volume, request).await?;
        if self.is(Flaw::AssignsRestoredDisks) {
            return self.inner.disk_assign(cx, app, volume, &made.record.name).await;
        }
        Ok(made)
    }
}

async fn report_of(flaw: Flaw) -> Report {
    let busy = Arc::new(AtomicBool::new(false));
    let harness = MemoryHarness::wrapping(move |driver| {
        let volumes = Arc::new(BrokenVolumes {
            inner: driver.volumes().unwrap(),
            flaw,
            busy: Arc::clone(&busy),
        });
        Arc::new(Broken { volumes })
    });
    run(&harness).await
}

#[tokio::test(start_paused = true)]
async fn a_driver_without_a_flaw_passes_through_the_same_wrapper() {
    let report = report_of(Flaw::None).await;
    report.assert_all_passed();
    assert_eq!(report.skipped().count(), 0);
}

#[tokio::test(start_paused = true)]
async fn each_flaw_is_found_by_the_case_that_is_named_after_it() {
    let flaws = [
        (
            Flaw::AssignsEveryDisk,
            "disk_create_assigns_the_first_disk_of_a_volume_and_no_later_one",
        ),
        (
            Flaw::AssignsNoDisk,
            "disk_create_assigns_the_first_disk_of_a_volume_and_no_later_one",
        ),
        (
            Flaw::DeletesAssignedDisks,
            "disk_delete_keeps_the_assigned_disk_without_force",
        ),
        (Flaw::ListsOtherVolumes, "volumes_do_not_see_each_others_disks"),
        (Flaw::ListsOldestFirst, "disk_list_is_newest_first_then_by_name"),
        (
            Flaw::NamesAnOptionTwice,
            "options_are_named_once_and_the_same_on_every_instance",
        ),
        (
            Flaw::TakesOverExistingDisks,
            "disk_create_refuses_a_name_in_use_and_leaves_that_disk_alone",
        ),
        (Flaw::RoundsDown, "disk_create_rounds_sizes_up"),
        (
            Flaw::IgnoresOptions,
            "disk_create_refuses_an_unknown_option_before_any_write",
        ),
        (
            Flaw::IgnoresDeadlines,
            "a_deadline_in_the_past_is_a_timeout_for_every_operation_on_volumes",
        ),
        (
            Flaw::AssignsInTwoSteps,
            "disk_assign_shows_every_reader_exactly_one_assigned_disk",
        ),
        (
            Flaw::WritesForNothing,
            "disk_assign_of_the_assigned_disk_writes_nothing",
        ),
        (Flaw::MissesMissingDisks, "disk_delete_of_a_missing_disk_succeeds"),
        (
            Flaw::SaysThatMissingDisksWereDeleted,
            "disk_delete_of_a_missing_disk_succeeds",
        ),
        (
            Flaw::ReturnsUnfinishedSnapshots,
            "snapshot_create_returns_what_is_listed_and_can_be_used",
        ),
        (
            Flaw::AssignsRestoredDisks,
            "snapshot_restore_makes_a_disk_that_is_never_assigned",
        ),
        (
            Flaw::LocksAndForgets,
            "disk_create_dropped_anywhere_and_repeated_leaves_one_disk",
        ),
        (
            Flaw::LeavesStepsOpen,
            "every_step_that_begins_ends_and_says_nothing_afterwards",
        ),
        (
            Flaw::HasFileShares,
            "file_shares_are_unsupported_by_every_operation_where_they_have_no_class",
        ),
        (
            Flaw::MountsOneForAll,
            "each_disk_is_mounted_by_a_handle_of_its_own",
        ),
        (
            Flaw::Panics,
            "disk_create_assigns_the_first_disk_of_a_volume_and_no_later_one",
        ),
        (
            Flaw::Hangs,
            "disk_create_assigns_the_first_disk_of_a_volume_and_no_later_one",
        ),
    ];
    for (flaw, case) in flaws {
        let report = report_of(flaw).await;
        let failed: Vec<&str> = report.failed().map(|(name, _)| name).collect();
        assert!(
            failed.contains(&case),
            "{flaw:?} was not found by {case}:\n{report}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_report_with_a_failure_stops_the_test_and_shows_every_case() {
    let report = report_of(Flaw::RoundsDown).await;
    let failure = std::panic::catch_unwind(|| report.assert_all_passed()).unwrap_err();
    let text = failure.downcast_ref::<String>().unwrap();
    assert!(text.contains("FAILED   disk_create_rounds_sizes_up: "), "{text}");
    assert!(
        text.contains("passed   disk_list_of_a_new_app_is_empty"),
        "{text}"
    );
}
