//! Lets two operators loose.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::future::join;
use kompox_azure_emulator::{FaultPlan, Options, RequestKind};
use kompox_domain::driver::{DiskCreate, SnapshotCreate, SnapshotRestore};
use kompox_domain::{ErrorKind, Event, ProgressSink, Result, Source, VolumeOptions};
use kompox_usecase::snapshot;
use serde_json::json;

use super::foretell::{agrees, foretell};
use super::journal::{Entry, Journal, Still, USER_TAG};
use super::judge::judge;
use super::scenario::{Action, Scenario, VOLUME};
use crate::crash_points::{Cloud, Contents, Ground as _, Operator, World};

/// Nobody waits longer for a call while things go wrong: some merges show no end.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where scenarios are run: an embedded Azure, and two operators whose clocks are an hour apart.
pub struct Stage {
    cloud: Cloud,
    operators: [Operator; 2],
    reader: Operator,
}

impl Stage {
    /// Sets up one.
    pub async fn new() -> Self {
        let cloud = Cloud::start(Options::default()).await;
        let operators = [cloud.operator(), cloud.operator_late_by(3600)];
        let reader = cloud.operator();
        Self {
            cloud,
            operators,
            reader,
        }
    }
}

/// Runs a scenario and judges it. Gives the number of calls that were made.
///
/// # Errors
/// What was not as promised, and what had happened.
pub async fn run(stage: &Stage, scenario: &Scenario) -> std::result::Result<usize, String> {
    let cloud = &stage.cloud;
    cloud.emulator.clear_requests();
    let world = cloud.world();
    prepare(&world, &stage.reader).await;
    let journal = Journal::default();
    watch(&world, &journal).await;
    cloud.set_faults(scenario.plan(&world));
    join(
        act(&world, stage, &journal, 0, &scenario.first),
        act(&world, stage, &journal, 1, &scenario.second),
    )
    .await;
    cloud.set_faults(FaultPlan::default());
    settle(&world).await;
    journal.add(Entry::Quiet);

    let result = finish(&world, stage, &journal, scenario).await;
    world.remove().await;
    match result {
        Ok(()) => Ok(journal.read().0.len()),
        Err(what) => Err(format!("{what}\n{}\n{}", journal.tell(), writes(cloud))),
    }
}

/// What was asked of Azure that changes something, a line each.
fn writes(cloud: &Cloud) -> String {
    let mut lines = String::new();
    let requests = cloud.emulator.requests().into_iter();
    for request in requests.filter(|request| request.kind == RequestKind::Write) {
        let path = request.path.split(['?']).next().unwrap_or_default();
        let (_, path) = path.split_once("/resourceGroups/").unwrap_or(("", path));
        let status = request
            .status
            .map_or("no answer".to_owned(), |status| status.to_string());
        let (method, started) = (&request.method, request.started);
        let _ = writeln!(lines, "{started:.1} ms: {method} {path}: {status}");
    }
    lines
}

/// `one` (assigned), `two`, the attached `busy`, the snapshot `snap`, the user's tags, and a stranger's disk.
async fn prepare(world: &World<'_>, operator: &Operator) {
    for disk in ["one", "two", "busy"] {
        let made = call(world, operator, Action::Create(disk, None)).await;
        made.expect("the world can be prepared");
        let id = world.id("disks", VOLUME, disk);
        world.edit(&id, |raw| raw["tags"][USER_TAG] = "42".into()).await;
    }
    let taken = call(world, operator, Action::Snapshot("snap", None)).await;
    taken.expect("the world can be prepared");
    let busy = world.id("disks", VOLUME, "busy");
    let emulator = &world.cloud.emulator;
    let attached = emulator
        .attach_disk(&busy, &world.compute_id("virtualMachines", "vm"))
        .await;
    attached.expect("a disk that is there can be attached");
    let stranger = json!({"location": "japaneast", "tags": {"owner": "somebody else"}, "properties": {}});
    world.put(&world.compute_id("disks", "stranger"), stranger).await;
}

async fn watch(world: &World<'_>, journal: &Journal) {
    let contents = world.contents().await;
    journal.add(Entry::State(Box::new(Still::of(&contents))));
    let (watcher, hash) = (journal.clone(), world.app.id_hash());
    let look = move |resources: &[serde_json::Value]| {
        let still = Still::of(&Contents::read(resources, hash.as_str()));
        watcher.add(Entry::State(Box::new(still)));
    };
    let watched = world.cloud.emulator.watch(&world.group_id(), look);
    watched.expect("the group's id is one");
}

async fn act(world: &World<'_>, stage: &Stage, journal: &Journal, operator: usize, actions: &[Action]) {
    for action in actions {
        // The journal has the result.
        let _ = disturbed(world, stage, journal, operator, *action).await;
    }
}

/// Notes whether a merge is sent again.
#[derive(Default)]
struct Merges(AtomicBool);

impl ProgressSink for Merges {
    fn emit(&self, event: Event) {
        if matches!(event, Event::Retrying { what, .. } if what.starts_with("PATCH")) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

/// A call while things go wrong.
async fn disturbed(
    world: &World<'_>,
    stage: &Stage,
    journal: &Journal,
    operator: usize,
    action: Action,
) -> std::result::Result<(), ErrorKind> {
    let (emulator, group) = (&world.cloud.emulator, world.group_id());
    let merges = Arc::new(Merges::default());
    let Operator { driver, cx } = &stage.operators[operator];
    let cx = cx.clone().with_deadline(Instant::now() + PATIENCE);
    let caller = Operator {
        driver: driver.clone(),
        cx: cx.with_progress(merges.clone()),
    };
    let before = emulator.operations(&group).await;
    let number = journal.begin(operator, action);
    let result = call(world, &caller, action).await.map_err(|error| error.kind());
    let after = emulator.operations(&group).await;
    if merges.0.load(Ordering::Relaxed) && !after.is_subset(&before) {
        journal.add(Entry::Left(number));
    }
    journal.add(Entry::Ended(number, result));
    result
}

/// Waits until nothing is under way in Azure.
async fn settle(world: &World<'_>) {
    for _ in 0..500 {
        // A look lets what is due come to its end.
        tokio::time::sleep(Duration::from_millis(4)).await;
        if world
            .cloud
            .emulator
            .operations(&world.group_id())
            .await
            .is_empty()
        {
            return;
        }
    }
}

/// Judges what happened, then runs again what failed, and assigns once more.
async fn finish(
    world: &World<'_>,
    stage: &Stage,
    journal: &Journal,
    scenario: &Scenario,
) -> std::result::Result<(), String> {
    let (calls, entries) = journal.read();
    judge(&calls, &entries, scenario.racing)?;
    let failed = entries.iter().filter_map(|entry| match entry {
        Entry::Ended(number, Err(_)) => calls.get(*number),
        _ => None,
    });
    for failed in failed {
        undisturbed(world, stage, journal, failed.operator, failed.action).await?;
    }
    for (operator, disk) in [(0, "busy"), (1, "busy")] {
        undisturbed(world, stage, journal, operator, Action::Assign(disk)).await?;
    }
    let Operator { driver, cx } = &stage.reader;
    let volume = std::slice::from_ref(world.volume(VOLUME));
    let listed = driver
        .volumes()
        .expect("the driver has volumes")
        .disk_list(cx, &world.app, volume)
        .await;
    let listed = listed.map_err(|error| format!("a reader cannot list the disks: {error:?}"))?;
    let assigned = listed.iter().filter(|disk| disk.assigned);
    let assigned: Vec<String> = assigned.map(|disk| disk.record.name.to_string()).collect();
    if assigned == ["busy"] {
        Ok(())
    } else {
        Err(format!("a reader sees {assigned:?} assigned in the end"))
    }
}

/// A call that nothing disturbs, held against what is foretold.
async fn undisturbed(
    world: &World<'_>,
    stage: &Stage,
    journal: &Journal,
    operator: usize,
    action: Action,
) -> std::result::Result<(), String> {
    let before = journal.now();
    let number = journal.begin(operator, action);
    let result = call(world, &stage.operators[operator], action).await;
    let result = result.map_err(|error| error.kind());
    journal.add(Entry::Ended(number, result));
    let now = journal.now();
    match foretell(&before, action) {
        Some(foretold) if !agrees(&foretold, &result, &now) => {
            let (wanted, state) = foretold;
            Err(format!(
                "{action:?} gave {result:?} and {now}, foretold was {wanted:?} and {state}"
            ))
        }
        _ => Ok(()),
    }
}

async fn call(world: &World<'_>, operator: &Operator, action: Action) -> Result<()> {
    let Operator { driver, cx } = operator;
    let (app, volume) = (&world.app, world.volume(VOLUME));
    let options = VolumeOptions::default;
    let zone = None;
    match action {
        Action::List => {
            let volume = std::slice::from_ref(volume);
            driver
                .volumes()
                .expect("the driver has volumes")
                .disk_list(cx, app, volume)
                .await
                .map(drop)
        }
        Action::Create(disk, from) => {
            let request = DiskCreate {
                name: disk.parse()?,
                source: from.map(|from| from.parse().map(Source::Disk)).transpose()?,
                zone,
                options: options(),
            };
            driver
                .volumes()
                .expect("the driver has volumes")
                .disk_create(cx, app, volume, &request)
                .await
                .map(drop)
        }
        Action::Assign(disk) => driver
            .volumes()
            .expect("the driver has volumes")
            .disk_assign(cx, app, volume, &disk.parse()?)
            .await
            .map(drop),
        Action::Delete(disk, force) => driver
            .volumes()
            .expect("the driver has volumes")
            .disk_delete(cx, app, volume, &disk.parse()?, force)
            .await
            .map(drop),
        Action::Snapshot(name, from) => {
            let request = SnapshotCreate {
                name: name.parse()?,
                source: from.map(|from| from.parse().map(Source::Disk)).transpose()?,
            };
            driver
                .volumes()
                .expect("the driver has volumes")
                .snapshot_create(cx, app, volume, &request)
                .await
                .map(drop)
        }
        Action::DeleteSnapshot(name) => driver
            .volumes()
            .expect("the driver has volumes")
            .snapshot_delete(cx, app, volume, &name.parse()?)
            .await
            .map(drop),
        Action::Restore(name, disk) => {
            let request = SnapshotRestore {
                snapshot: name.parse()?,
                disk: disk.parse()?,
                zone,
                options: options(),
                resume: false,
            };
            driver
                .volumes()
                .expect("the driver has volumes")
                .snapshot_restore(cx, app, volume, &request)
                .await
                .map(drop)
        }
        Action::RestoreAssign(name, disk) => {
            let request = snapshot::Restore {
                volume: volume.name.clone(),
                snapshot: name.parse()?,
                disk: Some(disk.parse()?),
                zone,
                options: options(),
                assign: true,
            };
            snapshot::restore(driver.as_ref(), cx, app, &request)
                .await
                .map(drop)
        }
    }
}
