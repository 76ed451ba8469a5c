//! Lets two operators loose.

use std::time::Duration;

use futures::future::join;
use kompox_azure_emulator::{FaultPlan, Options};
use kompox_domain::driver::{DiskCreate, SnapshotCreate, SnapshotRestore};
use kompox_domain::{ErrorKind, Result, Source, VolumeOptions};
use kompox_usecase::snapshot;
use serde_json::json;

use super::foretell::{agrees, foretell};
use super::journal::{Entry, Journal, Still, USER_TAG, VOLUME};
use super::judge::judge;
use super::scenario::{Action, Scenario};
use crate::crash_points::{Cloud, Contents, Operator, World};

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
    let (calls, entries) = journal.read();
    match result {
        Ok(()) => Ok(calls.len()),
        Err(what) => Err(format!("{what}\ncalls: {calls:#?}\nentries: {entries:#?}")),
    }
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
        let _ = step(world, stage, journal, operator, *action).await;
    }
}

async fn step(
    world: &World<'_>,
    stage: &Stage,
    journal: &Journal,
    operator: usize,
    action: Action,
) -> std::result::Result<(), ErrorKind> {
    let number = journal.begin(operator, action);
    let result = match stage.operators.get(operator) {
        Some(operator) => call(world, operator, action).await,
        None => Ok(()),
    };
    let result = result.map_err(|error| error.kind());
    journal.add(Entry::Ended(number, result));
    result
}

/// Waits until nothing is under way in Azure.
async fn settle(world: &World<'_>) {
    for _ in 0..500 {
        // A look lets what is due come to its end.
        tokio::time::sleep(Duration::from_millis(4)).await;
        let resources = world.cloud.emulator.resources(&world.group_id()).await;
        let busy = resources.iter().any(|resource| {
            let state = resource["properties"]["provisioningState"].as_str();
            state.is_some_and(|state| state.ends_with("ing"))
        });
        if !busy {
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
    let listed = driver.disk_list(cx, &world.app, volume).await;
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
    let result = step(world, stage, journal, operator, action).await;
    let now = journal.now();
    match foretell(&before, action) {
        Some(foretold) if !agrees(&foretold, &result, &now) => Err(format!(
            "{action:?} gave {result:?} and {now:?}, foretold was {foretold:?}"
        )),
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
            driver.disk_list(cx, app, volume).await.map(drop)
        }
        Action::Create(disk, from) => {
            let request = DiskCreate {
                name: disk.parse()?,
                source: from.map(|from| from.parse().map(Source::Disk)).transpose()?,
                zone,
                options: options(),
            };
            driver.disk_create(cx, app, volume, &request).await.map(drop)
        }
        Action::Assign(disk) => driver
            .disk_assign(cx, app, volume, &disk.parse()?)
            .await
            .map(drop),
        Action::Delete(disk, force) => driver.disk_delete(cx, app, volume, &disk.parse()?, force).await,
        Action::Snapshot(name, from) => {
            let request = SnapshotCreate {
                name: name.parse()?,
                source: from.map(|from| from.parse().map(Source::Disk)).transpose()?,
            };
            driver.snapshot_create(cx, app, volume, &request).await.map(drop)
        }
        Action::DeleteSnapshot(name) => driver.snapshot_delete(cx, app, volume, &name.parse()?).await,
        Action::Restore(name, disk) => {
            let request = SnapshotRestore {
                snapshot: name.parse()?,
                disk: disk.parse()?,
                zone,
                options: options(),
            };
            driver.snapshot_restore(cx, app, volume, &request).await.map(drop)
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
