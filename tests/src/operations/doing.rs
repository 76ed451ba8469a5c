//! Operations on volumes written in one expression.

use crate::crash_points::{Contents, End, Moments, Operation, Operator, World};
use async_trait::async_trait;
use futures::future::LocalBoxFuture;
use kompox_azure_emulator::LoggedRequest;
use kompox_domain::driver::{DiskCreate, SnapshotCreate, SnapshotRestore};
use kompox_domain::{Result, Source, VolumeOptions};

type Step = for<'a> fn(Hands<'a>) -> LocalBoxFuture<'a, Result<()>>;

/// An operation put together from functions.
pub struct Doing {
    /// What it is called in messages.
    pub name: &'static str,
    /// Makes what it starts from.
    pub prepare: Step,
    /// What the user runs.
    pub run: Step,
    /// What is done after it broke; `None` is the same again.
    pub again: Option<Step>,
    /// Whether it is a conflict once it took effect.
    pub conflicts: bool,
    /// Whether a volume may be left without an assigned disk.
    pub may_leave_none: bool,
    /// Whether signing in is broken too.
    pub signs_in: bool,
    /// Requests whose answers it needs for nothing.
    pub does_without: fn(&LoggedRequest) -> bool,
    /// What there is in the end.
    pub end: fn() -> End,
    /// Whether what is there is as it should be.
    pub check: fn(&Contents) -> std::result::Result<(), String>,
}

impl Doing {
    /// An operation on a world with the disks `one` (assigned), `two` and `three` and the snapshot `snap` of
    /// volume `db`, and nothing of volume `data`.
    #[must_use]
    pub fn new(name: &'static str, run: Step, end: fn() -> End) -> Self {
        Self {
            name,
            prepare: |hands| Box::pin(usual(hands)),
            run,
            again: None,
            conflicts: false,
            may_leave_none: false,
            signs_in: false,
            does_without: |_| false,
            end,
            check: |_| Ok(()),
        }
    }

    /// It makes something under a name: a conflict the second time.
    #[must_use]
    pub fn conflicting(self) -> Self {
        Self {
            conflicts: true,
            ..self
        }
    }
}

#[async_trait(?Send)]
impl Operation for Doing {
    type Ground<'c> = World<'c>;

    fn name(&self) -> String {
        self.name.to_owned()
    }

    async fn prepare(&self, world: &World<'_>, operator: &Operator) -> Result<()> {
        (self.prepare)(Hands { world, operator }).await
    }

    async fn run(&self, world: &World<'_>, operator: &Operator) -> Result<()> {
        (self.run)(Hands { world, operator }).await
    }

    async fn again(&self, world: &World<'_>, operator: &Operator) -> Result<()> {
        let hands = Hands { world, operator };
        match self.again {
            Some(again) => again(hands).await,
            None => (self.run)(hands).await,
        }
    }

    fn conflicts(&self) -> bool {
        self.conflicts
    }

    async fn watch<'c>(&self, world: &World<'c>) -> Moments {
        world.watch(self.may_leave_none).await
    }

    async fn read<'c>(
        &self,
        world: &World<'c>,
        reader: &Operator,
        moments: &Moments,
    ) -> std::result::Result<(), String> {
        world.read(reader, moments).await
    }

    async fn ended(&self, world: &World<'_>, _: &Operator) -> std::result::Result<(), String> {
        let contents = world.contents().await;
        (self.end)().compare(&contents)?;
        (self.check)(&contents)
    }

    fn signs_in(&self) -> bool {
        self.signs_in
    }

    fn does_without(&self, request: &LoggedRequest) -> bool {
        (self.does_without)(request)
    }
}

async fn usual(hands: Hands<'_>) -> Result<()> {
    for name in ["one", "two", "three"] {
        hands.create("db", name, None).await?;
    }
    hands.snapshot("snap", None).await
}

/// The end of an operation that changes nothing of the usual world but what `change` says.
#[must_use]
pub fn usual_end(change: impl FnOnce(&mut End)) -> End {
    let mut end = End {
        disks: vec!["db/one", "db/two", "db/three"],
        snapshots: vec!["db/snap"],
        assigned: vec!["db/one"],
        others: vec![],
    };
    change(&mut end);
    end
}

/// Every operation on volumes that writes.
#[must_use]
pub fn writing() -> Vec<Doing> {
    let create =
        |name, run| Doing::new(name, run, || usual_end(|end| end.disks.push("db/new"))).conflicting();
    let first = Doing::new(
        "disk create, the first",
        |h| Box::pin(h.create("db", "new", None)),
        || End {
            disks: vec!["db/new"],
            assigned: vec!["db/new"],
            ..End::default()
        },
    );
    vec![
        Doing {
            prepare: |_| Box::pin(async { Ok(()) }),
            ..first.conflicting()
        },
        create("disk create, a later one", |h| {
            Box::pin(h.create("db", "new", None))
        }),
        create("disk create from a snapshot", |h| {
            Box::pin(async move {
                h.create("db", "new", Some(Source::Snapshot("snap".parse()?)))
                    .await
            })
        }),
        Doing::new(
            "disk assign",
            |h| Box::pin(h.assign("two")),
            || usual_end(|end| end.assigned = vec!["db/two"]),
        ),
        Doing::new(
            "disk delete",
            |h| Box::pin(h.delete("two", false)),
            || usual_end(|end| end.disks.retain(|disk| *disk != "db/two")),
        ),
        Doing::new(
            "snapshot create",
            |h| Box::pin(h.snapshot("new", None)),
            || usual_end(|end| end.snapshots.push("db/new")),
        )
        .conflicting(),
        Doing::new(
            "snapshot delete",
            |h| Box::pin(h.delete_snapshot("snap")),
            || usual_end(|end| end.snapshots.clear()),
        ),
        create("snapshot restore", |h| Box::pin(h.restore("snap", "new"))),
    ]
}

/// Short ways to do things.
#[derive(Clone, Copy)]
pub struct Hands<'a> {
    /// Where.
    pub world: &'a World<'a>,
    /// Who.
    pub operator: &'a Operator,
}

impl Hands<'_> {
    /// Makes a disk.
    ///
    /// # Errors
    /// Those of the driver.
    pub async fn create(self, volume: &str, name: &str, source: Option<Source>) -> Result<()> {
        let request = DiskCreate {
            name: name.parse()?,
            source,
            zone: None,
            options: VolumeOptions::default(),
        };
        let Operator { driver, cx } = self.operator;
        let volume = self.world.volume(volume);
        driver
            .volumes()
            .expect("the driver has volumes")
            .disk_create(cx, &self.world.app, volume, &request)
            .await
            .map(drop)
    }

    /// Lists the disks.
    ///
    /// # Errors
    /// Those of the driver.
    pub async fn list(self) -> Result<()> {
        let Operator { driver, cx } = self.operator;
        let app = &self.world.app;
        driver
            .volumes()
            .expect("the driver has volumes")
            .disk_list(cx, app, &app.app.volumes)
            .await
            .map(drop)
    }

    /// Lists the snapshots.
    ///
    /// # Errors
    /// Those of the driver.
    pub async fn snapshots(self) -> Result<()> {
        let Operator { driver, cx } = self.operator;
        let app = &self.world.app;
        driver
            .volumes()
            .expect("the driver has volumes")
            .snapshot_list(cx, app, &app.app.volumes)
            .await
            .map(drop)
    }

    /// Assigns a disk of volume `db`.
    ///
    /// # Errors
    /// Those of the driver.
    pub async fn assign(self, name: &str) -> Result<()> {
        let Operator { driver, cx } = self.operator;
        let (app, volume) = (&self.world.app, self.world.volume("db"));
        driver
            .volumes()
            .expect("the driver has volumes")
            .disk_assign(cx, app, volume, &name.parse()?)
            .await
            .map(drop)
    }

    /// Deletes a disk of volume `db`.
    ///
    /// # Errors
    /// Those of the driver.
    pub async fn delete(self, name: &str, force: bool) -> Result<()> {
        let Operator { driver, cx } = self.operator;
        let (app, volume) = (&self.world.app, self.world.volume("db"));
        driver
            .volumes()
            .expect("the driver has volumes")
            .disk_delete(cx, app, volume, &name.parse()?, force)
            .await
            .map(drop)
    }

    /// Takes a snapshot of volume `db`.
    ///
    /// # Errors
    /// Those of the driver.
    pub async fn snapshot(self, name: &str, source: Option<Source>) -> Result<()> {
        let request = SnapshotCreate {
            name: name.parse()?,
            source,
        };
        let Operator { driver, cx } = self.operator;
        let (app, volume) = (&self.world.app, self.world.volume("db"));
        driver
            .volumes()
            .expect("the driver has volumes")
            .snapshot_create(cx, app, volume, &request)
            .await
            .map(drop)
    }

    /// Deletes a snapshot of volume `db`.
    ///
    /// # Errors
    /// Those of the driver.
    pub async fn delete_snapshot(self, name: &str) -> Result<()> {
        let Operator { driver, cx } = self.operator;
        let (app, volume) = (&self.world.app, self.world.volume("db"));
        driver
            .volumes()
            .expect("the driver has volumes")
            .snapshot_delete(cx, app, volume, &name.parse()?)
            .await
            .map(drop)
    }

    /// Restores a snapshot of volume `db` as a disk.
    ///
    /// # Errors
    /// Those of the driver.
    pub async fn restore(self, snapshot: &str, disk: &str) -> Result<()> {
        let request = SnapshotRestore {
            snapshot: snapshot.parse()?,
            disk: disk.parse()?,
            zone: None,
            options: VolumeOptions::default(),
            resume: false,
        };
        let Operator { driver, cx } = self.operator;
        let (app, volume) = (&self.world.app, self.world.volume("db"));
        driver
            .volumes()
            .expect("the driver has volumes")
            .snapshot_restore(cx, app, volume, &request)
            .await
            .map(drop)
    }
}
