//! The driver in memory when requests go wrong: every step of every write fails once, and a repetition mends it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kompox_domain::driver::{DiskCreate, SnapshotCreate, SnapshotRestore};
use kompox_domain::progress::{Silent, WarningKind};
use kompox_domain::{
    AppScope, Context, ErrorKind, Event, ProgressSink, Result, Volume, VolumeDisk, VolumeDriver,
    VolumeOptions,
};
use kompox_driver_conformance::Harness as _;
use kompox_driver_conformance::memory::{Fault, MemoryHarness};

struct World {
    harness: MemoryHarness,
    driver: Arc<dyn VolumeDriver>,
    cx: Context,
    app: AppScope,
    volume: Volume,
}

impl World {
    async fn new() -> Self {
        let harness = MemoryHarness::default();
        let app = harness.fresh_app().await;
        Self {
            driver: harness.driver().volumes().unwrap(),
            cx: harness.context(Arc::new(Silent)),
            volume: app.app.volumes.first().unwrap().clone(),
            app,
            harness,
        }
    }

    /// With disks `a`, assigned, and `b`, and snapshot `s`.
    async fn furnished() -> Self {
        let world = Self::new().await;
        for name in ["a", "b"] {
            world.create(name).await.unwrap();
        }
        world.snapshot("s").await.unwrap();
        world
    }

    async fn create(&self, name: &str) -> Result<()> {
        let request = DiskCreate {
            name: name.parse().unwrap(),
            source: None,
            zone: None,
            options: VolumeOptions::default(),
        };
        let made = self
            .driver
            .disk_create(&self.cx, &self.app, &self.volume, &request)
            .await;
        made.map(|_| ())
    }

    async fn assign(&self, name: &str) -> Result<()> {
        let name = name.parse().unwrap();
        let made = self
            .driver
            .disk_assign(&self.cx, &self.app, &self.volume, &name)
            .await;
        made.map(|_| ())
    }

    async fn delete(&self, name: &str) -> Result<()> {
        let name = name.parse().unwrap();
        self.driver
            .disk_delete(&self.cx, &self.app, &self.volume, &name, false)
            .await
            .map(drop)
    }

    async fn snapshot(&self, name: &str) -> Result<()> {
        let request = SnapshotCreate {
            name: name.parse().unwrap(),
            source: None,
        };
        let made = self
            .driver
            .snapshot_create(&self.cx, &self.app, &self.volume, &request)
            .await;
        made.map(|_| ())
    }

    async fn delete_snapshot(&self, name: &str) -> Result<()> {
        let name = name.parse().unwrap();
        self.driver
            .snapshot_delete(&self.cx, &self.app, &self.volume, &name)
            .await
            .map(drop)
    }

    async fn restore(&self, name: &str) -> Result<()> {
        let request = SnapshotRestore {
            snapshot: "s".parse().unwrap(),
            disk: name.parse().unwrap(),
            zone: None,
            options: VolumeOptions::default(),
            resume: false,
        };
        let made = self
            .driver
            .snapshot_restore(&self.cx, &self.app, &self.volume, &request)
            .await;
        made.map(|_| ())
    }

    async fn disks(&self) -> Vec<VolumeDisk> {
        self.driver
            .disk_list(&self.cx, &self.app, std::slice::from_ref(&self.volume))
            .await
            .unwrap()
    }

    /// `*a b`: names, sorted, the assigned one with a star; then the snapshots after a bar.
    async fn state(&self) -> String {
        let mut disks: Vec<String> = self
            .disks()
            .await
            .iter()
            .map(|disk| format!("{}{}", disk.record.name, if disk.assigned { "*" } else { "" }))
            .collect();
        disks.sort_unstable();
        let mut snapshots: Vec<String> = self
            .driver
            .snapshot_list(&self.cx, &self.app, std::slice::from_ref(&self.volume))
            .await
            .unwrap()
            .iter()
            .map(|snapshot| snapshot.name.to_string())
            .collect();
        snapshots.sort_unstable();
        format!("{} | {}", disks.join(" "), snapshots.join(" "))
    }
}

#[derive(Debug, Clone, Copy)]
enum Write {
    Create,
    Assign,
    Delete,
    Snapshot,
    DeleteSnapshot,
    Restore,
}

impl Write {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Create, "a* b new | s"),
        (Self::Assign, "a b* | s"),
        (Self::Delete, "a* | s"),
        (Self::Snapshot, "a* b | new s"),
        (Self::DeleteSnapshot, "a* b | "),
        (Self::Restore, "a* b new | s"),
    ];

    async fn run(self, world: &World) -> Result<()> {
        match self {
            Self::Create => world.create("new").await,
            Self::Assign => world.assign("b").await,
            Self::Delete => world.delete("b").await,
            Self::Snapshot => world.snapshot("new").await,
            Self::DeleteSnapshot => world.delete_snapshot("s").await,
            Self::Restore => world.restore("new").await,
        }
    }
}

/// Lets every request of every write go wrong in this way, one after the other.
async fn every_step(fault: Fault, expected: ErrorKind) {
    for (write, wanted) in Write::ALL {
        let mut steps = 0;
        for step in 1.. {
            let world = World::furnished().await;
            world.harness.cloud().fail_at(step, fault);
            let first = write.run(&world).await;
            if world.harness.cloud().clear_fault() {
                // There are no more steps.
                first.unwrap();
                break;
            }
            steps += 1;
            assert_eq!(first.unwrap_err().kind(), expected, "{write:?}, step {step}");
            let assigned = world.disks().await.iter().filter(|disk| disk.assigned).count();
            assert_eq!(assigned, 1, "{write:?}, step {step}");
            match write.run(&world).await {
                Ok(()) => {}
                Err(error) => assert_eq!(error.kind(), ErrorKind::Conflict, "{write:?}, step {step}"),
            }
            assert_eq!(world.state().await, wanted, "{write:?}, step {step}");
        }
        assert!(steps > 2, "{write:?} has {steps} steps");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_refused_at_any_step_is_mended_by_a_repetition() {
    every_step(Fault::Refuse(ErrorKind::Throttled), ErrorKind::Throttled).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_lost_at_any_step_is_mended_by_a_repetition() {
    every_step(Fault::Lose(ErrorKind::Unavailable), ErrorKind::Unavailable).await;
}

#[tokio::test(start_paused = true)]
async fn a_cloud_that_does_not_answer_is_left_at_the_deadline() {
    for (write, wanted) in Write::ALL {
        let mut world = World::furnished().await;
        let patient = world.cx.clone();
        let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
        world.cx = world.cx.with_deadline(deadline.into_std());
        world.harness.cloud().fail_at(2, Fault::Hang);
        let error = write.run(&world).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert_eq!(tokio::time::Instant::now(), deadline, "{write:?}");
        world.cx = patient;
        match write.run(&world).await {
            Ok(()) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::Conflict, "{write:?}"),
        }
        assert_eq!(world.state().await, wanted, "{write:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_ready_is_shown_as_such_and_is_no_source() {
    let world = World::new().await;
    // The fourth request would be the first to ask whether the disk is ready.
    world
        .harness
        .cloud()
        .fail_at(4, Fault::Refuse(ErrorKind::Unavailable));
    world.create("a").await.unwrap_err();
    let disks = world.disks().await;
    let disk = disks.first().unwrap();
    assert_eq!(disk.record.state.as_deref(), Some("Creating"));
    assert!(disk.assigned);
    let error = world.snapshot("s").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Precondition);
    // Time passes with requests, and with nothing else.
    world.disks().await;
    world.snapshot("s").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_being_deleted_is_still_there_and_its_name_is_in_use() {
    let world = World::furnished().await;
    // The third request would be the first to ask whether the disk is gone.
    world
        .harness
        .cloud()
        .fail_at(3, Fault::Refuse(ErrorKind::Unavailable));
    world.delete("b").await.unwrap_err();
    let states: Vec<Option<String>> = world
        .disks()
        .await
        .into_iter()
        .map(|disk| disk.record.state)
        .collect();
    assert_eq!(states, [Some("Deleting".to_owned()), Some("Ready".to_owned())]);
    assert_eq!(world.create("b").await.unwrap_err().kind(), ErrorKind::Conflict);
    world.delete("b").await.unwrap();
    world.create("b").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_caller_whose_disk_is_not_assigned_is_warned() {
    #[derive(Default)]
    struct Warnings(Mutex<Vec<WarningKind>>);
    impl ProgressSink for Warnings {
        fn emit(&self, event: Event) {
            if let Event::Warning { kind, .. } = event {
                self.0.lock().unwrap().push(kind);
            }
        }
    }
    let mut world = World::new().await;
    let warnings = Arc::new(Warnings::default());
    world.cx = world.harness.context(Arc::clone(&warnings) as _);
    let (one, two) = futures::future::join(world.create("one"), world.create("two")).await;
    one.unwrap();
    two.unwrap();
    assert_eq!(world.state().await, "one two* | ");
    assert_eq!(*warnings.0.lock().unwrap(), [WarningKind::LostRace]);
}
